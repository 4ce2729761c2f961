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

// timers is a clock whose timers are broken. f is the function of the timer; state says what it has come to.
func timers(br func(c *gossiptest.Clock, t clock.Timer, f func(), s *state) clock.Timer) breakClock {
	return func(c *gossiptest.Clock) clock.Clock {
		return brokenClock{Clock: c, afterFunc: func(d time.Duration, f func()) clock.Timer {
			s := &state{done: make(chan struct{})}
			return br(c, c.AfterFunc(d, func() {
				s.set(1, 1)
				f()
				s.set(-1, 0)
			}), f, s)
		}}
	}
}

// state is what a timer has come to.
type state struct {
	mu      sync.Mutex // guards what follows
	running int
	calls   int
	done    chan struct{} // closed when the first call has returned
	closed  bool          // done is
	stopped bool
}

func (s *state) set(running, calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running += running
	s.calls += calls
	if s.running == 0 && !s.closed {
		s.closed = true
		close(s.done)
	}
}

func (s *state) fired() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls > 0
}

// wait waits for a function that runs.
func (s *state) wait() {
	s.mu.Lock()
	running := s.running > 0
	s.mu.Unlock()
	if running {
		<-s.done
	}
}

// once reports whether it is called for the first time.
func (s *state) once() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.stopped
	s.stopped = true
	return first
}

var brokenClocks = []struct {
	caughtBy, how string
	clock         breakClock
}{
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
	{
		caughtBy: "calls-clock", how: "takes a timer for fired when its function has returned",
		clock: func(c *gossiptest.Clock) clock.Clock {
			return brokenClock{Clock: c, afterFunc: func(d time.Duration, f func()) clock.Timer {
				var t clock.Timer
				t = c.AfterFunc(d, func() {
					f()
					t.Stop()
				})
				return t
			}}
		},
	},
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
	{
		caughtBy: "stop", how: "says nothing was pending",
		clock: timers(func(_ *gossiptest.Clock, t clock.Timer, _ func(), _ *state) clock.Timer {
			return brokenTimer{Timer: t, stop: func() bool {
				t.Stop()
				return false
			}}
		}),
	},
	{
		caughtBy: "stop", how: "does not stop",
		clock: timers(func(_ *gossiptest.Clock, t clock.Timer, _ func(), s *state) clock.Timer {
			return brokenTimer{Timer: t, stop: func() bool { return !s.fired() }}
		}),
	},
	{
		caughtBy: "stop-idle", how: "true if it was never stopped",
		clock: timers(func(_ *gossiptest.Clock, t clock.Timer, _ func(), s *state) clock.Timer {
			return brokenTimer{Timer: t, stop: func() bool {
				t.Stop()
				return s.once()
			}}
		}),
	},
	{
		caughtBy: "stop-idle", how: "a second Stop is like the first",
		clock: timers(func(_ *gossiptest.Clock, t clock.Timer, _ func(), s *state) clock.Timer {
			return brokenTimer{Timer: t, stop: func() bool {
				t.Stop()
				return !s.fired()
			}}
		}),
	},
	{
		caughtBy: "stop-beside", how: "Stop comes too late and does not say so",
		clock: func(c *gossiptest.Clock) clock.Clock {
			return brokenClock{Clock: c, afterFunc: func(d time.Duration, f func()) clock.Timer {
				var mu sync.Mutex // guards called
				called := false
				t := c.AfterFunc(d, func() {
					go func() {
						pause()
						mu.Lock()
						called = true
						mu.Unlock()
						f()
					}()
				})
				return brokenTimer{Timer: t, stop: func() bool {
					t.Stop()
					mu.Lock()
					defer mu.Unlock()
					return !called
				}}
			}}
		},
	},
	{
		caughtBy: "stop-does-not-wait", how: "Stop waits for the function",
		clock: timers(func(_ *gossiptest.Clock, t clock.Timer, _ func(), s *state) clock.Timer {
			return brokenTimer{Timer: t, stop: func() bool {
				pending := t.Stop()
				s.wait()
				return pending
			}}
		}),
	},
	{
		caughtBy: "reset", how: "makes both calls",
		clock: timers(func(c *gossiptest.Clock, t clock.Timer, f func(), _ *state) clock.Timer {
			return brokenTimer{Timer: t, reset: func(d time.Duration) bool {
				c.AfterFunc(d, f)
				return true
			}}
		}),
	},
	{
		caughtBy: "reset", how: "does nothing to a pending timer",
		clock: timers(func(_ *gossiptest.Clock, t clock.Timer, _ func(), s *state) clock.Timer {
			return brokenTimer{Timer: t, reset: func(d time.Duration) bool {
				if !s.fired() {
					return true
				}
				return t.Reset(d)
			}}
		}),
	},
	{
		caughtBy: "reset-idle", how: "a timer that has fired has to be drained",
		clock: timers(func(_ *gossiptest.Clock, t clock.Timer, _ func(), s *state) clock.Timer {
			return brokenTimer{Timer: t, reset: func(d time.Duration) bool {
				if s.fired() {
					return false
				}
				return t.Reset(d)
			}}
		}),
	},
	{
		caughtBy: "reset-idle", how: "says that a stopped timer was pending",
		clock: timers(func(_ *gossiptest.Clock, t clock.Timer, _ func(), s *state) clock.Timer {
			return brokenTimer{Timer: t, reset: func(d time.Duration) bool {
				t.Reset(d)
				return !s.fired()
			}}
		}),
	},
	{
		caughtBy: "reset-idle", how: "a stopped timer stays stopped",
		clock: timers(func(_ *gossiptest.Clock, t clock.Timer, _ func(), s *state) clock.Timer {
			stopped := false
			return brokenTimer{
				Timer: t,
				stop: func() bool {
					stopped = true
					return t.Stop()
				},
				reset: func(d time.Duration) bool { return !stopped && t.Reset(d) },
			}
		}),
	},
	{
		caughtBy: "reset-running", how: "Reset waits for the function",
		clock: timers(func(_ *gossiptest.Clock, t clock.Timer, _ func(), s *state) clock.Timer {
			return brokenTimer{Timer: t, reset: func(d time.Duration) bool {
				s.wait()
				return t.Reset(d)
			}}
		}),
	},
	{
		caughtBy: "reset-running", how: "forgets it when the function has returned",
		clock: func(c *gossiptest.Clock) clock.Clock {
			return brokenClock{Clock: c, afterFunc: func(d time.Duration, f func()) clock.Timer {
				var t clock.Timer
				t = c.AfterFunc(d, func() {
					f()
					t.Stop()
				})
				return t
			}}
		},
	},
	{
		caughtBy: "concurrent", how: "one AfterFunc at a time",
		clock: func(c *gossiptest.Clock) clock.Clock {
			var busy sync.Mutex
			return brokenClock{Clock: c, afterFunc: func(d time.Duration, f func()) clock.Timer {
				if busy.TryLock() {
					defer busy.Unlock()
					pause()
					return c.AfterFunc(d, f)
				}
				return c.AfterFunc(1000*time.Hour, f)
			}}
		},
	},
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
