package gossiptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/grapevine-go/grapevine/transport"
)

// transportTrial is one run of a case. What the case, the harness and the transports start are the trial's goroutines.
type transportTrial struct {
	id      string // label of the trial's goroutines
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

// quiet waits until all other goroutines of the trial wait for something: a Send that is going to block has blocked.
// With real sockets that may be a moment early, as bytes in the kernel are no goroutine; cases use it to make a situation
// likely, never to decide.
func (tr *transportTrial) quiet(ctx context.Context) {
	for ctx.Err() == nil {
		if g := tr.goroutines(); len(g.running) == 0 {
			return
		}
		runtime.Gosched()
	}
}

// left returns the stacks of those other goroutines of the trial that wait for something, once none is running any
// more. Here one that waits for a lock counts as running: whoever holds the lock gives it back.
func (tr *transportTrial) left(ctx context.Context) []string {
	for ctx.Err() == nil {
		if g := tr.goroutines(); len(g.running)+len(g.locking) == 0 {
			return g.waiting
		}
		runtime.Gosched()
	}
	return nil
}

// trialGoroutines are the stacks of the goroutines of a trial, by what they are doing.
type trialGoroutines struct{ running, locking, waiting []string }

// goroutines returns the trial's goroutines, without the calling one.
func (tr *transportTrial) goroutines() trialGoroutines {
	var g trialGoroutines
	for i, stack := range allGoroutines() {
		header, _, _ := strings.Cut(stack, "\n")
		_, state, _ := strings.Cut(header, "[")
		switch {
		case i == 0 || !strings.Contains(header, tr.id):
		case hasAnyPrefix(state, "semacquire", "sync.Mutex", "sync.RWMutex"):
			g.locking = append(g.locking, stack)
		case hasAnyPrefix(state, "chan ", "select", "IO wait", "sleep", "sync.Cond.Wait", "sync.WaitGroup.Wait"):
			g.waiting = append(g.waiting, stack)
		default:
			g.running = append(g.running, stack)
		}
	}
	return g
}

// dump returns the stacks of the trial's goroutines.
func (tr *transportTrial) dump() string {
	g := tr.goroutines()
	return strings.Join(append(append(g.waiting, g.locking...), g.running...), "\n\n")
}

// allGoroutines returns the stacks of all goroutines, each with the labels of its goroutine; the calling one is first.
func allGoroutines() []string {
	const labels = "tracebacklabels="
	if old := os.Getenv("GODEBUG"); !strings.Contains(old, labels) {
		os.Setenv("GODEBUG", strings.TrimPrefix(old+","+labels+"1", ","))
	}
	for size := 1 << 16; ; size *= 2 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size {
			return strings.Split(strings.TrimSpace(string(buf[:n])), "\n\n")
		}
	}
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// background calls f on a goroutine of its own; its error can be received once.
func background(f func() error) <-chan error {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return c
}

// together calls the functions at the same time. It returns nil when all have, or the first error as soon as there is
// one, leaving the others to themselves.
func together(fs ...func() error) error {
	c := make(chan error, len(fs)) // an error of each function
	for _, f := range fs {
		go func() { c <- f() }()
	}
	for range fs {
		if err := <-c; err != nil {
			return err
		}
	}
	return nil
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
