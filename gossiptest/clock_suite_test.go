package gossiptest_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	bclock "github.com/benbjohnson/clock"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// manualClocks is the harness of the kit's own clock, broken, unless br is nil.
func manualClocks(br func(c *gossiptest.Clock) clock.Clock) gossiptest.ClockHarness {
	return gossiptest.ClockHarness{
		New: func(*testing.T) clock.Clock {
			c := gossiptest.NewClock(time.Time{})
			if br != nil {
				return br(c)
			}
			return c
		},
		Advance: func(c clock.Clock, d time.Duration) { c.(interface{ Advance(time.Duration) }).Advance(d) },
	}
}

func TestClockContract(t *testing.T) {
	for _, c := range []struct {
		name string
		h    gossiptest.ClockHarness
	}{
		{name: "Clock", h: manualClocks(nil)},
		{name: "System", h: gossiptest.ClockHarness{New: func(*testing.T) clock.Clock { return clock.System() }}},
		{name: "From", h: gossiptest.ClockHarness{New: func(*testing.T) clock.Clock { return clock.From(time.Now, time.AfterFunc) }}},
		{name: "Wrap", h: gossiptest.ClockHarness{New: func(*testing.T) clock.Clock { return clock.Wrap(bclock.New()) }}},
	} {
		t.Run(c.name, func(t *testing.T) { gossiptest.TestClock(t, c.h) })
	}
}

// TestClockContractOfMock says which rules a Mock of benbjohnson/clock breaks: a duration below zero sets it back for a moment, as the
// comment of clock.Wrap has it. That comment's other limits are no rules, or do not show in a bubble, but one: a Stop or
// Reset beside an Add may come too late without saying so, and whether it does is chance.
func TestClockContractOfMock(t *testing.T) {
	var mock *bclock.Mock
	h := gossiptest.ClockHarness{
		New: func(*testing.T) clock.Clock {
			mock = bclock.NewMock()
			return clock.Wrap(mock)
		},
		Advance: func(_ clock.Clock, d time.Duration) { mock.Add(d) },
	}
	broken, chance := []string{"negative"}, []string{"stop-beside"}
	for _, c := range gossiptest.ClockCases() {
		t.Run(c.Name, func(t *testing.T) {
			err := c.Run(t, h)
			switch {
			case slices.Contains(chance, c.Name):
				t.Log(err)
			case slices.Contains(broken, c.Name) != (err != nil):
				t.Errorf("of the cases %q are broken; this one: %v", broken, err)
			}
		})
	}
}

// TestHostClock: the clock of a simulated host.
func TestHostClock(t *testing.T) {
	t.Setenv("GOSSIPTEST_CHECK", "none") // some cases have calls race with each other
	for _, c := range gossiptest.ClockCases() {
		t.Run(c.Name, func(t *testing.T) {
			gossiptest.Run(t, func(s *gossiptest.Sim) {
				hosts := gossiptest.NewCluster(s, 1, func(h *gossiptest.Host) idle { return idle{} })
				clk := hosts.Host(0).Clock()
				if err := c.Try(clk, 200*365*24*time.Hour, s.RunFor); err != nil {
					s.Error(err)
				}
			})
		})
	}
}

// TestClockTry runs the cases as a program would that is no test, with a clock that is moved by hand.
func TestClockTry(t *testing.T) {
	for _, c := range gossiptest.ClockCases() {
		clk := gossiptest.NewClock(time.Time{})
		if err := c.Try(clk, 0, clk.Advance); err != nil {
			t.Error(err)
		}
	}
}

// TestClockBroken shows that each case catches what it is there for.
func TestClockBroken(t *testing.T) {
	testBroken(t, gossiptest.ClockCases(), func(c gossiptest.ClockCase) string { return c.Name },
		slices.Concat(brokenClocks, brokenTimers), func(b brokenClockKind) (caughtBy, how string) { return b.caughtBy, b.how },
		func(t *testing.T, c gossiptest.ClockCase, b brokenClockKind) error {
			return c.Run(t, manualClocks(b.clock))
		})
}

// TestClockHangsOnLock: a lock that is held while functions run is found after the Timeout, as the bubble does not know of it.
func TestClockHangsOnLock(t *testing.T) {
	var mu sync.Mutex // held while functions run
	var over atomic.Bool
	release := sync.OnceFunc(func() {
		over.Store(true)
		mu.Unlock()
	})
	h := manualClocks(func(c *gossiptest.Clock) clock.Clock {
		return brokenClock{
			Clock: c,
			now: func() time.Time {
				mu.Lock()
				defer mu.Unlock()
				return c.Now()
			},
			advance: func(d time.Duration) {
				if !over.Load() {
					mu.Lock() // until release
				}
				c.Advance(d)
			},
		}
	})
	h.Timeout = 100 * time.Millisecond
	for _, c := range gossiptest.ClockCases() {
		if c.Name != "calls-clock" {
			continue
		}
		bound := time.AfterFunc(5*time.Second, release) // if nobody finds it
		err := c.Run(t, h)
		bound.Stop()
		release()
		for _, want := range []string{"calls-clock: hangs: not over after 100ms", "sync.Mutex.Lock", "tryCallsClock", "\nrule: f may call"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("no %q in: %v", want, err)
			}
		}
	}
}

// TestClockCaseWithoutAdvance: without Advance, a clock has to go by itself.
func TestClockCaseWithoutAdvance(t *testing.T) {
	h := manualClocks(nil)
	h.Advance = nil
	for _, c := range gossiptest.ClockCases() {
		if c.Name == "after-func" {
			if err := c.Run(t, h); err == nil || !strings.Contains(err.Error(), "called 0 times, want 1") {
				t.Errorf("Run with a clock that stands still: %v, want an error with the calls that were not made", err)
			}
		}
	}
}

func TestClockRules(t *testing.T) {
	testRules(t, "../clock/clock.go", gossiptest.ClockCases(), func(c gossiptest.ClockCase) (name, rule string) { return c.Name, c.Rule })
}

// A clock that is always wrong, and one that is moved by hand.
func ExampleClockCase_Try() {
	for _, c := range gossiptest.ClockCases() {
		if c.Name != "now" {
			continue
		}
		manual := gossiptest.NewClock(time.Time{})
		fmt.Println(c.Try(manual, time.Minute, manual.Advance))
		stopped := clock.From(func() time.Time { return time.Unix(0, 0) }, manual.AfterFunc)
		fmt.Println(c.Try(stopped, time.Minute, manual.Advance))
	}
	// Output:
	// <nil>
	// now: Now shows that 0s passed, when 1ns did
	// rule: Of two calls, one after the other, the second never returns an earlier time than the first
}
