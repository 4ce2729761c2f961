package core_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// manyOrigins are n of one life each.
func manyOrigins(n int) []core.Origin {
	all := make([]core.Origin, n)
	for i := range all {
		all[i] = core.Origin{Node: 100 + uint64(i), Incarnation: 100}
	}
	return all
}

// dirtied returns a node with an update of each of n origins to push over a link that is busy, and the peer's frames that stop this, for those
// origins of which stop says so, and have it begin again.
func dirtied(t testing.TB, n int, stop func(i int) bool) (w *world, q *peer, prunes, grafts []byte) {
	w = newWorld(1, nil)
	w.start(1)
	from := w.admitted(t, 10, 1, wire.Chord)
	q = w.admitted(t, 11, 1, wire.Chord)
	w.slowSends = true
	q.send(wire.AppendPing(nil, wire.Ping{Ask: true, ID: 7})) // the link is busy with the answer
	var updates []part
	for i, o := range manyOrigins(n) {
		updates = append(updates, info(o, 1, fmt.Sprint("k", i), "v", 1, 0), claim(o, 0, 1))
		grafts = graft(o, 0)(grafts)
		if stop(i) {
			prunes = wire.AppendPrune(prunes, wire.Prune{NodeID: o.Node, Incarnation: o.Incarnation, Mode: wire.Lazy})
		}
	}
	from.send(frame(updates...))
	q.send(grafts)
	return w, q, prunes, grafts
}

// TestManyPrunes: a frame that prunes many origins stops what is being pushed of these, and of no others, which go in the order in which they came.
func TestManyPrunes(t *testing.T) {
	const n = 500
	w, q, prunes, _ := dirtied(t, n, func(i int) bool { return i%3 != 0 })
	q.send(prunes)
	var want []string
	for i := 0; i < n; i += 3 {
		want = append(want, fmt.Sprint("k", i, "=v"))
	}
	if got := w.nodes[1].core.Backlog(q.link()); got < len(want) {
		t.Errorf("%d origins wait, want %d at least", got, len(want))
	}
	w.slowSends = false
	w.do(1, core.Input{Kind: core.InSent, Link: q.link()})
	w.run(100 * ms)
	if got := q.listen().infos; !slices.Equal(got, want) {
		t.Errorf("the peer hears %d infos, first %q, want %d", len(got), got[:min(len(got), 3)], len(want))
	}
	q.send(graft(core.Origin{Node: 101, Incarnation: 100}, 0)(nil))
	w.run(100 * ms)
	if got, want := q.listen().infos, []string{"k1=v"}; !slices.Equal(got, want) {
		t.Errorf("who asks again hears %q, want %q", got, want)
	}
	for _, err := range w.check() {
		t.Error(err)
	}
}

// BenchmarkHostilePrunes is a frame that stops what is being pushed of that many origins.
func BenchmarkHostilePrunes(b *testing.B) {
	for _, n := range []int{1000, 5000, 20_000} {
		b.Run(fmt.Sprintf("prunes=%d", n), func(b *testing.B) {
			w, q, prunes, grafts := dirtied(b, n, func(int) bool { return true })
			c, now := w.nodes[1].core, core.Now{Mono: w.now, Wall: epoch + w.now}
			stop, err := decode(prunes)
			if err != nil {
				b.Fatal(err)
			}
			again, err := decode(grafts)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				b.StopTimer()
				c.Step(now, core.Input{Kind: core.InFrame, Link: q.link(), Frame: again})
				b.StartTimer()
				c.Step(now, core.Input{Kind: core.InFrame, Link: q.link(), Frame: stop})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/prune")
		})
	}
}

// TestStraysBelowMarks: however claims move through what came before them, and whatever replaced it meanwhile, the digest is that of what is
// held, and what waits for claims is no more than a few times what is there.
func TestStraysBelowMarks(t *testing.T) {
	w, p := lone(t, nil)
	o, other := core.Origin{Node: 20, Incarnation: 100}, core.Origin{Node: 21, Incarnation: 100}
	const keys, rounds = 10, 60
	seq := uint64(5)
	for range rounds {
		for k := range keys {
			seq++
			p.send(frame(info(o, seq, fmt.Sprint("k", k), "v", int64(seq), 0)))
		}
	}
	if strays, queued := w.nodes[1].core.Strays(o); strays != keys || queued > 3*keys+64 {
		t.Errorf("of %d infos beyond the marks, %d wait, want %d, and not many more", strays, queued, keys)
	}
	right := func(what string) {
		t.Helper()
		if got, want := w.nodes[1].core.Digest(), w.nodes[1].core.DigestAnew(); got != want {
			t.Errorf("%s: the digest is %x, want %x", what, got, want)
		}
	}
	right("before any claim")
	p.send(frame(info(other, 1, "k3", "newer", int64(seq)+1, 0)))                              // it stands in the place of a stray
	p.send(frame(standin(o, seq+50, "k4"), info(o, seq-500, "k5", "older", int64(seq)+99, 0))) // an order that no node writes in
	right("when others stand there")
	for to := uint64(7); to <= seq+60; to += 7 {
		p.send(frame(claim(o, to-7, to)))
		right(fmt.Sprint("after a claim up to ", to))
	}
	if strays, queued := w.nodes[1].core.Strays(o); strays != 0 || queued != 0 {
		t.Errorf("when all is claimed, %d infos are beyond the marks, and %d wait", strays, queued)
	}
}

// TestStraysReplaced: once others stand in the place of what came without a claim, nothing waits for one.
func TestStraysReplaced(t *testing.T) {
	w, p := lone(t, nil)
	o, other := core.Origin{Node: 20, Incarnation: 100}, core.Origin{Node: 21, Incarnation: 100}
	for seq := uint64(5); seq < 10; seq++ {
		p.send(frame(info(o, seq, fmt.Sprint("k", seq), "v", 1, 0)))
	}
	for seq := uint64(5); seq < 10; seq++ {
		p.send(frame(info(other, seq, fmt.Sprint("k", seq), "newer", 2, 0)))
	}
	if strays, queued := w.nodes[1].core.Strays(o); strays != 0 || queued != 0 {
		t.Errorf("%d infos are beyond the marks, and %d wait, want none", strays, queued)
	}
}

// BenchmarkHostileStrays is a frame that moves what is covered of an origin by one, while so many infos of it that came without a claim wait.
func BenchmarkHostileStrays(b *testing.B) {
	for _, n := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprintf("strays=%d", n), func(b *testing.B) {
			w, p := lone(b, nil)
			o := core.Origin{Node: 20, Incarnation: 100}
			for at := 0; at < n; {
				var parts []part
				for range min(n-at, 10_000) {
					parts = append(parts, info(o, 1<<40+uint64(at), fmt.Sprint("k", at), "v", 1, 0))
					at++
				}
				p.send(frame(parts...))
			}
			c, now, to := w.nodes[1].core, core.Now{Mono: w.now, Wall: epoch + w.now}, uint64(0)
			for b.Loop() {
				f := &wire.Frame{Ranges: []wire.Range{{NodeID: o.Node, Incarnation: o.Incarnation, From: to, To: to + 1}}}
				c.Step(now, core.Input{Kind: core.InFrame, Link: p.link(), Frame: f})
				to++
			}
		})
	}
}

// TestLateHello: however late the Hello of a peer comes, this node does not reckon with such a network from then on.
func TestLateHello(t *testing.T) {
	w := newWorld(1, nil)
	w.handDials = true
	w.nodes[1].seeds = []wire.Addr{addrOf(10)}
	w.start(1)
	d := w.nodes[1].dials[0]
	w.run(hour)
	p := w.answer(t, 1, d, 10)
	p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Admitted})
	if got, most := w.nodes[1].core.Latency(), 100*config(1).Timers.Graft; !p.admitted() || got > most {
		t.Errorf("the peer is admitted: %t, and the latency reckoned with is %d ms, want %d at most", p.admitted(), got/ms, most/ms)
	}
}
