package core

import "slices"

// A node whose wall clock is wrong corrects its stamps. Each Hello and Ping shows what time it is at the peer, give or
// take the latency of a link. The node believes the lower median of its peers and itself: of two nodes that differ, the
// one that is ahead gives in.
// Nothing but stamps depends on it: lifetimes are counted on the monotonic clock.

// wall returns the time for stamps, in nanoseconds since 1970.
func (c *Core) wall() int64 { return c.now.Wall + c.correction }

// maxWall is the latest time, in milliseconds since 1970, that a peer may show: the year 2262, as far as nanoseconds reach.
const maxWall = (1 << 63) / 1_000_000

// shows takes in what time it is at a peer.
func (c *Core) shows(l *link, millis int64) {
	if millis <= 0 || millis >= maxWall {
		return // says nothing
	}
	l.offset, l.timed = millis*1e6-c.now.Wall, true
	c.doubtClock(l)
}

// doubtClock has the clock looked at in a while, if what l shows gives reason to: a node that has just joined asks all the
// peers it is going to have.
func (c *Core) doubtClock(l *link) {
	if c.correctAt == 0 && (c.correction != 0 || abs(l.offset) > c.cfg.Timers.MaxSkew/2) {
		c.correctAt = c.now.Mono + c.cfg.Timers.Ping
	}
}

// jumped takes in that the wall clock was set: by how much, the monotonic one tells.
func (c *Core) jumped(by int64) {
	for _, l := range c.links {
		l.offset -= by
		c.doubtClock(l)
	}
}

// correct finds out by how much this node's clock is wrong. What is within half of MaxSkew of that, or of zero, is left alone:
// stamps differ by as much in any case.
func (c *Core) correct() {
	if c.correctAt == 0 || c.now.Mono < c.correctAt {
		return
	}
	c.correctAt = 0
	var room [64]int64
	offsets := append(room[:0], 0)
	for _, l := range c.links {
		if l.admitted && !l.closing && l.timed {
			offsets = append(offsets, l.offset)
		}
	}
	if len(offsets) == 1 {
		return // nobody to ask: what was found out last holds
	}
	slices.Sort(offsets)
	wrong, slack := offsets[(len(offsets)-1)/2], c.cfg.Timers.MaxSkew/2
	if abs(wrong) <= slack {
		wrong = 0
	}
	if wrong == c.correction || wrong != 0 && abs(wrong-c.correction) <= slack {
		return
	}
	c.correction = wrong
	c.clock.Wall = min(c.clock.Wall, c.wall()) // a clock that was ahead takes its stamps back; each key's go on from its own
	c.event(Event{Kind: ClockCorrected, Node: c.node, Offset: wrong})
}
