// Package clock is the time a gossip node lives by.
package clock

import "time"

// Timer is what AfterFunc returns; a *time.Timer is one.
type Timer interface {
	Stop() bool
	Reset(d time.Duration) bool
}

// Clock tells the time and runs functions later.
type Clock interface {
	Now() time.Time
	AfterFunc(d time.Duration, f func()) Timer
}

type system struct{}

// System returns the clock of the machine.
func System() Clock { return system{} }

func (system) Now() time.Time                            { return time.Now() }
func (system) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }
