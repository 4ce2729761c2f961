package core

import (
	"cmp"
	"slices"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// accepted takes in a link that a peer dialled. Its Hello decides.
func (c *Core) accepted(id LinkID) { c.addLink(id) }

// announcement tells the peers of an admitted link who this node is from now on.
func (c *Core) announcement() *wire.Hello { return &wire.Hello{} }

func (c *Core) helloIn(l *link, f *wire.Frame) {
	h := f.Hello
	switch {
	case l.admitted:
		c.announced(l, f)
	case l.dialed && h.Verdict != wire.Asked:
		c.answered(l, f)
	case !l.dialed && h.Verdict == wire.Asked:
		c.asked(l, f)
	default:
		c.refuse(l, wire.Misbehaved)
	}
}

// asked answers the Hello of a peer that dialled.
func (c *Core) asked(l *link, f *wire.Frame) {
	h := f.Hello
	l.reason = h.Reason
	l.introduce(f)
	c.alive(l.node)
	answer := &wire.Hello{Reason: h.Reason}
	answer.Verdict, answer.Refusal = c.judge(l, h)
	answer.KnownIncarnation = c.latest(l.node)
	l.hello, l.wake = answer, true
	switch answer.Verdict {
	case wire.Admitted:
		same := h.Digest == c.digest()
		c.admit(l)
		c.shows(l, h.Wall)
		if h.Reason == wire.Join {
			l.join, l.bulk = true, true
		} else if same {
			c.equal(l)
		}
		return
	case wire.Redirected:
		answer.Alternates = c.alternates(c.neighbours(l.node))
		c.event(Event{Kind: PeerRedirected, Link: l.id, Node: l.node, Addr: l.addr})
	default:
		if h.Reason == wire.Probe {
			break // it asked for nothing else
		}
		c.event(Event{Kind: PeerRefused, Link: l.id, Node: l.node, Addr: l.addr, Refusal: answer.Refusal})
	}
	l.closeAt = c.now.Mono + c.cfg.Timers.Ping // the dialling end closes first, if it is there
}

// introduce takes in who the peer is, by its Hello.
func (l *link) introduce(f *wire.Frame) {
	h := f.Hello
	l.node, l.inc, l.instance = f.NodeID, h.Incarnation, h.Instance
	l.addr, l.leaf, l.cluster = f.Addr, l.isLeaf(f), h.ClusterID
	l.helloBy = never
}

// isLeaf reports whether a peer that says this of itself is a leaf. Whom this node has dialled may have other links.
func (l *link) isLeaf(f *wire.Frame) bool {
	return !l.dialed && (f.Hello.Leaf || f.NodeID == 0)
}

// judge decides whether a link is admitted.
func (c *Core) judge(l *link, h *wire.Hello) (wire.Verdict, wire.Refusal) {
	switch {
	case h.MinVersion > maxVersion || h.MaxVersion < minVersion:
		return wire.Refused, wire.Version
	case h.Instance == c.cfg.Instance:
		return wire.Refused, wire.Self
	case !c.sameCluster(h.ClusterID):
		return wire.Refused, wire.OtherCluster
	case c.left:
		return wire.Refused, wire.Leaving
	case l.node != 0 && l.node == c.node:
		c.raise(h.Incarnation, true)
		return wire.Refused, wire.DuplicateNode
	}
	if c.latest(l.node) > l.inc {
		return wire.Refused, wire.DuplicateNode
	}
	if h.Reason == wire.Probe {
		return wire.Refused, wire.Busy
	}
	if l.leaf && h.Reason != wire.Join {
		return wire.Refused, wire.Misbehaved // it needs no other link
	}
	old, wins := c.settle(l)
	if !wins || c.crossing(l) {
		return wire.Refused, wire.DuplicateLink
	}
	if old != nil && h.Reason >= wire.Join && h.Reason <= wire.Near && (!old.dialed || c.incoming() < c.cfg.MaxPeers) {
		return wire.Admitted, 0 // in its place
	}
	return c.overlay.room(c, l, h)
}

// answered takes in the answer to the Hello of this node.
func (c *Core) answered(l *link, f *wire.Frame) {
	h, d := f.Hello, l.dial
	l.introduce(f)
	c.measured(l, c.now.Mono-l.lastSent)
	c.overlay.reachOf(d.addr).latency = l.latency
	c.overlay.answeredFrom(c, d, l.node)
	c.alive(l.node)
	if h.KnownIncarnation > c.inc && h.Verdict != wire.Admitted && c.sameCluster(h.ClusterID) {
		c.raise(h.KnownIncarnation, false)
	}
	since := l.since
	l.since = nil
	switch h.Verdict {
	case wire.Admitted:
		refusal := wire.NoRefusal
		switch {
		case !c.sameCluster(h.ClusterID):
			refusal = wire.OtherCluster
		case h.Instance == c.cfg.Instance:
			refusal = wire.Self
		case l.node != 0 && l.node == c.node:
			refusal = wire.DuplicateNode
		}
		if refusal != 0 {
			c.overlay.shun(c, d.addr, l.node)
			c.refuse(l, refusal)
			return
		}
		l.dial = nil
		if _, wins := c.settle(l); !wins {
			c.end(l, 0)
			return
		}
		c.admit(l)
		c.rescale()
		c.shows(l, h.Wall)
		switch {
		case l.reason == wire.Join:
			c.joined(l)
		case h.Digest == l.sentDigest:
			c.equalSince(l, since)
		case l.reason == wire.Heal:
			l.marks.pending = true // two networks have met: nothing to wait for
		default:
			l.compareAt = c.now.Mono + 4*c.cfg.Timers.Graft
		}
		c.overlay.swap(c, l)
	case wire.Redirected:
		c.event(Event{Kind: RedirectedUs, Link: l.id, Node: l.node, Addr: d.addr})
		l.dial = nil
		c.end(l, 0)
		c.overlay.redirected(c, d, h.Alternates)
	default:
		if d.reason != wire.Probe || h.Refusal != wire.Busy {
			c.event(Event{Kind: PeerRefusedUs, Link: l.id, Node: l.node, Addr: d.addr, Refusal: h.Refusal})
		}
		l.dial = nil
		c.end(l, 0)
		c.overlay.refusedUs(c, d, l.node, h.Refusal)
	}
}

// admit makes l carry infos.
func (c *Core) admit(l *link) {
	if old, _ := c.settle(l); old != nil {
		c.replace(old, l)
	}
	l.admitted, l.upAt, l.nodeAt = true, c.now.Mono, c.now.Mono
	c.out.Links = true
	c.event(Event{Kind: LinkUp, Link: l.id, Node: l.node, Addr: l.addr})
	c.adoptCluster(l.cluster)
	if c.latest(l.node) < l.inc {
		c.adoptedBy(l)
	}
	c.overlay.up(c, l)
	c.sentinel.wake(c)
}

// adoptedBy notes the peer's origin, so that an older incarnation of it is told.
func (c *Core) adoptedBy(l *link) {
	if l.node != 0 && l.inc != 0 {
		c.origin(originID{l.node, l.inc})
	}
}

// joined is the dialling end of a link this node joined through.
func (c *Core) joined(l *link) {
	l.join = true
	c.overlay.joined = true
	if c.overlay.sponsor == 0 {
		c.overlay.sponsor = l.node
	}
	if c.self != nil {
		if c.self.sponsor == 0 {
			c.self.sponsor = l.node
		}
		p := l.of(c.self)
		p.choose(wire.Eager)
		if c.self.hw > 0 {
			c.push(l, c.self, false)
		}
	}
	if !l.foreign {
		c.pushAll(l) // the peer sends no marks back; what came in since the Hello, nobody over there has
	}
	c.graftOrphans(l)
}

// graftOrphans asks a new link for the origins that have no parent any more, but those that the peer is pushed: it has nothing of them, or has asked.
func (c *Core) graftOrphans(l *link) {
	for _, o := range c.origins {
		if o.orphan && o != c.self && l.of(o).mode() != wire.Eager {
			c.graft(l, o)
		}
	}
}

// announced takes in that a linked peer has got an ID, a newer incarnation, or a cluster.
func (c *Core) announced(l *link, f *wire.Frame) {
	h := f.Hello
	switch {
	case h.Verdict != wire.Asked, l.node != 0 && f.NodeID != l.node, h.Incarnation < l.inc:
		c.refuse(l, wire.Misbehaved)
		return
	case f.NodeID == c.node && c.node != 0:
		c.raise(h.Incarnation, true)
		c.refuse(l, wire.DuplicateNode)
		return
	case !c.sameCluster(h.ClusterID):
		c.refuse(l, wire.OtherCluster)
		return
	}
	was := l.leaf
	l.node, l.inc, l.addr, l.leaf = f.NodeID, h.Incarnation, f.Addr, l.isLeaf(f)
	l.cluster = h.ClusterID
	c.adoptCluster(l.cluster)
	c.alive(l.node)
	c.adoptedBy(l)
	c.out.Links = true
	if old, wins := c.settle(l); !wins {
		c.end(l, 0)
		return
	} else if old != nil {
		c.replace(old, l)
	}
	if was && !l.leaf {
		c.overlay.grown(c, l)
	}
}

// settle decides, where a pair of nodes has two links, which stays: that of the newer incarnation; else the one that
// the lower ID dialled, so that both ends agree without a message; among equals the newer, since its dialler knows
// that the older is gone. It returns the other link, if there is one, and whether l wins.
func (c *Core) settle(l *link) (other *link, wins bool) {
	for _, x := range c.links {
		if x == l || !x.admitted || x.closing || !samePeer(x, l) {
			continue
		}
		if l.inc != x.inc {
			return x, l.inc > x.inc
		}
		lower := c.node < l.node
		if c.node == 0 || l.node == 0 {
			lower = c.cfg.Instance < l.instance
		}
		return x, l.dialed == lower || x.dialed != lower
	}
	return nil, true
}

// replace ends the link of a pair that lost against l. A node whose ID another one has taken is told so.
func (c *Core) replace(old, l *link) {
	if old.inc >= l.inc || old.node == 0 {
		c.end(old, 0)
		return
	}
	old.bye = &wire.Bye{Reason: wire.DuplicateNode}
	old.admitted, old.wake = false, true
	old.closeAt = c.now.Mono + c.cfg.Timers.Ping
	c.detach(old)
}

func samePeer(a, b *link) bool {
	return a.node != 0 && a.node == b.node || a.instance == b.instance
}

// crossing reports whether this node is dialling the peer of l at this moment, and its own dial is the one to stay.
func (c *Core) crossing(l *link) bool {
	if l.node == 0 || c.node == 0 || c.node > l.node {
		return false
	}
	ours := func(d *dial) bool { return d != nil && d.node == l.node && d.inc >= l.inc }
	return slices.ContainsFunc(c.dials, ours) ||
		slices.ContainsFunc(c.links, func(x *link) bool { return x != l && !x.closing && ours(x.dial) })
}

// neighbours returns the links to peers that asker may be sent to.
func (c *Core) neighbours(asker uint64) []*link {
	var ls []*link
	for _, l := range c.links {
		if l.admitted && !l.closing && l.node != asker && l.node != 0 && l.addr.Address != "" {
			ls = append(ls, l)
		}
	}
	return ls
}

// alternates names up to four of the neighbours, those least often named first. While the network assembles, those come before
// them that have joined through this node: whom it joined through is full likewise.
func (c *Core) alternates(ls []*link) []wire.Member {
	rank := func(l *link) int {
		if c.overlay.young && !(l.join && !l.dialed) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(ls, func(a, b *link) int { return cmp.Or(rank(a)-rank(b), a.handed-b.handed) })
	var ms []wire.Member
	for _, l := range ls[:min(len(ls), 4)] {
		ms = append(ms, wire.Member{NodeID: l.node, Addr: l.addr})
	}
	ls[0].handed++
	return ms
}

// sameCluster reports whether id is this node's cluster, or one of both has none yet.
func (c *Core) sameCluster(id string) bool { return id == "" || c.cluster == "" || c.cluster == id }

// adoptCluster takes a cluster if the node has none, and tells the peers that it was linked to without one: they adopt it
// too, or have another by now.
func (c *Core) adoptCluster(id string) {
	if c.cluster == "" && id != "" {
		c.cluster = id
		c.event(Event{Kind: ClusterAdopted, Text: id})
		for _, l := range c.links {
			if l.admitted && !l.closing && l.cluster == "" {
				l.announce, l.wake = true, true
			}
		}
	}
}
