package gossip

import (
	"cmp"
	"fmt"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// What waits for a callback is the loop's, and these tests are for its rarer states.

func record(key string, wall int64) *core.Record {
	return &core.Record{Body: wire.Body{Key: key, Stamp: wire.Stamp{Wall: wall}}}
}

func taken(r *registration) string {
	var text string
	if b := r.take(); b != nil {
		for _, rec := range b.recs {
			text += fmt.Sprintf("%s%d ", rec.Key, rec.Stamp.Wall)
		}
	}
	return text
}

func TestRegistrationCoalesces(t *testing.T) {
	for _, others := range []int{0, few - 3, few - 2, few, 10 * few} {
		var r registration
		for i := range others {
			r.add(record(fmt.Sprintf("o%03d-", i), 1), true)
		}
		r.add(record("a", 1), true)
		r.add(record("b", 1), true)
		if !r.add(record("a", 2), false) {
			t.Errorf("with %d others: a newer record of a key that waits is not told from a first one", others)
		}
		r.drop("b")
		r.drop("never there")
		r.add(record("c", 1), false)
		r.add(record("b", 2), true)
		got := taken(&r)
		if want := "a2 c1 b2 "; len(got) < len(want) || got[len(got)-len(want):] != want {
			t.Errorf("with %d others: what waits ends with %q, want %q", others, got, want)
		}
		if got := taken(&r); got != "" {
			t.Errorf("with %d others: after that, %q waits", others, got)
		}
	}
}

func TestRegistrationIsBoundedByWhatIsLive(t *testing.T) {
	var r registration
	for i := range 10_000 {
		key := fmt.Sprint(i)
		r.add(record(key, 1), true)
		if i >= 50 {
			r.drop(fmt.Sprint(i - 50))
		}
	}
	if got := len(r.waiting); got > 110 {
		t.Errorf("50 live keys wait in %d places", got)
	}
	if got := len(r.places); got > 110 {
		t.Errorf("50 live keys have %d places", got)
	}
}

func TestReplayIsNotRepeated(t *testing.T) {
	var r registration
	for _, rec := range []*core.Record{record("a", 1), record("b", 2), record("c", 2), record("d", 1)} {
		r.add(rec, true)
	}
	r.drop("d")
	r.skip([]*core.Record{record("a", 1), record("b", 1), record("c", 3)}) // told a as it waits, b older, c newer
	if got, want := taken(&r), "b2 "; got != want {
		t.Errorf("after the replay, %q is to be told, want %q", got, want)
	}
}

func TestOrder(t *testing.T) {
	rec := func(wall int64, logical int32, node, inc, seq uint64) *core.Record {
		return &core.Record{Body: wire.Body{Stamp: wire.Stamp{Wall: wall, Logical: logical}, Node: node, Seq: seq}, Incarnation: inc}
	}
	ordered := []*core.Record{rec(1, 1, 9, 9, 9), rec(1, 2, 1, 9, 9), rec(1, 2, 2, 1, 9), rec(1, 2, 2, 2, 1), rec(1, 2, 2, 2, 2), rec(2, 0, 0, 0, 0)}
	for i, a := range ordered {
		for j, b := range ordered {
			if got, want := order(a, b), cmp.Compare(i, j); got != want {
				t.Errorf("order(%d, %d) = %d, want %d", i, j, got, want)
			}
		}
	}
}
