package core

import (
	"fmt"
	"slices"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// What the tests in core_test see of a core.

// Origin names an origin.
type Origin struct{ Node, Incarnation uint64 }

// Marks returns how far the core covers each origin it covers anything of.
func (c *Core) Marks() map[Origin]uint64 {
	marks := map[Origin]uint64{}
	for _, o := range c.allOrigins() {
		if o.hw > 0 {
			marks[Origin{o.id.node, o.id.inc}] = o.hw
		}
	}
	return marks
}

// DescriptorPeriod returns how often a node of a network of n writes its descriptor, in nanoseconds.
func DescriptorPeriod(n int) int64 { return descriptorPeriod(n) }

// Stagger returns how much later than the first a node takes its turn at the sentinel that has so many before it.
func Stagger(before int, step int64) int64 { return stagger(before, step) }

// DigestAnew computes the same from nothing: the marks, and the records that stand beyond their origin's.
func (c *Core) DigestAnew() uint64 {
	var hash, n uint64
	for _, o := range c.allOrigins() {
		if o.hw > 0 {
			hash ^= mix(o.id.node, o.id.inc, o.hw)
			n++
		}
	}
	for ks := range c.allKeys() {
		o := c.life(originID{ks.rec.Node, ks.rec.Incarnation})
		if o == nil {
			o = c.base.byID[originID{ks.rec.Node, ks.rec.Incarnation}]
		}
		if ks.rec.State != wire.Skeleton && ks.rec.Seq > o.hw {
			hash ^= mix(o.id.node, o.id.inc, ks.rec.Seq, 1)
		}
	}
	return mix(hash, n)
}

// TouchAll leaves nothing that only the base knows.
func (c *Core) TouchAll() { c.touchAll() }

// Apart has the core take some of its peers to be far, until it measures them again.
func (c *Core) Apart() { c.scale.apart = true }

// Next returns when the core wants its next deadline.
func (c *Core) Next() int64 { return c.out.Next }

// Known returns up to where the core takes the peer of a link to cover an origin that it has touched.
func (c *Core) Known(id LinkID, o Origin) uint64 {
	return c.link(id).of(c.life(originID{o.Node, o.Incarnation})).known
}

// LastAgain returns the newest write of an origin that it has touched, of a key which that had written before.
func (c *Core) LastAgain(o Origin) uint64 { return c.life(originID{o.Node, o.Incarnation}).lastAgain }

// Member returns what is said of a member: that it was suspected in this life, and that it is.
func (c *Core) Member(node uint64) (suspected, lost bool) {
	m := c.overlay.member(node)
	return m != nil && m.suspected, m != nil && m.lost
}

// Touched returns of how many origins and keys the core has state of its own.
func (c *Core) Touched() (origins, keys int) { return len(c.origins), len(c.keys) }

// allOrigins lists what is known of each origin, by idx.
func (c *Core) allOrigins() []*origin {
	all := make([]*origin, c.heard)
	for i := range all {
		if all[i] = c.touched(int32(i)); all[i] == nil {
			all[i] = c.base.origins[i]
		}
	}
	return all
}

// Keys lists the keys that something stands under, sorted.
func (c *Core) Keys() []string {
	keys := make([]string, 0, len(c.keys))
	for ks := range c.allKeys() {
		keys = append(keys, ks.key)
	}
	slices.Sort(keys)
	return keys
}

// Parent returns the link that origin o comes over, 0 for none.
func (c *Core) Parent(o Origin) LinkID {
	if o := c.life(originID{o.Node, o.Incarnation}); o != nil {
		return o.parent
	}
	return 0
}

// Second returns the link of the second parent of origin o, 0 for none.
func (c *Core) Second(o Origin) LinkID {
	if o := c.life(originID{o.Node, o.Incarnation}); o != nil {
		return o.second
	}
	return 0
}

// Mode returns what the node sends of o over a link: Lazy too where it knows neither.
func (c *Core) Mode(id LinkID, o Origin) wire.Mode {
	l, x := c.link(id), c.life(originID{o.Node, o.Incarnation})
	if l == nil || x == nil {
		return wire.Lazy
	}
	return l.of(x).mode()
}

// LiveIndex lists what of origin o's index counts: key and seq of its last write, in the order of the index.
func (c *Core) LiveIndex(o Origin) []string {
	var keys []string
	x := c.life(originID{o.Node, o.Incarnation})
	if x == nil {
		return nil
	}
	for _, e := range x.index {
		if e.live(x) {
			keys = append(keys, fmt.Sprint(e.seq, " ", e.ks.key))
		}
	}
	return keys
}

// IndexLen returns how many entries origin o's index has, and how many gaps are noted.
func (c *Core) IndexLen(o Origin) (entries, gaps int) {
	x := c.life(originID{o.Node, o.Incarnation})
	return len(x.index), len(x.gaps)
}

// Hold returns until when what stands under key keeps older infos out.
func (c *Core) Hold(key string) int64 { return c.keys[key].hold }

// CompareOrder is the order of records.
func CompareOrder(a, b *Record) int { return compareOrder(a, b) }

// Heap is the queue of deadlines.
type Heap struct{ h heap[int] }

// Push puts v in.
func (h *Heap) Push(at int64, v int) { h.h.push(at, v) }

// Pop takes the earliest out, if its time has come.
func (h *Heap) Pop(now int64) (at int64, v int, ok bool) { return h.h.pop(now) }

// First returns the earliest time.
func (h *Heap) First() int64 { return h.h.first() }

// Queued returns how many changes of trees and pings wait for a link to be free.
func (c *Core) Queued(id LinkID) (changes, pings int) {
	l := c.link(id)
	return len(l.prunes) + len(l.grafts), len(l.pings)
}

// Arrivals returns how many entries the index by arrival has.
func (c *Core) Arrivals() int { return len(c.arrivals.log) }

// RingPos places a node in the ring.
func RingPos(node uint64) uint64 { return ringPos(node) }

// Waiting returns how many times are kept at which keys expire, those included that no longer count.
func (c *Core) Waiting() int { return len(c.expiry) }

// Settled reports whether the core takes the network for one that is no longer assembling.
func (c *Core) Settled() bool { return c.overlay.settled(c) }

// SetMaxPeers makes n the cap of links each way.
func (c *Core) SetMaxPeers(n int) { c.cfg.MaxPeers = n }

// Lost returns how many members are lost, as the core has counted and as they are.
func (c *Core) Lost() (counted, are int) {
	for m := range c.overlay.ring.all() {
		if m.lost {
			are++
		}
	}
	return c.overlay.lostMembers, are
}

// AdvertSize is the most bytes that an advert takes.
const AdvertSize = advertSize

// Latency returns the one-way latency that the overlay reckons with.
func (c *Core) Latency() int64 { return c.overlay.latency(c) }

// Strays returns how many infos of an origin stand beyond what is covered of it, and how many are queued to be looked at again.
func (c *Core) Strays(o Origin) (strays, queued int) {
	x := c.life(originID{o.Node, o.Incarnation})
	return len(x.strays), len(x.strayAt)
}

// Ahead returns how many more frames of news the core has sent over a link than it has received, by its count.
func (c *Core) Ahead(id LinkID) int { return int(c.link(id).ahead) }
