package gossippb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/planetscale/vtprotobuf/protohelpers"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// deltaField is the number of the delta in Request and Response.
const deltaField = 5

func unmarshal(m message, b []byte) error {
	m.Reset()
	err := decode(m, b)
	if err != nil {
		return fmt.Errorf("decode %T: %w", m, err)
	}
	return nil
}

// decode is the generated decoder with its gaps closed.
func decode(m message, b []byte) error {
	f, framed := m.(framed)
	if framed {
		if err := checkDelta(b, false); err != nil {
			return err
		}
	}
	err := m.UnmarshalVT(b)
	switch {
	case errors.Is(err, protohelpers.ErrInvalidLength):
		return ErrInvalidLengthGossip
	case errors.Is(err, protohelpers.ErrIntOverflow):
		return ErrIntOverflowGossip
	case errors.Is(err, io.ErrUnexpectedEOF) && pastEnd(b, m.(proto.Message).ProtoReflect().Descriptor()):
		return fmt.Errorf("%w: %w", ErrInvalidLengthGossip, err)
	case err != nil:
		return err
	}
	if framed {
		delta := f.GetDelta()
		for key, info := range delta {
			if info == nil { // the entry had only a key
				delta[key] = new(Info)
			}
		}
	}
	return nil
}

// checkDelta makes sure that what is in an entry of a delta ends where the entry does. The generated decoder does
// not: entries that overlap would make it take time and memory out of all proportion to b.
func checkDelta(b []byte, entry bool) error {
	for len(b) > 0 {
		f, n, err := consume(b)
		switch {
		case err != nil:
			return err
		case entry && f.number <= 2 && f.typ != protowire.BytesType:
			return fmt.Errorf("field %d of an entry has wire type %d", f.number, f.typ)
		case !entry && f.number == deltaField:
			if err := checkDelta(f.content, true); err != nil {
				return fmt.Errorf("delta: %w", err)
			}
		}
		b = b[n:]
	}
	return nil
}

// pastEnd says whether b, which ends too early, does so because of a length that goes past the end. The generated
// decoder has one error for that and for a number cut off.
func pastEnd(b []byte, m protoreflect.MessageDescriptor) bool {
	for len(b) > 0 {
		f, n, err := consume(b)
		if err != nil {
			return errors.Is(err, ErrInvalidLengthGossip)
		}
		field := m.Fields().ByNumber(f.number)
		if field != nil && field.Message() != nil && pastEnd(f.content, field.Message()) {
			return true
		}
		b = b[n:]
	}
	return false
}

// field is one encoded field.
type field struct {
	number  protowire.Number
	typ     protowire.Type
	content []byte // of a length-delimited one
}

// consume returns the field at the start of b and its size.
func consume(b []byte) (f field, size int, err error) {
	tag, at, err := varint(b)
	if err != nil {
		return f, 0, err
	}
	number, typ := protowire.DecodeTag(tag)
	f = field{number: number, typ: typ}
	switch {
	case !number.IsValid():
		return f, 0, fmt.Errorf("field number %d", tag>>3)
	case typ == protowire.VarintType:
		_, n, err := varint(b[at:])
		return f, at + n, err
	case typ == protowire.BytesType:
		length, n, err := varint(b[at:])
		if err != nil {
			return f, 0, err
		}
		at += n
		if length > math.MaxInt64 {
			return f, 0, ErrInvalidLengthGossip
		}
		if length > uint64(len(b)-at) {
			return f, 0, fmt.Errorf("%d bytes in %d: %w: %w", length, len(b)-at, ErrInvalidLengthGossip, io.ErrUnexpectedEOF)
		}
		f.content = b[at : at+int(length)]
		return f, at + int(length), nil
	}
	n := protowire.ConsumeFieldValue(number, typ, b[at:])
	return f, at + n, protowire.ParseError(n)
}

// varint returns the integer at the start of b and its size.
func varint(b []byte) (v uint64, size int, err error) {
	v, n := binary.Uvarint(b)
	switch {
	case n == 0:
		return 0, 0, io.ErrUnexpectedEOF
	case n < 0:
		return 0, 0, ErrIntOverflowGossip
	}
	return v, n, nil
}
