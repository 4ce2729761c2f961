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
	for _, o := range c.origins {
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

// Digest returns what the node tells of its marks.
func (c *Core) Digest() uint64 { return c.digest() }

// DigestAnew computes the same from nothing: the marks, and the records that stand beyond their origin's.
func (c *Core) DigestAnew() uint64 {
	var hash, n uint64
	for _, o := range c.origins {
		if o.hw > 0 {
			hash ^= mix(o.id.node, o.id.inc, o.hw)
			n++
		}
	}
	for _, ks := range c.keys {
		o := c.byID[originID{ks.rec.Node, ks.rec.Incarnation}]
		if ks.rec.State != wire.Skeleton && ks.rec.Seq > o.hw {
			hash ^= mix(o.id.node, o.id.inc, ks.rec.Seq, 1)
		}
	}
	return mix(hash, n)
}

// Record returns what stands under key, skeletons and tombstones included; nil: nothing.
func (c *Core) Record(key string) *Record {
	if ks := c.keys[key]; ks != nil {
		return ks.rec
	}
	return nil
}

// Keys lists the keys that something stands under, sorted.
func (c *Core) Keys() []string {
	keys := make([]string, 0, len(c.keys))
	for k := range c.keys {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Incarnation returns the incarnation the core writes under, 0 before InStart.
func (c *Core) Incarnation() uint64 { return c.inc }

// Parent returns the link that origin o comes over, 0 for none.
func (c *Core) Parent(o Origin) LinkID {
	if o := c.byID[originID{o.Node, o.Incarnation}]; o != nil {
		return o.parent
	}
	return 0
}

// Eager reports whether the core pushes origin o over the link.
func (c *Core) Eager(id LinkID, o Origin) bool {
	l, x := c.link(id), c.byID[originID{o.Node, o.Incarnation}]
	return l != nil && x != nil && l.of(x).mode == wire.Eager
}

// LiveIndex lists what of origin o's index counts: key and seq of its last write, in the order of the index.
func (c *Core) LiveIndex(o Origin) []string {
	var keys []string
	x := c.byID[originID{o.Node, o.Incarnation}]
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
	x := c.byID[originID{o.Node, o.Incarnation}]
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
