package gossiptest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/grapevine-go/grapevine/transport"
)

// wantEnded checks that link l, an end where Close or Recv has said that it is over, says so to every call from now on.
func wantEnded(end string, l transport.Link) error {
	for range 2 {
		if f, err := l.Recv(); err == nil {
			return fmt.Errorf("Recv at %s, where the link has ended, returned a frame of %d bytes", end, len(f))
		} else if err := wantClosed("Recv at "+end, err); err != nil {
			return err
		}
		if err := wantClosed("Send at "+end, l.Send([]byte("too late"))); err != nil {
			return err
		}
	}
	return nil
}

func tryCloseRecv(ctx context.Context, tr *transportTrial) error {
	for _, closer := range []int{0, 1} {
		d, a, err := tr.pair(ctx, 0, 1)
		if err != nil {
			return err
		}
		ends := []transport.Link{d, a}
		names := []string{"the dialling end", "the accepting end"}
		var receiving []<-chan error
		for _, l := range ends {
			receiving = append(receiving, background(func() error { _, err := l.Recv(); return err }))
		}
		tr.quiet(ctx)
		if err := ends[closer].Close(); err != nil {
			return fmt.Errorf("Close at %s: %w", names[closer], err)
		}
		for i, r := range receiving {
			call := fmt.Sprintf("Recv at %s, after Close at %s,", names[i], names[closer])
			if err := wantClosed(call, <-r); err != nil {
				return err
			}
			if err := wantEnded(names[i], ends[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func tryCloseSend(ctx context.Context, tr *transportTrial) error {
	names := []string{"the dialling end", "the accepting end"}
	for sender := range 2 {
		for closer := range 2 {
			d, a, err := tr.pair(ctx, 0, 1)
			if err != nil {
				return err
			}
			ends := []transport.Link{d, a}
			flooding := background(func() error { return flood(ends[sender], nil) })
			tr.quiet(ctx)
			if err := ends[closer].Close(); err != nil {
				return fmt.Errorf("Close at %s: %w", names[closer], err)
			}
			call := fmt.Sprintf("Send at %s, after Close at %s,", names[sender], names[closer])
			if err := wantClosed(call, <-flooding); err != nil {
				return err
			}
			if err := wantClosed(call, ends[sender].Send(nil)); err != nil {
				return err
			}
		}
	}
	return nil
}

func tryClosedLink(ctx context.Context, tr *transportTrial) error {
	for closer := range 2 {
		d, a, err := tr.pair(ctx, 0, 1)
		if err != nil {
			return err
		}
		near, far := d, a
		if closer == 1 {
			near, far = a, d
		}
		sent := background(func() error { return sendFrames(far, testFrame(0, 9), testFrame(1, 9), testFrame(2, 9)) })
		if err := recvFrames(near, testFrame(0, 9)); err != nil {
			return err
		}
		tr.quiet(ctx) // by now the other frames wait where they can be received
		if err := near.Close(); err != nil {
			return fmt.Errorf("Close: %w", err)
		}
		if err := wantEnded("the end that was closed", near); err != nil {
			return err
		}
		if err := <-sent; err != nil && !errors.Is(err, transport.ErrClosed) {
			return err
		}
		if _, err := far.Recv(); err == nil {
			return errors.New("at the end that was closed, Send sent a frame")
		}
		if err := wantEnded("the far end", far); err != nil {
			return err
		}
	}
	return nil
}

// tryCloseAnyTime keeps Send and Recv busy at both ends, and calls everything else beside them.
func tryCloseAnyTime(ctx context.Context, tr *transportTrial) error {
	d, a, err := tr.pair(ctx, 0, 1)
	if err != nil {
		return err
	}
	var busy sync.WaitGroup // until frames arrive at both ends
	busy.Add(2)
	work := func(l transport.Link) []func() error {
		return []func() error{
			func() error { return wantClosed("Send", sendNumbers(l)) },
			func() error { return wantClosed("Recv", recvNumbers(l, busy.Done)) },
			func() error {
				busy.Wait()
				l.Peer()
				return l.Close()
			},
			func() error {
				busy.Wait()
				defer l.Peer()
				return l.Close()
			},
		}
	}
	if err := together(append(work(d), work(a)...)...); err != nil {
		return err
	}
	for _, l := range []transport.Link{d, a} {
		if err := l.Close(); err != nil {
			return fmt.Errorf("another Close: %w", err)
		}
	}
	return errors.Join(wantEnded("the dialling end", d), wantEnded("the accepting end", a))
}

// sendNumbers sends frames that hold their number until Send returns an error.
func sendNumbers(l transport.Link) error {
	for n := uint64(0); ; n++ {
		if err := l.Send(binary.BigEndian.AppendUint64(nil, n)); err != nil {
			return err
		}
	}
}

// recvNumbers receives what sendNumbers sends until Recv returns an error. It calls first after a few frames.
func recvNumbers(l transport.Link, first func()) error {
	for n := uint64(0); ; n++ {
		f, err := l.Recv()
		if err != nil {
			return err
		}
		if err := sameFrame(fmt.Sprintf("frame %d", n), f, binary.BigEndian.AppendUint64(nil, n)); err != nil {
			return err
		}
		if n == 10 {
			first()
		}
	}
}
