package core

import (
	"slices"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// Who is let in, and who has to go for that.

// room decides whether there is room for a link, which is new to this node.
func (o *overlay) room(c *Core, l *link, h *wire.Hello) (wire.Verdict, wire.Refusal) {
	nodes, d := c.degree(), degree(o.size())
	space := c.incoming() < c.cfg.MaxPeers
	switch h.Reason {
	case wire.Join:
		counted := nodes
		if !o.settled(c) {
			counted += c.countLeaves() // whoever has no ID yet gets one soon
		}
		// Seeds are to be near each other: all others join through them.
		if space && (counted < joinDegree(d) || slices.Contains(o.seeds, l.addr)) {
			return wire.Admitted, 0
		}
		// Once settled, whoever joins is let in at once: in place of another link, so that the degree stays, and if none can go,
		// in addition, as far as MaxPeers leaves space. A peer that joins and joins can so displace chords, which are dialled anew, but
		// neither what this node dialled nor the ring's. A leaf displaces no link.
		if o.settled(c) && (o.evict(c, l) || space || c.unseat()) {
			return wire.Admitted, 0
		}
		if len(c.neighbours(l.node)) > 0 {
			return wire.Redirected, 0
		}
		if c.unseat() { // nobody else can take it in
			return wire.Admitted, 0
		}
	case wire.Ring, wire.Heal:
		if space || o.evict(c, l) {
			return wire.Admitted, 0
		}
	case wire.Chord, wire.Near:
		_, chances := c.underway()
		if c.incoming() < c.cfg.MaxPeers-reserve(c.cfg.MaxPeers) && nodes+chances < d+2 {
			return wire.Admitted, 0
		}
		if h.Reason == wire.Near && c.giveWay() {
			return wire.Admitted, 0
		}
	default:
		return wire.Refused, wire.Misbehaved
	}
	return wire.Refused, wire.Busy
}

// reserve is how many of the places for links that peers dial are kept from chords, so that who joins finds one.
func reserve(maxPeers int) int { return maxPeers / 8 }

// joinLasts is how long the link lasts at least by which a node has joined.
const joinLasts = 5 * tick

// joinDegree is up to how many links a node admits those who join that has a degree of d.
func joinDegree(d int) int { return max(6, d+3) }

// grown is told of a leaf that has got an ID: its link is one of the overlay from now on, as if the node had just joined.
func (o *overlay) grown(c *Core, l *link) {
	l.nodeAt = c.now.Mono
	c.sentinel.wake(c)
	if o.settled(c) && c.degree() > joinDegree(degree(o.size())) {
		o.displace(c, l)
	}
}

// evict makes room for a link: where no place is left it takes that of a caller, which loses nothing by it, otherwise that of a link that can go, unless it is
// for a leaf. It reports whether there was one.
func (o *overlay) evict(c *Core, l *link) bool {
	return c.incoming() >= c.cfg.MaxPeers && c.unseat() || !l.leaf && o.displace(c, nil)
}

// displace parts from a peer, but not over that link, that dialled a chord, or joined, long enough ago to have other links, as no leaf has. It takes the one that the
// fewest origins come by, so that few nodes are behind it: origins that write nothing show nobody a better way. It reports whether there was one.
func (o *overlay) displace(c *Core, but *link) bool {
	var which *link
	fewest := 0
	for _, l := range slices.Backward(c.links) {
		old := l.reason == wire.Join && c.now.Mono-l.nodeAt >= joinLasts
		if l == but || !l.admitted || l.closing || l.dialed || l.leaf || l.reason != wire.Chord && l.reason != wire.Near && !old {
			continue
		}
		if n := c.behind(l); which == nil || n < fewest {
			which, fewest = l, n
		}
	}
	if which != nil {
		c.partFrom(which)
	}
	return which != nil
}

// behind returns how many origins come over l.
func (c *Core) behind(l *link) int {
	n := 0
	for _, x := range c.origins {
		if x.parent == l.id {
			n++
		}
	}
	return n
}
