package core

import (
	"slices"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// A node measures how far its peers are, by round trips: of each Hello it dials with, and where that gives reason to, of
// pings that ask for an answer. Where all are about as far, nothing comes of that, not even a ping, unless the first frames of a link
// were held up. Where some are much farther than others, links and trees prefer those that are near.

// distance is how far the peer of a link is.
type distance struct {
	latency int64  // one way: half of the shortest round trip; 0: unknown
	longest int64  // half of the longest round trip of a ping
	trips   int    // round trips of pings
	askID   uint64 // of the ping whose answer will be the next one; 0: none
	askAt   int64  // Mono at which that was sent, or is to be
}

// scale is how far the peers of a node are, all together.
type scale struct {
	least int64 // the shortest latency of a link; 0: none is known
	near  int64 // the shortest one that pings bear out; 0: there is none
	hint  bool  // some peers may be far, by the shortest latencies of links
	apart bool  // some peers are far, and some not
	told  bool  // some peer measures, or has measured
	alone bool  // to some peer, this node is far, and others are not
}

// A peer is far that is farTimes as far as another, and farMore farther.
const (
	farTimes = 4
	farMore  = 5e6
)

// sureTrips is how many round trips of pings it takes to know how far a peer is. One that was held up makes nobody near, and
// nobody far.
const sureTrips = 3

// beyond reports whether latency is that of a far peer, if near is that of another one.
func beyond(latency, near int64) bool {
	return near > 0 && latency >= farTimes*near && latency >= near+farMore
}

// far reports whether the peer of l is known to be far, while others are not.
func (c *Core) far(l *link) bool { return l.trips >= sureTrips && beyond(l.latency, c.scale.near) }

// measured takes in a round trip over l.
func (c *Core) measured(l *link, trip int64) {
	if latency := max(trip/2, 1); l.latency == 0 || latency < l.latency {
		l.latency = latency
	}
	c.rescale()
}

// rescale finds out whether some peers are far.
func (c *Core) rescale() {
	s := &c.scale
	s.least, s.near = 0, 0
	longest := int64(0)
	for _, l := range c.links {
		if !l.admitted || l.closing || l.latency == 0 {
			continue
		}
		longest = max(longest, l.latency)
		if s.least == 0 || l.latency < s.least {
			s.least = l.latency
		}
		if l.trips >= sureTrips && (s.near == 0 || l.longest < s.near) {
			s.near = l.longest
		}
	}
	s.hint = beyond(longest, s.least)
	s.apart = s.hint && slices.ContainsFunc(c.links, func(l *link) bool { return l.admitted && !l.closing && c.far(l) })
}

// unsure reports whether the distance of l matters and is not certain, or its peer has not been told that it is far.
func (c *Core) unsure(l *link) bool {
	return (c.scale.hint || c.scale.told) && (l.trips < sureTrips || l.trips == sureTrips && c.far(l))
}

// pingAt returns when l is to be pinged: when it has been idle, or, to measure it, in any case.
func (c *Core) pingAt(l *link) int64 {
	if !c.unsure(l) {
		return l.lastSent + c.cfg.Timers.Ping
	}
	return min(l.lastSent, max(l.upAt, l.askAt)) + c.cfg.Timers.Ping
}

// pingNow queues a ping, which asks for an answer if that is to measure l.
func (c *Core) pingNow(l *link) {
	if !c.unsure(l) {
		l.pings = append(l.pings, c.ping())
		return
	}
	l.askAt = c.now.Mono
	c.ask(l)
	p := &l.pings[len(l.pings)-1]
	p.Measure, p.Far = true, c.far(l)
}

// measures takes in a ping that measures a round trip, or may be the answer to one.
func (c *Core) measures(l *link, p *wire.Ping) {
	c.scale.told = c.scale.told || p.Measure
	c.scale.alone = c.scale.alone || p.Far
	if !p.Ask && p.ID != 0 && p.ID == l.askID {
		l.askID = 0
		l.trips++
		l.longest = max(l.longest, (c.now.Mono-l.askAt)/2)
		c.measured(l, c.now.Mono-l.askAt)
	}
}

// heldFor returns what an advert of o says of how long this node has had it, where distances matter.
func (c *Core) heldFor(o *origin) uint64 {
	if !c.scale.apart && !c.scale.told {
		return 0
	}
	return uint64(c.now.Mono-o.movedAt)/1e3 + 1
}

// asPushed returns when what is advertised would have come, had it been pushed; never if that is not said.
func (c *Core) asPushed(a wire.Advert) int64 {
	if a.Held == 0 || a.Held > maxHeld {
		return never
	}
	return c.now.Mono - int64(a.Held-1)*1e3
}

// maxHeld is the longest time, in microseconds, that an advert may say.
const maxHeld = 1 << 40

// prefers reports whether l would be a better parent of o than the one it has, given when l would have pushed the newest
// update: earlier, with a quarter of the latency of the last link on top. So a near parent may be a little later than a
// far one. But the peer of l had it before this node, so that it is no descendant.
func (c *Core) prefers(l *link, o *origin, at int64) bool {
	if !c.scale.apart || at == never || l.latency == 0 || o == c.self || o.parent == l.id || !c.up(o.parent) {
		return false
	}
	p := c.link(o.parent)
	if p.latency == 0 || at-l.latency >= o.movedAt {
		return false
	}
	return o.dueAt-at+(p.latency-l.latency)/4 > max(1e6, min(p.latency, l.latency)/4)
}

// overtake makes the best of those the parent of o who have advertised what has just come.
func (c *Core) overtake(o *origin, advs []advert) {
	var best *link
	var at int64
	for _, a := range advs {
		if a.to < o.hw || !c.up(a.link) {
			continue
		}
		if l := c.link(a.link); c.prefers(l, o, a.due) && (best == nil || a.due+l.latency/4 < at+best.latency/4) {
			best, at = l, a.due
		}
	}
	if best != nil && o.want <= o.hw {
		c.adopt(best, o, at)
	}
}
