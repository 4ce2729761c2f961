package core

import "github.com/grapevine-go/grapevine/internal/wire"

// Who pushes an origin to a node, or could: its parent, the second one, and the alternates; and what the node does once one of them does not any more.

// prefer makes the link with that id the first alternate: the first that is asked in the place of a parent that is lost.
func (o *origin) prefer(id LinkID) {
	o.noAlternate(id)
	o.alt, o.alt2 = id, o.alt
}

// noAlternate forgets that the link with that id is one of the two alternates.
func (o *origin) noAlternate(id LinkID) {
	switch id {
	case o.alt:
		o.alt, o.alt2 = o.alt2, 0
	case o.alt2:
		o.alt2 = 0
	}
}

// unparent has the link with that id be none of a parent's, a second one's or an alternate's of o. The second parent takes the place of the parent. It reports
// whether the link was one of theirs.
func (c *Core) unparent(id LinkID, o *origin) bool {
	o.noAlternate(id)
	switch id {
	case o.second:
		o.second = 0
	case o.parent:
		o.parent, o.second = o.second, 0
	default:
		return false
	}
	o.orphan = !c.up(o.parent)
	return true
}

// noParent takes in that l does not push o any more: its peer asks for o, or has nothing of it. An alternate is asked, if it was the parent.
// What this node has asked of the peer it takes back, whether that has gone or waits for the link, unless nobody else pushes.
func (c *Core) noParent(l *link, o *origin) {
	second := l.id == o.second
	if !c.unparent(l.id, o) || second && c.node >= l.node { // if both have asked for a second one, one of them gets what it asked for
		return
	}
	if !second {
		c.replaceParent(o)
	}
	if !o.orphan {
		c.takeBack(l, o)
	}
}

// takeBack asks l not to push o, whatever it was asked before.
func (c *Core) takeBack(l *link, o *origin) {
	l.of(o).put(asking, false)
	c.prune(l, o, wire.Lazy)
}

// withdraw takes back what is asked for o of others than its parents and waits for a link still. The link may have been closed for adverts before: the peer
// is told that it is open now.
func (c *Core) withdraw(o *origin) {
	for _, l := range c.links {
		if l.admitted && !l.closing && !o.pushedBy(l.id) && l.of(o).is(asking) {
			c.takeBack(l, o)
		}
	}
}

// replaceParent finds somebody in the place of a parent of o that is none any more: the alternate, or whoever advertises.
func (c *Core) replaceParent(o *origin) {
	c.takeAlternate(o)
	if o.orphan {
		c.hearOthers(o)
	}
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

// hearOthers opens two links that are closed for adverts of o, drawn at random, until somebody proves to be a good parent. None of the tree is closed.
func (c *Core) hearOthers(o *origin) {
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
		if !c.unparent(l.id, o) || alone {
			continue
		}
		if !c.takeAlternate(o) && o.orphan && beyond != nil && beyond.of(o).mode() != wire.Eager && o.updates < settledUpdates {
			c.graft(beyond, o)
		}
		c.hearOthers(o)
	}
}
