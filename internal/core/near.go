package core

import "github.com/grapevine-go/grapevine/internal/wire"

// A node whose links go farther than they need replaces them: it asks members at random how far they are, and links to those
// that are near in the place of far ones.

// farKept is how many far links a node keeps where it has found near ones, those to its neighbours in the ring included.
const farKept = 2

// farLinks returns how many links go far, and the farthest of them that this node can do without, nil if there is none.
func (c *Core) farLinks() (n int, which *link) {
	for _, l := range c.links {
		if !l.admitted || l.closing || !c.far(l) {
			continue
		}
		if n++; l.reason != wire.Ring && !l.leaf && (which == nil || l.latency > which.latency) {
			which = l
		}
	}
	return n, which
}

// probe asks a member how far it is, where there are far links to replace.
func (o *overlay) probe(c *Core) {
	if n, far := c.farLinks(); c.scale.apart && (n <= farKept || far == nil) || !c.scale.apart && !c.scale.alone {
		return
	}
	if c.now.Mono < o.probeAt || !o.settled(c) || o.pending(c, wire.Probe) || o.pending(c, wire.Near) {
		return
	}
	o.fruitless++
	o.probeAt = c.now.Mono + tick<<min(o.fruitless/8, 6)
	for tries := 32; tries > 0; tries-- {
		m := o.ring.at(c.rng.IntN(o.ring.n))
		if r := o.reaches[m.addr]; (r == nil || r.latency == 0) && o.fit(c, m) {
			c.dial(dial{addr: m.addr, node: m.node, inc: m.inc, reason: wire.Probe})
			return
		}
	}
	o.dialNear(c, 1) // all are known
}

// fit reports whether m may be dialled.
func (o *overlay) fit(c *Core, m *member) bool {
	return !m.lost && c.linked(m.node) == nil && !c.dialing(m.addr) && o.dialable(c, m.addr)
}

// probed is told how far a member is that was asked.
func (o *overlay) probed(c *Core, d *dial, node uint64) {
	latency, s := o.reachOf(d.addr).latency, &c.scale
	if near := s.apart && !beyond(latency, s.near) || !s.apart && beyond(s.least, latency); near && node == d.node {
		c.dial(dial{addr: d.addr, node: d.node, inc: d.inc, reason: wire.Near})
	}
}

// dialNear dials up to so many members that are known to be near, and returns how many it found.
func (o *overlay) dialNear(c *Core, n int) int {
	if !c.scale.apart || len(o.reachOrder) == 0 {
		return 0
	}
	found := 0
	for i, at := 0, c.rng.IntN(len(o.reachOrder)); i < len(o.reachOrder) && found < n; i++ {
		r := o.reaches[o.reachOrder[(at+i)%len(o.reachOrder)]]
		if r == nil || r.latency == 0 || beyond(r.latency, c.scale.near) {
			continue
		}
		if m := o.member(r.node); m != nil && o.reaches[m.addr] == r && o.fit(c, m) {
			if !c.dial(dial{addr: m.addr, node: m.node, inc: m.inc, reason: wire.Near}) {
				break
			}
			found++
		}
	}
	return found
}

// giveWay ends a far link, if there are too many of them, so that there is room for a near one. It reports whether it did.
func (c *Core) giveWay() bool {
	n, far := c.farLinks()
	if n <= farKept || far == nil || far.dialed && c.incoming() >= c.cfg.MaxPeers {
		return false
	}
	c.partFrom(far)
	return true
}

// swap is told of a near link this node dialled: it replaces a far one.
func (o *overlay) swap(c *Core, l *link) {
	if l.reason != wire.Near || !l.admitted || l.closing {
		return
	}
	o.fruitless = 0
	if c.degree() <= degree(o.size()) {
		return
	}
	if n, far := c.farLinks(); n > farKept && far != nil {
		c.partFrom(far)
	}
}

// partFrom ends a link that this node can do without, and tells the peer that this is nobody's fault.
func (c *Core) partFrom(l *link) {
	l.bye, l.parted = &wire.Bye{}, true
	l.admitted, l.wake = false, true
	l.closeAt = c.now.Mono + c.cfg.Timers.Ping
	c.out.Links = true
	c.detach(l)
}
