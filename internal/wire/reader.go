package wire

import (
	"encoding/binary"
	"fmt"
	"io"

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
	v    uint64 // of a varint, fixed32 or fixed64
	p    []byte // of a length-delimited field: part of b
}

// next moves to the next field and says whether there is one.
func (r *reader) next() bool {
	if r.at >= len(r.b) || r.err != nil {
		return false
	}
	r.from = r.at
	if c := r.b[r.at]; c < 0x80 {
		r.tag = uint64(c)
		r.at++
	} else {
		r.tag = r.varint()
	}
	if n := r.tag >> 3; n < uint64(protowire.MinValidNumber) || n > uint64(protowire.MaxValidNumber) {
		return r.fail(fmt.Errorf("field number %d", n))
	}
	switch r.tag & 7 {
	case typeVarint:
		r.v = r.varint()
	case typeFixed64:
		if len(r.b)-r.at < 8 {
			return r.fail(io.ErrUnexpectedEOF)
		}
		r.v = binary.LittleEndian.Uint64(r.b[r.at:])
		r.at += 8
	case typeBytes:
		n := r.varint()
		if n > uint64(len(r.b)-r.at) {
			return r.fail(fmt.Errorf("%d bytes in %d: %w: %w", n, len(r.b)-r.at, gossippb.ErrInvalidLengthGossip, io.ErrUnexpectedEOF))
		}
		r.p = r.b[r.at : r.at+int(n)]
		r.at += int(n)
	case typeFixed32:
		if len(r.b)-r.at < 4 {
			return r.fail(io.ErrUnexpectedEOF)
		}
		r.v = uint64(binary.LittleEndian.Uint32(r.b[r.at:]))
		r.at += 4
	case typeGroup:
		n := protowire.ConsumeFieldValue(protowire.Number(r.tag>>3), protowire.StartGroupType, r.b[r.at:])
		if n < 0 {
			return r.fail(protowire.ParseError(n))
		}
		r.at += n
	default:
		return r.fail(fmt.Errorf("wire type %d", r.tag&7))
	}
	return r.err == nil
}

// varint reads an integer.
func (r *reader) varint() uint64 {
	b := r.b[r.at:]
	if len(b) > 0 && b[0] < 0x80 {
		r.at++
		return uint64(b[0])
	}
	v, n := binary.Uvarint(b)
	switch {
	case n > 0:
		r.at += n
	case n == 0:
		r.fail(io.ErrUnexpectedEOF)
	default:
		r.fail(gossippb.ErrIntOverflowGossip)
	}
	return v
}

// fail ends the walk, if nothing has ended it yet.
func (r *reader) fail(cause error) bool {
	if r.err == nil {
		r.err = malformed("field at byte %d: %w", r.from, cause)
	}
	return false
}
