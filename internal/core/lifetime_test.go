package core_test

import (
	"math"
	"testing"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// aged is a live info that has lived for a while.
func aged(o core.Origin, seq uint64, key string, ttl, age int64) part {
	return of(key, &gossippb.Info{
		NodeId: o.Node, Incarnation: o.Incarnation, Seq: seq, Hops: 1, Ttl: ttl, Age: age,
		Value: &gossippb.Value{RawBytes: []byte("v"), Timestamp: &gossippb.Timestamp{WallTime: epoch + int64(seq)}},
	})
}

// TestLifetime: an info lives for its ttl, of which its age is gone already.
func TestLifetime(t *testing.T) {
	tests := []struct {
		name     string
		ttl, age int64
		want     int64 // how long it lives here; -1: for ever
	}{
		{name: "new", ttl: 10 * second, want: 10 * second},
		{name: "has lived for a while", ttl: 10 * second, age: 4 * second, want: 6 * second},
		{name: "has expired on the way", ttl: 10 * second, age: 10 * second, want: 0},
		{name: "for ever", ttl: 0, age: 4 * second, want: -1},
		{name: "as long as can be said", ttl: math.MaxInt64, want: -1},
		{name: "as long as can be said, aged", ttl: math.MaxInt64, age: hour, want: math.MaxInt64 - hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, p := lone(t, nil)
			p.send(frame(aged(core.Origin{Node: 20, Incarnation: 100}, 1, "k", tt.ttl, tt.age)))
			c := w.nodes[1].core
			want := int64(math.MaxInt64)
			if tt.want >= 0 && w.now < math.MaxInt64-tt.want {
				want = w.now + tt.want
			}
			if got := c.Record("k").Expires; got != want {
				t.Errorf("expires at %d, want %d", got, want)
			}
			if tt.want < 0 || tt.want > hour {
				w.now += hour
				w.do(1, core.Input{Kind: core.InDeadline})
				if live(c.Record("k")) == nil {
					t.Error("has expired within an hour")
				}
				return
			}
			if tt.want > 0 {
				w.now += tt.want - 1
				w.do(1, core.Input{Kind: core.InDeadline})
				if live(c.Record("k")) == nil {
					t.Error("has expired a nanosecond too early")
				}
				w.now++
				w.do(1, core.Input{Kind: core.InDeadline})
			}
			if r := c.Record("k"); r == nil || r.State != wire.Skeleton || r.Value != "" {
				t.Errorf("holds %s, want a skeleton", show(r))
			}
		})
	}
}

// TestOwnLifetime: a write lives for its ttl, however long that is.
func TestOwnLifetime(t *testing.T) {
	for _, ttl := range []int64{0, 1, hour, math.MaxInt64 - second, math.MaxInt64} {
		w, _ := lone(t, nil)
		w.add(1, "k", "v", ttl)
		want := int64(math.MaxInt64)
		if ttl != 0 && ttl <= math.MaxInt64-w.now {
			want = w.now + ttl
		}
		if got := w.nodes[1].core.Record("k").Expires; got != want {
			t.Errorf("with a ttl of %d it expires at %d, want %d", ttl, got, want)
		}
	}
}

// TestLifetimeAlongHops: what is left of an info's life never gets more on its way, however long it stays at a node.
func TestLifetimeAlongHops(t *testing.T) {
	w := newWorld(4, nil)
	w.latency = 7 * ms
	const ttl = 10 * second
	left := int64(ttl)
	for i := 1; i <= 4; i++ {
		w.nodes[i].seeds = []wire.Addr{addrOf(uint64(i - 1))}
		w.start(i)
		if i == 1 {
			w.add(1, "k", "v", ttl)
		}
		w.run(second)
		r := w.nodes[i].core.Record("k")
		if live(r) == nil {
			t.Fatalf("node %d has %s", i, show(r))
		}
		if got := r.Expires - r.Taken; got > left || got < left-200*ms {
			t.Errorf("when it got to node %d it had %d ms left, want what was left at the node before, %d", i, got/ms, left/ms)
		}
		if r.TTL != ttl || int(r.Hops) != i-1 {
			t.Errorf("at node %d it has ttl %d and %d hops, want %d and %d", i, r.TTL, r.Hops, int64(ttl), i-1)
		}
		left = r.Expires - w.now
	}
	w.run(7 * second)
	for i := 1; i <= 4; i++ {
		if r := w.nodes[i].core.Record("k"); live(r) != nil {
			t.Errorf("node %d still has %s", i, show(r))
		}
	}
}

// chain returns n nodes of which each is linked to the next, by hand: they dial nobody.
func chain(n int, set func(*core.Config)) *world {
	w := newWorld(n, set)
	w.handDials = true
	for i := 1; i <= n; i++ {
		w.nodes[i].seeds = []wire.Addr{addrOf(uint64(i - 1))}
		w.start(i)
		if i > 1 {
			w.connect(i, w.nodes[i].dials[0])
			w.drain()
			w.settle()
		}
	}
	return w
}

// TestSkeletonStays: what is gone keeps its place, so that nothing it stood over comes back.
func TestSkeletonStays(t *testing.T) {
	const maxTTL = 24 * hour
	a, b := core.Origin{Node: 20, Incarnation: 100}, core.Origin{Node: 21, Incarnation: 100}
	tests := []struct {
		name string
		play func(w *world, p *peer)
		want int64 // how long the place is kept from now on; -1: for ever
	}{
		{"an own write expires", func(w *world, p *peer) { w.add(1, "k", "v", second) }, second + maxTTL},
		{"another's write expires", func(w *world, p *peer) { p.send(frame(aged(a, 1, "k", 2*second, second))) }, second + maxTTL},
		{"it had expired before it came", func(w *world, p *peer) { p.send(frame(aged(a, 1, "k", 2*second, hour))) }, 2*second - hour + maxTTL},
		{"deleted", func(w *world, p *peer) { w.add(1, "k", "v", second); w.remove(1, "k") }, maxTTL},
		{"deleted, the write would have lived longer", func(w *world, p *peer) {
			w.add(1, "k", "v", 3*maxTTL)
			w.remove(1, "k")
		}, 3 * maxTTL},
		{"deleted, the write would have lived for ever", func(w *world, p *peer) {
			w.add(1, "k", "v", 0)
			w.remove(1, "k")
		}, -1},
		{"replaced by a shorter one", func(w *world, p *peer) {
			w.add(1, "k", "v", 3*maxTTL)
			w.add(1, "k", "w", second)
		}, 3 * maxTTL},
		{"replaced by a shorter one, twice", func(w *world, p *peer) {
			w.add(1, "k", "v", 3*maxTTL)
			w.add(1, "k", "w", 2*second)
			w.add(1, "k", "x", second)
		}, 3 * maxTTL},
		{"replaced by a shorter one, once for ever", func(w *world, p *peer) {
			w.add(1, "k", "v", 0)
			w.add(1, "k", "w", second)
		}, -1},
		{"another's is replaced by another's", func(w *world, p *peer) {
			p.send(frame(info(a, 1, "k", "v", 1, 3*maxTTL)))
			p.send(frame(info(b, 1, "k", "w", 2, second)))
		}, 3 * maxTTL},
		{"the older one comes later", func(w *world, p *peer) {
			p.send(frame(info(b, 1, "k", "w", 2, second)))
			p.send(frame(info(a, 1, "k", "v", 1, 3*maxTTL)))
		}, 3 * maxTTL},
		{"the older one comes when the newer is a skeleton", func(w *world, p *peer) {
			p.send(frame(info(b, 1, "k", "w", 2, second)))
			w.now += second
			w.do(1, core.Input{Kind: core.InDeadline})
			p.send(frame(info(a, 1, "k", "v", 1, 3*maxTTL)))
		}, second + 3*maxTTL},
		{"the writer knows what it replaced", func(w *world, p *peer) {
			p.send(frame(of("k", &gossippb.Info{NodeId: 20, Incarnation: 100, Seq: 1, Ttl: second, Keep: 3 * maxTTL,
				Value: &gossippb.Value{Timestamp: &gossippb.Timestamp{WallTime: epoch}}})))
		}, 3 * maxTTL},
		{"a standin says so", func(w *world, p *peer) {
			p.send(frame(info(b, 1, "k", "w", 2, second)))
			p.send(wire.AppendStandin(nil, wire.Standin{Key: "k", NodeID: 20, Incarnation: 100, Seq: 1, Keep: 3 * maxTTL}))
		}, 3 * maxTTL},
		{"another's tombstone", func(w *world, p *peer) { p.send(frame(tombstone(a, 1, "k", 1, 2*maxTTL))) }, 2 * maxTTL},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, p := lone(t, nil)
			begin := w.now
			tt.play(w, p)
			p.close()
			c := w.nodes[1].core
			at := func(d int64) *core.Record {
				w.now = begin + d
				w.do(1, core.Input{Kind: core.InDeadline})
				return c.Record("k")
			}
			if tt.want < 0 {
				if r := at(1000 * maxTTL); r == nil || r.State == wire.Live {
					t.Errorf("1000 days later it holds %s, want a place kept", show(r))
				}
				return
			}
			if r := at(tt.want - 1); r == nil || r.State == wire.Live {
				t.Errorf("a nanosecond before its time it holds %s, want a place kept", show(r))
			}
			if r := at(tt.want); r != nil {
				t.Errorf("when its time has come it holds %s, want nothing", show(r))
			}
			if errs := w.check(); len(errs) > 0 {
				t.Error(errs)
			}
		})
	}
}

// TestKeepOnlyWhereNeeded: a write says for how long older ones have to be kept out only where that is longer than its own
// life and the time that every place is kept.
func TestKeepOnlyWhereNeeded(t *testing.T) {
	const maxTTL = 24 * hour
	for _, tt := range []struct{ before, ttl, want int64 }{
		{maxTTL, second, 0}, {2 * maxTTL, 3 * maxTTL, 0}, {2 * maxTTL, 0, 0}, {0, 0, 0},
		{2 * maxTTL, second, 2 * maxTTL}, {0, second, math.MaxInt64},
	} {
		w, _ := lone(t, nil)
		w.add(1, "k", "v", tt.before)
		w.add(1, "k", "w", tt.ttl)
		if got := w.nodes[1].core.Record("k").Keep; got != tt.want {
			t.Errorf("a write that lives %d, over one that lives %d, asks to keep that out for %d, want %d", tt.ttl, tt.before, got, tt.want)
		}
	}
}

// TestSkeletonTravels: a node that was not there gets to know of the places kept, and for how long.
func TestSkeletonTravels(t *testing.T) {
	const maxTTL = 24 * hour
	w := chain(2, nil)
	w.add(1, "gone", "v", 3*maxTTL)
	w.add(1, "gone", "w", second)
	w.add(1, "deleted", "v", 3*maxTTL)
	w.remove(1, "deleted")
	w.run(5 * second)
	for _, k := range []string{"gone", "deleted"} {
		r := w.nodes[2].core.Record(k)
		if r == nil || r.State == wire.Live {
			t.Fatalf("node 2 has %s, want a place kept", show(r))
		}
		if got, want := w.nodes[2].core.Hold(k), w.nodes[1].core.Hold(k); got < want-second || got > want+second {
			t.Errorf("%s is held until %d, want about %d", k, got, want)
		}
	}
	w.sever(1, 2)
	w.now += 2 * maxTTL
	w.do(2, core.Input{Kind: core.InDeadline})
	q := w.admitted(t, 11, 2, wire.Chord)
	old := core.Origin{Node: 30, Incarnation: 100}
	q.send(frame(info(old, 1, "gone", "old", 1-epoch, 0), info(old, 2, "deleted", "old", 1-epoch, 0), claim(old, 0, 2)))
	for _, k := range []string{"gone", "deleted"} {
		if r := w.nodes[2].core.Record(k); live(r) != nil {
			t.Errorf("node 2 shows %s again", show(r))
		}
	}
}

// TestTombstone: a deletion stands over what is older, and under what is newer, whichever comes first.
func TestTombstone(t *testing.T) {
	a, b := core.Origin{Node: 20, Incarnation: 100}, core.Origin{Node: 21, Incarnation: 100}
	tests := []struct {
		name  string
		first part
		then  part
		want  string
	}{
		{"after an older write", info(a, 1, "k", "v", 1, 0), tombstone(b, 1, "k", 2, hour), ""},
		{"before an older write", tombstone(b, 1, "k", 2, hour), info(a, 1, "k", "v", 1, 0), ""},
		{"after a newer write", info(a, 1, "k", "v", 3, 0), tombstone(b, 1, "k", 2, hour), "v"},
		{"before a newer write", tombstone(b, 1, "k", 2, hour), info(a, 1, "k", "v", 3, 0), "v"},
		{"of the same time by a larger ID", tombstone(b, 1, "k", 2, hour), info(a, 1, "k", "v", 2, 0), ""},
		{"of the same time by a smaller ID", tombstone(a, 1, "k", 2, hour), info(b, 1, "k", "v", 2, 0), "v"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, p := lone(t, nil)
			p.send(frame(tt.first))
			p.send(frame(tt.then))
			got := ""
			if r := live(w.nodes[1].core.Record("k")); r != nil {
				got = r.Value
			}
			if got != tt.want {
				t.Errorf("shows %q, want %q", got, tt.want)
			}
			if errs := w.check(); len(errs) > 0 {
				t.Error(errs)
			}
		})
	}
}
