package simnet

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestQueue(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var want []event
	for at := range int64(5) {
		for c := range evEnd + 1 {
			for host := range int32(4) {
				for lo := range uint64(3) {
					want = append(want, newEvent(at, c, host, 3-host, lo, int32(len(want))))
				}
			}
		}
	}
	for range 5 {
		var q queue
		for _, i := range r.Perm(len(want)) {
			q.push(want[i])
		}
		for i := range want {
			if got := q.pop(); got != want[i] {
				t.Fatalf("event %d is %+v, want %+v", i, got, want[i])
			}
		}
	}
}

func TestQueueMixed(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var q queue
	var mirror []int64
	for range 10_000 {
		if len(mirror) == 0 || r.IntN(5) < 3 {
			at := r.Int64N(1000)
			q.push(event{at: at})
			mirror = append(mirror, at)
			continue
		}
		slices.Sort(mirror)
		if got, want := q.pop().at, mirror[0]; got != want {
			t.Fatalf("popped %d, want %d", got, want)
		}
		mirror = mirror[1:]
	}
}

// The queue looks at the children of a place, and no further: here, each place on the lowest level is less than the one
// before, over into families that the way down does not lead to.
func TestQueueFamilies(t *testing.T) {
	q := queue{events: make([]event, 60)}
	for i := range q.events {
		switch {
		case i == 0:
			q.events[i].at = 0
		case i < 5:
			q.events[i].at = int64(i)
		case i < 8:
			q.events[i].at = 20
		case i == 8:
			q.events[i].at = 10
		case i < 12:
			q.events[i].at = 11
		case i < 21:
			q.events[i].at = 5
		case i < 33:
			q.events[i].at = 200
		case i < 49:
			q.events[i].at = int64(200 - i)
		default:
			q.events[i].at = int64(110 - i)
		}
	}
	q.events[49].at = 6
	for last := int64(0); len(q.events) > 0; {
		for i := 1; i < len(q.events); i++ {
			if p := (i - 1) / 4; q.before(&q.events[i], &q.events[p]) {
				t.Fatalf("with %d left, %d is at place %d and %d below, at %d", len(q.events), q.events[p].at, p, q.events[i].at, i)
			}
		}
		at := q.pop().at
		if at < last {
			t.Errorf("popped %d after %d", at, last)
		}
		last = at
	}
}
