package core_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestTwoMemoriesAreNoDuplicate: two peers that remember different earlier lives of this node are not another node.
func TestTwoMemoriesAreNoDuplicate(t *testing.T) {
	w := newWorld(1, nil)
	w.handDials = true
	w.nodes[1].seeds = []wire.Addr{addrOf(10), addrOf(11)}
	w.start(1)
	n := &w.nodes[1]
	inc := n.core.Incarnation()
	for i := range uint64(2) {
		p := w.answer(t, 1, n.dials[len(n.dials)-1], 10+i)
		p.drop()
		p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Refused, Refusal: wire.DuplicateNode, KnownIncarnation: inc + 1000*(i+1)})
		p.close()
		w.run(200 * ms)
	}
	if n.fatal != 0 || n.core.Incarnation() != inc+2001 {
		t.Errorf("fatal %d, incarnation +%d, want 0 and +2001", n.fatal, n.core.Incarnation()-inc)
	}
}

// TestIDWithANewerLife: a node that is told an ID whose newer life it knows already takes a life after that.
func TestIDWithANewerLife(t *testing.T) {
	w := newWorld(2, func(c *core.Config) {
		if c.Node == 2 {
			c.Node = 0
		}
	})
	w.nodes[2].seeds = []wire.Addr{addrOf(1)}
	w.start(1)
	p := w.admitted(t, 10, 1, wire.Chord)
	known := core.Origin{Node: 2, Incarnation: uint64(epoch + hour)} // when its clock was ahead
	p.send(frame(info(known, 1, "k", "v", 1, 0), claim(known, 0, 1)))
	w.start(2)
	w.run(second)
	w.describe(2)
	w.run(10 * second)
	if got := w.nodes[2].core.Incarnation(); got <= known.Incarnation {
		t.Errorf("node 2 publishes under %d, want one after %d", got, known.Incarnation)
	}
}

// TestTwoNodesWithOneID: two live nodes that were given one ID find out, and one of them ends, soon.
func TestTwoNodesWithOneID(t *testing.T) {
	for seed := range uint64(10) {
		w := newWorld(3, func(c *core.Config) {
			c.Seed += seed
			if c.Node == 3 {
				c.Node = 2
			}
		})
		for i := 2; i <= 3; i++ {
			w.nodes[i].seeds = []wire.Addr{addrOf(1)}
		}
		w.start(1, 2)
		w.run(second)
		w.start(3)
		w.describe(1)
		w.command(2, core.Command{Op: core.OpDescriptor, Node: 2, Key: "node:2", Value: descriptor(2)})
		w.command(3, core.Command{Op: core.OpDescriptor, Node: 2, Key: "node:2", Value: descriptor(2)})
		from := w.now
		for w.now < from+10*second && w.nodes[2].fatal == 0 && w.nodes[3].fatal == 0 {
			w.run(ms)
		}
		if d := w.now - from; d > 5*second {
			t.Errorf("seed %d: it took %d ms", seed, d/ms)
		}
		w.run(20 * second)
		if a, b := w.nodes[2].fatal, w.nodes[3].fatal; a+b != wire.DuplicateNode || w.nodes[1].fatal != 0 {
			t.Errorf("seed %d: the two end with %d and %d, want one of them with %d", seed, a, b, wire.DuplicateNode)
		}
	}
}

// TestNewerLifeWinsTheLink: a node that comes back while its old link is still there gets the place; the other end of the
// old link is told. One that comes back with an older life is refused, and told which it has to follow.
func TestNewerLifeWinsTheLink(t *testing.T) {
	w, p := lone(t, nil)
	q := w.dialIn(t, 10, 1)
	q.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Incarnation: p.inc + 1, Instance: 5})
	if f := q.recv(); f.Hello.Verdict != wire.Admitted {
		t.Fatalf("the newer life is answered %+v", f.Hello)
	}
	if f := p.recv(); f == nil || f.Bye == nil || f.Bye.Reason != wire.DuplicateNode {
		t.Errorf("the older life is told %+v, want a Bye for it is a duplicate", f)
	}
	admitted := 0
	for _, l := range w.nodes[1].core.Links() {
		if l.Admitted {
			admitted++
		}
	}
	if admitted != 1 {
		t.Errorf("%d links are admitted, want 1", admitted)
	}
	w.run(second + ms)
	if p.up() || !q.up() {
		t.Errorf("a second later the older life's link is up: %t, the newer's: %t", p.up(), q.up())
	}
	r := w.dialIn(t, 10, 1)
	r.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Incarnation: p.inc, Instance: 6})
	if f := r.recv(); f.Hello.Verdict != wire.Refused || f.Hello.Refusal != wire.DuplicateNode || f.Hello.KnownIncarnation != p.inc+1 {
		t.Errorf("an older life is answered %+v, want a refusal that names incarnation %d", f.Hello, p.inc+1)
	}
}

// TestRestartWithoutMemory: a node whose clock is behind its earlier life's takes the life after the one its peer knows,
// and what it wrote earlier comes back to it.
func TestRestartWithoutMemory(t *testing.T) {
	w := pair(nil)
	first := w.nodes[2].core.Incarnation()
	w.add(2, "k", "v", 0)
	w.run(second)
	w.sever(1, 2)
	w.crash(2)
	w.nodes[2].skew = -24 * hour
	w.start(2)
	w.describe(2)
	w.run(10 * second)
	if got := w.nodes[2].core.Incarnation(); got != first+1 {
		t.Errorf("it lives under %d, want %d", got, first+1)
	}
	if r := w.nodes[2].core.Record("k"); live(r) == nil || r.Incarnation != first {
		t.Errorf("it has %s of life %d, want what it wrote in life %d", show(r), r.Incarnation, first)
	}
	if w.nodes[2].fatal != 0 {
		t.Error("it takes its earlier life for another node")
	}
	agree(t, w, 1, 2)
}

// TestStoredIncarnation: a node follows the life its store remembers, if the clock does not.
func TestStoredIncarnation(t *testing.T) {
	now := uint64(epoch + second)
	for _, tt := range []struct{ stored, want uint64 }{{0, now}, {now - 1, now}, {now, now + 1}, {now + 7, now + 8}} {
		w := newWorld(1, nil)
		w.nodes[1].stored = tt.stored
		w.start(1)
		if got := w.nodes[1].core.Incarnation(); got != tt.want || w.nodes[1].saves[0] != got {
			t.Errorf("with %d stored it lives under %d and saves %d, want %d", tt.stored, got, w.nodes[1].saves[0], tt.want)
		}
	}
}

// TestOwnIDDials: a node that is dialled by its own ID, with a newer life, takes the next one; if that happens again
// within ten seconds, it ends.
func TestOwnIDDials(t *testing.T) {
	for _, tt := range []struct {
		again int64
		want  wire.Refusal
	}{{10*second - 1, wire.DuplicateNode}, {10 * second, 0}} {
		w := newWorld(1, nil)
		w.start(1)
		n := &w.nodes[1]
		dial := func(inc uint64) {
			p := w.dialIn(t, 1, 1)
			p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Incarnation: inc})
			if n.up {
				if h := p.recv().Hello; h.Verdict != wire.Refused || h.Refusal != wire.DuplicateNode {
					t.Errorf("it is answered %+v", h)
				}
				p.close()
			}
		}
		first := n.core.Incarnation()
		dial(first - 1)
		dial(1<<62 - 1) // no clock shows that
		if got := n.core.Incarnation(); got != first {
			t.Errorf("because of a life that is none it lives under +%d", got-first)
		}
		dial(first + 5)
		if got := n.core.Incarnation(); got != first+6 || n.stored != got {
			t.Errorf("it lives under +%d, want +6", got-first)
		}
		w.run(tt.again)
		dial(first + 50)
		if n.fatal != tt.want {
			t.Errorf("dialled again after %d ms it ends with %d, want %d", tt.again/ms, n.fatal, tt.want)
		}
	}
}

// TestRaiseByHearsay: what peers say of a newer life of this node makes it take the next one, at most once a second.
func TestRaiseByHearsay(t *testing.T) {
	w, p := lone(t, nil)
	n := &w.nodes[1]
	first := n.core.Incarnation()
	for _, tt := range []struct {
		after      int64
		told, want uint64
	}{{0, 0, 0}, {0, 5, 6}, {second - 1, 100, 6}, {1, 200, 201}} {
		w.run(tt.after)
		p.send(wire.AppendOrigins(nil, wire.Origin{NodeID: 1, Incarnation: first + tt.told}))
		if got := n.core.Incarnation(); got != first+tt.want {
			t.Errorf("told of life +%d it lives under +%d, want +%d", tt.told, got-first, tt.want)
		}
	}
	if n.fatal != 0 {
		t.Errorf("ends with %d", n.fatal)
	}
}
