package gossiptest_test

import (
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/gossiptest"
)

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

var brokenTimers = []brokenClockKind{
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
	{caughtBy: "reset-running", how: "forgets it when the function has returned", clock: stopsBehind},
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
