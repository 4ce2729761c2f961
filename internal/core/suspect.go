package core

import (
	"slices"
	"strconv"
	"strings"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// suspectPrefix begins the keys of suspicions: "suspect:<node>:<stamp>", where <stamp> is the wall time of the newest
// descriptor of the node that the suspecting one holds. A newer descriptor makes the suspicion void, by itself and
// everywhere. With the stamp in the key, all who suspect a descriptor write the same key, and no late suspicion of an
// older one takes its place.
const suspectPrefix = "suspect:"

// patience is how many ping periods a suspected node has to answer before it counts as failed: longer than neighbours
// need to notice a silent link, so that a tree broken by the same fault is mended before. It is the value of a suspicion.
const patience = 5

// doubt is about a member that a link was lost to: whether it still is there.
type doubt struct {
	node  uint64
	stamp int64 // wall time of its descriptor
	at    int64 // Mono of the next look
	tries int   // times there was no room to dial
	asked bool  // its address was dialled, and it has until at to say something
}

// evidence is how many times a doubt waits for room to dial before it is left to others.
const evidence = 3

// descriptorRecord returns the record of a node's live descriptor, nil if there is none.
func (c *Core) descriptorRecord(node uint64) *Record {
	rec := c.record(nodeKeyPrefix + strconv.FormatUint(node, 10))
	if rec == nil || descriptorOf(rec) == nil {
		return nil
	}
	return rec
}

func suspectKey(node uint64, stamp int64) string {
	return suspectPrefix + strconv.FormatUint(node, 10) + ":" + strconv.FormatInt(stamp, 10)
}

// doubt is told of an admitted link that ended without this node wanting it to. A node that has left is no member any
// more, and one that has begun another life is there. Of those who have lost a link to the same node, one or two
// look first, and what they find the others need not.
func (c *Core) doubt(l *link) {
	if c.self == nil || c.left || l.node == 0 || l.node == c.node || c.linked(l.node) != nil {
		return
	}
	rec := c.descriptorRecord(l.node)
	if rec == nil || rec.Incarnation > l.inc {
		return
	}
	c.doubts = append(c.doubts, doubt{node: l.node, stamp: rec.Stamp.Wall, at: c.doubtAt()})
}

// doubtAt returns when to look at a doubt that has just come up: others have it too.
func (c *Core) doubtAt() int64 { return c.now.Mono + c.rng.Int64N(c.cfg.Timers.Ping/2+1) }

// doubtsDue does what is due about the doubts.
func (c *Core) doubtsDue() {
	for i := 0; i < len(c.doubts); {
		if d := &c.doubts[i]; c.now.Mono < d.at || c.pursue(d) {
			i++
			continue
		}
		c.doubts = slices.Delete(c.doubts, i, i+1)
	}
}

// pursue goes on with a doubt: it dials the node once, and suspects it if nobody answers. It reports whether the doubt
// remains.
func (c *Core) pursue(d *doubt) bool {
	rec := c.descriptorRecord(d.node)
	if c.left || rec == nil || rec.Stamp.Wall != d.stamp || c.suspected(rec) {
		return false
	}
	if d.asked {
		c.suspect(rec)
		return false
	}
	m := c.overlay.member(d.node)
	if at := c.overlay.rest(m.addr); at > c.now.Mono {
		d.at = at // it answers, but ends each link at once
		return true
	}
	d.at = c.now.Mono + c.cfg.Timers.Ping
	d.asked = c.dialing(m.addr) || c.dial(dial{addr: m.addr, node: m.node, inc: m.inc, reason: wire.Chord})
	if !d.asked {
		d.tries++
	}
	return d.tries < evidence
}

// suspected reports whether somebody has said so of the descriptor already.
func (c *Core) suspected(rec *Record) bool {
	said := c.record(suspectKey(rec.Node, rec.Stamp.Wall))
	return said != nil && said.State == wire.Live
}

// suspect tells everybody that the node of the descriptor may have failed. That is known for as long as the descriptor.
func (c *Core) suspect(rec *Record) {
	if c.held() >= c.cfg.Limits.Infos {
		c.event(Event{Kind: LimitHit, Node: rec.Node, Text: "infos"})
		return
	}
	time, ttl := patience*c.cfg.Timers.Ping, int64(0)
	if rec.Expires != never {
		ttl = rec.Expires - c.now.Mono + time
	}
	c.event(Event{Kind: Suspecting, Node: rec.Node, Addr: c.overlay.member(rec.Node).addr})
	c.write(suspectKey(rec.Node, rec.Stamp.Wall), strconv.FormatInt(time, 10), ttl, wire.Live)
}

// unreached is told that nobody has answered where the node was dialled: there is nothing left to wait for. It is no
// less of a sign where no link was lost, since all who had one may have gone with the node. But a node that nobody can
// dial, and that has said it is there, is not asked again and again; and one without a link knows nothing of others.
func (c *Core) unreached(node uint64) {
	for i := range c.doubts {
		if d := &c.doubts[i]; d.node == node {
			d.asked, d.at = true, c.now.Mono
			return
		}
	}
	m, rec := c.overlay.member(node), c.descriptorRecord(node)
	if c.self == nil || c.left || c.degree() == 0 || m == nil || m.suspected || rec == nil || c.linked(node) != nil {
		return
	}
	c.doubts = append(c.doubts, doubt{node: node, stamp: rec.Stamp.Wall, at: c.doubtAt(), asked: true})
}

// alive is told of a sign of life.
func (c *Core) alive(node uint64) {
	c.doubts = slices.DeleteFunc(c.doubts, func(d doubt) bool { return d.node == node })
}

// suspicion takes in what stands under a key, if that is a suspicion's. One of this node's own descriptor is refuted, by
// writing that anew.
func (c *Core) suspicion(rec *Record) {
	node, ok := suspectOf(rec.Key)
	if !ok {
		return
	}
	if m := c.overlay.member(node); m != nil {
		if !m.suspected && rec.State == wire.Live {
			m = c.overlay.ring.edit(m)
			m.suspected = true
		}
		c.overlay.setLost(c, m)
		return
	}
	own := c.descriptorRecord(node)
	if node == c.node && c.descriptor.Key != "" && own != nil && rec.State == wire.Live && rec.Key == suspectKey(node, own.Stamp.Wall) {
		c.event(Event{Kind: Refuting, Node: rec.Node})
		c.descriptor.at = c.now.Mono
	}
}

// suspectOf returns whom the suspicion under key is about, and whether it is one.
func suspectOf(key string) (node uint64, ok bool) {
	text, ok := strings.CutPrefix(key, suspectPrefix)
	if !ok {
		return 0, false
	}
	text, _, _ = strings.Cut(text, ":")
	node, err := strconv.ParseUint(text, 10, 64)
	return node, err == nil
}

// doubtsNext returns when doubtsDue has something to do again.
func (c *Core) doubtsNext() int64 {
	at := int64(never)
	for _, d := range c.doubts {
		at = min(at, d.at)
	}
	return at
}
