package core_test

import (
	"hash/crc32"
	"slices"
	"testing"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// peer is a node whose frames a test makes by hand.
type peer struct {
	t    testing.TB
	w    *world
	k    int // its link
	side int
	to   int // whom it talks to
	id   uint64
	inc  uint64
}

// dialIn opens a link from a peer with that ID to a node, without a Hello yet.
func (w *world) dialIn(t testing.TB, id uint64, to int) *peer {
	c := w.link(0, to)
	p := &peer{t: t, w: w, k: len(w.conns) - 1, to: to, id: id, inc: uint64(epoch) + id}
	w.do(to, core.Input{Kind: core.InAccepted, Link: c.ends[1].id})
	return p
}

// answer makes a dial of a node succeed at a peer with that ID. The node's Hello is on its way then.
func (w *world) answer(t testing.TB, from int, d core.Dial, id uint64) *peer {
	c := w.link(from, 0)
	p := &peer{t: t, w: w, k: len(w.conns) - 1, side: 1, to: from, id: id, inc: uint64(epoch) + id}
	w.do(from, core.Input{Kind: core.InDialed, Dial: d.ID, Link: c.ends[0].id})
	return p
}

// link returns the ID by which the node knows the link to p.
func (p *peer) link() core.LinkID { return p.w.conns[p.k].ends[1-p.side].id }

// up reports whether the node still has the link.
func (p *peer) up() bool { return p.w.conns[p.k].ends[1-p.side].up }

// admitted reports whether the node has a use for the link.
func (p *peer) admitted() bool {
	return slices.ContainsFunc(p.w.nodes[p.to].core.Links(), func(l core.LinkInfo) bool { return l.Link == p.link() && l.Admitted })
}

// send has one frame arrive at the node.
func (p *peer) send(b []byte) {
	p.t.Helper()
	f, err := decode(b)
	if err != nil {
		p.t.Fatal(err)
	}
	p.w.do(p.to, core.Input{Kind: core.InFrame, Link: p.link(), Frame: f})
}

// hello is the first frame of p.
func (p *peer) hello(h wire.Hello) {
	p.t.Helper()
	if h.MinVersion == 0 {
		h.MinVersion, h.MaxVersion = 1, 1
	}
	if h.Incarnation == 0 {
		h.Incarnation = p.inc
	}
	if h.Instance == 0 {
		h.Instance = 77_000 + p.id
	}
	p.send(wire.AppendHello(nil, p.id, addrOf(p.id), &h, p.side == 1))
}

// admitted opens a link of a peer that has been welcomed; what the node said meanwhile is dropped.
func (w *world) admitted(t testing.TB, id uint64, to int, reason wire.Reason) *peer {
	t.Helper()
	p := w.dialIn(t, id, to)
	p.hello(wire.Hello{ClusterID: "test", Reason: reason})
	if f := p.recv(); f == nil || f.Hello == nil || f.Hello.Verdict != wire.Admitted {
		t.Fatalf("node %d answers %+v, want a Hello that admits", to, f)
	}
	p.drop()
	return p
}

// recv returns the next frame that the node has sent to p, nil if there is none.
func (p *peer) recv() *wire.Frame {
	b := p.bytes()
	if b == nil {
		return nil
	}
	f, err := decode(b)
	if err != nil {
		p.t.Fatal(err)
	}
	return f
}

func (p *peer) bytes() []byte {
	e := &p.w.conns[p.k].ends[1-p.side]
	if len(e.out) == 0 {
		return nil
	}
	b := e.out[0]
	e.out = e.out[1:]
	if p.w.slowSends && e.up {
		p.w.do(p.to, core.Input{Kind: core.InSent, Link: p.link()})
	}
	return b
}

// drop throws away what the node has sent to p so far.
func (p *peer) drop() {
	for p.bytes() != nil {
	}
}

// close ends the link.
func (p *peer) close() { p.w.cut(p.k, p.side) }

// part adds something to a frame.
type part func([]byte) []byte

func frame(parts ...part) []byte {
	var b []byte
	for _, add := range parts {
		b = add(b)
	}
	return b
}

// info is a live info of an origin, stamped so long after the epoch.
func info(o core.Origin, seq uint64, key, value string, stamp, ttl int64) part {
	return of(key, &gossippb.Info{
		NodeId: o.Node, Incarnation: o.Incarnation, Seq: seq, Hops: 1, Ttl: ttl,
		Value: &gossippb.Value{RawBytes: []byte(value), Timestamp: &gossippb.Timestamp{WallTime: epoch + stamp}},
	})
}

// infoOf is a live info for any key.
func infoOf(o core.Origin, seq uint64, value string, stamp, ttl, age int64) *gossippb.Info {
	return &gossippb.Info{
		NodeId: o.Node, Incarnation: o.Incarnation, Seq: seq, Hops: 1, Ttl: ttl, Age: age,
		Value: &gossippb.Value{RawBytes: []byte(value), Timestamp: &gossippb.Timestamp{WallTime: epoch + stamp}},
	}
}

// hopsOf is a live info of key k that has come over so many hops.
func hopsOf(o core.Origin, seq uint64, hops uint32) part {
	return of("k", &gossippb.Info{
		NodeId: o.Node, Incarnation: o.Incarnation, Seq: seq, Hops: hops,
		Value: &gossippb.Value{RawBytes: []byte("v"), Timestamp: &gossippb.Timestamp{WallTime: epoch + int64(seq)}},
	})
}

// again is a live info of a key that its origin had written before.
func again(o core.Origin, seq uint64, key string) part {
	return of(key, &gossippb.Info{
		NodeId: o.Node, Incarnation: o.Incarnation, Seq: seq, Hops: 1, Again: true,
		Value: &gossippb.Value{RawBytes: []byte("again"), Timestamp: &gossippb.Timestamp{WallTime: epoch + int64(seq)}},
	})
}

// tombstone is a deletion by an origin.
func tombstone(o core.Origin, seq uint64, key string, stamp, ttl int64) part {
	return of(key, &gossippb.Info{
		NodeId: o.Node, Incarnation: o.Incarnation, Seq: seq, Hops: 1, Ttl: ttl, State: gossippb.State_TOMBSTONE,
		Value: &gossippb.Value{Timestamp: &gossippb.Timestamp{WallTime: epoch + stamp}},
	})
}

// tombstoneOver is a tombstone that has come over so many hops.
func tombstoneOver(o core.Origin, seq uint64, key string, ttl int64, hops uint32) part {
	return of(key, &gossippb.Info{
		NodeId: o.Node, Incarnation: o.Incarnation, Seq: seq, Hops: hops, Ttl: ttl, State: gossippb.State_TOMBSTONE,
		Value: &gossippb.Value{Timestamp: &gossippb.Timestamp{WallTime: epoch + int64(seq)}},
	})
}

// of is any info. Its checksum is seen to.
func of(key string, in *gossippb.Info) part {
	sum := crc32.ChecksumIEEE(append([]byte(key), in.GetValue().GetRawBytes()...))
	in.Value.Checksum = &sum
	m := gossippb.Request{Delta: map[string]*gossippb.Info{key: in}}
	return func(b []byte) []byte {
		encoded, err := m.MarshalVT()
		if err != nil {
			panic(err)
		}
		return append(b, encoded...) // a message behind a message is one with the fields of both
	}
}

func claim(o core.Origin, from, to uint64) part {
	return func(b []byte) []byte {
		return wire.AppendRange(b, wire.Range{NodeID: o.Node, Incarnation: o.Incarnation, From: from, To: to})
	}
}

func advert(o core.Origin, to uint64) part {
	return func(b []byte) []byte {
		return wire.AppendAdverts(b, wire.Advert{NodeID: o.Node, Incarnation: o.Incarnation, To: to})
	}
}

func graft(o core.Origin, from uint64) part {
	return func(b []byte) []byte {
		return wire.AppendGraft(b, wire.Graft{NodeID: o.Node, Incarnation: o.Incarnation, From: from, Mode: wire.Eager})
	}
}

func standin(o core.Origin, seq uint64, key string) part {
	return func(b []byte) []byte {
		return wire.AppendStandin(b, wire.Standin{Key: key, NodeID: o.Node, Incarnation: o.Incarnation, Seq: seq})
	}
}
