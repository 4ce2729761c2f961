package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
)

// reader walks over the fields of one encoded message.
//
//	r := reader{b: message}
//	for r.next() {
//		switch r.tag { … }
//	}
//	return r.err
type reader struct {
	b   []byte
	at  int   // where the next field begins, which is where the current one ends
	err error // wraps ErrMalformed

	// The current field.
	from int    // where it begins
	tag  uint64 // number<<3 | wire type
	v    uint64 // its value, or its length
}

// next moves to the next field and says whether there is one.
func (r *reader) next() bool {
	if r.at >= len(r.b) {
		return false
	}
	tag, v, end := field(r.b, r.at)
	if end < 0 {
		r.err, r.at = fault(r.b, r.at), len(r.b)
		return false
	}
	r.from, r.at, r.tag, r.v = r.at, end, tag, v
	return true
}

// bytes returns the content of a length-delimited field: part of b.
func (r *reader) bytes() []byte { return r.b[r.content():r.at] }

// content returns where the content of a length-delimited field begins. It ends where the field does.
func (r *reader) content() int { return r.at - int(r.v) }

// field returns the tag of the field of b that begins at an offset, its value or length, and where it ends: a
// negative number if there is no valid field, for [fault] to find out why. Most integers have one byte, which is
// read here.
func field(b []byte, at int) (tag, v uint64, end int) {
	if tag = uint64(b[at]); tag < 0x80 {
		at++
	} else if tag, at = varint(b, at); at < 0 {
		return 0, 0, -1
	}
	if tag>>3-1 >= uint64(protowire.MaxValidNumber) {
		return 0, 0, -1
	}
	switch tag & 7 {
	case typeVarint:
		if at < len(b) && b[at] < 0x80 {
			return tag, uint64(b[at]), at + 1
		}
		v, at = varint(b, at)
		return tag, v, at
	case typeBytes:
		if at < len(b) && b[at] < 0x80 {
			v = uint64(b[at])
			at++
		} else if v, at = varint(b, at); at < 0 {
			return 0, 0, -1
		}
		if v > uint64(len(b)-at) {
			return 0, 0, -1
		}
		return tag, v, at + int(v)
	case typeFixed64:
		if len(b)-at < 8 {
			return 0, 0, -1
		}
		return tag, binary.LittleEndian.Uint64(b[at:]), at + 8
	case typeFixed32:
		if len(b)-at < 4 {
			return 0, 0, -1
		}
		return tag, uint64(binary.LittleEndian.Uint32(b[at:])), at + 4
	case typeGroup:
		n := protowire.ConsumeFieldValue(protowire.Number(tag>>3), protowire.StartGroupType, b[at:])
		if n < 0 {
			return 0, 0, -1
		}
		return tag, 0, at + n
	}
	return 0, 0, -1
}

// varint returns the integer of b that begins at an offset, and where it ends: a negative number if nowhere.
func varint(b []byte, at int) (v uint64, end int) {
	v, n := protowire.ConsumeVarint(b[at:])
	if n < 0 {
		return 0, -1
	}
	return v, at + n
}

// fault returns the error of what stands at an offset of b instead of a field.
func fault(b []byte, at int) error {
	return malformed("field at byte %d: %w", at, cause(b[at:]))
}

func cause(b []byte) error {
	tag, n := protowire.ConsumeVarint(b)
	if n < 0 {
		return varintError(n)
	}
	b = b[n:]
	number, typ := protowire.DecodeTag(tag)
	switch {
	case !number.IsValid():
		return fmt.Errorf("number %d", tag>>3)
	case typ == protowire.VarintType:
		_, n := protowire.ConsumeVarint(b)
		return varintError(n)
	case typ == protowire.BytesType:
		length, n := protowire.ConsumeVarint(b)
		switch {
		case n < 0:
			return varintError(n)
		case length > math.MaxInt64:
			return gossippb.ErrInvalidLengthGossip
		}
		return fmt.Errorf("%d bytes in %d: %w: %w", length, len(b)-n, gossippb.ErrInvalidLengthGossip, io.ErrUnexpectedEOF)
	}
	return protowire.ParseError(protowire.ConsumeFieldValue(number, typ, b))
}

// varintError returns the error for a negative size of an integer.
func varintError(n int) error {
	err := protowire.ParseError(n)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		return gossippb.ErrIntOverflowGossip
	}
	return err
}
