package fault

import (
	"slices"
	"time"
)

// shortest is the least that a fault is shortened to.
const shortest = 10 * time.Millisecond

// Shrink returns a part of s for which fails still returns true: no fault of it can be left out without fails returning false,
// and none can last half as long. fails must return true for s, and the same for the same schedule; it is called at most about
// len(s)*len(s) times, and with an empty schedule first: if that fails, the faults have nothing to do with it. s is not changed.
//
// Faults are left out by delta debugging: A. Zeller, R. Hildebrandt, Simplifying and Isolating Failure-Inducing Input, 2002, algorithm ddmin.
func (s Schedule) Shrink(fails func(Schedule) bool) Schedule {
	if len(s) == 0 || fails(nil) {
		return nil
	}
	left := s.fewest(fails)
	for i := range left {
		for left[i].For >= 2*shortest {
			shorter := slices.Clone(left)
			shorter[i].For = (shorter[i].For / 2).Round(shortest)
			if !fails(shorter) {
				break
			}
			left = shorter
		}
	}
	return left.fewest(fails) // what is short may need less beside it
}

// fewest leaves out faults, as many at a time as can be.
func (s Schedule) fewest(fails func(Schedule) bool) Schedule {
	for parts := 2; len(s) >= 2; {
		size, smaller := (len(s)+parts-1)/parts, false
		for i := 0; i < len(s); i += size {
			if rest := slices.Concat(s[:i], s[min(i+size, len(s)):]); fails(rest) {
				s, parts, smaller = rest, max(parts-1, 2), true
				break
			}
		}
		switch {
		case smaller:
		case parts >= len(s):
			return s
		default:
			parts = min(2*parts, len(s))
		}
	}
	return s
}
