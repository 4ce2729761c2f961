package gossippb

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Checksum returns the checksum of an info's value: CRC-32 (IEEE) of the key, then of the bytes.
func Checksum(key string, rawBytes []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE([]byte(key)), crc32.IEEETable, rawBytes)
}

// GetUser returns the user that a node's certificate has to name: "node".
func (*Request) GetUser() string { return "node" }

// Lookup returns the value of a key, or nil if the config has none. Values are the config's own.
func (x *SystemConfig) Lookup(key []byte) *Value {
	for _, kv := range x.GetValues() {
		if bytes.Equal(kv.GetKey(), key) {
			return kv.GetValue()
		}
	}
	return nil
}

// Marshal encodes the message into a new slice, the entries of the delta in the order of their keys.
func (x *Request) Marshal() ([]byte, error) { return marshal(x) }

// MarshalTo encodes the message like Marshal into the first Size bytes of b, which has to have them:
// io.ErrShortBuffer is wrapped by the error if not. It returns Size.
func (x *Request) MarshalTo(b []byte) (int, error) { return marshalTo(x, b) }

// Size returns the number of bytes of the encoded message.
func (x *Request) Size() int { return x.SizeVT() }

// Unmarshal replaces what the message holds by the message encoded in b, of which it keeps no part. After an error
// the message holds anything; the error wraps [ErrInvalidLengthGossip] or [ErrIntOverflowGossip] where a length or
// an integer is at fault, and io.ErrUnexpectedEOF where b ends too early.
func (x *Request) Unmarshal(b []byte) error { return unmarshal(x, b) }

// Marshal encodes the message into a new slice, the entries of the delta in the order of their keys.
func (x *Response) Marshal() ([]byte, error) { return marshal(x) }

// MarshalTo encodes the message like Marshal into the first Size bytes of b, which has to have them:
// io.ErrShortBuffer is wrapped by the error if not. It returns Size.
func (x *Response) MarshalTo(b []byte) (int, error) { return marshalTo(x, b) }

// Size returns the number of bytes of the encoded message.
func (x *Response) Size() int { return x.SizeVT() }

// Unmarshal replaces what the message holds by the message encoded in b, of which it keeps no part. Its errors are
// those of [Request.Unmarshal].
func (x *Response) Unmarshal(b []byte) error { return unmarshal(x, b) }

// Marshal encodes the message into a new slice.
func (x *Info) Marshal() ([]byte, error) { return marshal(x) }

// MarshalTo encodes the message like Marshal into the first Size bytes of b, which has to have them:
// io.ErrShortBuffer is wrapped by the error if not. It returns Size.
func (x *Info) MarshalTo(b []byte) (int, error) { return marshalTo(x, b) }

// Size returns the number of bytes of the encoded message.
func (x *Info) Size() int { return x.SizeVT() }

// Unmarshal replaces what the message holds by the message encoded in b, of which it keeps no part. Its errors are
// those of [Request.Unmarshal].
func (x *Info) Unmarshal(b []byte) error { return unmarshal(x, b) }

// message is what the generated codec gives every message.
type message interface {
	Reset()
	SizeVT() int
	MarshalToSizedBufferVT(b []byte) (int, error)
	UnmarshalVT(b []byte) error
}

// framed is a message with a delta.
type framed interface{ GetDelta() map[string]*Info }

func marshal(m message) ([]byte, error) {
	b := make([]byte, m.SizeVT())
	_, err := marshalTo(m, b)
	return b, err
}

func marshalTo(m message, b []byte) (int, error) {
	size := m.SizeVT()
	if len(b) < size {
		return 0, fmt.Errorf("encode %T of %d bytes into %d: %w", m, size, len(b), io.ErrShortBuffer)
	}
	b = b[:size]
	if _, err := m.MarshalToSizedBufferVT(b); err != nil {
		return 0, fmt.Errorf("encode %T: %w", m, err)
	}
	if f, ok := m.(framed); ok && len(f.GetDelta()) > 1 {
		sortDelta(b, len(f.GetDelta()))
	}
	return size, nil
}

// sortDelta brings the n entries of the delta of an encoded Request or Response into the order of their keys. The
// generated encoder, which knows no order, has written them one behind the other, each with its key first.
func sortDelta(b []byte, n int) {
	type entry struct{ key, field []byte }
	entries := make([]entry, 0, n)
	start, end := 0, 0
	for at := 0; len(entries) < n; at = end {
		number, typ, head := protowire.ConsumeTag(b[at:])
		end = at + head + protowire.ConsumeFieldValue(number, typ, b[at+head:])
		if number != deltaField {
			start = end
			continue
		}
		content, _ := protowire.ConsumeBytes(b[at+head:])
		key, _ := protowire.ConsumeBytes(content[1:])
		entries = append(entries, entry{key: key, field: b[at:end]})
	}
	slices.SortFunc(entries, func(x, y entry) int { return bytes.Compare(x.key, y.key) })
	sorted := make([]byte, 0, end-start)
	for _, e := range entries {
		sorted = append(sorted, e.field...)
	}
	copy(b[start:end], sorted)
}
