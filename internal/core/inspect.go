package core

// What an onlooker sees of a core who holds it against what it promises. Nothing here is for drivers.

// OriginInfo is what a node knows of one origin: one life of a node.
type OriginInfo struct {
	Node, Incarnation uint64
	Covered           uint64 // every write up to this one is held or covered
	Parent            LinkID // link that its writes come over; 0: none
	Second            LinkID // the other one, where there are to be two
}

// Origins calls yield for each origin that is known, in the order in which they became so, until it returns false.
func (c *Core) Origins(yield func(OriginInfo) bool) {
	for i := range int32(c.heard) {
		o := c.touched(i)
		if o == nil {
			o = c.base.origins[i]
		}
		if !yield(OriginInfo{Node: o.id.node, Incarnation: o.id.inc, Covered: o.hw, Parent: o.parent, Second: o.second}) {
			return
		}
	}
}

// Digest returns what the node tells of its marks.
func (c *Core) Digest() uint64 { return c.digest() }

// Record returns what stands under key, skeletons and tombstones included; nil: nothing.
func (c *Core) Record(key string) *Record {
	return c.record(key)
}

// Incarnation returns the incarnation the core writes under, 0 before InStart.
func (c *Core) Incarnation() uint64 { return c.inc }

// Backlog returns the length of the longest queue of origins that wait for the link: there are no others.
func (c *Core) Backlog(id LinkID) int {
	l := c.link(id)
	if l == nil {
		return 0
	}
	return max(len(l.dirty), len(l.adverts), len(l.prunes), len(l.grafts))
}
