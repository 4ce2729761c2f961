// Package lasting says which faults of a schedule last, and what they come to together: faults may overlap, and the same thing may
// go wrong twice.
package lasting

import (
	"slices"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// Faults is a schedule while it happens. It belongs to one goroutine.
type Faults struct {
	faults fault.Schedule
	lasts  []bool
	off    []bool // what flaps is as it should be, for now
	groups []int
}

// New returns a schedule of whose faults none has begun.
func New(s fault.Schedule) *Faults {
	return &Faults{faults: s, lasts: make([]bool, len(s)), off: make([]bool, len(s))}
}

// Add adds a fault, which has not begun, and returns its number.
func (l *Faults) Add(f fault.Fault) int {
	l.faults, l.lasts, l.off = append(l.faults, f), append(l.lasts, false), append(l.off, false)
	return len(l.faults) - 1
}

// Fault returns the i-th fault.
func (l *Faults) Fault(i int) *fault.Fault { return &l.faults[i] }

// Len returns the number of faults.
func (l *Faults) Len() int { return len(l.faults) }

// Lasts reports whether the i-th fault does.
func (l *Faults) Lasts(i int) bool { return l.lasts[i] }

// Begin has the i-th fault begin.
func (l *Faults) Begin(i int) { l.lasts[i], l.off[i] = true, false }

// End has it end, and reports whether it lasted.
func (l *Faults) End(i int) bool {
	was := l.lasts[i]
	l.lasts[i] = false
	return was
}

// Turn has the i-th fault, a Flap or ResolverFlap, change what it does: it does nothing for now, or goes on. It reports whether the fault
// lasts.
func (l *Faults) Turn(i int) bool {
	l.off[i] = !l.off[i]
	return l.lasts[i]
}

// Any reports whether any fault lasts.
func (l *Faults) Any() bool { return slices.Contains(l.lasts, true) }

// Each calls f for each fault of a kind that lasts and is about a node, or about any if that is -1. A fault without nodes is
// about all.
func (l *Faults) Each(k fault.Kind, node int, f func(*fault.Fault)) {
	for i := range l.faults {
		x := &l.faults[i]
		if l.lasts[i] && !l.off[i] && x.Kind == k && (node < 0 || len(x.Nodes) == 0 || x.Concerns(node)) {
			f(x)
		}
	}
}

// Has reports whether Each would call its function.
func (l *Faults) Has(k fault.Kind, node int) (has bool) {
	l.Each(k, node, func(*fault.Fault) { has = true })
	return has
}

// Most returns the greatest Amount of the faults that Each visits, 0 if there is none.
func (l *Faults) Most(k fault.Kind, node int) (amount float64) {
	l.Each(k, node, func(f *fault.Fault) { amount = max(amount, f.Amount) })
	return amount
}

// Least returns their least Amount, 0 if there is none.
func (l *Faults) Least(k fault.Kind, node int) (amount float64) {
	l.Each(k, node, func(f *fault.Fault) {
		if amount == 0 || f.Amount < amount {
			amount = f.Amount
		}
	})
	return amount
}

// Sum returns the sum of their Amounts.
func (l *Faults) Sum(k fault.Kind, node int) (amount float64) {
	l.Each(k, node, func(f *fault.Fault) { amount += f.Amount })
	return amount
}

// Parts returns the parts into which all partitions together cut a network of so many nodes, those that flap included: for
// each node the number of its part, the parts being numbered in the order of their first nodes. The slice holds until the next call.
func (l *Faults) Parts(nodes int) []int {
	l.groups = l.groups[:0]
	for range nodes {
		l.groups = append(l.groups, 0)
	}
	cut := func(f *fault.Fault) {
		for i := range l.groups {
			l.groups[i] <<= 1
			if f.Concerns(i) {
				l.groups[i]++
			}
		}
		number(l.groups)
	}
	l.Each(fault.Partition, -1, cut)
	l.Each(fault.Flap, -1, cut)
	return l.groups
}

// number gives equal numbers equal ones from 0 on, in the order of their first places.
func number(groups []int) {
	var seen []int
	for i, g := range groups {
		k := slices.Index(seen, g)
		if k < 0 {
			k = len(seen)
			seen = append(seen, g)
		}
		groups[i] = k
	}
}
