package wire

import (
	"errors"
	"fmt"
)

var (
	// ErrMalformed is wrapped by the error of a frame that is not protobuf, or says what no node may say. Where
	// lengths or integers are at fault, the error of package gossippb for it is wrapped too; where bytes are
	// missing, io.ErrUnexpectedEOF is.
	ErrMalformed = errors.New("malformed frame")

	// ErrTooLarge is wrapped by the error of a frame that goes over one of the [Limits], or over [MaxText],
	// [MaxPlaces] or [MaxExtra].
	ErrTooLarge = errors.New("over the limit")

	// ErrChecksum is wrapped by the error of a frame with an info whose checksum is not that of its key and value,
	// or with a live one that has none.
	ErrChecksum = errors.New("wrong checksum")
)

// malformed returns an error that wraps ErrMalformed, and what the format wraps.
func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrMalformed, fmt.Errorf(format, args...))
}

// tooLarge returns the error of something that takes n where limit is allowed.
func tooLarge(what string, n, limit int) error {
	return fmt.Errorf("%s: %d, limit %d: %w", what, n, limit, ErrTooLarge)
}
