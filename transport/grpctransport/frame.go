package grpctransport

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec that everything but frames falls back to
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/runtime/protoiface"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
)

// This file holds all that leans on what gRPC and protobuf call experimental, or reserve for implementations of
// messages: buffers, forced codecs, fast-path methods.

// requestType and responseType are the empty, read-only messages that stand for what frames hold.
var (
	requestType  = (*gossippb.Request)(nil).ProtoReflect()
	responseType = (*gossippb.Response)(nil).ProtoReflect()
)

// frame is a message whose encoded form is at hand and whose fields are decoded only for those who look at them.
// The codec of this package moves its bytes without a copy, every other protobuf codec with one.
// It is used by one goroutine at a time.
type frame struct {
	protoreflect.Message // what a frame of this direction holds, empty: the type, and whatever view does not answer
	bytes                []byte
	held                 mem.Buffer           // what bytes is part of, if it was received
	decoded              protoreflect.Message // nil until somebody looks
}

func (f *frame) set(bytes []byte) { f.bytes, f.held, f.decoded = bytes, nil, nil }

// hold makes f the message encoded in b, which f frees when it is done with it.
func (f *frame) hold(b mem.Buffer) {
	f.Reset()
	f.bytes, f.held = b.ReadOnlyData(), b
}

// Reset gives f's memory back to where it came from. It stands on the frame because proto.Unmarshal looks for it;
// without it, unmarshalling would go through reflection.
func (f *frame) Reset() {
	if f.held != nil {
		f.held.Free()
	}
	f.set(nil)
}

// view returns f decoded, for interceptors that look inside. What does not decode reads as empty: the node at the end
// of the link is who reports it.
func (f *frame) view() protoreflect.Message {
	if f.decoded == nil {
		m := f.New()
		if proto.Unmarshal(f.bytes, m.Interface()) != nil {
			m = f.Message
		}
		f.decoded = m
	}
	return f.decoded
}

func (f *frame) ProtoReflect() protoreflect.Message                    { return f }
func (f *frame) Interface() protoreflect.ProtoMessage                  { return f }
func (f *frame) ProtoMethods() *protoiface.Methods                     { return &frameMethods }
func (f *frame) IsValid() bool                                         { return true }
func (f *frame) String() string                                        { return fmt.Sprint(f.view().Interface()) }
func (f *frame) Has(d protoreflect.FieldDescriptor) bool               { return f.view().Has(d) }
func (f *frame) Get(d protoreflect.FieldDescriptor) protoreflect.Value { return f.view().Get(d) }
func (f *frame) GetUnknown() protoreflect.RawFields                    { return f.view().GetUnknown() }
func (f *frame) Range(yield func(protoreflect.FieldDescriptor, protoreflect.Value) bool) {
	f.view().Range(yield)
}
func (f *frame) WhichOneof(d protoreflect.OneofDescriptor) protoreflect.FieldDescriptor {
	return f.view().WhichOneof(d)
}

// frameMethods are what the protobuf library calls in place of reflection. All they move is bytes.
var frameMethods = protoiface.Methods{
	Flags: protoiface.SupportMarshalDeterministic | protoiface.SupportUnmarshalDiscardUnknown,
	Size: func(in protoiface.SizeInput) protoiface.SizeOutput {
		return protoiface.SizeOutput{Size: len(in.Message.(*frame).bytes)}
	},
	Marshal: func(in protoiface.MarshalInput) (protoiface.MarshalOutput, error) {
		return protoiface.MarshalOutput{Buf: append(in.Buf, in.Message.(*frame).bytes...)}, nil // Buf is pooled: only to append to
	},
	Unmarshal: func(in protoiface.UnmarshalInput) (protoiface.UnmarshalOutput, error) {
		return protoiface.UnmarshalOutput{Flags: protoiface.UnmarshalInitialized}, in.Message.(*frame).UnmarshalVT(in.Buf)
	},
	CheckInitialized: func(protoiface.CheckInitializedInput) (protoiface.CheckInitializedOutput, error) {
		return protoiface.CheckInitializedOutput{}, nil
	},
}

// MarshalVT, and those below it, are what vtprotobuf's codec calls, which an embedder may have put in the place of
// protobuf's and which refuses messages without them.
func (f *frame) MarshalVT() ([]byte, error) { return f.bytes, nil }

// UnmarshalVT copies: the memory b is in is recycled as soon as it returns.
func (f *frame) UnmarshalVT(b []byte) error {
	f.hold(mem.Copy(b, mem.DefaultBufferPool()))
	return nil
}

func (f *frame) SizeVT() int { return len(f.bytes) }

func (f *frame) MarshalToSizedBufferVT(b []byte) (int, error) {
	return copy(b[len(b)-len(f.bytes):], f.bytes), nil
}

// codec moves frames without a copy and leaves all else to the registered codec of its name. The name is that of
// protobuf's because that is what is on the wire.
type codec struct{}

var _ encoding.CodecV2 = codec{}

func (codec) Name() string { return "proto" }

// Marshal hands out the frame's own bytes; gRPC keeps them until they are written.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	f, ok := v.(*frame)
	if !ok {
		return encoding.GetCodecV2(c.Name()).Marshal(v)
	}
	return mem.BufferSlice{mem.SliceBuffer(f.bytes)}, nil
}

// Unmarshal refers to data where that is in one piece, and joins the pieces of a large frame in a pooled buffer.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	f, ok := v.(*frame)
	if !ok {
		return encoding.GetCodecV2(c.Name()).Unmarshal(data, v)
	}
	f.hold(data.MaterializeToBuffer(mem.DefaultBufferPool()))
	return nil
}
