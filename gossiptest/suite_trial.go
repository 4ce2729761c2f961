package gossiptest

import (
	"context"
	"runtime"
	"strings"
)

// quiet waits until all other goroutines of the trial wait for something: a Send that is going to block has blocked.
// With real sockets that may be a moment early, as bytes in the kernel are no goroutine; cases use it to make a situation
// likely, never to decide.
func (tr *trial) quiet(ctx context.Context) {
	for ctx.Err() == nil {
		if g := tr.goroutines(); len(g.running) == 0 {
			return
		}
		runtime.Gosched()
	}
}

// left returns the stacks of those other goroutines of the trial that wait for something, once none is running any
// more. Here one that waits for a lock counts as running: whoever holds the lock gives it back.
func (tr *trial) left(ctx context.Context) []string {
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
func (tr *trial) goroutines() trialGoroutines {
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
func (tr *trial) dump() string {
	g := tr.goroutines()
	return strings.Join(append(append(g.waiting, g.locking...), g.running...), "\n\n")
}

// allGoroutines returns the stacks of all goroutines, each with the labels of its goroutine; the calling one is first.
func allGoroutines() []string {
	labels()
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
