package core

import (
	"cmp"
	"slices"
)

// heap is a queue of values by time, and by value among equal times. Whoever puts in a value again does not take the
// old one out: what is popped is checked against the state it is about.
type heap[T cmp.Ordered] []timed[T]

type timed[T cmp.Ordered] struct {
	at int64
	v  T
}

func (a timed[T]) compare(b timed[T]) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.v, b.v))
}

func (a timed[T]) less(b timed[T]) bool { return a.at < b.at || a.at == b.at && a.v < b.v }

// first returns the earliest time, or never.
func (h heap[T]) first() int64 {
	if len(h) == 0 {
		return never
	}
	return h[0].at
}

func (h *heap[T]) push(at int64, v T) {
	*h = append(*h, timed[T]{at, v})
	q := *h
	for i := len(q) - 1; i > 0; {
		up := (i - 1) / 2
		if !q[i].less(q[up]) {
			break
		}
		q[i], q[up] = q[up], q[i]
		i = up
	}
}

// keep takes out what ok does not hold of, and all but one of equal values at one time.
func (h *heap[T]) keep(ok func(timed[T]) bool) {
	q := slices.DeleteFunc(*h, func(t timed[T]) bool { return !ok(t) })
	slices.SortFunc(q, timed[T].compare) // what is in order is a heap
	*h = slices.Compact(q)
}

// pop takes the earliest value out if its time has come.
func (h *heap[T]) pop(now int64) (at int64, v T, ok bool) {
	q := *h
	if len(q) == 0 || q[0].at > now {
		return 0, v, false
	}
	top, n := q[0], len(q)-1
	q[0], q[n] = q[n], timed[T]{}
	q = q[:n]
	*h = q
	for i := 0; ; {
		kid := 2*i + 1
		if kid >= n {
			break
		}
		if kid+1 < n && q[kid+1].less(q[kid]) {
			kid++
		}
		if !q[kid].less(q[i]) {
			break
		}
		q[i], q[kid] = q[kid], q[i]
		i = kid
	}
	return top.at, top.v, true
}
