package clock

import (
	"time"

	bclock "github.com/benbjohnson/clock"
)

// From returns a clock made of two functions, which together have to keep the contract of [Clock]. T is whatever type
// of timer the second one returns, so most libraries fit as they are:
//
//	clock.From(time.Now, time.AfterFunc)
//	clock.From(c.Now, c.AfterFunc) // any c with the two methods
func From[T Timer](now func() time.Time, afterFunc func(time.Duration, func()) T) Clock {
	return from[T]{now, afterFunc}
}

type from[T Timer] struct {
	now       func() time.Time
	afterFunc func(time.Duration, func()) T
}

func (c from[T]) Now() time.Time                            { return c.now() }
func (c from[T]) AfterFunc(d time.Duration, f func()) Timer { return c.afterFunc(d, f) }

// Wrap returns c, a clock of github.com/benbjohnson/clock, as a [Clock]. The real one, from its New, keeps the whole
// contract.
//
// Its Mock serves too, with limits that the manual clock of gossiptest does not have. They were measured with version
// 1.3.5 on two cores:
//   - Each timer that fires takes 1 ms of real time, because Mock sleeps to let others run: 1,000 timers take 1.1 s. In a
//     bubble of testing/synctest they take 20 ms, but the time of the bubble moves on by 1 ms a timer.
//   - Functions run on goroutines of their own, and Add and Set may return before they have: with a function of 5 ms,
//     Add did so in 46 of 100 runs, and in all of them under the race detector. In a bubble it never did.
//   - A function that resets its timer may come too late for the Add that called it: of 200 runs with 20 periods in
//     one Add, 4 had a wrong count, 37 under the race detector, none in a bubble.
//   - A duration of zero or less does not pass at once, but with the next Add or Set; Add(0) will do. One below
//     zero sets the clock back for a moment.
//   - A Stop or Reset at the same time as Add or Set may return true although the function is called.
//   - Set to an earlier time makes Now go back.
//   - Add and Set are for one goroutine at a time, and each timer costs time in proportion to the pending ones.
//
// That Mock hangs for ever when a timer with a channel is reset before its channel was read does not matter here: Wrap
// uses AfterFunc alone.
func Wrap(c bclock.Clock) Clock { return From(c.Now, c.AfterFunc) }
