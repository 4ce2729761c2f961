package gossippb

import "errors"

var (
	// ErrInvalidLengthGossip is wrapped by the error of a decoder that meets a length which is negative or goes past
	// the end of the message. In the second case, io.ErrUnexpectedEOF is wrapped too.
	ErrInvalidLengthGossip = errors.New("gossippb: invalid length")

	// ErrIntOverflowGossip is wrapped by the error of a decoder that meets an integer of more than 64 bits.
	ErrIntOverflowGossip = errors.New("gossippb: integer overflow")
)
