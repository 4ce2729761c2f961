package gossiptest

import (
	"context"
	"errors"
	"fmt"

	"github.com/grapevine-go/grapevine/transport"
)

func tryFrames(ctx context.Context, tr *transportTrial) error {
	d, a, err := tr.pair(ctx, 0, 1)
	if err != nil {
		return err
	}
	sizes := []int{0, 1, 1 << 16, 0, 0, 2, 1000, 1<<14 + 1, 1, 1<<16 - 1}
	var there, back [][]byte
	for i := range 4 * len(sizes) {
		there = append(there, testFrame(i, sizes[i%len(sizes)]))
		back = append(back, testFrame(-i, sizes[i%len(sizes)]))
	}
	if err := together(
		func() error { return sendFrames(d, there...) },
		func() error { return sendFrames(a, back...) },
		func() error { return recvFrames(a, there...) },
		func() error { return recvFrames(d, back...) },
	); err != nil {
		return err
	}
	return exchange(d, a)
}

func trySharedFrame(ctx context.Context, tr *transportTrial) error {
	var dialled, accepted []transport.Link
	for _, far := range []int{1, 2, 1} {
		d, a, err := tr.pair(ctx, 0, far)
		if err != nil {
			return err
		}
		dialled, accepted = append(dialled, d), append(accepted, a)
	}
	for _, size := range []int{1, 1 << 10, 1 << 16} {
		want := testFrame(size, size+100)
		shared := testFrame(size, size+100)
		var fs []func() error
		for i := range dialled {
			fs = append(fs,
				func() error { return sendFrames(dialled[i], shared[:size], shared[:size]) },
				func() error { return recvFrames(accepted[i], want[:size], want[:size]) })
		}
		if err := together(fs...); err != nil {
			return fmt.Errorf("with one frame sent on several links: %w", err)
		}
		if err := sameFrame("after Send, the frame", shared[:size], want[:size]); err != nil {
			return err
		}
		if err := sameFrame("after Send, the memory behind the frame", shared[size:], want[size:]); err != nil {
			return err
		}
	}
	return nil
}

func tryHeldFrame(ctx context.Context, tr *transportTrial) error {
	for _, size := range []int{100, 1 << 16} {
		for receiver := range 2 {
			d, a, err := tr.pair(ctx, 0, 1)
			if err != nil {
				return err
			}
			from, to := d, a
			if receiver == 0 {
				from, to = a, d
			}
			if err := holdFrames(ctx, tr, from, to, size); err != nil {
				return err
			}
		}
	}
	return nil
}

// holdFrames sends frames of the given size over a link and looks whether the one received last stays as it is.
func holdFrames(ctx context.Context, tr *transportTrial, from, to transport.Link, size int) error {
	var frames [][]byte
	for i := range 4 {
		frames = append(frames, testFrame(i, size))
	}
	var f []byte
	err := together(
		func() error { return sendFrames(from, frames[0]) },
		func() (err error) {
			if f, err = to.Recv(); err != nil {
				err = fmt.Errorf("Recv: %w", err)
			}
			return err
		})
	if err != nil {
		return err
	}
	if err := sameFrame("the frame received", f, frames[0]); err != nil {
		return err
	}
	sent := background(func() error { return sendFrames(from, frames[1:]...) })
	tr.quiet(ctx) // by now the other frames have come as far as they come without a Recv
	if err := sameFrame("with others behind it, the frame received", f, frames[0]); err != nil {
		return err
	}
	if err := together(
		func() error { return sendFrames(to, frames[1]) },
		func() error { return recvFrames(from, frames[1]) },
	); err != nil {
		return err
	}
	if err := sameFrame("after a Send at the same end, the frame received", f, frames[0]); err != nil {
		return err
	}

	if err := recvFrames(to, frames[1:3]...); err != nil {
		return err
	}
	if f, err = to.Recv(); err != nil {
		return fmt.Errorf("Recv: %w", err)
	}
	if err := errors.Join(<-sent, to.Close(), from.Close()); err != nil {
		return err
	}
	tr.quiet(ctx)
	return sameFrame("after Close, the frame received", f, frames[3])
}

func tryFrameLimit(ctx context.Context, tr *transportTrial) error {
	d, a, err := tr.pair(ctx, 0, 1)
	if err != nil {
		return err
	}
	limit := tr.harness.MaxFrame
	for _, ends := range [][2]transport.Link{{d, a}, {a, d}} {
		err := ends[0].Send(make([]byte, limit+1))
		if !errors.Is(err, transport.ErrFrameTooLarge) || errors.Is(err, transport.ErrClosed) {
			return fmt.Errorf("Send of %d bytes returned error %v, want one that wraps ErrFrameTooLarge and not ErrClosed",
				limit+1, err)
		}
		for _, size := range []int{3, limit} {
			if err := together(
				func() error { return sendFrames(ends[0], testFrame(7, size)) },
				func() error { return recvFrames(ends[1], testFrame(7, size)) },
			); err != nil {
				return fmt.Errorf("after a Send of %d bytes: %w", limit+1, err)
			}
		}
	}
	return exchange(d, a)
}

func tryBackPressure(ctx context.Context, tr *transportTrial) error {
	d, a, err := tr.pair(ctx, 0, 1)
	if err != nil {
		return err
	}
	for _, ends := range [][2]transport.Link{{d, a}, {a, d}} {
		stop := make(chan struct{})
		flooding := background(func() error { return flood(ends[0], stop) })
		tr.quiet(ctx)
		close(stop)
		last := testFrame(0, 1)
		err := together(
			func() error {
				if err := <-flooding; err != nil {
					return err
				}
				return sendFrames(ends[0], last)
			},
			func() error {
				for {
					f, err := ends[1].Recv()
					if err != nil {
						return fmt.Errorf("Recv: %w", err)
					}
					if len(f) == len(last) {
						return nil
					}
					if err := sameFrame("a frame that had to wait", f, testFrame(0, floodFrame)); err != nil {
						return err
					}
				}
			})
		if err != nil {
			return err
		}
	}
	return exchange(d, a)
}

func trySlowLink(ctx context.Context, tr *transportTrial) error {
	slow, slowEnd, err := tr.pair(ctx, 0, 1)
	if err != nil {
		return err
	}
	d, a, err := tr.pair(ctx, 0, 1)
	if err != nil {
		return err
	}
	stop := make(chan struct{})
	var floods []<-chan error
	for _, l := range []transport.Link{slow, slowEnd} {
		floods = append(floods, background(func() error { return flood(l, stop) }))
	}
	tr.quiet(ctx)
	if err := exchange(d, a); err != nil {
		return fmt.Errorf("beside a link that nobody receives from: %w", err)
	}
	if d, a, err = tr.pair(ctx, 1, 0); err != nil {
		return err
	}
	if err := exchange(d, a); err != nil {
		return fmt.Errorf("on a link made beside one that nobody receives from: %w", err)
	}
	close(stop)
	if err := errors.Join(slow.Close(), slowEnd.Close()); err != nil {
		return fmt.Errorf("Close: %w", err)
	}
	for _, f := range floods {
		if err := <-f; err != nil && !errors.Is(err, transport.ErrClosed) {
			return err
		}
	}
	return exchange(d, a)
}
