package core

import (
	"slices"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// settledUpdates of an origin are enough for its tree to be its own; its first ones are waited for longer, since they
// run along trees that are still being learned.
const settledUpdates = 4

// keptAdverts: with no more members than this, everybody hears every advert; with more, two links an origin do.
const keptAdverts = 100

// published sends what is new of o to everybody who does not have it: whom it came from too, where that one lacks what
// came before from somebody else.
func (c *Core) published(o *origin) {
	if o.hw == 0 {
		return
	}
	if o == c.self && o.updates == 0 {
		c.learn(o, nil)
	}
	o.updates = min(o.updates+1, settledUpdates+1)
	for _, l := range c.links {
		if !l.admitted || l.closing {
			continue
		}
		p := l.of(o)
		if p.known >= o.hw {
			continue
		}
		switch p.mode() {
		case wire.Eager:
			c.push(l, o, false)
		case wire.Lazy:
			c.advertise(l, o, c.advertDelay(l, o))
		case wire.Mute:
			if o.nears(p) {
				c.advertise(l, o, c.advertDelay(l, o))
			}
		}
	}
}

// push makes l send what is new of o.
func (c *Core) push(l *link, o *origin, repair bool) {
	p := l.of(o)
	p.put(asRepair, repair || p.is(asRepair) && p.is(inDirty))
	if !p.is(inDirty) {
		p.put(inDirty, true)
		l.dirty = append(l.dirty, o)
	}
	l.wake = true
}

// advertise makes l say, within delay, how far o is covered here.
func (c *Core) advertise(l *link, o *origin, delay int64) {
	p := l.of(o)
	if !p.is(inAdverts) {
		p.put(inAdverts, true)
		l.adverts = append(l.adverts, o)
	}
	if at := c.now.Mono + delay; l.advertAt == 0 || at < l.advertAt {
		l.advertAt = at
	}
	if delay == 0 {
		l.wake = true
	}
}

// advertDelay: one end goes first, and its advert usually spares the other end's; less so where frames are late, since there both ends may need it.
// What nobody was pushed is advertised at once.
func (c *Core) advertDelay(l *link, o *origin) int64 {
	if !o.tree && o.updates <= 1 {
		return 0
	}
	d := c.cfg.Timers.Advert
	if c.scale.apart && l.latency > 0 {
		d = min(d, d*l.latency/c.cfg.Timers.Graft)
	}
	if !l.first() {
		d = d * 9 / 4
	}
	if c.hurried() {
		d /= 2
	}
	return d
}

// counted notes that this end has sent (+1) or received (-1) a frame with infos, stand-ins, ranges or adverts.
func (l *link) counted(n int32) { l.ahead += n }

// first reports whether this end is the first to advertise: the one that has sent less over the link, so that those who push much, or have dialled much,
// advertise little. Over a link by which a node joined it is the one that did: the other end has many of that kind.
func (l *link) first() bool {
	if l.reason == wire.Join || l.ahead == 0 {
		return l.dialed
	}
	return l.ahead < 0
}

func (c *Core) prune(l *link, o *origin, mode wire.Mode) {
	p := l.of(o)
	if _, there := p.pruning(); !there {
		l.prunes = append(l.prunes, o)
	}
	p.setPruning(mode)
	if l.id == o.rival {
		o.rival = 0
	}
	l.wake = true
}

// graft asks l for o from here on: eager makes l its parent.
func (c *Core) graft(l *link, o *origin) {
	if o.parent != l.id {
		o.former = o.parent
	}
	o.rival = 0
	c.follow(l, o)
	o.orphan = false
	if o.want > o.hw { // asked for from here on
		o.asked = c.now.Mono
		o.graftAt = c.patience(o, o.want)
		for _, a := range o.advs {
			o.graftAt = min(o.graftAt, c.patience(o, a.to))
		}
		c.grafts.push(o.graftAt, o.idx)
	}
	c.pull(l, o)
}

// pull asks l to push o from here on.
func (c *Core) pull(l *link, o *origin) {
	p := l.of(o)
	p.choose(wire.Lazy)
	if p.pruned() {
		p.setPruning(-1)
	}
	if !p.is(inGrafts) {
		l.grafts = append(l.grafts, o)
	}
	p.put(inGrafts|asking, true)
	l.wake = true
}

func (c *Core) advertIn(l *link, o *origin, a wire.Advert) {
	p := l.of(o)
	if p.told() >= a.To {
		l.ahead = 0 // the adverts have crossed: the ends may have counted differently, since frames were lost. Mostly, both hear it
	}
	p.known = max(p.known, a.To)
	p.setHops(a.Hops)
	if l.id == o.second {
		o.second = 0 // it advertises what it should have pushed
	}
	if a.To > o.hw {
		delay := c.graftDelay(o, a.To)
		if a.Pull || c.bridge(l) {
			delay = 0
		}
		c.missing(l, o, a.To, a.Hops, delay, c.asPushed(a))
		return
	}
	if o == c.self || o.parent == l.id || a.To < o.hw {
		return
	}
	if at := c.asPushed(a); c.scale.apart && at != never {
		if c.prefers(l, o, at) {
			c.adopt(l, o, at)
			return
		}
	} else if o.hopsSeq == o.hw && a.Hops+2 <= o.hops {
		// A shorter path. A descendant advertises more hops than this node has, so l is none.
		o.hops = a.Hops + 1
		c.adopt(l, o, o.dueAt)
		return
	} else if o.hopsSeq == o.hw && a.Hops+1 <= o.hops && o.updates > 2 && o.updates <= settledUpdates && c.byJoin(o.parent) && l.reason != wire.Join {
		// As short a path. The first trees are those by which nodes joined: whom many joined through would push to all of them for good. Later on,
		// trees are left in peace.
		c.adopt(l, o, o.dueAt)
		return
	}
	switch {
	// With one hop more, networks that have met get more copies. Where some are far, hops say little.
	case o.orphan && (a.Hops <= o.hops || c.scale.apart) && c.beside(l, o, a.Hops+1):
		c.graft(l, o)
		return
	case c.second(l, o, a.Hops+1):
		o.second = l.id
		c.pull(l, o)
		return
	}
	switch {
	case l.id == o.alt || l.id == o.alt2:
	case p.mode() == wire.Eager: // a descendant, once it loses its other parent
	case a.Hops <= o.hops && (!c.up(o.alt) || o.pushedBy(o.alt)):
		o.alt = l.id
	case a.Hops <= o.hops && (!c.up(o.alt2) || o.pushedBy(o.alt2)):
		o.alt2 = l.id
	}
	if o.updates > 2 && c.overlay.size() > keptAdverts && p.mode() == wire.Lazy && !p.is(needed) && c.open(o, l) >= backups {
		p.setMode(wire.Mute)
		c.prune(l, o, wire.Mute)
	}
}

// pushedBy reports whether the link with that id is a parent's.
func (o *origin) pushedBy(id LinkID) bool { return id == o.parent || id == o.second }

// byJoin reports whether one end of a link, which is up, joined the network by it.
func (c *Core) byJoin(id LinkID) bool { return c.up(id) && c.link(id).reason == wire.Join }

// nears reports whether a path through this node would be shorter for a peer that hears no adverts.
func (o *origin) nears(p *perOrigin) bool { return o.hops+2 <= p.hops() }

// adopt makes l the parent of o in the place of another.
func (c *Core) adopt(l *link, o *origin, at int64) {
	old := o.parent
	o.dueAt = at
	c.graft(l, o)
	if c.up(old) && old != o.second {
		c.letGo(old, o)
		o.prefer(old)
	}
}

// follow makes l the parent of o, which is not pushed to any more: it has what it pushes. It may have been since the network assembled, and if
// another one were the parent one day, would be told what it has. The parent it had becomes the second one, if there is to be one and none is left.
func (c *Core) follow(l *link, o *origin) {
	if o.parent == l.id {
		return
	}
	if o.second == l.id {
		o.second = 0
	}
	if c.lacksSecond(o) && c.up(o.parent) && c.link(o.parent).of(o).mode() != wire.Eager { // else it has asked to be pushed to since
		o.second = o.parent
	}
	o.parent = l.id
	if p := l.of(o); p.mode() != wire.Lazy {
		p.choose(wire.Lazy)
	}
}

// lacksSecond reports whether o is to have a second parent, and has none.
func (c *Core) lacksSecond(o *origin) bool {
	return c.cfg.Parents > 1 && o.updates > 2 && !c.up(o.second)
}

// second reports whether l is to be the second parent, over a path of that many hops.
func (c *Core) second(l *link, o *origin, hops uint32) bool {
	return c.lacksSecond(o) && !o.orphan && c.beside(l, o, hops)
}

// beside reports whether the peer is no descendant of this node in the tree of o, if o comes over l after that many hops. Of the descendants, those this node
// pushes to have o after one hop more than this node, and all others after two or more.
func (c *Core) beside(l *link, o *origin, hops uint32) bool {
	return o.hopsSeq == o.hw && hops <= o.hops+2 && l.of(o).mode() != wire.Eager
}

// letGo prunes a parent that another one takes the place of: make before break, so that what is on its way is not lost.
func (c *Core) letGo(parent LinkID, o *origin) {
	c.lets = append(c.lets, release{c.now.Mono + c.cfg.Timers.Graft*5/2, parent, o})
}

// release is a parent to be let go.
type release struct {
	at   int64
	link LinkID
	o    *origin
}

func (c *Core) releaseDue() {
	c.lets = slices.DeleteFunc(c.lets, func(r release) bool {
		if r.at > c.now.Mono {
			return false
		}
		if !r.o.pushedBy(r.link) && c.up(r.link) {
			c.takeBack(c.link(r.link), r.o)
		}
		return true
	})
}

func (c *Core) pruneIn(l *link, o *origin, mode wire.Mode) {
	p := l.of(o)
	p.put(chosen, true)
	switch {
	case mode == wire.Mute && o.pushedBy(l.id): // it crossed a graft, which wins
	case mode == wire.Mute && p.mode() == wire.Lazy:
		p.put(needed, false)
		if c.open(o, l) >= backups {
			p.setMode(wire.Mute)
		} else {
			c.prune(l, o, wire.Lazy)
		}
	case mode == wire.Lazy && p.mode() != wire.Lazy:
		p.put(needed, p.mode() == wire.Mute)
		p.setMode(wire.Lazy)
		l.hold(o)
		if max(p.known, p.told()) < o.hw && !p.is(inDirty) {
			c.advertise(l, o, c.advertDelay(l, o))
		}
	}
}

// backups is how many links a node keeps open for an origin, in a network of many members.
const backups = 2

// open counts the links, besides one, over which either end advertises what it has of o, should the other one lack it.
func (c *Core) open(o *origin, but *link) int {
	n := 0
	for _, l := range c.links {
		if p := l.of(o); l != but && (c.far(but) || !c.far(l)) && l.admitted && !l.closing && !o.pushedBy(l.id) && p.mode() == wire.Lazy {
			n++
		}
	}
	return n
}

// hold stops what is being pushed of o over l: the peer gets it elsewhere. What is held stays in l.dirty until dropHeld.
func (l *link) hold(o *origin) {
	if p := l.of(o); p.is(inDirty) {
		p.put(inDirty|asRepair, false)
	}
	if l.part.o == o {
		l.part = part{}
	}
}

// dropHeld takes what was held since out of l.dirty: at once, since one frame may hold thousands.
func (l *link) dropHeld() {
	l.dirty = slices.DeleteFunc(l.dirty, func(o *origin) bool { return !l.of(o).is(inDirty) })
}

// learn decides to whom an origin that was unknown until now is pushed; from is nil if it is this node.
//
// A stranger's tree is its sponsor's: the node it joined through hears it first, and everybody passes it on as if the
// sponsor had written it. While a network assembles, the links that nodes joined through are the tree. Where neither
// is known, it is advertised with the request to ask for it.
func (c *Core) learn(o *origin, from *link) {
	eager := func(*link) bool { return false }
	sponsor := c.newest(o.sponsor) // nil too if nothing of it has come yet but by the base: then it has no tree
	o.tree = true
	switch {
	case c.overlay.young:
		eager = func(l *link) bool { return l.join }
	case o == c.self:
		eager = func(l *link) bool {
			return o.sponsor != 0 && (l.node == o.sponsor || sponsor != nil && l.of(sponsor).mode() == wire.Eager)
		}
		o.tree = o.sponsor != 0
	case o.sponsor != 0 && o.sponsor == c.node && c.self != nil:
		eager = func(l *link) bool { return l.of(c.self).mode() == wire.Eager }
	case sponsor != nil && sponsor.hw > 0 && c.up(sponsor.parent):
		eager = func(l *link) bool { return l.of(sponsor).mode() == wire.Eager }
	default:
		o.tree = false
	}
	for _, l := range c.links {
		if !l.admitted || l.closing {
			continue
		}
		p := l.of(o)
		switch {
		case l == from || o.pushedBy(l.id):
			p.setMode(wire.Lazy)
		case p.is(chosen) && p.mode() == wire.Eager: // it was asked for already
		case eager(l):
			p.setMode(wire.Eager)
		default:
			p.setMode(wire.Lazy)
		}
		p.put(chosen, true)
	}
}
