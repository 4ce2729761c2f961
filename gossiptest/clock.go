package gossiptest

import (
	"container/heap"
	"fmt"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/clock"
)

// Clock is a clock.Clock that stands still until [Clock.Advance] or [Clock.AdvanceToNext] moves it. Those two call the
// functions that come due, on the goroutine of their caller, and return when the last of them has returned.
//
//   - Functions are called in the order of the times they are due, those due at one time in the order of the calls of
//     AfterFunc and Reset that made them so.
//   - While a function runs, Now is the time it was due. It is called with no lock held and may use the clock and its
//     timers, its own included. What it arms is called in the same Advance if it comes due in time.
//   - A duration of zero or less is due at once: the function is called by the next Advance, be it Advance(0), or by
//     the one under way, behind those due at the same time already. AfterFunc itself never calls it. Functions that
//     arm each other with no delay for ever make Advance panic.
//
// A Clock is safe for concurrent use, except that it is moved by one goroutine at a time: to call Advance or
// AdvanceToNext while either is running, in a function that it calls or anywhere else, is an error of the program, and
// panics.
//
// A Clock does not move deadlines of contexts, nor anything else that uses package time. In a bubble of testing/synctest
// it is as manual as elsewhere.
type Clock struct {
	mu     sync.Mutex // guards what follows, and the timers
	now    time.Time
	armed  timerHeap
	serial uint64 // of the last AfterFunc or Reset
	moving bool
}

var _ clock.Clock = (*Clock)(nil)

// maxAtOnce is how many functions armed at one time with no delay a Clock calls before it takes them for an endless
// loop.
const maxAtOnce = 100_000

// NewClock returns a clock that shows start, or, if start is the zero Time, midnight UTC of 1 January 2000, which is
// also when bubbles of testing/synctest begin.
func NewClock(start time.Time) *Clock {
	if start.IsZero() {
		start = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	return &Clock{now: start.Round(0)} // without its monotonic reading
}

// Now returns the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// AfterFunc arranges for f to be called when the clock has moved by d.
func (c *Clock) AfterFunc(d time.Duration, f func()) clock.Timer {
	t := &timer{clock: c, f: f, index: idle}
	t.Reset(d)
	return t
}

// Advance moves the clock by d and calls the functions due until then, as the comment of [Clock] says. It panics if d is
// negative.
func (c *Clock) Advance(d time.Duration) {
	if d < 0 {
		panic(fmt.Sprintf("gossiptest: Advance(%v): a clock does not go back", d))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moveTo(c.now.Add(d))
}

// AdvanceToNext moves the clock to the time that [Clock.Next] returns and calls the functions due there. It returns
// false, and does nothing, if there is none.
func (c *Clock) AdvanceToNext() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.armed) == 0 {
		return false
	}
	c.moveTo(c.armed[0].due)
	return true
}

// Pending returns how many functions are waiting to be called.
func (c *Clock) Pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.armed)
}

// Next returns when the first of the pending functions is due, and false if there is none. A time that is not after
// Now belongs to a function that the next Advance calls, however short.
func (c *Clock) Next() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.armed) == 0 {
		return time.Time{}, false
	}
	return c.armed[0].due, true
}

// moveTo moves the clock to until, function by function. c.mu is held, but while a function runs.
func (c *Clock) moveTo(until time.Time) {
	if c.moving {
		panic("gossiptest: Advance or AdvanceToNext called while the clock is moving: " +
			"functions that it calls must not move it, and only one goroutine at a time may")
	}
	c.moving = true
	defer func() { c.moving = false }() // also if a function panics, or ends its goroutine
	before, atOnce := c.serial, 0       // armed before the clock came to now; armed and called since then
	for len(c.armed) > 0 && !c.armed[0].due.After(until) {
		t := heap.Pop(&c.armed).(*timer)
		if t.due.After(c.now) {
			c.now, before, atOnce = t.due, c.serial, 0
		}
		if t.serial > before {
			atOnce++
		}
		if atOnce > maxAtOnce {
			panic(fmt.Sprintf("gossiptest: %d functions armed at %v with no delay, and called: does one arm itself again?",
				maxAtOnce, c.now))
		}
		c.call(t.f)
	}
	c.now = until
}

// call calls f without the lock.
func (c *Clock) call(f func()) {
	c.mu.Unlock()
	defer c.mu.Lock()
	f()
}

// timer is one call that a Clock is to make.
type timer struct {
	clock  *Clock
	f      func()
	due    time.Time
	serial uint64
	index  int // in clock.armed, or idle
}

const idle = -1

// Stop cancels the call. It reports whether the timer was pending.
func (t *timer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	return t.disarm()
}

// Reset has the call made when the clock has moved by d from now. It reports whether the timer was pending.
func (t *timer) Reset(d time.Duration) bool {
	c := t.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	pending := t.disarm()
	c.serial++
	t.serial, t.due = c.serial, c.now.Add(max(d, 0))
	heap.Push(&c.armed, t)
	return pending
}

// disarm takes the timer off the clock, whose mu is held. It reports whether it was there.
func (t *timer) disarm() bool {
	if t.index == idle {
		return false
	}
	heap.Remove(&t.clock.armed, t.index)
	return true
}

// timerHeap is a heap of the pending timers, the next one first.
type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	if !h[i].due.Equal(h[j].due) {
		return h[i].due.Before(h[j].due)
	}
	return h[i].serial < h[j].serial
}
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = idle
	return t
}
