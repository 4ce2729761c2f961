package fault

import "slices"

// Active is a schedule while it happens: which of its faults last, and what they come to together. It belongs to one
// goroutine.
type Active struct {
	faults Schedule
	lasts  []bool
	off    []bool // what flaps is as it should be, for now
	groups []int
}

// NewActive returns one of whose faults none has begun.
func NewActive(s Schedule) *Active {
	return &Active{faults: s, lasts: make([]bool, len(s)), off: make([]bool, len(s))}
}

// Add adds a fault, which has not begun, and returns its number.
func (a *Active) Add(f Fault) int {
	a.faults, a.lasts, a.off = append(a.faults, f), append(a.lasts, false), append(a.off, false)
	return len(a.faults) - 1
}

// Fault returns the i-th fault.
func (a *Active) Fault(i int) *Fault { return &a.faults[i] }

// Len returns the number of faults.
func (a *Active) Len() int { return len(a.faults) }

// Lasts reports whether the i-th fault does.
func (a *Active) Lasts(i int) bool { return a.lasts[i] }

// Begin has the i-th fault begin.
func (a *Active) Begin(i int) { a.lasts[i], a.off[i] = true, false }

// End has it end, and reports whether it lasted.
func (a *Active) End(i int) bool {
	was := a.lasts[i]
	a.lasts[i] = false
	return was
}

// Turn has the i-th fault, a Flap or ResolverFlap, change what it does: it does nothing for now, or goes on. It reports whether the fault
// lasts.
func (a *Active) Turn(i int) bool {
	a.off[i] = !a.off[i]
	return a.lasts[i]
}

// Any reports whether any fault lasts.
func (a *Active) Any() bool { return slices.Contains(a.lasts, true) }

// Each calls f for each fault of a kind that lasts and is about a node, or about any if that is -1. A fault without nodes is
// about all.
func (a *Active) Each(k Kind, node int, f func(*Fault)) {
	for i := range a.faults {
		x := &a.faults[i]
		if a.lasts[i] && !a.off[i] && x.Kind == k && (node < 0 || len(x.Nodes) == 0 || x.Concerns(node)) {
			f(x)
		}
	}
}

// Has reports whether Each would call its function.
func (a *Active) Has(k Kind, node int) (has bool) {
	a.Each(k, node, func(*Fault) { has = true })
	return has
}

// Most returns the greatest Amount of the faults that Each visits, 0 if there is none.
func (a *Active) Most(k Kind, node int) (amount float64) {
	a.Each(k, node, func(f *Fault) { amount = max(amount, f.Amount) })
	return amount
}

// Least returns their least Amount, 0 if there is none.
func (a *Active) Least(k Kind, node int) (amount float64) {
	a.Each(k, node, func(f *Fault) {
		if amount == 0 || f.Amount < amount {
			amount = f.Amount
		}
	})
	return amount
}

// Sum returns the sum of their Amounts.
func (a *Active) Sum(k Kind, node int) (amount float64) {
	a.Each(k, node, func(f *Fault) { amount += f.Amount })
	return amount
}

// Parts returns the parts into which all partitions together cut a network of so many nodes, those that flap included: for
// each node the number of its part, the parts being numbered in the order of their first nodes. The slice holds until the next call.
func (a *Active) Parts(nodes int) []int {
	a.groups = a.groups[:0]
	for range nodes {
		a.groups = append(a.groups, 0)
	}
	cut := func(f *Fault) {
		for i := range a.groups {
			a.groups[i] <<= 1
			if f.Concerns(i) {
				a.groups[i]++
			}
		}
		number(a.groups)
	}
	a.Each(Partition, -1, cut)
	a.Each(Flap, -1, cut)
	return a.groups
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
