package gossiptest_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// journal notes what was called when.
type journal struct {
	clock *gossiptest.Clock
	start time.Time
	lines []string
}

func newJournal() *journal {
	c := gossiptest.NewClock(time.Time{})
	return &journal{clock: c, start: c.Now()}
}

// note returns a function that notes its name and the time it was called at.
func (j *journal) note(name string) func() {
	return func() { j.lines = append(j.lines, fmt.Sprintf("%s@%v", name, j.clock.Now().Sub(j.start))) }
}

// expect checks what was noted since the last expect.
func (j *journal) expect(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(j.lines, want); diff != "" {
		t.Errorf("calls differ (-got +want):\n%s", diff)
	}
	j.lines = nil
}

func TestClockStart(t *testing.T) {
	if got, want := gossiptest.NewClock(time.Time{}).Now(), time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("NewClock(zero).Now() = %v, want %v", got, want)
	}
	start := time.Now()
	if got := gossiptest.NewClock(start).Now(); !got.Equal(start) || got != got.Round(0) {
		t.Errorf("NewClock(%v).Now() = %v, want the same without a monotonic reading", start, got)
	}
}

func TestClockOrder(t *testing.T) {
	j := newJournal()
	j.clock.AfterFunc(2*time.Second, j.note("late"))
	first := j.clock.AfterFunc(time.Second, j.note("first"))
	j.clock.AfterFunc(time.Second, j.note("second"))
	j.clock.AfterFunc(time.Second, j.note("third"))
	first.Reset(time.Second) // to the end of those due at one time
	j.clock.AfterFunc(time.Millisecond, j.note("early"))
	j.clock.Advance(time.Second)
	j.expect(t, "early@1ms", "second@1s", "third@1s", "first@1s")
	if got, want := j.clock.Pending(), 1; got != want {
		t.Errorf("Pending() = %d, want %d", got, want)
	}
	j.clock.Advance(time.Second - 1)
	j.expect(t)
	j.clock.Advance(1)
	j.expect(t, "late@2s")
}

func TestClockAtOnce(t *testing.T) {
	for _, d := range []time.Duration{0, -time.Hour} {
		j := newJournal()
		j.clock.AfterFunc(d, func() {
			j.note("first")()
			j.clock.AfterFunc(d, j.note("third"))
		})
		j.clock.AfterFunc(d, j.note("second"))
		j.expect(t) // AfterFunc calls nothing
		if next, ok := j.clock.Next(); !ok || !next.Equal(j.start) {
			t.Errorf("AfterFunc(%v): Next() = %v, %v, want %v, true", d, next, ok, j.start)
		}
		j.clock.Advance(0)
		j.expect(t, "first@0s", "second@0s", "third@0s")
	}
}

func TestClockInFunction(t *testing.T) {
	j := newJournal()
	var tick, other clock.Timer
	tick = j.clock.AfterFunc(time.Second, func() {
		j.note("tick")()
		if tick.Stop() {
			t.Error("Stop of the running function's own timer = true, want false")
		}
		if tick.Reset(time.Second) {
			t.Error("Reset of the running function's own timer = true, want false")
		}
	})
	j.clock.AfterFunc(1500*time.Millisecond, func() {
		if !other.Stop() {
			t.Error("Stop of a timer due at the same time = false, want true")
		}
	})
	other = j.clock.AfterFunc(1500*time.Millisecond, j.note("stopped"))
	j.clock.Advance(3500 * time.Millisecond)
	j.expect(t, "tick@1s", "tick@2s", "tick@3s")
	if got, want := j.clock.Now().Sub(j.start), 3500*time.Millisecond; got != want {
		t.Errorf("after Advance the clock has moved by %v, want %v", got, want)
	}
}

func TestClockTimer(t *testing.T) {
	j := newJournal()
	timer := j.clock.AfterFunc(time.Second, j.note("call"))
	expect := func(call string, got, want bool) {
		t.Helper()
		if got != want {
			t.Errorf("%s = %v, want %v", call, got, want)
		}
	}
	expect("Reset of a pending timer", timer.Reset(2*time.Second), true)
	expect("Stop of a pending timer", timer.Stop(), true)
	expect("Stop of a stopped timer", timer.Stop(), false)
	j.clock.Advance(time.Minute)
	j.expect(t)
	expect("Reset of a stopped timer", timer.Reset(time.Second), false)
	j.clock.Advance(time.Minute)
	j.expect(t, "call@1m1s")
	expect("Stop of a timer that was called", timer.Stop(), false)
	expect("Reset of a timer that was called", timer.Reset(time.Second), false)
	j.clock.Advance(time.Minute)
	j.expect(t, "call@2m1s")
}

func TestClockAdvanceToNext(t *testing.T) {
	j := newJournal()
	if j.clock.AdvanceToNext() {
		t.Error("AdvanceToNext() = true with nothing pending")
	}
	if next, ok := j.clock.Next(); ok {
		t.Errorf("Next() = %v, true with nothing pending", next)
	}
	j.clock.AfterFunc(time.Hour, func() {
		j.note("a")()
		j.clock.AfterFunc(0, j.note("c"))
		j.clock.AfterFunc(1, j.note("d"))
	})
	j.clock.AfterFunc(time.Hour, j.note("b"))
	if !j.clock.AdvanceToNext() {
		t.Error("AdvanceToNext() = false with functions pending")
	}
	j.expect(t, "a@1h0m0s", "b@1h0m0s", "c@1h0m0s")
	if next, ok := j.clock.Next(); !ok || next.Sub(j.start) != time.Hour+1 {
		t.Errorf("Next() = %v, %v, want %v, true", next, ok, j.start.Add(time.Hour+1))
	}
}

func TestClockMisuse(t *testing.T) {
	tests := []struct {
		name   string
		misuse func(c *gossiptest.Clock)
	}{
		{name: "negative Advance", misuse: func(c *gossiptest.Clock) { c.Advance(-1) }},
		{name: "Advance in a function", misuse: func(c *gossiptest.Clock) {
			c.AfterFunc(0, func() { c.Advance(0) })
			c.Advance(0)
		}},
		{name: "AdvanceToNext in a function", misuse: func(c *gossiptest.Clock) {
			c.AfterFunc(0, func() {
				c.AfterFunc(0, func() {})
				c.AdvanceToNext()
			})
			c.Advance(0)
		}},
		{name: "endless loop", misuse: func(c *gossiptest.Clock) {
			var timer clock.Timer
			timer = c.AfterFunc(0, func() { timer.Reset(0) })
			defer func() { timer.Stop() }()
			c.Advance(0)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := gossiptest.NewClock(time.Time{})
			func() {
				defer func() {
					if recover() == nil {
						t.Error("no panic")
					}
				}()
				test.misuse(c)
			}()
			called := false
			c.AfterFunc(time.Second, func() { called = true })
			c.Advance(time.Second)
			if !called {
				t.Error("the clock does not work any more after the panic")
			}
		})
	}
}

// TestClockGoexit ends the goroutine in a function, as t.Fatal does.
func TestClockGoexit(t *testing.T) {
	j := newJournal()
	j.clock.AfterFunc(time.Second, runtime.Goexit)
	j.clock.AfterFunc(time.Second, j.note("next"))
	var wg sync.WaitGroup
	wg.Go(func() { j.clock.Advance(time.Second) })
	wg.Wait()
	j.clock.Advance(0)
	j.expect(t, "next@1s")
}

// TestClockConcurrent uses a clock from many goroutines while it moves; the race detector does the checking.
func TestClockConcurrent(t *testing.T) {
	const users, rounds = 8, 100
	c := gossiptest.NewClock(time.Time{})
	calls := 0
	var wg sync.WaitGroup
	for range users {
		wg.Go(func() {
			for range rounds {
				timer := c.AfterFunc(time.Millisecond, func() { calls++ })
				if timer.Stop() {
					timer.Reset(time.Millisecond)
				}
				c.Now()
				c.Pending()
				c.Next()
			}
		})
	}
	for range rounds {
		c.Advance(time.Millisecond)
	}
	wg.Wait()
	c.Advance(time.Second)
	if got, want := calls, users*rounds; got != want {
		t.Errorf("%d functions were called, want %d", got, want)
	}
}

func BenchmarkClock(b *testing.B) {
	const tickers = 1000
	c := gossiptest.NewClock(time.Time{})
	for range tickers {
		var tick clock.Timer
		tick = c.AfterFunc(time.Second, func() { tick.Reset(time.Second) })
	}
	b.ReportAllocs()
	for b.Loop() {
		c.Advance(time.Second) // calls each of them once
	}
}
