package gossiptest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/clock"
)

// ClockHarness says how to try an implementation of [clock.Clock].
type ClockHarness struct {
	// New returns a clock, a fresh one for each case. It is called on the goroutine of the test.
	New func(t *testing.T) clock.Clock

	// Advance moves c, a clock that New returned, on by d, which is zero or more. It may return before the functions that are due
	// have. Nil says that the clock goes by package time, whose time passes at once in the bubble that each case has.
	Advance func(c clock.Clock, d time.Duration)

	// Timeout is how long a case may take before it counts as hanging, as in [TransportHarness]. Zero means a minute. It is
	// real time, though the case lives in the time of a bubble.
	Timeout time.Duration
}

// ClockCase is one rule of the contract of package clock, with an experiment that shows whether it is kept.
type ClockCase struct {
	Name string // lower case, with hyphens
	Rule string // the sentence of the contract, as it stands in a comment of package clock

	run func(ctx context.Context, tr *clockTrial) error
}

// TestClock checks an implementation of [clock.Clock], and of its timers, against the contract of package clock: each of
// [ClockCases] is a subtest, whose failure quotes the rule that was broken.
//
//	func TestContract(t *testing.T) {
//		gossiptest.TestClock(t, gossiptest.ClockHarness{
//			New:     func(t *testing.T) clock.Clock { return myclock.NewManual() },
//			Advance: func(c clock.Clock, d time.Duration) { c.(*myclock.Manual).Advance(d) },
//		})
//	}
//
// Each case runs in a bubble of testing/synctest, where hours pass at once, so call TestClock outside of bubbles. A case
// that hangs is given up, at once if its goroutines wait for channels, and after the Timeout of the harness if one waits for a
// lock; its goroutines are printed. Run it with -race.
func TestClock(t *testing.T, h ClockHarness) {
	cases := ClockCases()
	runSuite(t, h.Timeout, len(cases), func(i int) string { return cases[i].Name },
		func(t *testing.T, i int, timeout time.Duration) error {
			timely := h
			timely.Timeout = timeout
			return cases[i].Run(t, timely)
		})
}

// Run runs the case in a bubble of its own and returns how the clock broke the rule, or nil if it did not. The test t is for the
// harness and the bubble, and fails only if the harness makes it.
func (c ClockCase) Run(t *testing.T, h ClockHarness) error {
	t.Helper()
	tr := newTrial()
	abandoned := make(chan struct{}) // not of the bubble
	over := make(chan error, 1)
	go labelGoroutines(context.Background(), tr.id, func() {
		defer close(over) // also if New ends the test
		var err error
		synctest.Test(t, func(t *testing.T) {
			made := h.New(t)
			move := time.Sleep
			if h.Advance != nil {
				move = func(d time.Duration) { h.Advance(made, d) }
			}
			err = c.try(trial{id: tr.id, calls: make(chan func())}, made, bubbleTimeout, func(d time.Duration) {
				move(d)
				synctest.Wait()
			})
			if hang := (*hangError)(nil); errors.As(err, &hang) {
				hang.summary = fmt.Sprintf("%s: hangs: its goroutines wait for each other\nrule: %s", c.Name, c.Rule)
			}
			if err != nil {
				over <- err
				<-abandoned // a bubble with goroutines that a case has left behind cannot end
			}
		})
		over <- err
	})
	timeout := cmp.Or(h.Timeout, defaultTimeout)
	watchdog := time.NewTimer(timeout)
	defer watchdog.Stop()
	select {
	case err := <-over:
		return err
	case <-watchdog.C:
		return tr.hang(c.Name, c.Rule, fmt.Sprintf("not over after %v", timeout))
	}
}

// Try runs the case with clk, a fresh clock that advance moves on, and returns how it broke the rule, or nil if it did not. It is
// for surroundings of one's own: a program, a simulation. advance is given what ClockHarness.Advance is, and returns when the
// functions that are due have returned or are blocked, at the latest when another goroutine has them go on. A case that takes
// longer than timeout, in package time, counts as hanging; zero means a minute.
func (c ClockCase) Try(clk clock.Clock, timeout time.Duration, advance func(d time.Duration)) error {
	return c.try(newTrial(), clk, timeout, advance)
}

func (c ClockCase) try(tr trial, clk clock.Clock, timeout time.Duration, advance func(d time.Duration)) error {
	ct := &clockTrial{trial: tr, Clock: clk, advance: advance}
	return ct.trial.try(c.Name, c.Rule, timeout, func() {}, func(ctx context.Context) error { return c.run(ctx, ct) })
}

// bubbleTimeout is longer than any case takes in the time of a bubble.
const bubbleTimeout = 10 * 365 * 24 * time.Hour

// ClockCases returns the cases.
func ClockCases() []ClockCase {
	return []ClockCase{
		{
			Name: "now",
			Rule: "Of two calls, one after the other, the second never returns an earlier time than the first",
			run:  tryNow,
		},
		{
			Name: "after-func",
			Rule: "AfterFunc calls f once, as soon as d has passed, unless the timer that it returns is stopped or reset before.",
			run:  tryAfterFunc,
		},
		{
			Name: "longest",
			Rule: "AfterFunc calls f once, as soon as d has passed",
			run:  tryLongest,
		},
		{
			Name: "on-time",
			Rule: "When f is called, Now shows the time it was due, or later.",
			run:  tryOnTime,
		},
		{
			Name: "zero",
			Rule: "A d of zero or less has passed at once.",
			run:  tryZero,
		},
		{
			Name: "negative",
			Rule: "A d of zero or less has passed at once. When f is called, Now shows the time it was due, or later.",
			run:  tryNegative,
		},
		{
			Name: "not-inside",
			Rule: "AfterFunc and Reset never call f themselves, so their caller may hold a lock that f takes.",
			run:  tryNotInside,
		},
		{
			Name: "calls-clock",
			Rule: "f may call all methods of the clock and of its timers, Reset of the timer it belongs to included.",
			run:  tryCallsClock,
		},
		{
			Name: "no-lock",
			Rule: "No lock of the clock is held while f runs",
			run:  tryNoLock,
		},
		{
			Name: "ties",
			Rule: "The order of functions due at one time is the clock's choice too.",
			run:  tryTies,
		},
		{
			Name: "thousand-timers",
			Rule: "It is pending from its making and from each Reset until its function is called or Stop is.",
			run:  tryThousandTimers,
		},
		{
			Name: "stop",
			Rule: "true: the timer was pending; its function will not be called.",
			run:  tryStop,
		},
		{
			Name: "stop-idle",
			Rule: "false: the timer was not pending. Its function was called earlier, and may be running still, or the timer " +
				"was stopped.",
			run: tryStopIdle,
		},
		{
			Name: "stop-beside",
			Rule: "true: the timer was pending; its function will not be called.",
			run:  tryStopBeside,
		},
		{
			Name: "stop-does-not-wait",
			Rule: "It does not wait for a function that has been called already.",
			run:  tryStopDoesNotWait,
		},
		{
			Name: "reset",
			Rule: "true: the timer was pending; of the earlier call and the new one, only the new one will be made.",
			run:  tryReset,
		},
		{
			Name: "reset-idle",
			Rule: "Reset makes the timer pending, for the time d from now, whether it was pending or not; d is as in AfterFunc.",
			run:  tryResetIdle,
		},
		{
			Name: "reset-running",
			Rule: "The earlier call of its function may be running still",
			run:  tryResetRunning,
		},
		{
			Name: "concurrent",
			Rule: "It is safe for concurrent use.",
			run:  tryConcurrentTimers,
		},
	}
}

// clockTrial is one run of a case.
type clockTrial struct {
	trial
	clock.Clock
	advance func(d time.Duration) // called by one goroutine at a time
}

// note is what is known of the calls of a function.
type note struct {
	mu sync.Mutex // guards at
	at []time.Time
}

// call is the function, for clock c.
func (n *note) call(c clock.Clock) {
	now := c.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.at = append(n.at, now)
}

func (n *note) times() []time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.at)
}

// after arms a timer and returns what will be known of its calls.
func (tr *clockTrial) after(d time.Duration) (*note, clock.Timer) {
	n := &note{}
	return n, tr.AfterFunc(d, func() { n.call(tr) })
}

// want checks how often the function was called.
func (n *note) want(what string, calls int) error {
	if got := len(n.times()); got != calls {
		return fmt.Errorf("%s: its function was called %d times, want %d", what, got, calls)
	}
	return nil
}

func returned(call string, got, want bool) error {
	if got != want {
		return fmt.Errorf("%s returned %v, want %v", call, got, want)
	}
	return nil
}
