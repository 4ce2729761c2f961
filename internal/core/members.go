package core

import (
	"math"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// member is a node that gossips its descriptor.
type member struct {
	node  uint64
	pos   uint64 // in the ring
	addr  wire.Addr
	inc   uint64
	since int64 // Mono since when it is known

	suspected bool // somebody has suspected it in this life
	lost      bool // somebody suspects the descriptor that stands
	shared    bool // it is of a base: see ring.edit
}

// ringPos places a node in the ring.
func ringPos(node uint64) uint64 { return mix(node) }

// leastDegree is that of networks of up to 16 nodes.
const leastDegree = 4

// degree is how many links a node of a network of n wants: with a ring and random chords, that many keep every node
// within 4 hops up to ten thousand nodes (measured).
func degree(n int) int { return max(leastDegree, int(math.Ceil(2*math.Pow(float64(n), 0.25)-1e-9))) }

// size returns how many nodes are there, as far as is known, this one included.
func (o *overlay) size() int { return o.ring.n - o.lostMembers + 1 }

// setLost notes whether m is suspected. Such a member has no place among those to be linked to, until it has answered.
func (o *overlay) setLost(c *Core, m *member) {
	rec := c.descriptorRecord(m.node)
	lost := rec != nil && c.suspected(rec)
	if m.lost == lost {
		return
	}
	o.changedAt = c.now.Mono
	if o.ring.edit(m).lost = lost; lost {
		o.lostMembers++
	} else {
		o.lostMembers--
	}
	o.wakeMaintain(c, o.quiet(c))
}

// remove forgets a member.
func (o *overlay) remove(c *Core, node uint64) {
	m := o.member(node)
	if m == nil {
		return
	}
	if m.lost {
		o.lostMembers--
	}
	o.changedAt = c.now.Mono
	o.ring.remove(m)
	o.wakeMaintain(c, 0)
}

// member returns a node's, nil if it is none. It may be shared: whoever changes it, changes what ring.edit returns.
func (o *overlay) member(node uint64) *member { return o.ring.member(node) }

// changed keeps the members in step with the descriptors.
func (o *overlay) changed(c *Core, rec, lost *Record) {
	if len(rec.Key) <= len(nodeKeyPrefix) || rec.Key[:len(nodeKeyPrefix)] != nodeKeyPrefix {
		return
	}
	d := descriptorOf(rec)
	if d == nil {
		if lost == nil {
			return
		}
		if was := descriptorOf(lost); was != nil {
			o.remove(c, was.NodeId)
		}
		return
	}
	if d.NodeId == c.node {
		return
	}
	addr := addressOf(d)
	if m := o.member(d.NodeId); m != nil {
		o.setLost(c, m)
		if m.addr != addr || m.inc != rec.Incarnation {
			m = o.ring.edit(o.member(d.NodeId))
			m.suspected = m.lost
			m.addr, m.inc, m.since = addr, rec.Incarnation, c.now.Mono
			if r := o.reaches[addr]; r != nil {
				*r = reach{} // a new life deserves a new try
			}
			o.wakeMaintain(c, o.quiet(c))
		}
		return
	}
	m := &member{node: d.NodeId, pos: ringPos(d.NodeId), addr: addr, inc: rec.Incarnation, since: c.now.Mono}
	o.ring.insert(m)
	o.setLost(c, m)
	m.suspected = m.lost
	o.newMember(c)
}

// addressOf returns where a descriptor says that its node can be dialled.
func addressOf(d *gossippb.NodeDescriptor) wire.Addr {
	return wire.Addr{Network: d.GetAddress().GetNetwork(), Address: d.GetAddress().GetAddress()}
}

// newMember keeps the time of news, by which a node knows whether its network is still assembling.
func (o *overlay) newMember(c *Core) {
	now, l := max(c.now.Mono, 1), o.latency(c) // in lastNew, 0 says that nobody has come
	if o.lastNew == 0 {
		o.firstNew, o.born = now, now
	}
	if o.young && o.lastNew > 0 && (now > o.lastNew+10*l || now > o.born+50*l) {
		o.young = false
	}
	o.lastNew, o.changedAt = now, now
	o.wakeMaintain(c, o.quiet(c))
}

// latency is the one-way latency the overlay reckons with: never less than the graft timer, which is made for it.
func (o *overlay) latency(c *Core) int64 { return max(c.cfg.Timers.Graft, o.rtt/2) }

// quiet is how long no new member may have come before ring and chords are dialled: until then the links that nodes
// joined through are the network, a tree, and a tree carries no copy twice.
func (o *overlay) quiet(c *Core) int64 {
	return min(max(3*c.cfg.Timers.Graft, o.rtt*3/2), 100*c.cfg.Timers.Graft)
}
