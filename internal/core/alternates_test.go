package core_test

import (
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestAlternatesAreNoDescendants: whoever advertises more hops than this node has may hear everything from it, and is not asked
// when the parent is lost, nor after the first alternate is lost.
func TestAlternatesAreNoDescendants(t *testing.T) {
	w, from, q, r, o, seq := hub(t)
	a := w.admitted(t, 13, 1, wire.Chord)
	q.send(frame(graft(o, seq))) // a child
	from.send(next(o, seq))
	a.send(advertOver(o, seq+1, 1))
	r.send(advertOver(o, seq+1, 3)) // a child of the child
	w.run(100 * ms)
	a.close()
	from.close()
	for _, p := range []*peer{q, r} {
		if s := p.listen(); len(s.grafts) != 0 {
			t.Errorf("the descendant %d hears %+v", p.id, s)
		}
	}
}

// TestJoiningAgainSendsOnce: a node with state that joins again sends and gets what is missing once.
func TestJoiningAgainSendsOnce(t *testing.T) {
	s := newStage(t)
	s.play("rejoin", 1, `
		nodes 2
		start 1 seed=2
		start 2 seed=1
		run 3s
		partition 1 | 2
		cut 1 2
		write 1 one v
		write 2 two v
		run 1s`)
	said := s.play("rejoin", 9, `
		heal
		run 5s -Ping`)
	if strings.Count(said, "Info one=v")+strings.Count(said, "Info two=v") != 2 {
		t.Errorf("want each once:\n%s", said)
	}
}
