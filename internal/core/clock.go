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

// keptOffsets is how many of the times that a peer has shown count. One comes late, now and then; the next ones do not.
const keptOffsets = 3

// shows takes in what time it is at a peer.
func (c *Core) shows(l *link, millis int64) {
	if millis <= 0 || millis >= maxWall {
		return // says nothing
	}
	l.offsets[l.timed%keptOffsets] = millis*1e6 - c.now.Wall
	l.timed++
	if c.correctAt == 0 && (c.correction != 0 || abs(l.offset()) > c.cfg.Timers.MaxSkew/2) {
		c.correctAt = c.now.Mono + c.cfg.Timers.Ping // a node that has just joined asks all the peers it is going to have
	}
}

// offset returns how far the peer's wall clock is ahead of this node's, as the time shows that took least to come here.
func (l *link) offset() int64 { return slices.Max(l.offsets[:min(l.timed, keptOffsets)]) }

// jumped takes in that the wall clock jumped, as the monotonic one tells: it was set, or this process was suspended and the peers'
// clocks went on as well. So nothing is known of them any more, and all are asked.
func (c *Core) jumped() {
	c.lostTime, c.correctAt = true, c.now.Mono+c.cfg.Timers.Ping
	for _, l := range c.links {
		l.timed = 0
		if l.admitted && !l.closing {
			c.ask(l)
			l.wake = true
		}
	}
}

// correct finds out by how much this node's clock is wrong. What is within half of MaxSkew of that, or of zero, is left alone:
// stamps differ by as much in any case. So that a clock at that limit does not turn to and fro, what was corrected stays so until half
// as much is left.
func (c *Core) correct() {
	if c.correctAt == 0 || c.now.Mono < c.correctAt {
		return
	}
	lost := c.lostTime
	c.correctAt, c.lostTime = 0, false
	var room [64]int64
	offsets := append(room[:0], 0)
	for _, l := range c.links {
		if l.admitted && !l.closing && l.timed > 0 {
			offsets = append(offsets, l.offset())
		}
	}
	if len(offsets) == 1 && !lost {
		return // nobody to ask: what was found out last holds
	}
	slices.Sort(offsets)
	wrong, slack := offsets[(len(offsets)-1)/2], c.cfg.Timers.MaxSkew/2
	if abs(wrong) < slack/2 || abs(wrong) <= slack && c.correction == 0 {
		wrong = 0
	}
	if wrong == c.correction || wrong != 0 && abs(wrong-c.correction) <= slack {
		return
	}
	c.correction = wrong
	c.clock.Wall = min(c.clock.Wall, c.wall()) // a clock that was ahead takes its stamps back; each key's go on from its own
	c.event(Event{Kind: ClockCorrected, Node: c.node, Offset: wrong})
}
