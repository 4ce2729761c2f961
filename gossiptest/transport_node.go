package gossiptest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/transport"
)

func tryAddresses(ctx context.Context, tr *transportTrial) error {
	var addrs []transport.Addr
	for i, t := range tr.ts {
		addr := t.Addr()
		if addr.IsZero() || slices.Contains(addrs, addr) {
			return fmt.Errorf("transport %d has address %q of network %q, want one of its own", i, addr, addr.Network())
		}
		addrs = append(addrs, addr)
	}
	for i := range tr.ts {
		d, a, err := tr.pair(ctx, i, (i+1)%len(tr.ts))
		if err != nil {
			return err
		}
		if err := exchange(d, a); err != nil {
			return err
		}
		for k, l := range []transport.Link{d, a} {
			before := l.Peer()
			if before.Addr.IsZero() {
				return fmt.Errorf("Peer = %+v, want one with an address", before)
			}
			if own := addrs[(i+k)%len(addrs)]; before.Addr == own {
				return fmt.Errorf("Peer of a link with another transport has the address of its own end, %q", own)
			}
			if err := l.Close(); err != nil {
				return fmt.Errorf("Close: %w", err)
			}
			if after := l.Peer(); after != before {
				return fmt.Errorf("after Close, Peer = %+v, want %+v as before", after, before)
			}
		}
	}
	for i, t := range tr.ts {
		if err := t.Close(); err != nil {
			return fmt.Errorf("Close of transport %d: %w", i, err)
		}
		if addr := t.Addr(); addr != addrs[i] {
			return fmt.Errorf("after Close, transport %d has address %q, want %q as before", i, addr, addrs[i])
		}
	}
	return nil
}

// tryDialContext dials with contexts that have ended, or end at some moment, and looks at what the far end accepts: each
// link there either is one that Dial returned, and carries a frame, or has ended.
func tryDialContext(ctx context.Context, tr *transportTrial) error {
	from, to := tr.ts[0], tr.ts[1]
	var mu sync.Mutex // guards accepted
	var accepted []transport.Link
	accepting := background(func() error {
		for {
			l, err := to.Accept()
			if err != nil {
				return err
			}
			mu.Lock()
			accepted = append(accepted, l)
			mu.Unlock()
		}
	})

	past, cancel := context.WithDeadline(ctx, time.Time{})
	defer cancel()
	if err := dialEnded(from, to, past, context.DeadlineExceeded); err != nil {
		return err
	}
	for range 10 {
		dctx, cancel := context.WithCancel(ctx)
		cancel()
		if err := dialEnded(from, to, dctx, context.Canceled); err != nil {
			return err
		}

		dctx, cancel = context.WithCancel(ctx)
		go cancel()
		l, err := from.Dial(dctx, to.Addr())
		if err == nil {
			go l.Send([]byte("dialled"))
		} else if !errors.Is(err, context.Canceled) {
			return fmt.Errorf("Dial returned error %v, want one that wraps %v, of its context", err, context.Canceled)
		}
	}

	tr.quiet(ctx)
	select {
	case err := <-accepting:
		return fmt.Errorf("Accept, though nobody closed the transport: %w", err)
	default:
	}
	mu.Lock()
	links := slices.Clone(accepted)
	mu.Unlock()
	for _, l := range links {
		if _, err := l.Recv(); err != nil {
			if err := wantClosed("Recv at the far end of a Dial that was cut short", err); err != nil {
				return err
			}
		}
	}
	return nil
}

func dialEnded(from, to transport.Transport, ctx context.Context, want error) error {
	if l, err := from.Dial(ctx, to.Addr()); err == nil {
		return fmt.Errorf("Dial with an ended context returned a link with %v", l.Peer())
	} else if !errors.Is(err, want) || errors.Is(err, transport.ErrClosed) {
		return fmt.Errorf("Dial with an ended context returned error %v, want one that wraps %v and not ErrClosed", err, want)
	}
	return nil
}

func tryLinkOutlivesContext(ctx context.Context, tr *transportTrial) error {
	dctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d, a, err := tr.pair(dctx, 0, 1)
	if err != nil {
		return err
	}
	receiving := background(func() error { return recvFrames(d, []byte("early")) })
	tr.quiet(ctx)
	cancel()
	tr.quiet(ctx)
	if err := together(
		func() error { return sendFrames(a, []byte("early")) },
		func() error { return <-receiving },
	); err != nil {
		return fmt.Errorf("after the end of Dial's context: %w", err)
	}
	if err := exchange(d, a); err != nil {
		return fmt.Errorf("after the end of Dial's context: %w", err)
	}
	return nil
}

func tryDialSilent(ctx context.Context, tr *transportTrial) error {
	t := tr.ts[0]
	dial := func(ctx context.Context) <-chan error {
		return background(func() error {
			l, err := t.Dial(ctx, tr.harness.Silent)
			if err == nil {
				return fmt.Errorf("Dial returned a link with %v", l.Peer())
			}
			return err
		})
	}
	dctx, cancel := context.WithCancel(ctx)
	dialling := dial(dctx)
	tr.quiet(ctx)
	cancel()
	if err := <-dialling; !errors.Is(err, context.Canceled) || errors.Is(err, transport.ErrClosed) {
		return fmt.Errorf("Dial, on the end of its context, returned %v, want an error that wraps context.Canceled "+
			"and not ErrClosed", err)
	}
	for range 10 { // a deadline that others watch, too, is sometimes seen by them first
		dctx, cancel := context.WithTimeout(ctx, time.Millisecond)
		err := <-dial(dctx)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, transport.ErrClosed) {
			return fmt.Errorf("Dial, on the deadline of its context, returned %v, want an error that wraps "+
				"context.DeadlineExceeded and not ErrClosed (a dialler may report the deadline a moment before ctx.Err does)", err)
		}
	}
	dialling = dial(ctx)
	tr.quiet(ctx)
	if err := t.Close(); err != nil {
		return fmt.Errorf("Close: %w", err)
	}
	return wantClosed("Dial, on Close of its transport,", <-dialling)
}

func tryDialNobody(ctx context.Context, tr *transportTrial) error {
	gone := tr.ts[1].Addr()
	if err := tr.ts[1].Close(); err != nil {
		return fmt.Errorf("Close: %w", err)
	}
	for _, to := range []transport.Addr{
		gone, {}, transport.MakeAddr("no-such-network", gone.String()), transport.MakeAddr(gone.Network(), ""),
	} {
		l, err := tr.ts[0].Dial(ctx, to)
		switch {
		case err == nil && to == gone:
			if _, err := l.Recv(); err == nil {
				return errors.New("from a closed transport came a frame")
			} else if err := wantClosed("Recv of a link with a closed transport", err); err != nil {
				return err
			}
		case err == nil:
			return fmt.Errorf("Dial of address %q in network %q returned a link, want an error", to, to.Network())
		case errors.Is(err, transport.ErrClosed):
			return fmt.Errorf("Dial of address %q in network %q returned error %v, want one that does not wrap ErrClosed",
				to, to.Network(), err)
		}
	}
	return nil
}

func tryClosedTransport(ctx context.Context, tr *transportTrial) error {
	t, other := tr.ts[0], tr.ts[1].Addr()
	accepting := background(func() error { _, err := t.Accept(); return err })
	tr.quiet(ctx)
	closing := func() error { return t.Close() }
	if err := together(closing, closing, closing); err != nil {
		return fmt.Errorf("Close: %w", err)
	}
	if err := wantClosed("Accept, on Close of its transport,", <-accepting); err != nil {
		return err
	}
	for range 2 {
		_, err := t.Accept()
		if err := wantClosed("Accept of a closed transport", err); err != nil {
			return err
		}
		_, err = t.Dial(ctx, other)
		if err := wantClosed("Dial of a closed transport", err); err != nil {
			return err
		}
		if err := t.Close(); err != nil {
			return fmt.Errorf("another Close: %w", err)
		}
	}
	return nil
}

func tryTransportCloseEndsLinks(ctx context.Context, tr *transportTrial) error {
	var ended []<-chan error
	for _, hub := range []struct{ from, to int }{{0, 1}, {2, 0}} {
		d, a, err := tr.pair(ctx, hub.from, hub.to)
		if err != nil {
			return err
		}
		for _, l := range []transport.Link{d, a} {
			ended = append(ended, background(func() error { return wantEnded("an end of a link", l) }))
		}
	}
	d, a, err := tr.pair(ctx, 0, 1)
	if err != nil {
		return err
	}
	for _, l := range []transport.Link{d, a} {
		ended = append(ended, background(func() error { return wantClosed("Send", flood(l, nil)) }))
	}
	ended = append(ended, background(func() error {
		l, err := tr.ts[1].Dial(ctx, tr.ts[0].Addr())
		if err != nil {
			return nil // allowed for a link that nobody has accepted
		}
		return wantEnded("the dialling end of a link that was not accepted", l)
	}))
	if d, a, err = tr.pair(ctx, 1, 2); err != nil {
		return err
	}

	tr.quiet(ctx)
	if err := tr.ts[0].Close(); err != nil {
		return fmt.Errorf("Close: %w", err)
	}
	for _, e := range ended {
		if err := <-e; err != nil {
			return fmt.Errorf("after Close of the transport: %w", err)
		}
	}
	if err := exchange(d, a); err != nil {
		return fmt.Errorf("between transports that nobody closed: %w", err)
	}
	return nil
}

// tryManyLinks makes many links, 50 at once, uses all of them, closes half and uses the others.
func tryManyLinks(ctx context.Context, tr *transportTrial) error {
	links, batch := cmp.Or(tr.harness.Links, 1000), 50 // a transport may refuse links when more wait for Accept
	dialled := make([]transport.Link, links)
	each := func(from, to int, f func(i int) error) error {
		var fs []func() error
		for i := from; i < to; i++ {
			fs = append(fs, func() error {
				if err := f(i); err != nil {
					return fmt.Errorf("link %d of %d: %w", i, links, err)
				}
				return nil
			})
		}
		return together(fs...)
	}
	ask := func(i, n int) error {
		for k := range n {
			f := testFrame(i*n+k, i%100*10+k)
			if err := errors.Join(sendFrames(dialled[i], f), recvFrames(dialled[i], f)); err != nil {
				return err
			}
		}
		return nil
	}

	for from := 0; from < links; from += batch {
		to := min(from+batch, links)
		if err := together(
			func() error {
				for range to - from {
					l, err := tr.ts[1].Accept()
					if err != nil {
						return fmt.Errorf("Accept: %w", err)
					}
					go echo(l)
				}
				return nil
			},
			func() error {
				return each(from, to, func(i int) (err error) {
					dialled[i], err = tr.ts[0].Dial(ctx, tr.ts[1].Addr())
					return err
				})
			},
		); err != nil {
			return err
		}
	}
	if err := each(0, links, func(i int) error { return ask(i, 5) }); err != nil {
		return err
	}
	for i := 0; i < links; i += 2 {
		if err := dialled[i].Close(); err != nil {
			return fmt.Errorf("link %d of %d: Close: %w", i, links, err)
		}
	}
	tr.quiet(ctx)
	if err := each(0, links, func(i int) error {
		if i%2 == 0 {
			return nil
		}
		return ask(i, 3)
	}); err != nil {
		return fmt.Errorf("with every other link closed: %w", err)
	}
	return nil
}

// echo sends back every frame until the link ends.
func echo(l transport.Link) {
	for {
		f, err := l.Recv()
		if err != nil || l.Send(slices.Clone(f)) != nil {
			return
		}
	}
}

// tryGoroutines closes transports that are busy in every way, and looks at what is left.
func tryGoroutines(ctx context.Context, tr *transportTrial) error {
	var calls []<-chan error
	for i := range tr.ts {
		d, _, err := tr.pair(ctx, i, (i+1)%len(tr.ts))
		if err != nil {
			return err
		}
		calls = append(calls,
			background(func() error { return flood(d, nil) }),
			background(func() error { _, err := d.Recv(); return err }))
		closed, far, err := tr.pair(ctx, i, (i+1)%len(tr.ts))
		if err != nil {
			return err
		}
		if err := errors.Join(exchange(closed, far), closed.Close(), far.Close()); err != nil {
			return err
		}
	}
	calls = append(calls, background(func() error { _, err := tr.ts[0].Accept(); return err }))
	tr.quiet(ctx)
	var closing []func() error
	for _, t := range tr.ts {
		closing = append(closing, t.Close)
	}
	if err := together(closing...); err != nil {
		return fmt.Errorf("Close: %w", err)
	}
	for _, c := range calls {
		if err := wantClosed("a call, on Close of its transport,", <-c); err != nil {
			return err
		}
	}
	if left := tr.left(ctx); len(left) > 0 {
		return fmt.Errorf("after Close of all transports, %d goroutines still wait:\n%s", len(left), strings.Join(left, "\n\n"))
	}
	return nil
}
