package core_test

import (
	"fmt"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// raced has q advertise an update that the parent pushes so much later, and reports whether q was asked for it before.
func raced(w *world, from, q *peer, o core.Origin, seq uint64, later int64) (asked bool) {
	q.send(wire.AppendAdverts(frame(declare(o, 0)), wire.Advert{NodeID: o.Node, To: seq, Hops: 3}))
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

// TestGraftOvertaken: a push that comes between a graft and its answer leaves two peers that push from then on. Who has answered stays:
// it had the update first. Who does not is no parent.
func TestGraftOvertaken(t *testing.T) {
	for _, answers := range []bool{true, false} {
		w, from, q, _, o, seq := hub(t)
		seq++
		q.send(wire.AppendAdverts(frame(declare(o, 0)), wire.Advert{NodeID: o.Node, To: seq, Hops: 3}))
		w.run(12 * ms)
		if s := q.listen(); len(s.grafts) != 1 {
			t.Fatalf("who advertises hears %+v, want a graft", s)
		}
		from.send(update(o, seq, 3))
		w.run(5 * ms)
		stays, goes := from, q
		if answers {
			stays, goes = q, from
			q.send(frame(info(o, seq, "k", "v", int64(seq), 0), func(b []byte) []byte {
				return wire.AppendRange(b, wire.Range{NodeID: o.Node, Incarnation: o.Incarnation, From: seq - 1, To: seq, Repair: true})
			}))
		}
		w.run(200 * ms)
		if s := goes.listen(); len(s.prunes) == 0 || s.prunes[0].Mode != wire.Lazy {
			t.Errorf("answers %v: the other hears %+v, want a prune", answers, s)
		}
		if s := stays.listen(); len(s.prunes) != 0 {
			t.Errorf("answers %v: the parent hears %+v, want no prune", answers, s)
		}
		if got := w.nodes[1].core.Parent(o); got != stays.link() {
			t.Errorf("answers %v: the parent is link %d, want %d", answers, got, stays.link())
		}
	}
}

// TestGraftForgetsSlowness: when pushes come before any advert again, an advert is soon followed up as before.
func TestGraftForgetsSlowness(t *testing.T) {
	w, from, q, _, o, seq := hub(t)
	for range 12 {
		seq++
		raced(w, from, q, o, seq, 40*ms)
	}
	for range 30 {
		seq++
		from.send(update(o, seq, 3))
		w.run(20 * ms)
	}
	w.run(200 * ms)
	q.drop()
	if seq++; !raced(w, from, q, o, seq, 20*ms) {
		t.Error("after thirty pushes in time, an advert is not followed up within 20 ms")
	}
}

// TestYoungTreesAreNoMeasure: how long pushes take is not learned from the first updates of origins, whose trees are mended
// on the way.
func TestYoungTreesAreNoMeasure(t *testing.T) {
	w, from, q, _, o, seq := hub(t)
	for node := uint64(30); node < 50; node++ {
		young := core.Origin{Node: node, Incarnation: 100}
		from.send(update(young, 1, 3))
		w.run(200 * ms)
		raced(w, from, q, young, 2, 25*ms)
	}
	if seq++; !raced(w, from, q, o, seq, 20*ms) {
		t.Error("after late second updates of many origins, an advert of a settled one is not followed up within 20 ms")
	}
}

// TestWhatNeverComes: a peer that says to have what never comes is asked twice. It does not stay the parent, and does not keep what
// others have waiting.
func TestWhatNeverComes(t *testing.T) {
	w, from, q, r, o, seq := hub(t)
	lie := wire.AppendAdverts(nil, wire.Advert{NodeID: o.Node, Incarnation: o.Incarnation, To: seq + 1e6, Hops: 1})
	q.send(lie)
	for range 10 {
		w.run(second)
		for _, p := range []*peer{from, q, r} {
			p.send(wire.AppendPing(nil, wire.Ping{}))
		}
	}
	if s := q.listen(); len(s.grafts) != 2 {
		t.Errorf("in ten seconds it is asked %d times, want twice", len(s.grafts))
	}
	if got := w.nodes[1].core.Parent(o); got == q.link() {
		t.Error("it is still the parent")
	}
	r.drop()
	q.send(lie)
	w.run(20 * ms)
	if s := q.listen(); len(s.grafts) != 1 {
		t.Fatalf("what it says anew is answered with %+v, want a graft", s)
	}
	r.send(frame(advert(o, seq+1)))
	w.run(100 * ms)
	if s := r.listen(); len(s.grafts) == 0 {
		t.Errorf("100 ms after it has advertised an update, another peer hears %+v, want a graft", s)
	}
	r.send(update(o, seq+1, 3))
	w.run(2 * second)
	if got := w.nodes[1].core.Marks()[o]; got != seq+1 {
		t.Errorf("covered up to %d, want %d", got, seq+1)
	}
}

// TestSlowAnswer: a long range that is on its way is waited for, whoever says to have the beginning of it.
func TestSlowAnswer(t *testing.T) {
	w, from, q, r, o, seq := hub(t)
	from.close()
	q.send(frame(advert(o, seq+50)))
	if s := q.listen(); len(s.grafts) != 1 {
		t.Fatalf("an advert without a parent is answered with %+v, want a graft", s)
	}
	for i := range uint64(50) {
		w.run(9 * ms)
		q.send(frame(info(o, seq+1+i, fmt.Sprint("k", i), "v", 100, 0), claim(o, seq+i, seq+1+i)))
		r.send(frame(advert(o, seq+min(i+3, 50))))
		if a, b := q.listen(), r.listen(); len(a.grafts)+len(b.grafts) != 0 {
			t.Fatalf("after %d of 50 infos, one each 9 ms, it asks: %+v and %+v", i, a.grafts, b.grafts)
		}
	}
}

// TestAnswersTakeAsLongAsPeersAreFar: where dials show that the way there and back is long, an answer is waited for as much longer before
// anybody is asked again: the same peer would send everything twice, and be forgotten before its answer can be here.
func TestAnswersTakeAsLongAsPeersAreFar(t *testing.T) {
	for _, tt := range []struct{ trip, want int64 }{{10 * ms, 40 * ms}, {300 * ms, 320 * ms}} {
		w := newWorld(1, nil)
		w.handDials = true
		w.nodes[1].seeds = []wire.Addr{addrOf(13)}
		w.start(1)
		seed := w.answer(t, 1, w.nodes[1].dials[0], 13)
		w.run(tt.trip)
		seed.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Admitted})
		from, q := w.admitted(t, 10, 1, wire.Chord), w.admitted(t, 11, 1, wire.Chord)
		o := core.Origin{Node: 20, Incarnation: 100}
		for seq := uint64(1); seq <= 6; seq++ {
			from.send(frame(info(o, seq, "k", "v", int64(seq), 0), claim(o, seq-1, seq)))
			w.run(100 * ms)
		}
		from.close()
		w.run(100 * ms)
		q.drop()
		q.send(frame(advert(o, 7)))
		if s := q.listen(); len(s.grafts) != 1 {
			t.Fatalf("an advert without a parent is answered with %+v, want a graft", s)
		}
		at := w.now
		for w.now < at+second && len(q.listen().grafts) == 0 {
			w.run(ms)
		}
		if got := w.now - at; got < tt.want-ms || got > tt.want+2*ms {
			t.Errorf("there and back in %d ms: asks again after %d ms, want %d", tt.trip/ms, got/ms, tt.want/ms)
		}
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
				p.send(wire.AppendAdverts(frame(declare(o, 0)), wire.Advert{NodeID: o.Node, To: seq + 3, Hops: 3}))
			}
			w.run(5 * ms)
			if got := len(p.listen().grafts) == 1; got != tt.want {
				t.Errorf("%s, marks %v: asked within 5 ms %v, want %v", tt.name, marks, got, tt.want)
			}
		}
	}
}
