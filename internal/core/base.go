package core

import (
	"maps"
	"slices"
	"strconv"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// Base is what cores can begin with instead of with nothing: all that one has held, or a list of infos. It is immutable,
// and any number of cores share it. A core that begins with one is as if its first link had told it, but that nobody has
// become the parent of an origin's tree; it says nothing of it in its Changes.
//
// A core has state of its own only of what it has touched: an origin and its keys, from the first time that something of it
// is sent, comes or changes; a key, from the first time that another record may come to stand there. What is in a Base is
// linked like what is in a core, and is never changed.
type Base struct {
	at       Now        // when it was as it is
	clock    wire.Stamp // newest one given or seen
	keys     map[string]*keyState
	expiry   []timed[string] // in order
	origins  []*origin       // by idx
	byID     map[originID]*origin
	nodes    map[uint64]*nodeState
	strays   []string // keys, in order
	hash     uint64   // of the marks, without strays
	marks    uint32
	ring     ring // all members; those who begin with it are among them
	suspects int  // members that are lost
}

// NewBase returns a base of live infos, each of another key. Whoever wrote one has written nothing else up to its Seq but
// what is in the list. The times of the records are those of at, and so is everything else.
func NewBase(at Now, records []Record) *Base {
	b := &Base{at: at, keys: map[string]*keyState{}, byID: map[originID]*origin{}, nodes: map[uint64]*nodeState{}}
	for _, rec := range records {
		if rec.State != wire.Live || b.keys[rec.Key] != nil {
			// invariant: the caller makes these itself
			panic("core: NewBase: " + rec.Key + " is no live info, or occurs twice")
		}
		id := originID{rec.Node, rec.Incarnation}
		o := b.byID[id]
		if o == nil {
			o = &origin{id: id, idx: int32(len(b.origins))}
			b.origins = append(b.origins, o)
		}
		b.byID[id] = o
		rec.From = FromBase
		ks := &keyState{key: rec.Key, rec: &rec, hold: hold(&rec), first: writer{o.idx, rec.Seq}}
		b.keys[rec.Key] = ks
		o.index = append(o.index, entry{rec.Seq, ks}) // in no order yet
		o.hw = max(o.hw, rec.Seq)
		if compareStamp(rec.Stamp, b.clock) > 0 {
			b.clock = rec.Stamp
		}
	}
	b.complete()
	return b
}

// Base returns what the core holds now, for others to begin with, or for another life of the same node.
func (c *Core) Base() *Base {
	b := &Base{at: c.now, clock: c.clock, keys: map[string]*keyState{}, byID: map[originID]*origin{}, nodes: map[uint64]*nodeState{}}
	for i := range int32(c.heard) {
		from := c.touched(i)
		if from == nil {
			from = c.base.origins[i]
		}
		o := &origin{
			id: from.id, idx: i, sponsor: from.sponsor, hw: from.hw, gaps: slices.Clone(from.gaps), lastAgain: from.lastAgain,
		}
		b.origins = append(b.origins, o)
		b.byID[o.id] = o
	}
	for ks := range c.allKeys() {
		touched := c.keys[ks.key] != nil
		rec := *ks.rec
		if !touched {
			rec = *c.aged(ks.rec)
		}
		if rec.From != FromBase {
			rec.Hops++
		}
		rec.From, rec.Taken = FromBase, c.now.Mono
		own := &keyState{
			key: ks.key, rec: &rec, hold: ks.hold, forget: ks.forget,
			first: ks.first, writers: slices.Clone(ks.writers), table: maps.Clone(ks.table),
		}
		if !touched {
			own.hold, own.forget = c.later(ks.hold), c.later(ks.forget)
		}
		b.keys[ks.key] = own
		for _, w := range append([]writer{ks.first}, ks.writers...) {
			if w.seq != 0 {
				b.origins[w.o].index = append(b.origins[w.o].index, entry{w.seq, own})
			}
		}
	}
	b.complete()
	return b
}

// complete adds what follows from the origins and keys.
func (b *Base) complete() {
	for _, o := range b.origins {
		slices.SortFunc(o.index, entry.compare)
		n := b.nodes[o.id.node]
		if n == nil {
			n = &nodeState{}
			b.nodes[o.id.node] = n
		}
		n.add(o)
		if o.hw > 0 {
			b.marks++
			b.hash ^= mix(o.id.node, o.id.inc, o.hw)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(b.keys)) {
		ks := b.keys[key]
		rec := ks.rec
		at := rec.Expires
		if rec.State != wire.Live {
			at = ks.forget
		}
		if at != never {
			b.expiry = append(b.expiry, timed[string]{at, key})
		}
		if rec.State != wire.Skeleton && rec.Seq > b.byID[originID{rec.Node, rec.Incarnation}].hw {
			b.strays = append(b.strays, key)
		}
		b.addMember(rec)
	}
	slices.SortFunc(b.expiry, timed[string].compare)
	for key, ks := range b.keys { // order: each suspicion has a descriptor of its own
		b.suspect(key, ks.rec)
	}
	for _, p := range b.ring.parts {
		p.shared = true
		for _, m := range p.members {
			m.shared = true
			if m.lost {
				b.suspects++
			}
		}
	}
}

// addMember takes up a member whose descriptor rec is, if it is one.
func (b *Base) addMember(rec *Record) {
	if d := descriptorOf(rec); d != nil {
		b.ring.insert(&member{node: d.NodeId, pos: ringPos(d.NodeId), addr: addressOf(d), inc: rec.Incarnation})
	}
}

// suspect takes note of a suspicion, if rec is one.
func (b *Base) suspect(key string, rec *Record) {
	node, ok := suspectOf(key)
	if !ok || rec.State != wire.Live {
		return
	}
	m := b.ring.member(node)
	if m != nil && key == suspectKey(node, b.keys[nodeKeyPrefix+strconv.FormatUint(node, 10)].rec.Stamp.Wall) {
		m.suspected, m.lost = true, true
	}
}

// Live returns the records that are live in the base, in order of their keys. They are nobody's to change.
func (b *Base) Live() []*Record {
	var all []*Record
	for _, key := range slices.Sorted(maps.Keys(b.keys)) {
		if rec := b.keys[key].rec; rec.State == wire.Live {
			all = append(all, rec)
		}
	}
	return all
}

// Members lists the nodes whose descriptors are live in the base, in the order of the ring.
func (b *Base) Members() []uint64 {
	nodes := make([]uint64, 0, b.ring.n)
	for m := range b.ring.all() {
		nodes = append(nodes, m.node)
	}
	return nodes
}

// Digest returns what cores that hold what is in the base, and no more, say of their marks.
func (b *Base) Digest() uint64 {
	hash := b.hash
	for _, key := range b.strays {
		rec := b.keys[key].rec
		hash ^= mix(rec.Node, rec.Incarnation, rec.Seq, 1)
	}
	return mix(hash, uint64(b.marks))
}

// Degree returns how many links a node wants in a network of n.
func Degree(n int) int { return min(degree(n), n-1) }
