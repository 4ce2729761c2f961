// Package clock is the time a gossip node lives by.
//
// [Clock] and [Timer] are for others to implement; their comments are the whole contract. [System] is the clock of the
// machine, [From] makes a Clock of two functions, [Wrap] of a clock of github.com/benbjohnson/clock. For tests there is
// the manual clock of gossiptest.
package clock

import "time"

// Clock tells the time and calls functions later. It is safe for concurrent use.
type Clock interface {
	// Now returns the time. Of two calls, one after the other, the second never returns an earlier time than the
	// first: earlier in the sense of [time.Time.Before] and [time.Time.Sub], which go by the monotonic reading where
	// there is one. The wall time that it shows may jump, forwards and back, when somebody sets the clock of the
	// machine. Now does not block.
	Now() time.Time

	// AfterFunc calls f once, as soon as d has passed, unless the timer that it returns is stopped or reset before.
	// A d of zero or less has passed at once. When f is called, Now shows the time it was due, or later.
	//
	// Who calls f is the clock's choice: a goroutine for each call, as the clock of the machine does, or one after the
	// other the goroutine that moves a manual clock on. AfterFunc and Reset never call f themselves, so their caller may
	// hold a lock that f takes. The order of functions due at one time is the clock's choice too.
	//
	// No lock of the clock is held while f runs: f may call all methods of the clock and of its timers, Reset of the
	// timer it belongs to included. It ought not to block, because it may hold up others.
	AfterFunc(d time.Duration, f func()) Timer
}

// Timer is a call that a [Clock] is going to make; a *time.Timer from [time.AfterFunc] is one. It is pending from its
// making and from each Reset until its function is called or Stop is. It is safe for concurrent use.
type Timer interface {
	// Stop cancels the call. It does not wait for a function that has been called already.
	//
	// Outcomes:
	//  1. true: the timer was pending; its function will not be called.
	//  2. false: the timer was not pending. Its function was called earlier, and may be running still, or the timer
	//     was stopped.
	Stop() bool

	// Reset makes the timer pending, for the time d from now, whether it was pending or not; d is as in AfterFunc.
	//
	// Outcomes:
	//  1. true: the timer was pending; of the earlier call and the new one, only the new one will be made.
	//  2. false: the timer was not pending. The earlier call of its function may be running still, and with a clock
	//     that calls each function on a goroutine of its own, the new one may run beside it.
	Reset(d time.Duration) bool
}

// System returns the clock of the machine: package time. In a bubble of testing/synctest it is the clock of the bubble.
func System() Clock { return From(time.Now, time.AfterFunc) }
