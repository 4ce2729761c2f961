package core_test

import (
	"slices"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestChanges: who watches a key is told what became of it, and nothing else.
func TestChanges(t *testing.T) {
	a, b := core.Origin{Node: 20, Incarnation: 100}, core.Origin{Node: 21, Incarnation: 100}
	const tick = 2 * second // what passes between two steps
	type step struct {
		in   part
		want []core.ChangeKind
	}
	tests := []struct {
		name  string
		steps []step
	}{
		{"added, updated, refreshed, deleted, added", []step{
			{info(a, 1, "k", "v", 1, 0), []core.ChangeKind{core.Added}},
			{info(b, 1, "k", "w", 2, 0), []core.ChangeKind{core.Updated}},
			{info(a, 2, "k", "w", 3, 0), []core.ChangeKind{core.Refreshed}},
			{tombstone(a, 3, "k", 4, hour), []core.ChangeKind{core.Deleted}},
			{info(b, 2, "k", "w", 5, 0), []core.ChangeKind{core.Added}},
		}},
		{"older ones and the same again", []step{
			{info(a, 2, "k", "v", 3, 0), []core.ChangeKind{core.Added}},
			{info(a, 1, "k", "w", 1, 0), nil},
			{tombstone(b, 1, "k", 2, hour), nil},
			{info(a, 2, "k", "v", 3, 0), nil},
		}},
		{"expired", []step{
			{info(a, 1, "k", "v", 1, tick/2), []core.ChangeKind{core.Added, core.Expired}},
			{info(a, 2, "k", "v", 2, 0), []core.ChangeKind{core.Added}},
		}},
		{"a refresh outlives the first", []step{
			{info(a, 1, "k", "v", 1, 3*tick/2), []core.ChangeKind{core.Added}},
			{info(a, 2, "k", "v", 2, 0), []core.ChangeKind{core.Refreshed}},
			{info(b, 2, "k2", "v", 2, 0), []core.ChangeKind{core.Added}},
		}},
		{"deleted before it came", []step{
			{tombstone(a, 1, "k", 1, hour), nil},
			{tombstone(a, 2, "k", 2, hour), nil},
		}},
		{"expired before it came", []step{
			{aged(a, 1, "k", second, second), nil},
		}},
		{"expired before it came, over a live one", []step{
			{info(a, 1, "k", "v", -1, 0), []core.ChangeKind{core.Added}},
			{aged(a, 2, "k", second, second), []core.ChangeKind{core.Expired}},
		}},
		{"over fewer hops", []step{
			{hopsOf(a, 1, 5), []core.ChangeKind{core.Added}},
			{hopsOf(a, 1, 5), nil},
			{hopsOf(a, 1, 3), []core.ChangeKind{core.Moved}},
			{hopsOf(a, 1, 4), nil},
		}},
		{"a deletion over fewer hops", []step{
			{tombstoneOver(a, 1, "k", hour, 5), nil},
			{tombstoneOver(a, 1, "k", hour, 3), nil},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, p := lone(t, nil)
			for i, s := range tt.steps {
				before := len(w.nodes[1].changes)
				p.send(frame(s.in))
				w.now += tick
				p.send(wire.AppendPing(nil, wire.Ping{}))
				var got []core.ChangeKind
				for _, c := range w.nodes[1].changes[before:] {
					got = append(got, c.Kind)
				}
				if !slices.Equal(got, s.want) {
					t.Errorf("step %d: changes %v, want %v", i, got, s.want)
				}
				if errs := w.check(); len(errs) > 0 {
					t.Errorf("step %d: %v", i, errs)
				}
			}
		})
	}
}
