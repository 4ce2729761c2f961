package clock_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	bclock "github.com/benbjohnson/clock"

	"github.com/grapevine-go/grapevine/clock"
)

// calls counts the calls of a timer's function and says when the last one was.
type calls struct {
	clock clock.Clock
	start time.Time

	mu sync.Mutex // guards n and at
	n  int
	at time.Duration // since start
}

func newCalls(c clock.Clock) *calls { return &calls{clock: c, start: c.Now()} }

func (c *calls) add() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	c.at = c.clock.Now().Sub(c.start)
}

// want waits until nothing in the bubble can go on, then compares.
func (c *calls) want(t *testing.T, n int, at time.Duration) {
	t.Helper()
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n != n || c.at != at {
		t.Errorf("%d calls, the last after %v, want %d, %v", c.n, c.at, n, at)
	}
}

func returned(t *testing.T, what string, got, want bool) {
	t.Helper()
	if got != want {
		t.Errorf("%s returned %v, want %v", what, got, want)
	}
}

// TestContract runs in bubbles, where the clock of the machine moves only while everybody waits, and then exactly.
func TestContract(t *testing.T) {
	clocks := []struct {
		name string
		make func() clock.Clock
	}{
		{name: "System", make: clock.System},
		{name: "From", make: func() clock.Clock { return clock.From(time.Now, time.AfterFunc) }},
		{name: "Wrap", make: func() clock.Clock { return clock.Wrap(bclock.New()) }},
	}
	cases := []struct {
		name string
		run  func(t *testing.T, c clock.Clock)
	}{
		{name: "after a while", run: func(t *testing.T, c clock.Clock) {
			f := newCalls(c)
			timer := c.AfterFunc(time.Minute, f.add)
			time.Sleep(time.Minute - 1)
			f.want(t, 0, 0)
			time.Sleep(time.Hour)
			f.want(t, 1, time.Minute)
			returned(t, "Stop of a timer that has fired", timer.Stop(), false)
		}},
		{name: "at once", run: func(t *testing.T, c clock.Clock) {
			f := newCalls(c)
			c.AfterFunc(0, f.add)
			f.want(t, 1, 0)
			timer := c.AfterFunc(-time.Hour, f.add)
			f.want(t, 2, 0)
			returned(t, "Reset of a timer that has fired", timer.Reset(-1), false)
			f.want(t, 3, 0)
		}},
		{name: "stop", run: func(t *testing.T, c clock.Clock) {
			f := newCalls(c)
			timer := c.AfterFunc(time.Minute, f.add)
			returned(t, "Stop of a pending timer", timer.Stop(), true)
			returned(t, "Stop of a stopped timer", timer.Stop(), false)
			time.Sleep(time.Hour)
			f.want(t, 0, 0)
		}},
		{name: "reset", run: func(t *testing.T, c clock.Clock) {
			f := newCalls(c)
			timer := c.AfterFunc(time.Minute, f.add)
			returned(t, "Reset of a pending timer", timer.Reset(2*time.Minute), true)
			time.Sleep(time.Hour)
			f.want(t, 1, 2*time.Minute)
			returned(t, "Reset of a timer that has fired", timer.Reset(time.Minute), false)
			time.Sleep(time.Hour)
			f.want(t, 2, time.Hour+time.Minute)
			timer.Reset(time.Minute)
			returned(t, "Stop of a timer that was reset", timer.Stop(), true)
			returned(t, "Reset of a stopped timer", timer.Reset(time.Minute), false)
			time.Sleep(time.Hour)
			f.want(t, 3, 2*time.Hour+time.Minute)
		}},
		{name: "function calls the clock", run: func(t *testing.T, c clock.Clock) {
			f := newCalls(c)
			var mu sync.Mutex // guards timer; held around AfterFunc and Reset, which is allowed
			var timer clock.Timer
			mu.Lock()
			timer = c.AfterFunc(0, func() {
				mu.Lock()
				defer mu.Unlock()
				if f.add(); c.Now().Sub(f.start) < 10*time.Second {
					timer.Reset(time.Second)
				}
				c.AfterFunc(time.Hour, f.add).Stop()
			})
			mu.Unlock()
			time.Sleep(2 * time.Hour)
			f.want(t, 11, 10*time.Second)
		}},
	}
	for _, c := range clocks {
		for _, tc := range cases {
			t.Run(c.name+"/"+tc.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { tc.run(t, c.make()) })
			})
		}
	}
}

func TestSystemRealTime(t *testing.T) {
	c := clock.System()
	before := c.Now()
	called := make(chan time.Time, 1)
	c.AfterFunc(time.Nanosecond, func() { called <- c.Now() })
	if took := (<-called).Sub(before); took < time.Nanosecond {
		t.Errorf("a nanosecond took %v", took)
	}
}

// TestWrapMock pins what Wrap's comment says of Mock. In a bubble Mock's sleeps are barriers, and cost nothing.
func TestWrapMock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mock := bclock.NewMock()
		c := clock.Wrap(mock)
		f := newCalls(c)
		timer := c.AfterFunc(time.Minute, f.add)
		mock.Add(time.Minute - 1)
		f.want(t, 0, 0)
		mock.Add(1)
		f.want(t, 1, time.Minute)
		returned(t, "Stop of a timer that has fired", timer.Stop(), false)
		returned(t, "Reset of a timer that has fired", timer.Reset(time.Minute), false)
		returned(t, "Reset of a pending timer", timer.Reset(time.Second), true)
		mock.Add(time.Hour)
		f.want(t, 2, time.Minute+time.Second)

		timer.Reset(time.Second)
		returned(t, "Stop of a pending timer", timer.Stop(), true)
		returned(t, "Stop of a stopped timer", timer.Stop(), false)
		mock.Add(time.Hour)
		f.want(t, 2, time.Minute+time.Second)

		at := c.Now().Sub(f.start)
		c.AfterFunc(-time.Second, f.add)
		f.want(t, 2, time.Minute+time.Second) // not at once
		mock.Add(0)
		f.want(t, 3, at-time.Second) // with the next Add, which shows the function the time it was due
		if now := c.Now().Sub(f.start); now != at {
			t.Errorf("after Add(0) the clock shows %v, want %v", now, at)
		}
	})
}
