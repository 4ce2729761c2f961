package core

import (
	"slices"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// overlay is the choice of links: one by which the node joins, one to its successor in a ring of all members, random
// chords up to the degree.
type overlay struct {
	ring        ring // the members
	lostMembers int  // how many of them are
	reaches     map[wire.Addr]*reach
	reachOrder  []wire.Addr

	seeds     []wire.Addr
	found     map[wire.Addr]uint64 // members that were found at seeds
	resolving bool
	noSeeds   bool // said so
	joined    bool
	sponsor   uint64

	young             bool // the network is still assembling, as far as this node can tell
	born              int64
	firstNew, lastNew int64
	lastLearned       int64
	changedAt         int64 // when a member came or went last
	rtt               int64 // of a dial, its Hello and the answer

	resolveAt, joinAt, maintainAt int64 // 0: not

	probeAt   int64
	fruitless int
}

func (o *overlay) init() {
	o.reaches = map[wire.Addr]*reach{}
	o.young = true
}

// ready is called when the node may dial.
func (o *overlay) ready(c *Core) {
	if len(o.seeds) == 0 && o.resolveAt == 0 {
		o.resolveAt = max(c.now.Mono, 1)
	}
}

func (o *overlay) due(c *Core) {
	if !c.durable || c.left {
		return
	}
	if o.resolveAt != 0 && c.now.Mono >= o.resolveAt && !o.resolving {
		o.resolveAt, o.resolving = 0, true
		c.out.Resolve = true
	}
	if o.joinAt != 0 && c.now.Mono >= o.joinAt {
		o.joinAt = 0
		o.join(c)
	}
	if o.maintainAt != 0 && c.now.Mono >= o.maintainAt {
		o.maintainAt = 0
		o.maintain(c)
	}
}

func (o *overlay) next(c *Core) int64 {
	at := int64(never)
	if !c.durable || c.left {
		return at
	}
	if o.resolveAt != 0 && !o.resolving {
		at = o.resolveAt
	}
	if o.joinAt != 0 {
		at = min(at, o.joinAt)
	}
	if o.maintainAt != 0 {
		at = min(at, o.maintainAt)
	}
	return at
}

func (o *overlay) wakeMaintain(c *Core, in int64) {
	if at := max(c.now.Mono+in, 1); o.maintainAt == 0 || at < o.maintainAt {
		o.maintainAt = at
	}
}

// resolved takes in the answer of the resolvers.
func (c *Core) resolved(addrs []wire.Addr) {
	o := &c.overlay
	o.resolving = false
	o.seeds = o.seeds[:0]
	for _, a := range addrs {
		if a != c.cfg.Addr && a.Address != "" && !slices.Contains(o.seeds, a) {
			o.seeds = append(o.seeds, a)
		}
	}
	if len(o.seeds) == 0 {
		if !o.noSeeds {
			o.noSeeds = true
			c.event(Event{Kind: NoSeeds})
		}
		if len(c.links) == 0 {
			o.resolveAt = c.now.Mono + o.retry(c)
		}
		return
	}
	o.noSeeds = false
	o.joinAt = max(c.now.Mono, 1)
}

// retry is the pace of asking resolvers again, jittered.
func (o *overlay) retry(c *Core) int64 {
	d := c.cfg.Timers.Resolve
	return d*3/4 + c.rng.Int64N(d/2+1)
}

// join dials a seed, or a member known from before, unless the node has joined or is about to.
func (o *overlay) join(c *Core) {
	if o.joined && c.degree() > 0 || o.pending(c, wire.Join) {
		return
	}
	var to []wire.Addr
	for _, a := range o.seeds {
		if o.isLinked(c, a) {
			o.joined = true // that seed has joined through this node
			return
		}
		if o.dialable(c, a) && !c.dialing(a) {
			to = append(to, a)
		}
	}
	if len(to) == 0 && c.degree() == 0 {
		for m := range o.ring.all() {
			if o.dialable(c, m.addr) && !c.dialing(m.addr) {
				to = append(to, m.addr)
			}
		}
	}
	if len(to) == 0 {
		o.resolveAt = c.now.Mono + o.retry(c)
		if c.degree() > 0 {
			o.resolveAt += tick
		}
		return
	}
	c.dial(dial{addr: to[c.rng.IntN(len(to))], reason: wire.Join})
}

// isLinked reports whether addr is that of a linked peer, by its own word or because it answered there.
func (o *overlay) isLinked(c *Core, addr wire.Addr) bool {
	r := o.reaches[addr]
	return slices.ContainsFunc(c.links, func(l *link) bool {
		return l.admitted && !l.closing && (l.addr == addr || r != nil && r.node != 0 && r.node == l.node)
	})
}

// degree counts the links of the overlay: those that are admitted, but not those of leaves.
func (c *Core) degree() (n int) {
	for _, l := range c.links {
		if l.admitted && !l.closing && !l.leaf {
			n++
		}
	}
	return n
}

// countLeaves counts the links of leaves. Nothing comes by a leaf, and it has no other link.
func (c *Core) countLeaves() (n int) {
	for _, l := range c.links {
		if l.admitted && !l.closing && l.leaf {
			n++
		}
	}
	return n
}

// counts returns how many of the admitted links peers have dialled, and how many this node has.
func (c *Core) counts() (in, out int) {
	for _, l := range c.links {
		switch {
		case !l.admitted || l.closing:
		case l.dialed:
			out++
		default:
			in++
		}
	}
	return in, out
}

func (c *Core) linked(node uint64) *link {
	for _, l := range c.links {
		if l.admitted && !l.closing && l.node == node {
			return l
		}
	}
	return nil
}

// settledAfter is after how many latencies without a new member the network is no longer assembling.
const settledAfter = 50

func (o *overlay) settled(c *Core) bool {
	return o.lastNew != 0 && c.now.Mono-o.lastNew >= settledAfter*o.latency(c)
}

// up is told of an admitted link.
func (o *overlay) up(c *Core, l *link) {
	o.wakeMaintain(c, o.quiet(c))
}

// lost is told of an admitted link that has ended.
func (o *overlay) lost(c *Core, l *link) {
	if c.left {
		return
	}
	if c.degree() == 0 || o.young && l.node == o.sponsor && !l.parted {
		o.joined = false
		if o.joinAt == 0 {
			o.joinAt = max(c.now.Mono+c.rng.Int64N(o.latency(c)), 1)
		}
	}
	o.wakeMaintain(c, o.latency(c)+c.rng.Int64N(o.latency(c)))
}

// maintain dials what the overlay lacks: the ring successor first, then half of the missing chords, since the others
// dial too.
func (o *overlay) maintain(c *Core) {
	now, lat := c.now.Mono, o.latency(c)
	has := c.degree()
	if has == 0 && o.joinAt == 0 {
		o.join(c)
	}
	if c.self == nil || o.ring.n == 0 {
		o.wakeMaintain(c, tick+c.rng.Int64N(tick/2))
		return
	}
	if quiet := o.lastNew + o.quiet(c); now < quiet && now < o.firstNew+20*lat {
		o.wakeMaintain(c, quiet-now)
		return
	}
	o.firstNew = now
	o.dialSuccessor(c)
	o.dialSeeds(c)
	o.dialLost(c)
	want := min(degree(o.size()), o.size()-1)
	_, chances := c.underway()
	need := want - has - chances
	if need > 1 {
		need = (need + 1) / 2
		o.wakeMaintain(c, 3*lat+c.rng.Int64N(lat))
	}
	if n, _ := c.farLinks(); n >= farKept && c.rng.IntN(2) == 0 {
		need -= o.dialNear(c, need)
	}
	for tries := 8 * want; need > 0 && tries > 0; tries-- {
		m := o.ring.at(c.rng.IntN(o.ring.n))
		if m.lost || c.linked(m.node) != nil || c.dialing(m.addr) || !o.dialable(c, m.addr) {
			continue
		}
		if !c.dial(dial{addr: m.addr, node: m.node, inc: m.inc, reason: wire.Chord}) {
			break
		}
		need--
	}
	o.shed(c)
	o.probe(c)
	o.wakeMaintain(c, tick+c.rng.Int64N(tick/2))
}

// shed ends a link where there are more than a node keeps: many have joined through it, or two parts of the network have met.
// It waits until nothing has changed for long, and takes the one that fewest trees run over, one in a tick. The links of the ring stay,
// and those of leaves, which have no other. Those by which nodes joined carry the trees of all that have written little: of these, all nodes
// together end a few in a tick, so that each is mended before the next one goes, and none in larger networks, where no node has most of them.
func (o *overlay) shed(c *Core) {
	d := degree(o.size())
	if c.degree() <= keptDegree(d) || c.now.Mono-o.changedAt < shedAfter {
		return
	}
	next, last := o.beside(c)
	joins := d == leastDegree && c.rng.IntN(o.size()) < joinsShed
	var which *link
	fewest := 0
	for _, l := range c.links {
		if !l.admitted || l.closing || l.leaf || l.reason == wire.Join && !joins || l.node == next || l.node == last || c.now.Mono-l.nodeAt < shedAfter {
			continue
		}
		if n := c.branches(l); which == nil || n < fewest {
			which, fewest = l, n
		}
	}
	if which != nil {
		o.changedAt = c.now.Mono - shedAfter + tick // not the next one at once
		c.partFrom(which)
	}
}

// joinsShed is about how many of the links by which nodes joined all nodes together end in a tick, if all have too many.
const joinsShed = 4

// shedAfter is how long a link lasts at least, and how long no member has come or gone, before one is shed.
const shedAfter = 5 * tick

// keptDegree is how many links a node keeps that has a degree of d. Chords make it more by two at most: with one more than d, small networks have the
// evenest load, and with three large ones the shortest paths.
func keptDegree(d int) int { return d + min(3, d/3) }

// branches returns how many trees run over l.
func (c *Core) branches(l *link) int {
	n := 0
	for _, x := range c.origins {
		if x.pushedBy(l.id) || l.of(x).mode() == wire.Eager {
			n++
		}
	}
	return n
}

// beside returns the members next to this node in the ring that are there; 0: none.
func (o *overlay) beside(c *Core) (next, last uint64) {
	for m := range o.ring.from(o.ring.behind(c.node)) {
		if m.lost {
			continue
		}
		if next == 0 {
			next = m.node
		}
		last = m.node
	}
	return next, last
}

// tick is the pace at which the overlay is looked over when nothing happens.
const tick = 1e9

// settleTime is how long a closer successor is known before a node that has one moves its ring link.
const settleTime = 1e9

// dialSuccessor dials the first member behind this node in the ring, or the first that can be reached.
func (o *overlay) dialSuccessor(c *Core) {
	var better *member
	passed := 0
	for m := range o.ring.from(o.ring.behind(c.node)) {
		if l := c.linked(m.node); l != nil {
			ring := l.dialed && l.reason == wire.Ring
			if better != nil && (!ring || c.now.Mono-better.since >= settleTime) {
				c.dial(dial{addr: better.addr, node: better.node, inc: better.inc, reason: wire.Ring})
			}
			return
		}
		if m.lost {
			continue
		}
		if c.dialing(m.addr) {
			return
		}
		if better == nil && o.dialable(c, m.addr) {
			better = m
		}
		if passed++; better != nil && passed > ringSearch {
			break
		}
	}
	if better != nil {
		c.dial(dial{addr: better.addr, node: better.node, inc: better.inc, reason: wire.Ring})
	}
}

// ringSearch is how many places behind a dead successor a link counts as the ring's.
const ringSearch = 8

// dialLost greets, now and then, a member that was lost: the network may have been in two parts, and may not be any more.
// All nodes together try so many in each tick as there are lost ones, within bounds: where many are gone, they are likely to be together
// somewhere, and the first one found brings the others.
func (o *overlay) dialLost(c *Core) {
	if o.lostMembers == 0 || c.rng.IntN(o.size()) >= min(max(o.lostMembers, fewLostDials), mostLostDials) {
		return
	}
	for m := range o.ring.from(c.rng.IntN(o.ring.n)) {
		if m.lost && c.linked(m.node) == nil && !c.dialing(m.addr) && o.dialable(c, m.addr) {
			c.dial(dial{addr: m.addr, node: m.node, inc: m.inc, reason: wire.Heal})
			return
		}
	}
}

// How many lost members all nodes together dial in a tick: the fewest where any are lost, and the most.
const (
	fewLostDials  = 12
	mostLostDials = 96
)

// at returns a member with that address, nil if there is none. It remembers the last ones it was asked for, so that it
// looks through all of them only where there is none.
func (o *overlay) at(addr wire.Addr) *member {
	if m := o.member(o.found[addr]); m != nil && m.addr == addr {
		return m
	}
	for m := range o.ring.all() {
		if m.addr == addr {
			if o.found == nil || len(o.found) >= len(o.seeds) {
				o.found = map[wire.Addr]uint64{}
			}
			o.found[addr] = m.node
			return m
		}
	}
	return nil
}

// dialSeeds greets a configured seed that is no member: it may be the only bridge to another part of the network.
func (o *overlay) dialSeeds(c *Core) {
	for _, a := range o.seeds {
		if c.dialing(a) || !o.dialable(c, a) || o.isLinked(c, a) {
			continue
		}
		r := o.reaches[a]
		if r != nil && r.node != 0 && (r.node == c.node || o.member(r.node) != nil) || o.at(a) != nil {
			continue
		}
		c.dial(dial{addr: a, reason: wire.Heal})
	}
}
