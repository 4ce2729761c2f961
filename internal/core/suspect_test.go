package core_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// suspicions lists what a node holds of suspicions of another one.
func suspicions(w *world, at, of int) (keys []string) {
	for _, k := range w.nodes[at].core.Keys() {
		if strings.HasPrefix(k, fmt.Sprint("suspect:", of, ":")) {
			keys = append(keys, k)
		}
	}
	return keys
}

// named counts the events of a kind about a node.
func named(w *world, at int, kind core.EventKind, node uint64) (n int) {
	for _, e := range w.nodes[at].events {
		if e.Kind == kind && e.Node == node {
			n++
		}
	}
	return n
}

// dialsTo counts the dials of a node to another's address.
func dialsTo(w *world, at, to int) (n int) {
	for _, d := range w.nodes[at].dials {
		if d.Addr == addrOf(uint64(to)) {
			n++
		}
	}
	return n
}

// three is a network of three that has settled.
func three(t *testing.T) *world {
	w := newWorld(3, nil)
	for i := 1; i <= 3; i++ {
		w.nodes[i].seeds = []wire.Addr{addrOf(1)}
		w.start(i)
		w.describe(i)
	}
	w.run(5 * second)
	for i := 2; i <= 3; i++ {
		if w.linkOf(1, i) == 0 || w.differ(1, i) != "" {
			t.Fatalf("nodes 1 and %d have no link, or differ: %s", i, w.differ(1, i))
		}
	}
	return w
}

func TestCrashedNeighbourIsSuspected(t *testing.T) {
	w := three(t)
	rec := w.nodes[1].core.Record("node:3")
	w.crash(3)
	w.run(second)
	want := fmt.Sprint("suspect:3:", rec.Stamp.Wall)
	for i := 1; i <= 2; i++ {
		got := suspicions(w, i, 3)
		if len(got) != 1 || got[0] != want {
			t.Fatalf("node %d holds suspicions %q, want %q", i, got, want)
		}
		r := w.nodes[i].core.Record(want)
		if r.Value != fmt.Sprint(5*second) {
			t.Errorf("the suspicion is %q, want the %d ns that node 3 has to answer", r.Value, 5*second)
		}
		if r.Expires < rec.Expires || r.Expires > rec.Expires+6*second {
			t.Errorf("the suspicion expires at %d, want a little after the descriptor, at %d", r.Expires, rec.Expires)
		}
	}
	if n := named(w, 1, core.Suspecting, 3) + named(w, 2, core.Suspecting, 3); n < 1 || n > 2 {
		t.Errorf("%d events of a suspicion, want one, or one each", n)
	}
	w.run(20 * second)
	if got := suspicions(w, 1, 3); len(got) != 1 {
		t.Errorf("later, node 1 holds suspicions %q, want the one", got)
	}
	if errs := w.check(); len(errs) > 0 {
		t.Error(errs)
	}
}

// A neighbour that says nothing, and answers no dial, is suspected as one is whose link breaks; how long a dial takes
// that nobody answers is no matter.
func TestSilentNeighbourIsSuspected(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	w.describe(1)
	p := w.admitted(t, 7, 1, wire.Chord)
	w.handDials = true
	o := core.Origin{Node: 7, Incarnation: p.inc}
	p.send(frame(info(o, 1, "node:7", descriptor(7), 1, hour), claim(o, 0, 1)))
	w.run(3*second - ms)
	if !p.up() || len(suspicions(w, 1, 7)) != 0 {
		t.Fatal("the link has ended, or node 7 is suspected, before three pings")
	}
	w.run(600 * ms)
	if p.up() || dialsTo(w, 1, 7) != 1 || len(suspicions(w, 1, 7)) != 0 {
		t.Fatalf("up: %t, %d dials, suspicions %q, want the link ended and one dial under way", p.up(), dialsTo(w, 1, 7), suspicions(w, 1, 7))
	}
	w.run(second)
	if got, want := suspicions(w, 1, 7), fmt.Sprint("suspect:7:", epoch+1); len(got) != 1 || got[0] != want {
		t.Errorf("suspicions %q, want %q", got, want)
	}
}

func TestLostLinkIsNoFailure(t *testing.T) {
	tests := []struct {
		name string
		lose func(*world) // node 3's link to node 1, or all of it
	}{
		{name: "the link breaks", lose: func(w *world) { w.sever(1, 3) }},
		{name: "all its links break", lose: func(w *world) { w.sever(1, 3); w.sever(2, 3) }},
		{name: "it leaves", lose: func(w *world) {
			w.command(3, core.Command{Op: core.OpLeave})
			w.run(second)
			w.crash(3)
		}},
		{name: "it starts again", lose: func(w *world) {
			stored := w.nodes[3].stored
			w.crash(3)
			w.nodes[3].stored = stored
			w.start(3)
			w.describe(3)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := three(t)
			tt.lose(w)
			w.run(10 * second)
			for i := 1; i <= 2; i++ {
				if got := suspicions(w, i, 3); len(got) != 0 {
					t.Errorf("node %d holds suspicions %q, want none", i, got)
				}
			}
		})
	}
}

// Without room for a dial there is no evidence: the doubt is left to others.
func TestNoRoomNoSuspicion(t *testing.T) {
	w := newWorld(1, func(c *core.Config) { c.MaxPeers = 1 })
	w.nodes[1].seeds = []wire.Addr{addrOf(8)}
	w.handDials = true
	w.start(1)
	w.describe(1)
	seed := w.answer(t, 1, w.nodes[1].dials[0], 8)
	seed.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Admitted})
	p := w.admitted(t, 7, 1, wire.Chord)
	o := core.Origin{Node: 7, Incarnation: p.inc}
	p.send(frame(info(o, 1, "node:7", descriptor(7), 1, hour), claim(o, 0, 1)))
	p.close()
	for range 20 {
		w.run(500 * ms)
		seed.send(wire.AppendPing(nil, wire.Ping{ID: 1}))
	}
	if n, got := dialsTo(w, 1, 7), suspicions(w, 1, 7); n != 0 || len(got) != 0 {
		t.Errorf("%d dials, suspicions %q, want none", n, got)
	}
	seed.close()
	for range 20 {
		w.run(500 * ms)
		for _, d := range w.nodes[1].dials {
			w.do(1, core.Input{Kind: core.InDialFailed, Dial: d.ID})
		}
	}
	if n, got := dialsTo(w, 1, 7), suspicions(w, 1, 7); n == 0 || len(got) != 0 {
		t.Errorf("later, with room, %d dials, suspicions %q, want dials and no suspicion", n, got)
	}
}

func TestRefute(t *testing.T) {
	tests := []struct {
		name   string
		node   string
		stamp  int64 // of the suspected descriptor, from that of node 1's own
		text   string
		left   bool
		answer bool
	}{
		{name: "its descriptor", node: "1", answer: true},
		{name: "one that it never had", node: "1", stamp: 5},
		{name: "one that no answer is newer than", node: "1", stamp: math.MaxInt64 - epoch - 10*second},
		{name: "an older one", node: "1", stamp: -1},
		{name: "another node", node: "11"},
		{name: "no number", node: "1", text: "suspect:1:now"},
		{name: "nothing", node: "1", text: "suspect:1"},
		{name: "has left", node: "1", left: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(1, nil)
			w.start(1)
			w.describe(1)
			p := w.admitted(t, 7, 1, wire.Chord)
			before := w.nodes[1].core.Record("node:1")
			if tt.left {
				w.command(1, core.Command{Op: core.OpLeave})
				before = w.nodes[1].core.Record("node:1")
			}
			w.now += 10 * ms
			key := fmt.Sprint("suspect:", tt.node, ":", before.Stamp.Wall+tt.stamp)
			if tt.text != "" {
				key = tt.text
			}
			o := core.Origin{Node: 7, Incarnation: p.inc}
			p.send(frame(info(o, 1, key, "5", 2*second, hour), claim(o, 0, 1)))
			rec := w.nodes[1].core.Record("node:1")
			if answered := compare(rec, before) > 0; answered != tt.answer {
				t.Errorf("a newer descriptor is written: %t, want %t", answered, tt.answer)
			}
			if tt.answer && (rec.Value != before.Value || rec.Stamp.Wall <= before.Stamp.Wall+tt.stamp) {
				t.Errorf("%s is written, want the same, stamped later than %d", show(rec), before.Stamp.Wall+tt.stamp-epoch)
			}
			if got := named(w, 1, core.Refuting, 7) == 1; got != tt.answer {
				t.Errorf("an event says so: %t, want %t", got, tt.answer)
			}
		})
	}
}

// Who suspects a node that somebody else suspects already says nothing.
func TestSuspectedOnce(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	w.describe(1)
	p := w.admitted(t, 7, 1, wire.Chord)
	q := w.admitted(t, 8, 1, wire.Chord)
	o, other := core.Origin{Node: 7, Incarnation: p.inc}, core.Origin{Node: 8, Incarnation: q.inc}
	p.send(frame(info(o, 1, "node:7", descriptor(7), 1, hour), claim(o, 0, 1)))
	p.close()
	q.send(frame(info(other, 1, fmt.Sprint("suspect:7:", epoch+1), "5", 2, hour), claim(other, 0, 1)))
	w.run(2 * second)
	if n := named(w, 1, core.Suspecting, 7); n != 0 {
		t.Errorf("%d events of a suspicion, want none", n)
	}
	if r := w.nodes[1].core.Record(fmt.Sprint("suspect:7:", epoch+1)); r == nil || r.Node != 8 {
		t.Errorf("the suspicion is %s, want node 8's", show(r))
	}
}

// Any sign of life ends a doubt, be it a refusal.
func TestSignOfLife(t *testing.T) {
	tests := []struct {
		name string
		sign func(*testing.T, *world, *peer) // of node 7, whose link is lost
		want int                             // suspicions
	}{
		{name: "none", sign: func(*testing.T, *world, *peer) {}, want: 1},
		{name: "its answer", sign: func(t *testing.T, w *world, _ *peer) {
			w.run(600 * ms)
			p := w.answer(t, 1, w.nodes[1].dials[len(w.nodes[1].dials)-1], 7)
			p.hello(wire.Hello{ClusterID: "test", Reason: wire.Chord, Verdict: wire.Refused, Refusal: wire.Busy})
			p.close()
		}},
		{name: "another's answer", sign: func(t *testing.T, w *world, _ *peer) {
			w.run(600 * ms)
			p := w.answer(t, 1, w.nodes[1].dials[len(w.nodes[1].dials)-1], 9)
			p.hello(wire.Hello{ClusterID: "test", Reason: wire.Chord, Verdict: wire.Refused, Refusal: wire.Busy})
			p.close()
		}, want: 1},
		{name: "its Hello", sign: func(t *testing.T, w *world, _ *peer) {
			w.run(600 * ms)
			p := w.dialIn(t, 7, 1)
			p.hello(wire.Hello{ClusterID: "test", Reason: wire.Chord, MinVersion: 9, MaxVersion: 9})
			p.close()
		}},
		{name: "its announcement", sign: func(t *testing.T, w *world, _ *peer) {
			p := w.dialIn(t, 0, 1) // it has not learned its ID yet
			p.inc = uint64(epoch) + 7
			p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Leaf: true, Instance: 77_007})
			w.run(600 * ms)
			p.id = 7
			p.hello(wire.Hello{ClusterID: "test", Instance: 77_007})
			w.idle(p, 2*second)
		}},
		{name: "a newer descriptor", sign: func(t *testing.T, w *world, q *peer) {
			w.run(600 * ms)
			o := core.Origin{Node: 7, Incarnation: uint64(epoch) + 7}
			q.send(frame(info(o, 2, "node:7", descriptor(7), 2, hour), claim(o, 1, 2)))
		}},
		{name: "it has left", sign: func(t *testing.T, w *world, q *peer) {
			o := core.Origin{Node: 7, Incarnation: uint64(epoch) + 7}
			q.send(frame(tombstone(o, 2, "node:7", 2, hour), claim(o, 1, 2)))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(1, nil)
			w.handDials = true
			w.start(1)
			w.describe(1)
			p, q := w.admitted(t, 7, 1, wire.Chord), w.admitted(t, 8, 1, wire.Chord)
			o := core.Origin{Node: 7, Incarnation: p.inc}
			p.send(frame(info(o, 1, "node:7", descriptor(7), 1, hour), claim(o, 0, 1)))
			p.close()
			tt.sign(t, w, q)
			w.run(2 * second)
			if got := suspicions(w, 1, 7); len(got) != tt.want {
				t.Errorf("suspicions %q, want %d", got, tt.want)
			}
		})
	}
}

func TestSuspicionsKeepToTheLimit(t *testing.T) {
	w := newWorld(1, func(c *core.Config) { c.Limits.Infos = 2 })
	w.start(1)
	w.describe(1)
	p := w.admitted(t, 7, 1, wire.Chord)
	o := core.Origin{Node: 7, Incarnation: p.inc}
	p.send(frame(info(o, 1, "node:7", descriptor(7), 1, hour), claim(o, 0, 1)))
	p.close()
	w.run(5 * second)
	if keys := w.nodes[1].core.Keys(); len(keys) != 2 || named(w, 1, core.LimitHit, 7) != 1 {
		t.Errorf("keys %q, %d events of the limit, want 2 keys and one event", keys, named(w, 1, core.LimitHit, 7))
	}
}
