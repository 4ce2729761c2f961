package wire

import (
	"encoding/binary"
	"errors"
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
	from    int    // where it begins
	content int    // of a length-delimited field: where that begins
	tag     uint64 // number<<3 | wire type
	v       uint64 // of a varint, fixed32 or fixed64
}

// bytes returns the content of a length-delimited field: part of b.
func (r *reader) bytes() []byte { return r.b[r.content:r.at] }

// next moves to the next field and says whether there is one.
func (r *reader) next() bool {
	b, at := r.b, r.at
	if at >= len(b) {
		return false
	}
	r.from = at
	tag := uint64(b[at])
	at++
	if tag >= 0x80 {
		tag, at = r.varint(at - 1)
	}
	if n := tag >> 3; n-1 >= uint64(protowire.MaxValidNumber) {
		return r.fail(fmt.Errorf("field number %d", n))
	}
	r.tag = tag
	switch tag & 7 {
	case typeVarint:
		if at < len(b) && b[at] < 0x80 {
			r.v, r.at = uint64(b[at]), at+1
			return true
		}
		r.v, r.at = r.varint(at)
		return r.err == nil
	case typeBytes:
		var n uint64
		if at < len(b) && b[at] < 0x80 {
			n, at = uint64(b[at]), at+1
		} else {
			n, at = r.varint(at)
		}
		if n > uint64(len(b)-at) {
			return r.fail(fmt.Errorf("%d bytes in %d: %w: %w", n, len(b)-at, gossippb.ErrInvalidLengthGossip, io.ErrUnexpectedEOF))
		}
		r.content, r.at = at, at+int(n)
		return r.err == nil
	case typeFixed64:
		if len(b)-at < 8 {
			return r.fail(io.ErrUnexpectedEOF)
		}
		r.v = binary.LittleEndian.Uint64(b[at:])
		r.at = at + 8
		return true
	case typeFixed32:
		if len(b)-at < 4 {
			return r.fail(io.ErrUnexpectedEOF)
		}
		r.v = uint64(binary.LittleEndian.Uint32(b[at:]))
		r.at = at + 4
		return true
	case typeGroup:
		n := protowire.ConsumeFieldValue(protowire.Number(tag>>3), protowire.StartGroupType, b[at:])
		if n < 0 {
			return r.fail(protowire.ParseError(n))
		}
		r.at = at + n
		return true
	}
	return r.fail(fmt.Errorf("wire type %d", tag&7))
}

// varint reads an integer at an offset and returns the offset behind it. An error ends the walk.
func (r *reader) varint(at int) (v uint64, end int) {
	v, n := protowire.ConsumeVarint(r.b[at:])
	if n >= 0 {
		return v, at + n
	}
	cause := protowire.ParseError(n)
	if !errors.Is(cause, io.ErrUnexpectedEOF) {
		cause = gossippb.ErrIntOverflowGossip
	}
	r.fail(cause)
	return 0, len(r.b)
}

// fail ends the walk, with the first error it is told.
func (r *reader) fail(cause error) bool {
	if r.err == nil {
		r.err = malformed("field at byte %d: %w", r.from, cause)
	}
	r.at = len(r.b)
	return false
}
