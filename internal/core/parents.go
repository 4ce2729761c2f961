package core

import (
	"slices"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// What a node does about an origin whose parent is none any more.

// noAlternate forgets that the link with that id was to take the place of a lost parent's.
func (o *origin) noAlternate(id LinkID) {
	if o.alt == id {
		o.alt, o.alt2 = o.alt2, 0
	} else if o.alt2 == id {
		o.alt2 = 0
	}
}

// noParent takes in that l does not push o any more: its peer asks for o, or has nothing of it. The second parent takes its place, or the alternate.
// What this node has asked of the peer it takes back, whether that has gone or waits for the link, unless nobody else pushes.
func (c *Core) noParent(l *link, o *origin) {
	o.noAlternate(l.id)
	switch l.id {
	case o.second:
		o.second = 0
		if c.node < l.node {
			c.takeBack(l, o) // if both have asked, one of them gets what it asked for
		}
	case o.parent:
		o.parent, o.second = o.second, 0
		o.orphan = !c.up(o.parent)
		if c.takeAlternate(o); o.orphan {
			c.hearOthers(o)
		} else {
			c.takeBack(l, o)
		}
	}
}

// takeBack asks l not to push o, whatever it was asked before.
func (c *Core) takeBack(l *link, o *origin) {
	l.of(o).put(inGrafts, false)
	c.prune(l, o, wire.Lazy)
}

// dropTakenBack takes what was taken back since out of l.grafts: at once, since one frame may do that to thousands.
func (l *link) dropTakenBack() {
	l.grafts = slices.DeleteFunc(l.grafts, func(o *origin) bool { return !l.of(o).is(inGrafts) })
}

// takeAlternate asks the alternate to push o, in the place of a parent, or of the second one, that is none any more. It reports whether there is one.
func (c *Core) takeAlternate(o *origin) bool {
	o.noAlternate(o.parent)
	if !c.up(o.alt) {
		return false
	}
	alt := c.link(o.alt)
	o.alt, o.alt2 = o.alt2, 0
	if o.orphan {
		c.graft(alt, o)
	} else {
		o.second = alt.id
		c.pull(alt, o)
	}
	return true
}

// hearOthers opens two links that are closed for adverts of o, drawn at random, until somebody proves to be a good parent: not that one, nor any of the tree,
// since who is pushed to hears nothing that this node does not. In small networks none is closed.
func (c *Core) hearOthers(o *origin) {
	if c.overlay.size() <= keptAdverts {
		return
	}
	var drawn [backups]*link
	n := 0
	for _, x := range c.links {
		if !x.admitted || x.closing || x.of(o).mode() != wire.Mute {
			continue
		}
		if n++; n <= len(drawn) {
			drawn[n-1] = x
		} else if i := c.rng.IntN(n); i < len(drawn) {
			drawn[i] = x
		}
	}
	for _, x := range drawn[:min(n, len(drawn))] {
		x.of(o).setMode(wire.Lazy)
		c.prune(x, o, wire.Lazy)
	}
}

// treeLost finds other parents for the origins that came over l.
func (c *Core) treeLost(l *link) {
	// Where both ends are there, and one could do without l, nobody else has lost what came over it: not a peer whose own infos did, which
	// is on the other side of l. For origins that write little, nobody shows a better way.
	var beyond *link
	alone := true
	for _, x := range c.links {
		if !x.admitted || x.closing {
			continue
		}
		alone = false
		if y := c.newest(x.node); l.parted && y != nil && y.parent == l.id && (beyond == nil || y.hops < c.newest(beyond.node).hops) {
			beyond = x
		}
	}
	for _, o := range c.origins {
		o.noAlternate(l.id)
		switch l.id {
		case o.parent:
			o.parent, o.second = o.second, 0
		case o.second:
			o.second = 0
		default:
			continue
		}
		o.orphan = !c.up(o.parent)
		if alone {
			continue
		}
		if !c.takeAlternate(o) && beyond != nil && o.orphan && o.updates < settledUpdates {
			c.graft(beyond, o)
		}
		c.hearOthers(o)
	}
}
