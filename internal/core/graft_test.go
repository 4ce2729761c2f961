package core_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// raced has q advertise an update that the parent pushes so much later, and reports whether q was asked for it before.
func raced(w *world, from, q *peer, o core.Origin, seq uint64, later int64) (asked bool) {
	q.send(wire.AppendAdvert(frame(declare(o, 0)), wire.Advert{NodeID: o.Node, To: seq, Hops: 3}))
	w.run(later)
	asked = len(q.listen().grafts) > 0
	from.send(update(o, seq, 3))
	w.run(200 * ms)
	q.drop()
	return asked
}

// TestGraftWaitsAsPushesTake: a parent that is slow again and again is waited for, also if it was left for the advertiser before
// it came; one that was slow once is not.
func TestGraftWaitsAsPushesTake(t *testing.T) {
	w, from, q, _, o, seq := hub(t)
	asked := 0
	for range 12 {
		seq++
		if raced(w, from, q, o, seq, 40*ms) {
			asked++
		}
	}
	if asked == 0 || asked > 6 {
		t.Errorf("asked %d times of 12 for what the parent pushes 40 ms late, want only until that is known", asked)
	}

	w, from, q, _, o, seq = hub(t)
	for _, later := range []int64{5 * ms, 5 * ms, 400 * ms} {
		seq++
		raced(w, from, q, o, seq, later)
	}
	if seq++; !raced(w, from, q, o, seq, 60*ms) {
		t.Error("after one late push, an advert is not followed up within 60 ms")
	}
}

// TestBridge: over a link that has just joined two parts of the network, what is missing is asked for at once; later, and over
// others, it is waited for.
func TestBridge(t *testing.T) {
	for _, tt := range []struct {
		name   string
		reason wire.Reason
		age    int64 // of the link
		want   bool
	}{{"a bridge", wire.Heal, 10 * ms, true}, {"an old one", wire.Heal, 600 * ms, false}, {"a chord", wire.Chord, 10 * ms, false}} {
		for _, marks := range []bool{false, true} {
			w, _, _, _, o, seq := hub(t)
			p := w.admitted(t, 13, 1, tt.reason)
			w.run(tt.age)
			p.drop()
			if marks {
				p.send(wire.AppendMarksEnd(wire.AppendMark(nil, wire.Mark{NodeID: o.Node, Incarnation: o.Incarnation, Seq: seq + 3})))
			} else {
				p.send(wire.AppendAdvert(frame(declare(o, 0)), wire.Advert{NodeID: o.Node, To: seq + 3, Hops: 3}))
			}
			w.run(5 * ms)
			if got := len(p.listen().grafts) == 1; got != tt.want {
				t.Errorf("%s, marks %v: asked within 5 ms %v, want %v", tt.name, marks, got, tt.want)
			}
		}
	}
}
