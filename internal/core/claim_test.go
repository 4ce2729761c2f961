package core_test

import (
	"fmt"
	"testing"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// claiming is the seq-th write of an origin, which claims so many up to it.
func claiming(o core.Origin, seq uint64, key string, claims uint64) []byte {
	return frame(of(key, &gossippb.Info{
		NodeId: o.Node, Incarnation: o.Incarnation, Seq: seq, Hops: 1, Claims: 2 * claims,
		Value: &gossippb.Value{RawBytes: []byte("v"), Timestamp: &gossippb.Timestamp{WallTime: epoch + int64(seq)}},
	}))
}

// TestInfoClaims: an info that claims does what a range does that ends with it.
func TestInfoClaims(t *testing.T) {
	w, p := lone(t, nil)
	o := core.Origin{Node: 20, Incarnation: 100}
	for _, tt := range []struct{ seq, claims, want uint64 }{{1, 1, 1}, {3, 1, 1}, {3, 2, 3}, {9, 9, 9}, {10, 0, 9}, {11, 2, 11}} {
		p.send(claiming(o, tt.seq, "k", tt.claims))
		if got := w.nodes[1].core.Marks()[o]; got != tt.want {
			t.Errorf("after the %d-th write, which claims %d, covered up to %d, want %d", tt.seq, tt.claims, got, tt.want)
		}
	}
	self := core.Origin{Node: 1, Incarnation: w.nodes[1].core.Incarnation()}
	w.add(1, "mine", "v", 0)
	own := w.nodes[1].core.Marks()[self]
	p.send(claiming(self, own, "mine", 1))
	if !p.up() {
		t.Error("the link has ended over a claim of what the node has written")
	}
	p.send(claiming(self, own+1, "mine", 1))
	if p.up() {
		t.Error("the link is up after a claim of what the node has not written")
	}
}

// TestClaimIsTheInfos: a range that ends with an info is said by that, and costs three bytes.
func TestClaimIsTheInfos(t *testing.T) {
	w, from, q, _, o, seq := hub(t)
	q.send(frame(graft(o, seq)))
	from.send(frame(info(o, seq+1, "k", "w", 100, 0), claim(o, seq, seq+1)))
	f := q.recv()
	if f == nil || len(f.Infos) != 1 || f.Infos[0].Claims != 1 || len(f.Ranges) != 0 {
		t.Fatalf("hears %+v, want an info that claims itself", f)
	}
	w.add(1, "a", "v", 0) // several at once, of which the last claims all
	q.drop()
	self := core.Origin{Node: 1, Incarnation: w.nodes[1].core.Incarnation()}
	q.send(frame(graft(self, 0)))
	w.run(100 * ms)
	for f = q.recv(); f != nil && len(f.Infos) == 0; f = q.recv() {
	}
	own := w.nodes[1].core.Marks()[self]
	if n := len(f.Infos); len(f.Ranges) != 0 || f.Infos[n-1].Claims != own || !f.Infos[n-1].Repair {
		t.Errorf("what was asked for comes as %+v, want a range that says so", f)
	}
	next := func() *wire.Frame {
		w.run(100 * ms)
		for f := q.recv(); f != nil; f = q.recv() {
			if len(f.Infos) > 0 {
				return f
			}
		}
		t.Fatal("hears of no info")
		return nil
	}
	from.send(frame(info(o, seq+2, "k", "x", 101, 0), info(o, seq+3, "l", "x", 102, 0), claim(o, seq+1, seq+3)))
	if f := next(); len(f.Infos) != 2 || f.Infos[0].Claims != 0 || f.Infos[1].Claims != 2 || len(f.Ranges) != 0 {
		t.Errorf("two infos come as %+v, want the second to claim both", f)
	}
	from.send(frame(info(o, seq+4, "k", "y", 103, 0), info(o, seq+6, "m", "y", 104, 0), claim(o, seq+3, seq+4)))
	if f := next(); len(f.Infos) != 2 || len(f.Ranges) != 1 || f.Ranges[0] != (wire.Range{NodeID: o.Node, From: seq + 3, To: seq + 4}) {
		t.Errorf("what is claimed up to before the last info comes as %+v, want a range beside it", f)
	}
	other := core.Origin{Node: 21, Incarnation: 100}
	from.send(frame(info(other, 5, "n", "newer", 300, 0)))
	from.send(frame(info(o, seq+7, "n", "older", 200, 0), claim(o, seq+4, seq+7)))
	if f := next(); len(f.Standins) != 1 || len(f.Infos) == 0 || f.Infos[len(f.Infos)-1].Claims != 0 || len(f.Ranges) != 1 {
		t.Errorf("what another origin wrote comes as %+v, want it to claim nothing", f)
	}
}

// TestJoinBytes: to who joins, an info of an origin of its own costs 20 bytes besides those that are the same on every link: 8 for its hops and
// age, 3 for the range, and 9 for the declaration of an origin that began a second after the one before.
func TestJoinBytes(t *testing.T) {
	w, p := lone(t, nil)
	const origins = 500
	stable := 0
	for i := range uint64(origins) {
		o := core.Origin{Node: 100 + i, Incarnation: uint64(epoch) + i*uint64(second)}
		in := &gossippb.Info{
			NodeId: o.Node, Incarnation: o.Incarnation, Seq: 1, Ttl: 24 * hour, Hops: 1,
			Value: &gossippb.Value{RawBytes: []byte("value"), Timestamp: &gossippb.Timestamp{WallTime: epoch + int64(i)}},
		}
		b := frame(of(fmt.Sprint("key:", 100+i), in))
		p.send(claim(o, 0, 1)(declare(o, 1)(b)))
		in.Incarnation, in.Hops = 0, 0
		stable += len(frame(of(fmt.Sprint("key:", 100+i), in)))
	}
	w.run(second)
	q := w.dialIn(t, 11, 1)
	q.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
	q.send(wire.AppendMarksEnd(nil))
	infos, ranges, bytes := 0, 0, 0
	for f := q.recv(); f != nil; f = q.recv() {
		if len(f.Infos) > 0 {
			infos, ranges, bytes = infos+len(f.Infos), ranges+len(f.Ranges), bytes+f.Size
		}
	}
	if got := float64(bytes-stable) / float64(infos); infos < origins || ranges != 0 || got > 20.5 {
		t.Errorf("%d infos cost %.1f bytes each besides what they are, and %d ranges, want at most 20.5, and no range", infos, got, ranges)
	}
}
