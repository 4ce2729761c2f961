package gossiptest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/pprof"
	"testing"
	"time"
)

const defaultTimeout = time.Minute // of a case

// runSuite runs n cases as subtests of t. It gives each what is left to the test in equal shares, at most timeout, so that
// every case can be told of even if all hang.
func runSuite(t *testing.T, timeout time.Duration, n int, name func(i int) string, run func(t *testing.T, i int, timeout time.Duration) error) {
	for i := range n {
		t.Run(name(i), func(t *testing.T) {
			limit := timeout
			if deadline, ok := t.Deadline(); ok {
				share := time.Until(deadline) / time.Duration(n-i+1) // one is left for what comes afterwards
				limit = min(cmp.Or(timeout, defaultTimeout), share.Truncate(time.Millisecond))
			}
			err := run(t, i, limit)
			if hang := (*hangError)(nil); errors.As(err, &hang) { // told at once, as the clean-up may never end
				fmt.Fprintf(os.Stderr, "%s: %s\n", t.Name(), hang.summary)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// hangError is the error of a case that hangs.
type hangError struct{ summary, goroutines string }

func (e *hangError) Error() string { return e.summary + "\n" + e.goroutines }

// broken returns err, of a case, with the rule that was broken.
func broken(name, rule string, err error) error {
	return fmt.Errorf("%s: %w\nrule: %s", name, err, rule)
}

// trial is one run of a case. What the case, the harness and what is tried start are the trial's goroutines.
type trial struct {
	id    string      // label of the trial's goroutines
	calls chan func() // for the goroutine that called try
}

func newTrial() trial {
	return trial{id: fmt.Sprintf("%016x", rand.Uint64()), calls: make(chan func())}
}

// onTest has f called on the goroutine of the test, where the harness may end it, and waits until f has returned.
func (tr *trial) onTest(ctx context.Context, f func()) error {
	called := make(chan struct{})
	select {
	case tr.calls <- func() { f(); close(called) }:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-called:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try calls prepare, and then f, on a goroutine of its own. It returns how f says the rule was broken, or a hangError when
// f has not returned after timeout; zero means a minute.
func (tr *trial) try(name, rule string, timeout time.Duration, prepare func(), f func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	labelGoroutines(ctx, tr.id, func() {
		prepare()
		go func() { done <- f(ctx) }()
	})

	timeout = cmp.Or(timeout, defaultTimeout)
	watchdog := time.NewTimer(timeout)
	defer watchdog.Stop()
	for {
		select {
		case f := <-tr.calls:
			f()
		case err := <-done:
			if err != nil {
				return broken(name, rule, err)
			}
			return nil
		case <-watchdog.C:
			return tr.hang(name, rule, fmt.Sprintf("not over after %v", timeout))
		}
	}
}

// hang returns the error of a case that hangs, with the stacks of its goroutines.
func (tr *trial) hang(name, rule, why string) *hangError {
	return &hangError{summary: fmt.Sprintf("%s: hangs: %s\nrule: %s", name, why, rule), goroutines: tr.dump()}
}

// labelGoroutines calls f on a goroutine that bears the label, as do all that it starts, and those that they start.
func labelGoroutines(ctx context.Context, id string, f func()) {
	pprof.Do(ctx, pprof.Labels("gossiptest", id), func(context.Context) { f() })
}
