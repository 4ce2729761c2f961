package core_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// client is a caller: somebody who sends requests, one link each.
type client struct {
	t      testing.TB
	w      *world
	id     uint64
	inc    uint64
	cursor wire.Cursor
	seq    int64
	infos  map[string]wire.Info // the newest of each key
	others []wire.Standin
	ranges map[core.Origin]wire.Range
}

func (w *world) client(t testing.TB, id uint64) *client {
	return &client{
		t: t, w: w, id: id, inc: uint64(epoch) + id, seq: -1,
		infos: map[string]wire.Info{}, ranges: map[core.Origin]wire.Range{},
	}
}

// origin is the client as one who writes.
func (c *client) origin() core.Origin { return core.Origin{Node: c.id, Incarnation: c.inc} }

// ask sends a request, with what the parts add to it.
func (c *client) ask(to int, parts ...part) *peer {
	c.t.Helper()
	return c.request(to, wire.Exchange{MaxSeq: c.seq, ClusterID: "test", Incarnation: c.inc, Cursor: c.cursor}, parts...)
}

// request sends one that begins with x.
func (c *client) request(to int, x wire.Exchange, parts ...part) *peer {
	c.t.Helper()
	p := c.w.dialIn(c.t, c.id, to)
	p.send(wire.AppendExchange(frame(parts...), c.id, addrOf(c.id), &x))
	return p
}

// take takes in the answer that has come to p. There is one.
func (c *client) take(p *peer) *wire.Frame {
	c.t.Helper()
	f := p.recv()
	if f == nil || f.Exchange == nil {
		c.t.Fatalf("the answer is %+v", f)
	}
	if again := p.recv(); again != nil {
		c.t.Errorf("there is a second answer: %+v", again)
	}
	p.close()
	c.note(f)
	return f
}

// note takes an answer in.
func (c *client) note(f *wire.Frame) {
	c.seq, c.cursor = f.Exchange.MaxSeq, f.Exchange.Cursor
	for _, in := range f.Infos {
		c.infos[in.Key] = in
	}
	c.others = append(c.others, f.Standins...)
	for _, r := range f.Ranges {
		c.ranges[core.Origin{Node: r.NodeID, Incarnation: r.Incarnation}] = r
	}
}

// call asks and takes in what is answered at once.
func (c *client) call(to int, parts ...part) *wire.Frame {
	c.t.Helper()
	return c.take(c.ask(to, parts...))
}

func keysOf(f *wire.Frame) string {
	var keys []string
	for _, in := range f.Infos {
		keys = append(keys, in.Key)
	}
	return strings.Join(keys, " ")
}

// TestExchangeFirstContact: everything at once, with all that is needed to pass it on and to ask for what comes next.
func TestExchangeFirstContact(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	w.add(1, "a", "1", 0)
	w.add(1, "b", "2", 90*second)
	w.add(1, "c", "3", 0)
	w.remove(1, "c")
	w.run(30 * second)
	p := w.client(t, 50).ask(1)
	raw := p.bytes()
	var m gossippb.Response
	if err := m.UnmarshalVT(raw); err != nil {
		t.Fatal(err)
	}
	inc := w.nodes[1].core.Incarnation()
	if m.NodeId != 1 || m.Addr.GetAddress() != "n1" || m.ClusterId != "test" || m.Cursor.GetNodeId() != 1 || m.Cursor.GetIncarnation() != inc ||
		m.MaxSeq <= int64(inc) || m.Cursor.GetClaimed() != uint64(m.MaxSeq) || m.Bye != nil || m.Alternate != nil {
		t.Errorf("the answer is %v", &m)
	}
	if len(m.Delta) != 3 || string(m.Delta["a"].GetValue().GetRawBytes()) != "1" || m.Delta["c"].GetState() != gossippb.State_TOMBSTONE {
		t.Errorf("the delta is %v", m.Delta)
	}
	for key, in := range m.Delta {
		if in.NodeId != 1 || in.Incarnation != inc || in.Seq == 0 || in.Hops != 1 || in.Age != 30*second {
			t.Errorf("%s is %v", key, in)
		}
	}
	if got, want := m.Delta["b"].GetTtlStamp(), epoch+second+90*second; got != want {
		t.Errorf("b expires at %d, want %d", got, want)
	}
	if got := m.Delta["a"].GetTtlStamp(); got != 0 {
		t.Errorf("a expires at %d, want never", got)
	}
	if len(m.Ranges) != 1 || m.Ranges[0].NodeId != 1 || m.Ranges[0].Incarnation != inc || m.Ranges[0].From != 0 || m.Ranges[0].To != 4 {
		t.Errorf("the ranges are %v", m.Ranges)
	}
}

// TestExchangeWaits: later requests are answered when there is something new, or after about an interval.
func TestExchangeWaits(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	w.add(1, "a", "1", 0)
	c := w.client(t, 50)
	c.call(1)

	p := c.ask(1)
	w.run(100 * ms)
	if f := p.recv(); f != nil {
		t.Fatalf("answers %+v without news", f)
	}
	w.add(1, "b", "2", 0)
	if f := c.take(p); keysOf(f) != "b" || len(f.Ranges) != 1 || f.Ranges[0].To != 2 {
		t.Errorf("answers %+v, want b and the range up to it", f)
	}

	p = c.ask(1)
	w.run(149 * ms)
	if f := p.recv(); f != nil {
		t.Fatalf("answers %+v after less than 3/4 of an interval", f)
	}
	seq := c.seq
	w.run(102 * ms)
	if f := c.take(p); len(f.Infos)+len(f.Ranges)+len(f.Standins) > 0 || f.Exchange.MaxSeq != seq {
		t.Errorf("answers %+v, want nothing new", f)
	}
}

// TestExchangeCursors: what is not of this life of this node counts as first contact.
func TestExchangeCursors(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	w.add(1, "a", "1", 0)
	for _, tt := range []struct {
		name   string
		change func(*wire.Exchange)
		first  bool
	}{
		{"mine", func(*wire.Exchange) {}, false},
		{"of another node", func(x *wire.Exchange) { x.Cursor.NodeID++ }, true},
		{"of an earlier life", func(x *wire.Exchange) { x.Cursor.Incarnation-- }, true},
		{"none", func(x *wire.Exchange) { x.Cursor = wire.Cursor{} }, true},
		{"without a number", func(x *wire.Exchange) { x.MaxSeq = 0 }, true},
		{"negative", func(x *wire.Exchange) { x.MaxSeq = -1 }, true},
		{"from the future", func(x *wire.Exchange) { x.MaxSeq++ }, true},
		{"claimed in the future", func(x *wire.Exchange) { x.Cursor.Claimed = 1<<64 - 1 }, false},
	} {
		c := w.client(t, 50)
		c.call(1)
		x := wire.Exchange{MaxSeq: c.seq, ClusterID: "test", Incarnation: c.inc, Cursor: c.cursor}
		tt.change(&x)
		p := c.request(1, x)
		f := p.recv()
		if first := f != nil && keysOf(f) == "a" && len(f.Ranges) == 1; first != tt.first {
			t.Errorf("%s: answers %+v at once, want all: %t", tt.name, f, tt.first)
		}
		if !tt.first {
			w.add(1, "a", tt.name, 0)
			if f := p.recv(); f == nil || keysOf(f) != "a" || len(f.Ranges) != 1 {
				t.Errorf("%s: answers %+v, want what is new, and the range up to it", tt.name, f)
			}
		}
	}
}

// TestExchangeAfterRestart: a node that has restarted repeats no number of its life before.
func TestExchangeAfterRestart(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	w.add(1, "a", "1", 0)
	c := w.client(t, 50)
	c.call(1)
	before := c.seq
	w.crash(1)
	w.run(second)
	w.start(1)
	w.add(1, "b", "2", 0)
	if f := c.call(1); keysOf(f) != "b" || f.Exchange.MaxSeq <= before {
		t.Errorf("answers %s up to %d, want b and more than %d", keysOf(f), f.Exchange.MaxSeq, before)
	}
}

// TestExchangePublishes: what a caller writes reaches all nodes, and is not told to it again in that life.
func TestExchangePublishes(t *testing.T) {
	w := newWorld(2, nil)
	w.nodes[2].seeds = []wire.Addr{addrOf(1)}
	w.start(1, 2)
	w.add(1, "a", "1", 0)
	w.run(second)
	c := w.client(t, 50)
	o := c.origin()
	if f := c.call(1, info(o, 1, "k", "v", second, 0), claim(o, 0, 1)); keysOf(f) != "a" || c.ranges[o].To != 1 {
		t.Errorf("is told %s and %v, want a, and that its own is covered", keysOf(f), f.Ranges)
	}
	w.run(100 * ms)
	for i := 1; i <= 2; i++ {
		if r := w.nodes[i].core.Record("k"); r == nil || r.Value != "v" || r.Hops != uint32(i) {
			t.Errorf("node %d has %s over %+v", i, show(r), r)
		}
		if got := w.nodes[i].core.Marks()[o]; got != 1 {
			t.Errorf("node %d covers %d of the caller, want 1", i, got)
		}
	}
	// By way of the other one, whose second comes first.
	c.call(2, info(o, 2, "k", "w", 2*second, 0), claim(o, 1, 2))
	w.run(200 * ms)
	for i := 1; i <= 2; i++ {
		if r := w.nodes[i].core.Record("k"); r == nil || r.Value != "w" || w.nodes[i].core.Marks()[o] != 2 {
			t.Errorf("node %d has %s", i, show(r))
		}
	}
	// What it has relayed for somebody else it is not told either, as long as it is known for having done so.
	other := core.Origin{Node: 60, Incarnation: 1}
	c.seq = -1
	if f := c.call(1, info(other, 1, "other", "v", second, 0)); keysOf(f) != "a" {
		t.Errorf("is told %s, want a", keysOf(f))
	}
	c.inc++
	c.seq = -1
	if f := c.call(1); keysOf(f) != "a k other" && keysOf(f) != "a other k" && keysOf(f) != "k a other" {
		t.Errorf("in its next life it is told %s, want all", keysOf(f))
	}
	if errs := w.check(); len(errs) > 0 {
		t.Error(errs)
	}
}

// TestExchangeSponsor: what a caller writes takes the way of what the node writes, as if the caller had joined through it.
func TestExchangeSponsor(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	p := w.admitted(t, 10, 1, wire.Join)
	p.drop()
	c := w.client(t, 50)
	c.call(1, info(c.origin(), 1, "k", "v", second, 0), claim(c.origin(), 0, 1))
	w.run(100 * ms)
	var declared []wire.Origin
	for f := p.recv(); f != nil; f = p.recv() {
		declared = append(declared, f.Origins...)
	}
	if want := (wire.Origin{NodeID: 50, Incarnation: c.inc, Sponsor: 1}); len(declared) != 1 || declared[0] != want {
		t.Errorf("a neighbour is told of %+v, want %+v", declared, want)
	}
}

// TestExchangeWriters: a caller learns who else has written a key, also where what stands there is its own.
func TestExchangeWriters(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	a, b := core.Origin{Node: 10, Incarnation: 5}, core.Origin{Node: 11, Incarnation: 5}
	p := w.admitted(t, 10, 1, wire.Join)
	p.send(frame(info(a, 1, "k", "old", 1, 0), claim(a, 0, 1), info(b, 7, "l", "other", 1, 0)))
	c := w.client(t, 50)
	f := c.call(1, info(c.origin(), 1, "k", "new", second, 0), claim(c.origin(), 0, 1))
	if len(f.Standins) != 1 || f.Standins[0] != (wire.Standin{Key: "k", NodeID: 10, Incarnation: 5, Seq: 1}) && f.Standins[0].Keep == 0 {
		t.Errorf("is told %+v, want that node 10 wrote k", f.Standins)
	}
	q := c.ask(1)
	p.send(frame(info(b, 8, "k", "older", 0, 0)))
	w.run(50 * ms)
	if f := q.recv(); f != nil {
		t.Fatalf("answers %+v, which is no news", f)
	}
	w.run(300 * ms)
	found := false
	for _, s := range c.take(q).Standins {
		found = found || s.Key == "k" && s.NodeID == 11 && s.Incarnation == 5 && s.Seq == 8
	}
	if !found {
		t.Error("is not told that node 11 wrote k")
	}
}

// TestExchangeAnonymous: callers without an ID share a place, and take nothing from one another.
func TestExchangeAnonymous(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	a, b := w.client(t, 0), w.client(t, 0)
	a.inc, b.inc = 0, 0
	a.call(1, info(core.Origin{Node: 60, Incarnation: 1}, 1, "k", "v", second, 0))
	if f := b.call(1); keysOf(f) != "k" {
		t.Errorf("is told %q, want what the other has brought", keysOf(f))
	}
	if n := len(w.nodes[1].core.Links()); n != 1 {
		t.Errorf("%d places, want 1", n)
	}
}

// TestExchangeBeforeDurable: nothing is said under an incarnation that is not on record.
func TestExchangeBeforeDurable(t *testing.T) {
	w := newWorld(1, nil)
	w.handSaves = true
	w.start(1)
	c := w.client(t, 50)
	p := c.ask(1)
	w.run(500 * ms)
	if f := p.recv(); f != nil {
		t.Fatalf("says %+v", f)
	}
	w.saved(1)
	w.drain()
	c.take(p)
}

// TestExchangeOnce: a link carries one request and nothing else.
func TestExchangeOnce(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	c := w.client(t, 50)
	c.call(1)
	p := c.ask(1)
	p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
	if w.run(ms); p.up() || p.recv() != nil {
		t.Error("a Hello behind a request is answered")
	}
	w.handDials = true
	w2, d := dialer(t, 7, nil)
	d.recv()
	d.send(wire.AppendExchange(nil, 7, addrOf(7), &wire.Exchange{MaxSeq: -1}))
	if w2.run(ms); d.up() {
		t.Error("a request on a dialled link is no breach")
	}
}

// TestExchangePages: what is too much for one frame comes in several, and is claimed with the last.
func TestExchangePages(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	value := strings.Repeat("v", 1000)
	for i := range 300 {
		w.add(1, fmt.Sprint("k", i), value, 0)
	}
	w.add(1, "large", strings.Repeat("v", 300<<10), 0)
	c := w.client(t, 50)
	pages := 0
	for ; len(c.ranges) == 0; pages++ {
		p := c.ask(1)
		w.run(300 * ms) // which only the last page may need
		f := c.take(p)
		if f.Size > 64<<10 && len(f.Infos) > 1 {
			t.Errorf("%d infos in a frame of %d bytes", len(f.Infos), f.Size)
		}
		if len(f.Ranges) > 0 && len(c.infos) < 301 {
			t.Errorf("page %d claims %v with %d infos known", pages, f.Ranges, len(c.infos))
		}
		if pages == 2 {
			w.add(1, "k0", "rewritten meanwhile", 0) // comes again, as it should
		}
		if pages > 20 {
			t.Fatal("no end")
		}
	}
	if pages < 5 || c.infos["k0"].Value != "rewritten meanwhile" || c.ranges[core.Origin{Node: 1, Incarnation: w.nodes[1].core.Incarnation()}].To != 302 {
		t.Errorf("%d pages, k0 is %.20q, %v", pages, c.infos["k0"].Value, c.ranges)
	}
}

// TestExchangeIndex: the index by arrival has no more than what there is, however often that is written.
func TestExchangeIndex(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	if w.add(1, "k", "v", 0); w.nodes[1].core.Arrivals() != 0 {
		t.Error("there is an index before anybody asked")
	}
	c := w.client(t, 50)
	c.call(1)
	for i := range 1000 {
		w.add(1, fmt.Sprint("k", i%10), fmt.Sprint(i), second)
		w.run(20 * ms)
	}
	if n := w.nodes[1].core.Arrivals(); n > 60 {
		t.Errorf("%d entries for 11 keys and an origin", n)
	}
	if f := c.call(1); len(f.Infos) != 10 || len(f.Ranges) != 1 {
		t.Errorf("is told %s and %v, want the ten that are new", keysOf(f), f.Ranges)
	}
}
