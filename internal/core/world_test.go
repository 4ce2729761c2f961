package core_test

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

const (
	ms     = int64(1e6)
	second = 1000 * ms
	hour   = 3600 * second

	epoch = int64(1_767_225_600_000_000_000) // wall clock at Mono 0
)

// world is a few nodes and the links between them. Nothing in it happens by itself: a test says when a frame arrives
// and when time passes. Nodes are counted from 1, and n has ID n; node 0 is the test itself, whose frames are made by
// hand.
type world struct {
	now   int64
	nodes []node
	conns []conn
	todo  []task
	wrote []write // everything any node wrote, in order
	wrong []error // what must not be
	steps int     // without time passing

	// How the world works.
	slowSends bool    // a frame is sent only when it arrives; else at once
	handDials bool    // dials wait for connect
	handSaves bool    // incarnations wait for saved
	latency   int64   // that run counts a frame as under way
	memory    *memory // nil: none
	eager     bool    // what a node begins with is its own at once, all of it
	watch     func(node int, in core.Input, out *core.Outputs)
}

type node struct {
	core   *core.Core
	print  uint64 // the core's Fingerprint, in a world that remembers steps
	cfg    core.Config
	up     bool
	next   int64
	skew   int64 // of its wall clock
	stored uint64
	last   core.LinkID
	lives  uint64
	seeds  []wire.Addr
	view   map[string]*core.Record // what it shows and what is left of that, by its Changes

	// What it has put out so far.
	events  []core.Event
	changes []core.Change
	replies []core.Reply
	dials   []core.Dial
	saves   []uint64
	asks    int // of its resolvers
	closes  []core.Close
	fatal   wire.Refusal
}

// conn is a link; ends[0] dialled it.
type conn struct {
	ends   [2]end
	frames [2]int // sent so far
}

type end struct {
	node int
	id   core.LinkID
	up   bool     // the node knows of it
	out  [][]byte // on their way from here
	fin  bool     // and behind them the end of the link
	hold bool     // run and settle leave out alone
}

type task struct {
	node int
	in   core.Input
}

// write is an own write of a node, as an onlooker sees it.
type write struct {
	origin core.Origin
	seq    uint64
	rec    *core.Record
}

// config returns what the node with that ID is made of, as a node of the real library would be.
func config(id uint64) core.Config {
	return core.Config{
		ClusterID: "test", Node: id, Addr: addrOf(id), Seed: 1, Instance: 1000 + id, MaxPeers: 10,
		Limits: core.Limits{Infos: 1 << 20, Origins: 1 << 16, Frame: 2 << 20},
		Timers: core.Timers{
			Ping: second, Advert: 20 * ms, Graft: 10 * ms, Pace: 10 * ms, Interval: 200 * ms, Resolve: second, MaxTTL: 24 * hour, MaxSkew: 500 * ms,
		},
	}
}

func addrOf(id uint64) wire.Addr {
	return wire.Addr{Network: "test", Address: "n" + strconv.FormatUint(id, 10)}
}

// newWorld returns n nodes, none of them running; set may change their configuration.
func newWorld(n int, set func(*core.Config)) *world {
	w := &world{now: second, nodes: make([]node, n+1), latency: ms}
	for i := range w.nodes {
		cfg := config(uint64(i))
		if set != nil {
			set(&cfg)
		}
		w.nodes[i].cfg = cfg
	}
	return w
}

// start starts the nodes, empty. They find each other's addresses only by seeds.
func (w *world) start(ids ...int) {
	for _, i := range ids {
		n := &w.nodes[i]
		cfg := n.cfg
		n.lives++
		cfg.Instance += 1000 * n.lives
		n.core, n.up, n.fatal, n.view = core.New(cfg), true, 0, viewOf(cfg.Base)
		n.print = n.core.Fingerprint()
		w.do(i, core.Input{Kind: core.InStart, Incarnation: n.stored})
	}
}

// do puts an input in, and whatever follows from it without a frame arriving or time passing.
func (w *world) do(i int, in core.Input) {
	w.todo = append(w.todo, task{i, in})
	w.drain()
}

func (w *world) drain() {
	for len(w.todo) > 0 {
		t := w.todo[0]
		w.todo = w.todo[1:]
		if w.nodes[t.node].up {
			w.step(t.node, t.in)
		}
	}
}

func (w *world) step(i int, in core.Input) {
	n := &w.nodes[i]
	if w.steps++; w.steps > 100_000 {
		panic("core_test: the nodes keep each other busy without time passing")
	}
	out := w.advance(n, in)
	if w.eager && (in.Kind == core.InStart || in.Kind == core.InResume) {
		n.core.TouchAll()
	}
	if w.watch != nil {
		w.watch(i, in, out)
	}
	n.next = out.Next
	if out.Persist != 0 {
		n.saves = append(n.saves, out.Persist)
		if !w.handSaves {
			w.saved(i)
		}
	}
	for _, s := range out.Sends {
		w.sent(i, s)
	}
	for _, d := range out.Dials {
		n.dials = append(n.dials, d)
		if !w.handDials {
			w.connect(i, d)
		}
	}
	for _, c := range out.Closes {
		n.closes = append(n.closes, c)
		w.lay(i, c.Link)
	}
	if out.Resolve {
		n.asks++
		w.todo = append(w.todo, task{i, core.Input{Kind: core.InResolved, Addrs: n.seeds}})
	}
	for _, c := range out.Changes {
		w.changed(i, c)
	}
	n.events = append(n.events, out.Events...)
	n.replies = append(n.replies, out.Replies...)
	if out.Fatal != 0 {
		n.fatal = out.Fatal
		w.crash(i) // as its driver has it end
	}
}

// saved makes the newest incarnation of a node durable.
func (w *world) saved(i int) {
	n := &w.nodes[i]
	n.stored = n.saves[len(n.saves)-1]
	w.todo = append(w.todo, task{i, core.Input{Kind: core.InPersisted, Incarnation: n.stored}})
}

// changed takes note of a Change and checks that it is none for the worse.
func (w *world) changed(i int, c core.Change) {
	n := &w.nodes[i]
	n.changes = append(n.changes, c)
	if old := n.view[c.Record.Key]; old != nil && compare(c.Record, old) < 0 {
		w.wrong = append(w.wrong, fmt.Errorf("node %d shows %s after %s", i, show(c.Record), show(old)))
	}
	n.view[c.Record.Key] = c.Record
	if r := c.Record; r.From == 0 && r.Node == n.cfg.Node && r.Incarnation == n.core.Incarnation() && r.State != wire.Skeleton {
		w.wrote = append(w.wrote, write{core.Origin{Node: r.Node, Incarnation: r.Incarnation}, r.Seq, r})
	}
}

// find returns the link of a node with that ID, and the side it is on.
func (w *world) find(i int, id core.LinkID) (*conn, int) {
	for k := range w.conns {
		for s := range 2 {
			if e := &w.conns[k].ends[s]; e.node == i && e.id == id && e.up {
				return &w.conns[k], s
			}
		}
	}
	return nil, 0
}

func (w *world) sent(i int, s core.Send) {
	c, side := w.find(i, s.Link)
	if c == nil {
		w.wrong = append(w.wrong, fmt.Errorf("node %d sends on link %d, which it has not", i, s.Link))
		return
	}
	if len(s.Frame) > w.nodes[i].cfg.Limits.Frame {
		w.wrong = append(w.wrong, fmt.Errorf("node %d sends a frame of %d bytes, over %d", i, len(s.Frame), w.nodes[i].cfg.Limits.Frame))
	}
	if _, err := decode(s.Frame); err != nil {
		w.wrong = append(w.wrong, fmt.Errorf("node %d sends a frame that is none: %w", i, err))
	}
	c.frames[side]++
	e, other := &c.ends[side], &c.ends[1-side]
	if other.up || other.node == 0 {
		e.out = append(e.out[:len(e.out):len(e.out)], s.Frame)
		if w.slowSends {
			return
		}
	}
	w.todo = append(w.todo, task{i, core.Input{Kind: core.InSent, Link: s.Link}})
}

// decode reads a frame as the real library does.
func decode(b []byte) (*wire.Frame, error) {
	return wire.Decode(b, wire.Limits{Frame: 2 << 20, Key: 1 << 10, Value: 1 << 20, Items: 1 << 16})
}

// connect answers a dial: with a link, if a node runs there.
func (w *world) connect(i int, d core.Dial) {
	for j := 1; j < len(w.nodes); j++ {
		if w.nodes[j].up && w.nodes[j].cfg.Addr == d.Addr {
			c := w.link(i, j)
			w.todo = append(w.todo,
				task{i, core.Input{Kind: core.InDialed, Dial: d.ID, Link: c.ends[0].id}},
				task{j, core.Input{Kind: core.InAccepted, Link: c.ends[1].id}})
			return
		}
	}
	w.todo = append(w.todo, task{i, core.Input{Kind: core.InDialFailed, Dial: d.ID}})
}

// link makes a link that neither node knows of yet.
func (w *world) link(i, j int) *conn {
	w.nodes[i].last++
	a := w.nodes[i].last
	w.nodes[j].last++
	b := w.nodes[j].last
	w.conns = append(w.conns, conn{ends: [2]end{{node: i, id: a, up: true}, {node: j, id: b, up: true}}})
	return &w.conns[len(w.conns)-1]
}

// lay ends a link as its node sees it. What that had sent is still on its way.
func (w *world) lay(i int, id core.LinkID) {
	c, side := w.find(i, id)
	if c == nil {
		return
	}
	e := &c.ends[side]
	e.up, e.fin = false, true
	w.forget(&c.ends[1-side])
	w.todo = append(w.todo, task{i, core.Input{Kind: core.InDown, Link: id}})
}

// forget drops what is on its way from e, as sent.
func (w *world) forget(e *end) {
	if w.slowSends && e.up && len(e.out) > 0 {
		w.todo = append(w.todo, task{e.node, core.Input{Kind: core.InSent, Link: e.id}})
	}
	e.out = nil
}

// crash ends a node, and with it all it knows. What it had sent is still on its way.
func (w *world) crash(i int) {
	n := &w.nodes[i]
	n.up, n.core, n.print, n.next, n.stored, n.view = false, nil, 0, 0, 0, nil
	for k := range w.conns {
		for s := range 2 {
			if e := &w.conns[k].ends[s]; e.node == i && e.up {
				e.up, e.fin = false, true
				w.forget(&w.conns[k].ends[1-s])
			}
		}
	}
	w.drain()
}

// compare is the order of records, as the protocol defines it.
func compare(a, b *core.Record) int {
	return cmp.Or(
		cmp.Compare(a.Stamp.Wall, b.Stamp.Wall), cmp.Compare(a.Stamp.Logical, b.Stamp.Logical), cmp.Compare(a.Node, b.Node),
		cmp.Compare(a.Incarnation, b.Incarnation), cmp.Compare(a.Seq, b.Seq))
}

func show(r *core.Record) string {
	if r == nil {
		return "nothing"
	}
	state := []string{"", "tombstone ", "skeleton "}[r.State]
	return fmt.Sprintf("%s%s=%.20q (%d of node %d at %d)", state, r.Key, r.Value, r.Seq, r.Node, r.Stamp.Wall-epoch)
}

// descriptor returns what a node gossips of itself.
func descriptor(id uint64) string {
	a := addrOf(id)
	d := gossippb.NodeDescriptor{NodeId: id, Address: &gossippb.UnresolvedAddr{Network: a.Network, Address: a.Address}}
	b, err := d.MarshalVT()
	if err != nil {
		panic(err)
	}
	return string(b)
}
