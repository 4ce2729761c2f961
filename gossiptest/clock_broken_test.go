package gossiptest_test

import (
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// brokenClock is a manual clock with other methods where they are not nil.
type brokenClock struct {
	*gossiptest.Clock
	now       func() time.Time
	afterFunc func(d time.Duration, f func()) clock.Timer
	advance   func(d time.Duration)
}

func (b brokenClock) Now() time.Time {
	if b.now != nil {
		return b.now()
	}
	return b.Clock.Now()
}

func (b brokenClock) AfterFunc(d time.Duration, f func()) clock.Timer {
	if b.afterFunc != nil {
		return b.afterFunc(d, f)
	}
	return b.Clock.AfterFunc(d, f)
}

func (b brokenClock) Advance(d time.Duration) {
	if b.advance != nil {
		b.advance(d)
		return
	}
	b.Clock.Advance(d)
}

// brokenTimer is a timer with other methods where they are not nil.
type brokenTimer struct {
	clock.Timer
	stop  func() bool
	reset func(d time.Duration) bool
}

func (b brokenTimer) Stop() bool {
	if b.stop != nil {
		return b.stop()
	}
	return b.Timer.Stop()
}

func (b brokenTimer) Reset(d time.Duration) bool {
	if b.reset != nil {
		return b.reset(d)
	}
	return b.Timer.Reset(d)
}

type breakClock func(c *gossiptest.Clock) clock.Clock

// delayed is a clock that makes something else of every duration.
func delayed(other func(d time.Duration) time.Duration) breakClock {
	return func(c *gossiptest.Clock) clock.Clock {
		return brokenClock{Clock: c, afterFunc: func(d time.Duration, f func()) clock.Timer {
			t := c.AfterFunc(other(d), f)
			return brokenTimer{Timer: t, reset: func(d time.Duration) bool { return t.Reset(other(d)) }}
		}}
	}
}

type brokenClockKind struct {
	caughtBy, how string
	clock         breakClock
}

var brokenClocks = []brokenClockKind{
	{
		caughtBy: "now", how: "goes back now and then",
		clock: func(c *gossiptest.Clock) clock.Clock {
			var mu sync.Mutex // guards n
			n := 0
			return brokenClock{Clock: c, now: func() time.Time {
				mu.Lock()
				defer mu.Unlock()
				if n++; n%50 == 0 {
					return c.Now().Add(-time.Nanosecond)
				}
				return c.Now()
			}}
		},
	},
	{
		caughtBy: "now", how: "stands still",
		clock: func(c *gossiptest.Clock) clock.Clock {
			start := c.Now()
			return brokenClock{Clock: c, now: func() time.Time { return start }}
		},
	},
	{caughtBy: "after-func", how: "early", clock: delayed(func(d time.Duration) time.Duration { return d - d/1000 })},
	{caughtBy: "after-func", how: "late", clock: delayed(func(d time.Duration) time.Duration { return d + 1 })},
	{caughtBy: "after-func", how: "counts milliseconds in 32 bits", clock: delayed(func(d time.Duration) time.Duration {
		return time.Duration(int32(d.Milliseconds()))*time.Millisecond + d%time.Millisecond
	})},
	{
		caughtBy: "after-func", how: "again and again",
		clock: func(c *gossiptest.Clock) clock.Clock {
			return brokenClock{Clock: c, afterFunc: func(d time.Duration, f func()) clock.Timer {
				var t clock.Timer
				t = c.AfterFunc(d, func() {
					f()
					t.Reset(max(d, time.Second))
				})
				return t
			}}
		},
	},
	{caughtBy: "longest", how: "counts too far", clock: delayed(func(d time.Duration) time.Duration {
		return (d + time.Hour) - time.Hour + min(d+time.Hour, 0)
	})},
	{
		caughtBy: "on-time", how: "shows the time of before until all are called",
		clock: func(c *gossiptest.Clock) clock.Clock {
			var mu sync.Mutex // guards shown
			shown := c.Now()
			return brokenClock{
				Clock: c,
				now: func() time.Time {
					mu.Lock()
					defer mu.Unlock()
					return shown
				},
				advance: func(d time.Duration) {
					c.Advance(d)
					mu.Lock()
					defer mu.Unlock()
					shown = c.Now()
				},
			}
		},
	},
	{
		caughtBy: "zero", how: "never",
		clock: delayed(func(d time.Duration) time.Duration {
			if d == 0 {
				return 1000 * time.Hour
			}
			return d
		}),
	},
	{
		caughtBy: "negative", how: "very much later",
		clock: delayed(func(d time.Duration) time.Duration { return time.Duration(uint64(d) >> 1) }),
	},
	{
		caughtBy: "negative", how: "is set back for a moment",
		clock: func(c *gossiptest.Clock) clock.Clock {
			var mu sync.Mutex // guards back
			var back time.Duration
			return brokenClock{
				Clock: c,
				now: func() time.Time {
					mu.Lock()
					defer mu.Unlock()
					return c.Now().Add(back)
				},
				afterFunc: func(d time.Duration, f func()) clock.Timer {
					return c.AfterFunc(d, func() {
						mu.Lock()
						back = min(d, 0)
						mu.Unlock()
						f()
						mu.Lock()
						back = 0
						mu.Unlock()
					})
				},
			}
		},
	},
	{
		caughtBy: "not-inside", how: "AfterFunc calls what is due at once",
		clock: func(c *gossiptest.Clock) clock.Clock {
			return brokenClock{Clock: c, afterFunc: func(d time.Duration, f func()) clock.Timer {
				t := c.AfterFunc(d, f)
				if d <= 0 {
					c.Advance(0)
				}
				return t
			}}
		},
	},
	{
		caughtBy: "not-inside", how: "Reset calls what is due at once",
		clock: timers(func(c *gossiptest.Clock, t clock.Timer, _ func(), _ *state) clock.Timer {
			return brokenTimer{Timer: t, reset: func(d time.Duration) bool {
				pending := t.Reset(d)
				if d <= 0 {
					c.Advance(0)
				}
				return pending
			}}
		}),
	},
	{caughtBy: "calls-clock", how: "takes a timer for fired when its function has returned", clock: stopsBehind},
	{caughtBy: "calls-clock", how: "holds its lock", clock: locked},
	{caughtBy: "no-lock", how: "holds its lock", clock: locked},
	{
		caughtBy: "ties", how: "has room for one timer at a time",
		clock: func(c *gossiptest.Clock) clock.Clock {
			at := map[time.Time]clock.Timer{}
			return brokenClock{Clock: c, afterFunc: func(d time.Duration, f func()) clock.Timer {
				due := c.Now().Add(d)
				if t := at[due]; t != nil {
					t.Stop()
				}
				at[due] = c.AfterFunc(d, f)
				return at[due]
			}}
		},
	},
	{
		caughtBy: "ties", how: "calls all that were due when it began",
		clock: func(c *gossiptest.Clock) clock.Clock {
			return brokenClock{Clock: c, afterFunc: func(d time.Duration, f func()) clock.Timer {
				due := c.Now().Add(d)
				t := c.AfterFunc(d, f)
				return brokenTimer{Timer: t, stop: func() bool {
					pending := t.Stop()
					if pending && !due.After(c.Now()) {
						go f()
					}
					return pending
				}}
			}}
		},
	},
	{
		caughtBy: "thousand-timers", how: "has room for 500",
		clock: func(c *gossiptest.Clock) clock.Clock {
			return brokenClock{Clock: c, afterFunc: func(d time.Duration, f func()) clock.Timer {
				if c.Pending() >= 500 {
					d = 1000 * time.Hour
				}
				return c.AfterFunc(d, f)
			}}
		},
	},
}

// stopsBehind is a clock that ends a timer when its function has returned, whatever that has done with it.
func stopsBehind(c *gossiptest.Clock) clock.Clock {
	return brokenClock{Clock: c, afterFunc: func(d time.Duration, f func()) clock.Timer {
		var t clock.Timer
		t = c.AfterFunc(d, func() {
			f()
			t.Stop()
		})
		return t
	}}
}

// locked is a clock that holds a lock while functions run: a channel, so that the bubble sees who waits for it.
func locked(c *gossiptest.Clock) clock.Clock {
	lock := make(chan struct{}, 1)
	return brokenClock{
		Clock: c,
		now: func() time.Time {
			lock <- struct{}{}
			defer func() { <-lock }()
			return c.Now()
		},
		advance: func(d time.Duration) {
			lock <- struct{}{}
			defer func() { <-lock }()
			c.Advance(d)
		},
	}
}
