package gossippb_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
)

// codec is what Request, Response and Info have.
type codec interface {
	proto.Message
	Marshal() ([]byte, error)
	MarshalTo(b []byte) (int, error)
	Size() int
	Unmarshal(b []byte) error
}

var (
	_ codec = (*gossippb.Request)(nil)
	_ codec = (*gossippb.Response)(nil)
	_ codec = (*gossippb.Info)(nil)
)

// generated is what every message has.
type generated interface {
	proto.Message
	MarshalVT() ([]byte, error)
	UnmarshalVT(b []byte) error
}

// unknown is a field that no message has.
var unknown = protowire.AppendString(protowire.AppendTag(nil, 1000, protowire.BytesType), "from a later version")

// fill sets every field of a message, and of those in it, to values that differ, and adds an unknown field to each.
func fill(m protoreflect.Message, next *uint64) {
	value := func(f protoreflect.FieldDescriptor) protoreflect.Value {
		*next++
		switch f.Kind() {
		case protoreflect.StringKind:
			return protoreflect.ValueOfString(fmt.Sprint("text", *next))
		case protoreflect.BytesKind:
			return protoreflect.ValueOfBytes(fmt.Append(nil, "bytes", *next))
		case protoreflect.BoolKind:
			return protoreflect.ValueOfBool(true)
		case protoreflect.EnumKind:
			return protoreflect.ValueOfEnum(protoreflect.EnumNumber(1))
		case protoreflect.Int32Kind:
			return protoreflect.ValueOfInt32(-int32(*next))
		case protoreflect.Int64Kind:
			return protoreflect.ValueOfInt64(math.MinInt64 + int64(*next))
		case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
			return protoreflect.ValueOfUint32(math.MaxUint32 - uint32(*next))
		default:
			return protoreflect.ValueOfUint64(math.MaxUint64 - *next)
		}
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		switch {
		case f.IsMap():
			for range 5 {
				entry := m.Mutable(f).Map().NewValue()
				fill(entry.Message(), next)
				m.Mutable(f).Map().Set(value(f.MapKey()).MapKey(), entry)
			}
		case f.IsList() && f.Message() != nil:
			fill(m.Mutable(f).List().AppendMutable().Message(), next)
			m.Mutable(f).List().AppendMutable()
		case f.IsList():
			m.Mutable(f).List().Append(value(f))
		case f.Message() != nil:
			fill(m.Mutable(f).Message(), next)
		default:
			m.Set(f, value(f))
		}
	}
	m.SetUnknown(unknown)
}

// messages returns a filled message of each type.
func messages(t testing.TB) []proto.Message {
	var list []proto.Message
	types := gossippb.File_gossip_gossippb_gossip_proto.Messages()
	for i := range types.Len() {
		typ, err := protoregistry.GlobalTypes.FindMessageByName(types.Get(i).FullName())
		if err != nil {
			t.Fatal(err)
		}
		m, next := typ.New(), uint64(0)
		fill(m, &next)
		list = append(list, m.Interface())
	}
	return list
}

// TestEveryMessage sends every field of every message through the generated codec and through package proto.
func TestEveryMessage(t *testing.T) {
	for _, m := range messages(t) {
		t.Run(string(m.ProtoReflect().Descriptor().Name()), func(t *testing.T) {
			encoded, err := m.(generated).MarshalVT()
			if err != nil {
				t.Fatal(err)
			}
			got := m.ProtoReflect().New().Interface()
			if err := proto.Unmarshal(encoded, got); err != nil || !proto.Equal(got, m) {
				t.Errorf("proto.Unmarshal(MarshalVT()) = %v, %v, want %v", got, err, m)
			}
			encoded, err = proto.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			back := m.ProtoReflect().New().Interface().(generated)
			if err := back.UnmarshalVT(encoded); err != nil || !proto.Equal(back, m) {
				t.Errorf("UnmarshalVT(proto.Marshal()) = %v, %v, want %v", back, err, m)
			}
		})
	}
}

// codecs returns the filled messages whose codec has names of its own.
func codecs(t testing.TB) []codec {
	var list []codec
	for _, m := range messages(t) {
		if c, ok := m.(codec); ok {
			list = append(list, c)
		}
	}
	if len(list) != 3 {
		t.Fatalf("%d messages with a codec, want 3", len(list))
	}
	return list
}

func TestCodec(t *testing.T) {
	for _, m := range codecs(t) {
		t.Run(string(m.ProtoReflect().Descriptor().Name()), func(t *testing.T) {
			want, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			for range 10 { // maps have another order each time
				got, err := m.Marshal()
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("Marshal() = %x, %v, want %x", got, err, want)
				}
			}
			if got := m.Size(); got != len(want) {
				t.Errorf("Size() = %d, want %d", got, len(want))
			}

			room := append(make([]byte, len(want)), "rest"...)
			n, err := m.MarshalTo(room)
			if err != nil || n != len(want) || string(room) != string(want)+"rest" {
				t.Errorf("MarshalTo(%d bytes) = %d, %v and %x, want %x", len(room), n, err, room, want)
			}
			short := make([]byte, len(want)-1)
			if n, err := m.MarshalTo(short); n != 0 || !errors.Is(err, io.ErrShortBuffer) {
				t.Errorf("MarshalTo(%d bytes) = %d, %v, want 0 and io.ErrShortBuffer", len(short), n, err)
			}

			back := m.ProtoReflect().New().Interface().(codec)
			fill(back.ProtoReflect(), new(uint64)) // to be replaced
			if err := back.Unmarshal(want); err != nil || !proto.Equal(back, m) {
				t.Errorf("Unmarshal(%x) = %v, %v, want %v", want, back, err, m)
			}
			clear(want)
			if !proto.Equal(back, m) {
				t.Error("Unmarshal kept a part of the bytes")
			}
		})
	}
}

func TestMarshalEmpty(t *testing.T) {
	for _, m := range []codec{&gossippb.Request{}, &gossippb.Response{}, &gossippb.Info{}} {
		if b, err := m.Marshal(); err != nil || len(b) != 0 || m.Size() != 0 {
			t.Errorf("%T: Marshal() = %x, %v, Size() = %d, want nothing", m, b, err, m.Size())
		}
		if err := m.Unmarshal(nil); err != nil {
			t.Errorf("%T: Unmarshal(nil) = %v", m, err)
		}
	}
}

func TestUnmarshalErrors(t *testing.T) {
	full := "\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	tests := []struct {
		name    string
		message codec
		bytes   string
		want    []error // all that are wrapped
	}{
		{name: "cut off tag", message: &gossippb.Request{}, bytes: "\x80", want: []error{io.ErrUnexpectedEOF}},
		{name: "cut off integer", message: &gossippb.Request{}, bytes: "\x08\x80", want: []error{io.ErrUnexpectedEOF}},
		{name: "cut off length", message: &gossippb.Request{}, bytes: "\x2a\x80", want: []error{io.ErrUnexpectedEOF}},
		{name: "cut off fixed64", message: &gossippb.Response{}, bytes: "\x82\x01\x02\x61\x00", want: []error{io.ErrUnexpectedEOF}},
		{name: "cut off unknown field", message: &gossippb.Info{}, bytes: "\xc1\x3e\x00", want: []error{io.ErrUnexpectedEOF}},
		{
			name: "length past the end", message: &gossippb.Request{}, bytes: "\x2a\x05\x0a",
			want: []error{gossippb.ErrInvalidLengthGossip, io.ErrUnexpectedEOF},
		},
		{
			name: "length past the end of an inner message", message: &gossippb.Request{}, bytes: "\x12\x02\x0a\x05\x28\x01",
			want: []error{gossippb.ErrInvalidLengthGossip, io.ErrUnexpectedEOF},
		},
		{
			name: "length past the end of an info", message: &gossippb.Info{}, bytes: "\x0a\x05\x0a",
			want: []error{gossippb.ErrInvalidLengthGossip, io.ErrUnexpectedEOF},
		},
		{
			name: "length past the end of a value in an info", message: &gossippb.Info{}, bytes: "\x0a\x02\x0a\x05",
			want: []error{gossippb.ErrInvalidLengthGossip, io.ErrUnexpectedEOF},
		},
		{
			name: "negative length", message: &gossippb.Request{}, bytes: "\x12" + full + "\x01",
			want: []error{gossippb.ErrInvalidLengthGossip},
		},
		{
			name: "negative length in an info", message: &gossippb.Info{}, bytes: "\x0a" + full + "\x01",
			want: []error{gossippb.ErrInvalidLengthGossip},
		},
		{name: "integer overflow", message: &gossippb.Request{}, bytes: "\x08" + full + "\xff\x01", want: []error{gossippb.ErrIntOverflowGossip}},
		{name: "integer of 65 bits", message: &gossippb.Request{}, bytes: "\x08" + full + "\x03", want: []error{gossippb.ErrIntOverflowGossip}},
		{name: "integer overflow in an info", message: &gossippb.Info{}, bytes: "\x10" + full + "\xff\x01", want: []error{gossippb.ErrIntOverflowGossip}},
		{name: "integer overflow as a length", message: &gossippb.Response{}, bytes: "\x1a" + full + "\xff\x01", want: []error{gossippb.ErrIntOverflowGossip}},
		{
			name: "entry whose key goes past it", message: &gossippb.Request{}, bytes: "\x2a\x02\x0a\x02ab",
			want: []error{gossippb.ErrInvalidLengthGossip, io.ErrUnexpectedEOF},
		},
		{
			name: "entry whose info goes past it", message: &gossippb.Response{}, bytes: "\x2a\x02\x12\x02\x18\x01",
			want: []error{gossippb.ErrInvalidLengthGossip, io.ErrUnexpectedEOF},
		},
		{name: "entry with a number as key", message: &gossippb.Request{}, bytes: "\x2a\x02\x08\x00"},
		{name: "delta that is a number", message: &gossippb.Request{}, bytes: "\x28\x01"},
		{name: "field number 0", message: &gossippb.Request{}, bytes: "\x00\x01"},
		{name: "end of no group", message: &gossippb.Info{}, bytes: "\x0c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.message.Unmarshal([]byte(tt.bytes))
			if err == nil {
				t.Fatalf("Unmarshal(%x) = nil, want an error", tt.bytes)
			}
			for _, sentinel := range []error{gossippb.ErrInvalidLengthGossip, gossippb.ErrIntOverflowGossip, io.ErrUnexpectedEOF} {
				want := false
				for _, w := range tt.want {
					want = want || w == sentinel
				}
				if got := errors.Is(err, sentinel); got != want {
					t.Errorf("errors.Is(%q, %q) = %v, want %v", err, sentinel, got, want)
				}
			}
			if name := string(tt.message.ProtoReflect().Descriptor().Name()); !strings.Contains(err.Error(), name) {
				t.Errorf("error %q does not name %s", err, name)
			}
		})
	}
}

func TestUnmarshalEntryWithoutInfo(t *testing.T) {
	var m gossippb.Request
	if err := m.Unmarshal([]byte("\x2a\x03\x0a\x01k")); err != nil {
		t.Fatal(err)
	}
	if info, ok := m.Delta["k"]; !ok || info == nil {
		t.Errorf("delta %v, want an empty info under k", m.Delta)
	}
}

func TestGetUser(t *testing.T) {
	if got, want := (*gossippb.Request)(nil).GetUser(), "node"; got != want {
		t.Errorf("GetUser() = %q, want %q", got, want)
	}
}

// TestGetters: each message of the reference has a getter for its message fields, of a nil message too.
func TestGetters(t *testing.T) {
	addr, other, value := new(gossippb.UnresolvedAddr), new(gossippb.UnresolvedAddr), new(gossippb.Value)
	info := &gossippb.Info{Value: value}
	delta := map[string]*gossippb.Info{"k": info}
	req := &gossippb.Request{Addr: addr, LAddr: other, Delta: delta}
	resp := &gossippb.Response{Addr: addr, Alternate: other, Delta: delta}
	if req.GetAddr() != addr || req.GetLAddr() != other || req.GetDelta()["k"] != info {
		t.Errorf("the getters of %v do not return its fields", req)
	}
	if resp.GetAddr() != addr || resp.GetAlternate() != other || resp.GetDelta()["k"] != info {
		t.Errorf("the getters of %v do not return its fields", resp)
	}
	if info.GetValue() != value {
		t.Errorf("the getter of %v does not return its field", info)
	}
	if !strings.Contains(req.String(), "l_addr") {
		t.Errorf("String() = %q does not name its fields", req.String())
	}
	req, resp, info = nil, nil, nil
	if req.GetAddr() != nil || req.GetLAddr() != nil || req.GetDelta() != nil || info.GetValue() != nil ||
		resp.GetAddr() != nil || resp.GetAlternate() != nil || resp.GetDelta() != nil {
		t.Error("a getter of a nil message returns something")
	}
	for _, m := range messages(t) {
		if m.(interface{ Reset() }).Reset(); proto.Size(m) != 0 {
			t.Errorf("after Reset, %T holds %v", m, m)
		}
	}
}

func TestChecksum(t *testing.T) {
	const want = 0xcbf43926 // of "123456789", as published
	for _, at := range []int{0, 4, 9} {
		key, rest := "123456789"[:at], []byte("123456789"[at:])
		if got := gossippb.Checksum(key, rest); got != want {
			t.Errorf("Checksum(%q, %q) = %#x, want %#x", key, rest, got, want)
		}
	}
}

func TestLookup(t *testing.T) {
	config := &gossippb.SystemConfig{Values: []*gossippb.KeyValue{
		{Key: []byte("a"), Value: &gossippb.Value{Tag: 1}},
		{Key: []byte("b"), Value: &gossippb.Value{Tag: 2}},
	}}
	if got := config.Lookup([]byte("b")); got.GetTag() != 2 {
		t.Errorf(`Lookup("b") = %v, want the value with tag 2`, got)
	}
	if got := config.Lookup([]byte("c")); got != nil {
		t.Errorf(`Lookup("c") = %v, want nil`, got)
	}
	if got := (*gossippb.SystemConfig)(nil).Lookup(nil); got != nil {
		t.Errorf("Lookup in no config = %v, want nil", got)
	}
}
