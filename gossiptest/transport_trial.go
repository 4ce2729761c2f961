package gossiptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/grapevine-go/grapevine/transport"
)

// transportTrial is one run of a case.
type transportTrial struct {
	trial
	harness TransportHarness
	ts      []transport.Transport
}

// pair makes a link from transport i to transport j and returns its ends, the dialled one first.
func (tr *transportTrial) pair(ctx context.Context, i, j int) (dialled, accepted transport.Link, err error) {
	var d, a transport.Link
	err = together(
		func() (err error) {
			if d, err = tr.ts[i].Dial(ctx, tr.ts[j].Addr()); err != nil {
				err = fmt.Errorf("Dial from transport %d to %d: %w", i, j, err)
			}
			return err
		},
		func() (err error) {
			if a, err = tr.ts[j].Accept(); err != nil {
				err = fmt.Errorf("Accept at transport %d: %w", j, err)
			}
			return err
		})
	if err != nil {
		return nil, nil, err
	}
	return d, a, nil
}

// wantClosed returns nil if err is what a call on a closed link or transport ought to return.
func wantClosed(call string, err error) error {
	if errors.Is(err, transport.ErrClosed) {
		return nil
	}
	return fmt.Errorf("%s returned error %v, want one that wraps ErrClosed", call, err)
}

// testFrame returns a frame of n bytes that differs from those with another number.
func testFrame(number, n int) []byte {
	f := make([]byte, n)
	for i := range f {
		f[i] = byte(number*31 + i*7 + i>>8)
	}
	return f
}

func sameFrame(what string, got, want []byte) error {
	if bytes.Equal(got, want) {
		return nil
	}
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	return fmt.Errorf("%s has %d bytes, want %d, and is different from byte %d on", what, len(got), len(want), i)
}

func sendFrames(l transport.Link, frames ...[]byte) error {
	for i, f := range frames {
		err := l.Send(f)
		if errors.Is(err, transport.ErrFrameTooLarge) && len(f) <= smallestLimit {
			err = fmt.Errorf("%w (the limit of a transport is at least %d bytes)", err, smallestLimit)
		}
		if err != nil {
			return fmt.Errorf("Send of frame %d, %d bytes: %w", i, len(f), err)
		}
	}
	return nil
}

func recvFrames(l transport.Link, want ...[]byte) error {
	for i, w := range want {
		f, err := l.Recv()
		if err != nil {
			return fmt.Errorf("Recv of frame %d, %d bytes: %w", i, len(w), err)
		}
		if err := sameFrame(fmt.Sprintf("frame %d", i), f, w); err != nil {
			return err
		}
	}
	return nil
}

// exchange passes a frame each way, which shows that the link is up.
func exchange(dialled, accepted transport.Link) error {
	there, back := testFrame(1, 100), testFrame(2, 200)
	if err := together(
		func() error { return sendFrames(dialled, there) },
		func() error { return recvFrames(accepted, there) },
		func() error { return sendFrames(accepted, back) },
		func() error { return recvFrames(dialled, back) },
	); err != nil {
		return fmt.Errorf("passing a frame each way: %w", err)
	}
	return nil
}

// flood sends frames that nobody is meant to receive, until stop is closed or Send returns an error. After 256 MiB it
// gives up: so much no link ought to hold.
func flood(l transport.Link, stop <-chan struct{}) error {
	f := testFrame(0, floodFrame)
	for range (256 << 20) / floodFrame {
		select {
		case <-stop:
			return nil
		default:
		}
		if err := l.Send(f); err != nil {
			return err
		}
	}
	return errors.New("Send took 256 MiB without blocking, while nobody received")
}

const (
	smallestLimit = 1 << 16 // bytes: every transport carries frames so large
	floodFrame    = smallestLimit
)
