// Package sched is how a simulated clock takes over what the Go scheduler decides otherwise: when the goroutines of a
// node start, and in which order calls of the application enter it. A clock may also be told what the node's core does.
package sched

import "github.com/grapevine-go/grapevine/internal/core"

// Scheduler is an optional interface of a clock.Clock. A node whose clock has it starts no goroutine by itself.
//
// The methods are safe for concurrent use. Go and Post do not call f before they return, and may be called under a lock that f
// takes.
type Scheduler interface {
	// Go runs f on a goroutine of its own, some time. It is the n-th of that name which this node starts.
	Go(name string, n uint64, f func())

	// Post runs f soon: the way in of a command which nobody waits for. The arguments say what it is, so that
	// the order of commands need not depend on which goroutine came first. What one goroutine posts runs in the order it
	// posted it. f does not block.
	Post(what, key, value string, f func())

	// Gate returns when it is the caller's turn: the way out of a call that has waited.
	Gate(what, key, value string)
}

// Of returns the scheduler of a clock, nil if it has none.
func Of(clock any) Scheduler {
	s, _ := clock.(Scheduler)
	return s
}

// Times is an optional interface of a clock.Clock whose wall time jumps while its monotonic time does not, which a time.Time of
// package time can show and no other.
type Times interface {
	// Times returns what the clocks show, in nanoseconds: mono from any time on, wall from the Unix epoch on.
	Times() (mono, wall int64)
}

// Tracer is an optional interface of a clock.Clock that wants to know what goes into a node's core and what comes out.
type Tracer interface {
	// Begin is called before the node begins, with what its core is made of.
	Begin(cfg core.Config)

	// Step is called by the node's loop after each step of its core. It keeps nothing of what it is given.
	Step(now core.Now, in *core.Input, out *core.Outputs)
}
