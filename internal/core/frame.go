package core

import (
	"slices"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// frame takes in what a peer sent.
func (c *Core) frame(l *link, f *wire.Frame) {
	l.lastRecv = c.now.Mono
	if l.closeAt != 0 {
		return // refused or redirected: whatever it still says was on its way
	}
	if l.exchange != nil {
		c.refuse(l, wire.Misbehaved)
		return
	}
	if f.Hello != nil {
		c.helloIn(l, f)
	}
	if l.closing || l.closeAt != 0 {
		return
	}
	if !l.admitted {
		switch {
		case f.Hello != nil:
		case f.Exchange != nil && !l.dialed:
			c.exchangeIn(l, f)
		default:
			c.refuse(l, wire.Misbehaved)
		}
		return
	}
	for _, d := range f.Origins {
		if !c.declared(l, d) {
			c.refuse(l, c.unresolved(d.Incarnation))
			return
		}
	}
	for _, take := range [...]func(*link, *wire.Frame) wire.Refusal{c.delta, c.tree} {
		switch why := take(l, f); why {
		case 0:
		case undeclared:
			c.inquire(l)
		default:
			c.refuse(l, why)
			return
		}
	}
	if len(f.Marks) > 0 || f.MarksEnd {
		c.marksIn(l, f.Marks, f.MarksEnd)
	}
	if f.Ping != nil {
		c.pingIn(l, f.Ping)
	}
	if f.Bye != nil {
		if f.Bye.Reason != wire.NoRefusal {
			c.event(Event{Kind: PeerRefusedUs, Link: l.id, Node: l.node, Addr: l.addr, Refusal: f.Bye.Reason})
		}
		switch {
		case f.Bye.Reason == wire.NoRefusal:
			l.parted = true
		case f.Bye.Reason == wire.Leaving:
			c.overlay.shun(c, l.peerAddr(), l.node)
		case f.Bye.Reason == wire.DuplicateNode && c.raised && c.now.Mono-c.raisedAt < duplicateWindow:
			c.out.Fatal = wire.DuplicateNode // somebody alive has taken this node's place, again
		}
		c.end(l, 0)
	}
}

// declared takes in which incarnation a node ID stands for on l. It returns false if there are too many origins.
func (c *Core) declared(l *link, d wire.Origin) bool {
	o := c.origin(originID{d.NodeID, d.Incarnation})
	if o == nil {
		return false
	}
	if o.sponsor == 0 && o != c.self {
		o.sponsor = d.Sponsor
	}
	c.heardOf(d.NodeID, d.Incarnation)
	l.lives[d.NodeID] = o
	return true
}

// heardOf takes in that there is talk of a life of a node: perhaps of a newer one of this node.
func (c *Core) heardOf(node, inc uint64) {
	if node == c.node && inc > c.inc && c.now.Mono >= c.raiseAt {
		c.raiseAt = c.now.Mono + 1e9 // gossip alone does not make a node raise again and again
		c.raise(inc, false)
	}
}

// resolve returns the origin that a section of a frame of l names, nil if it names none.
func (c *Core) resolve(l *link, node, inc uint64) *origin {
	if inc != 0 {
		return c.origin(originID{node, inc})
	}
	return l.lives[node]
}

// unresolved says why a section that names inc could not be resolved: the fault is this node's if it holds all it can.
func (c *Core) unresolved(inc uint64) wire.Refusal {
	switch {
	case inc == 0:
		return undeclared
	case inc < maxIncarnation && c.heard >= c.cfg.Limits.Origins:
		return wire.Busy
	}
	return wire.Misbehaved
}

// undeclared is said of a section that names a node of which nothing on the link has said which life is meant: the frame that did
// was lost, and this one is as good as lost. No link ends for that: the next one would have everything to declare, lose some of it
// likewise, and trees would be mended faster than they hold.
const undeclared wire.Refusal = -1

// inquire shows the peer the marks, by which it finds what did not come, and declares everything anew.
func (c *Core) inquire(l *link) {
	if c.now.Mono >= l.inquireAt {
		l.inquireAt = c.now.Mono + c.cfg.Timers.Ping
		l.marks.pending, l.wake = true, true
	}
}

// delta takes in the infos of a frame and then what they cover. Nothing is claimed unless all of them were taken in.
func (c *Core) delta(l *link, f *wire.Frame) wire.Refusal {
	for i := range f.Infos {
		in := &f.Infos[i]
		o := c.resolve(l, in.Node, in.Incarnation)
		switch {
		case o == nil:
			return c.unresolved(in.Incarnation)
		case o == c.self && in.Seq > o.hw:
			return wire.DuplicateNode
		case !c.takeIn(in, o, l):
			c.event(Event{Kind: LimitHit, Link: l.id, Node: in.Node, Text: "infos"})
			return wire.Busy
		}
	}
	for _, s := range f.Standins {
		o := c.resolve(l, s.NodeID, s.Incarnation)
		if o == nil {
			return c.unresolved(s.Incarnation)
		}
		ks := c.key(s.Key)
		if ks == nil {
			continue
		}
		if s.Keep > 0 {
			ks.hold = max(ks.hold, after(c.now.Mono, s.Keep))
		}
		if o != c.self && ks.wrote(o, s.Seq) {
			c.index(o, entry{s.Seq, ks})
			o.lastAgain = max(o.lastAgain, s.Seq) // for all that is known
			c.arrivals.key(ks, nil)
		}
	}
	for i := range f.Infos {
		if r, ok := f.Infos[i].Claim(); ok {
			if why := c.claimed(l, r, f); why != 0 {
				return why
			}
		}
	}
	for _, r := range f.Ranges {
		if why := c.claimed(l, r, f); why != 0 {
			return why
		}
	}
	c.tidy()
	return 0
}

// claimed takes in a range of a frame.
func (c *Core) claimed(l *link, r wire.Range, f *wire.Frame) wire.Refusal {
	o := c.resolve(l, r.NodeID, r.Incarnation)
	switch {
	case o == nil:
		return c.unresolved(r.Incarnation)
	case o == c.self && r.To > o.hw:
		return wire.Misbehaved
	case l.exchange != nil:
		c.callerRange(o, r)
	default:
		c.rangeIn(l, o, r, f)
	}
	return 0
}

// rangeIn takes in a claim, and learns from it where the origin's tree runs.
func (c *Core) rangeIn(l *link, o *origin, r wire.Range, f *wire.Frame) {
	p := l.of(o)
	p.known = max(p.known, r.To)
	if l.id == o.former && r.To == o.hw {
		c.overdue(o) // who was asked has answered meanwhile
	}
	old := o.hw
	switch {
	case c.claim(o, r.From, r.To):
		if c.scale.apart && len(o.advs) > 0 {
			defer c.overtake(o, slices.Clone(o.advs))
		}
		early := o.asked != 0 && l.id == o.former // what was left for another one comes before the answer of that
		c.arrived(o, old, !r.Repair && (o.pushedBy(l.id) || l.id == o.former))
		if o.parent != l.id && !(r.Repair && c.up(o.parent)) {
			old := o.parent
			waits := c.up(old) && c.link(old).of(o).is(asking) // nobody was asked yet
			c.follow(l, o)
			if o.want == 0 {
				c.withdraw(o)
			}
			if c.up(old) && old != o.second {
				o.prefer(old)
				if early && !(waits && o.want == 0) {
					o.rival = old
					c.letGo(old, o) // unless it answers: it may have nothing to say, since this node's advert has crossed the graft
				}
			}
		}
		o.orphan = false
		if old == 0 {
			c.learn(o, l)
		}
		c.published(o)
	case r.From > old:
		c.missing(l, o, r.To, unknownHops, c.graftDelay(o, r.To), never)
	case o != c.self && !c.up(o.parent):
		if p.mode() != wire.Eager { // else it has asked this node, or both push since the network assembled: what is new shows who is the parent
			c.follow(l, o)
			o.orphan = false
		}
	case l.id == o.rival && r.Repair:
		// Its advert was earlier than the push by more than pushes usually are late, and it keeps its word. As both push from now on, one
		// of them has to go; the next update would come twice.
		old := o.parent
		c.follow(l, o)
		o.rival = 0
		if old != o.second {
			c.letGo(old, o)
			o.prefer(old)
		}
	case o == c.self || !o.pushedBy(l.id) && !r.Repair:
		hops, ok := hopsOf(f, o, r.To)
		second := ok && o != c.self && c.second(l, o, hops)
		p.choose(wire.Lazy)
		if second {
			o.second = l.id // both ends have asked, and this one let go of it
			break
		}
		c.prune(l, o, wire.Lazy)
		if ok && o != c.self && hops <= o.hops+1 {
			o.prefer(l.id)
		}
	}
	if p.pruned() && o.pushedBy(l.id) {
		c.pull(l, o) // its push has crossed the prune, and was the first
	}
}

const unknownHops = 1 << 30

// hopsOf returns the hops of the info of o at seq in f.
func hopsOf(f *wire.Frame, o *origin, seq uint64) (uint32, bool) {
	for i := range f.Infos {
		if in := &f.Infos[i]; in.Seq == seq && in.Node == o.id.node {
			return in.Hops, true
		}
	}
	return 0, false
}

// tree takes in what a frame says of trees.
func (c *Core) tree(l *link, f *wire.Frame) wire.Refusal {
	said := wire.NoRefusal // of what is passed over
	if len(f.Infos)+len(f.Standins)+len(f.Ranges)+len(f.Adverts) > 0 {
		l.counted(-1)
	}
	for _, a := range f.Adverts {
		o := c.resolve(l, a.NodeID, a.Incarnation)
		if o == nil {
			if said = c.unresolved(a.Incarnation); said == undeclared {
				continue
			}
			return said
		}
		if o == c.self && a.To > o.hw {
			return wire.Misbehaved
		}
		c.advertIn(l, o, a)
	}
	for _, p := range f.Prunes {
		if o := c.resolve(l, p.NodeID, p.Incarnation); o != nil {
			c.pruneIn(l, o, p.Mode)
		}
	}
	if len(f.Prunes) > 0 {
		l.dropHeld()
	}
	for _, g := range f.Grafts {
		o := c.resolve(l, g.NodeID, g.Incarnation)
		if o == nil {
			if said = c.unresolved(g.Incarnation); said == undeclared {
				continue
			}
			return said
		}
		p := l.of(o)
		if g.From >= p.known || c.now.Mono-l.upAt >= 4*c.overlay.latency(c) { // else it is on its way: the link has just come up
			p.known, l.equalTo = g.From, 0
			if l.part.o == o {
				l.part = part{}
			}
		}
		if p.known < o.hw {
			c.push(l, o, true)
		}
		if g.Mode == wire.Eager {
			c.noParent(l, o) // it does not push any more, and is behind this node from now on
			p.choose(wire.Eager)
		}
	}
	return said
}
