package core

import (
	"maps"
	"slices"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// maxCompares is how often a new link compares hashes, while things still move, before it sends marks: by then the
// trees have brought what was on its way, and marks would only have described it.
const maxCompares = 3

// maxPings is how many pings may wait for a link to be free: a node asks one question at a time, or two.
const maxPings = 16

// equal notes that the peer holds what is held here: once, as long as nothing changes.
func (c *Core) equal(l *link) {
	if digest := c.digest(); l.equalTo != digest {
		c.equalSince(l, nil)
		l.equalTo = digest
	}
}

// equalSince does so for the state before the moves in since.
func (c *Core) equalSince(l *link, since map[int32]uint64) {
	l.based = c.base != nil
	for _, o := range c.origins {
		hw := o.hw
		if was, ok := since[o.idx]; ok {
			hw = was
		}
		p := l.of(o)
		if p.known = max(p.known, hw); max(p.known, p.told()) < o.hw {
			c.advertise(l, o, c.advertDelay(l, o)) // it came in while the link was not up yet
		}
	}
}

// marksIn takes in how far the peer covers each origin.
func (c *Core) marksIn(l *link, marks []wire.Mark, end bool) {
	for _, m := range marks {
		l.foreign = l.foreign || m.NodeID != l.node
		if b := c.untouched(originID{m.NodeID, m.Incarnation}); b != nil && m.Seq <= b.hw && (b.sponsor != 0 || m.Sponsor == 0) {
			l.shows(b, m.Seq)
			continue
		}
		o := c.origin(originID{m.NodeID, m.Incarnation})
		if o == nil {
			continue
		}
		if o.sponsor == 0 && o != c.self {
			o.sponsor = m.Sponsor
		}
		if o == c.self && m.Seq > o.hw {
			c.refuse(l, wire.DuplicateNode)
			return
		}
		p := l.of(o)
		p.put(declared, false) // perhaps the peer has missed that
		l.shows(o, m.Seq)
		if p.known = max(p.known, m.Seq); m.Seq > o.hw {
			delay := 2 * c.cfg.Timers.Graft
			switch {
			case l.join:
				delay *= 4 // the peer pushes it, once it has this node's marks
			case c.bridge(l):
				delay = 0
			}
			c.missing(l, o, m.Seq, unknownHops, delay, never)
		}
	}
	if end && !c.compared(l) {
		end, l.shown = false, nil
	}
	if end {
		l.strays = c.allStrays()
	}
	switch {
	case !end:
	case l.bulk:
		l.bulk = false
		c.pushAll(l)
		// Whoever holds more than its own infos may hold what nobody on this side does.
		if l.marks.pending = l.foreign; l.foreign {
			c.graftOrphans(l)
		}
	case l.join && l.dialed:
		c.pushAll(l)
	default:
		for i := range int32(c.heard) {
			o := c.touched(i)
			if o == nil {
				if l.shown[i] >= c.base.origins[i].hw {
					continue
				}
				o = c.touch(i)
			}
			// A peer that shows less than it was sent has lost it, or will have it before it needs to ask.
			if seq := l.shown[i]; seq < o.hw {
				c.offer(l, o, seq)
			}
		}
		l.based = c.base != nil
	}
	if end {
		l.shown = nil
	}
	l.wake = true
}

// compared takes in that the peer has sent all of its marks, which costs a look at all that is held, and reports whether to take it: a
// node sends them when a link comes up, and where two pings in a row show a difference, which is a ping period later at least.
func (c *Core) compared(l *link) bool {
	if c.now.Mono < l.marksFrom {
		return false
	}
	l.marksFrom = c.now.Mono + c.cfg.Timers.Ping/2
	return true
}

// bridge reports whether l has just joined two parts of the network: what the peer has, nobody else is going to push.
func (c *Core) bridge(l *link) bool {
	return l.reason == wire.Heal && c.now.Mono-l.upAt < c.cfg.Timers.Ping/2
}

// offer has the peer hear of all that o wrote after seq, whatever was sent.
func (c *Core) offer(l *link, o *origin, seq uint64) {
	p := l.of(o)
	p.known, l.equalTo = min(p.known, seq), 0
	p.tell(min(p.told(), seq))
	p.put(declared, false) // perhaps the peer has missed that
	if l.part.o == o {
		l.part = part{}
	}
	switch p.mode() {
	case wire.Eager:
		c.push(l, o, true)
	case wire.Mute:
		p.setMode(wire.Lazy)
		c.prune(l, o, wire.Lazy) // both ends agree on what is open
		fallthrough
	default:
		c.advertise(l, o, 0)
	}
}

// allStrays lists the keys whose record the marks do not speak of: by origin, in order.
func (c *Core) allStrays() []*keyState {
	var all []*keyState
	for _, o := range c.origins {
		for _, key := range slices.Sorted(maps.Keys(o.strays)) {
			all = append(all, o.strays[key])
		}
	}
	return all
}

// pushAll sends the peer all that it lacks. What it has never heard of, it hears from here from now on.
func (c *Core) pushAll(l *link) {
	for i := range int32(c.heard) {
		o := c.touched(i)
		if o == nil {
			if l.covers(c.base.origins[i]) {
				continue
			}
			o = c.touch(i)
		}
		p := l.of(o)
		if p.known >= o.hw || o.id.node == l.node && o.id.inc == l.inc {
			continue
		}
		if p.known == 0 {
			c.noParent(l, o) // it was asked before its marks were here
			p.choose(wire.Eager)
		}
		c.push(l, o, true)
	}
	l.based = c.base != nil
}

// shows notes what a peer's mark of o says.
func (l *link) shows(o *origin, seq uint64) {
	if l.shown == nil {
		l.shown = map[int32]uint64{}
	}
	l.shown[o.idx] = seq
}

// covers reports whether the peer covers all that the base does of b, an origin of it.
func (l *link) covers(b *origin) bool { return l.based || l.shown[b.idx] >= b.hw }

// digest is what nodes with equal marks have in common.
func (c *Core) digest() uint64 { return mix(c.hash, uint64(c.marks)) }

// ping is the frame of a link that has nothing else to say.
func (c *Core) ping() wire.Ping {
	return wire.Ping{Digest: c.digest(), Wall: c.now.Wall / 1e6}
}

// ask queues a ping that wants an answer, and returns its number.
func (c *Core) ask(l *link) uint64 {
	c.lastPing++
	p := c.ping()
	p.Ask, p.ID = true, c.lastPing
	l.pings = append(l.pings, p)
	return p.ID
}

// compare asks the peer whether it has the same marks.
func (c *Core) compare(l *link) {
	l.asked = c.ask(l)
	l.since = map[int32]uint64{}
	l.wake = true
}

func (c *Core) pingIn(l *link, p *wire.Ping) {
	c.shows(l, p.Wall)
	c.measures(l, p)
	same := p.Digest == c.digest()
	switch {
	case p.Ask && len(l.pings) >= maxPings:
		c.refuse(l, wire.Misbehaved) // it asks and asks, and takes no answer
	case p.Ask:
		if same {
			c.equal(l)
		}
		answer := c.ping()
		answer.ID, answer.Same = p.ID, same
		l.pings = append(l.pings, answer)
		l.wake = true
	case p.ID == 0:
		c.compareIdle(l, p, same)
	case p.ID == l.leavePing:
		c.leaveHeard(l)
	case p.ID == l.asked:
		since := l.since
		l.asked, l.since = 0, nil
		l.compares++
		switch {
		case p.Same:
			c.equalSince(l, since)
		case l.compares < maxCompares && c.now.Mono-c.overlay.lastLearned < 4*c.cfg.Timers.Graft:
			l.compareAt = c.now.Mono + 4*c.cfg.Timers.Graft
		default:
			l.marks.pending, l.wake = true, true
		}
	}
}

// compareIdle is the last net under the trees: where two pings in a row show different marks, and neither end has moved
// in between, the dialling end says what it has.
func (c *Core) compareIdle(l *link, p *wire.Ping, same bool) {
	if same || !l.dialed {
		l.unequal = 0
		return
	}
	if l.unequal == p.Digest && l.unequalTo == c.digest() {
		l.marks.pending, l.wake = true, true
		l.unequal = 0
		return
	}
	l.unequal, l.unequalTo = p.Digest, c.digest()
}
