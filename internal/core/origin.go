package core

import (
	"cmp"
	"slices"
	"sort"
)

// originID names an origin: one life of a node.
type originID struct{ node, inc uint64 }

// origin is what a node knows of one origin's writes, and its place in that origin's tree.
type origin struct {
	id      originID
	idx     int32 // its place among all that are known, in the order in which they came
	slot    int32 // its place among those that the core has state of its own of, likewise
	node    *nodeState
	sponsor uint64 // node through which it joined, 0 if unknown
	hw      uint64 // everything it wrote up to here is held or covered
	gaps    []span // claimed above hw, sorted, not touching
	index   []entry
	late    []entry // of index, once they are in order
	stale   int     // entries of index that no longer count

	lastAgain uint64               // seq of the newest write here of a key that the origin had written before
	strays    map[string]*keyState // those whose record is an info of it beyond hw, by key
	strayAt   heap[string]         // keys that were put there, by the seq of the record
	caught    bool                 // it is in Core.caught
	progress  int64                // Mono at which an info of it came from a parent last
	moved     uint64               // its place in arrivals, for hw; 0: none
	movedAt   int64                // Mono at which hw moved last
	pushed    int64                // Mono at which hw moved last by a push that came after an advert

	// The tree. An update comes from the parent; alternates have adverts no worse than what the parent sends.
	parent, alt, alt2 LinkID
	second            LinkID // the other parent, where there are to be two; what it pushes has mostly come already
	former            LinkID // parent before the last graft: what it still pushes was late
	rival             LinkID // who was grafted for an update that former pushed before the answer; 0: nobody
	tree              bool   // this node knows whom to push to, by inheritance or by having learned
	orphan            bool   // the parent was lost, or asks to be pushed to, and nobody took its place
	hops              uint32
	hopsSeq           uint64 // seq of the info that hops is of
	dueAt             int64  // Mono at which the newest update came, or would have come from a parent chosen since
	updates           uint32 // how often hw moved, up to settledUpdates

	// Repair: what was advertised and is not here.
	want      uint64
	wantSince int64 // Mono of the first advert of what is missing, also once a part of that has come; 0: what came last was not advertised before
	advs      []advert
	graftAt   int64 // in Core.grafts; 0: not
	asked     int64 // Mono of the last graft for it; 0: none
}

type span struct{ from, to uint64 }

// advert is a peer's claim to hold the origin's writes up to to.
type advert struct {
	link  LinkID
	to    uint64
	hops  uint32
	asked uint8 // how often it was, and brought nothing
	due   int64 // Mono at which it would have been here if it had been pushed; never: that is not said
}

// entry is one key an origin wrote, at the seq of its last write.
type entry struct {
	seq uint64
	ks  *keyState
}

func (e entry) compare(f entry) int { return cmp.Compare(e.seq, f.seq) }

func (e entry) live(o *origin) bool { return !e.ks.dead && e.ks.lastSeq(o) == e.seq }

// nodeState lists the lives of a node, oldest first.
type nodeState struct{ lives []*origin }

func (n *nodeState) newest() *origin { return n.lives[len(n.lives)-1] }

// maxIncarnation is beyond what any clock shows: a node told of one close to it would have none left to take.
const maxIncarnation = 1 << 62

// life returns the origin of id, nil if the core has no state of its own of it.
func (c *Core) life(id originID) *origin {
	if n := c.nodes[id.node]; n != nil {
		if i, ok := n.find(id.inc); ok {
			return n.lives[i]
		}
	}
	return nil
}

// origin returns the origin of id, made if need be. It returns nil if there are too many, or if it cannot be.
func (c *Core) origin(id originID) *origin {
	if o := c.life(id); o != nil {
		return o
	}
	if id.inc >= maxIncarnation {
		return nil
	}
	c.touchNode(id.node)
	if o := c.life(id); o != nil {
		return o
	}
	own := id.node == c.node && id.inc == c.inc
	if c.heard >= c.cfg.Limits.Origins && !own {
		c.event(Event{Kind: LimitHit, Node: id.node, Text: "origins"})
		return nil
	}
	o := &origin{id: id, idx: int32(c.heard)}
	c.heard++
	c.register(o)
	return o
}

// register takes up an origin.
func (c *Core) register(o *origin) {
	o.slot = int32(len(c.origins))
	i := len(c.origins)
	for i > 0 && c.origins[i-1].idx > o.idx {
		i--
	}
	c.origins = slices.Insert(c.origins, i, o)
	n := c.nodes[o.id.node]
	if n == nil {
		n = &nodeState{}
		c.nodes[o.id.node] = n
	}
	n.add(o)
}

func (n *nodeState) add(o *origin) {
	o.node = n
	i, _ := n.find(o.id.inc)
	n.lives = slices.Insert(n.lives, i, o)
}

// find returns where the life of that incarnation is or belongs.
func (n *nodeState) find(inc uint64) (i int, ok bool) {
	return slices.BinarySearchFunc(n.lives, inc, func(o *origin, inc uint64) int { return cmp.Compare(o.id.inc, inc) })
}

// wroteLast reports whether the record of ks is one of o.
func (o *origin) wroteLast(ks *keyState) bool {
	return ks.rec.Node == o.id.node && ks.rec.Incarnation == o.id.inc
}

// newest returns the newest life of node, nil if none is known, or none but by the base.
func (c *Core) newest(node uint64) *origin {
	if n := c.nodes[node]; n != nil {
		return n.newest()
	}
	return nil
}

// latest returns the newest incarnation of node that is known, 0 if none is.
func (c *Core) latest(node uint64) uint64 {
	n := c.nodes[node]
	if n == nil && c.base != nil {
		n = c.base.nodes[node]
	}
	if n == nil {
		return 0
	}
	return n.newest().id.inc
}

// index puts e in its place among what o wrote: nearly always the last. What is not waits until all that came with it is there.
func (c *Core) index(o *origin, e entry) {
	if o.stale > len(o.index)/2 && o.stale > 16 {
		o.index = slices.DeleteFunc(o.index, func(e entry) bool { return !e.live(o) })
		o.stale = 0
	}
	if n := len(o.index); n == 0 || o.index[n-1].seq < e.seq {
		o.index = append(o.index, e)
		return
	}
	if o.late = append(o.late, e); len(o.late) == 1 {
		c.unsorted = append(c.unsorted, o)
	}
}

// sort puts what came late in its place.
func (o *origin) sort() {
	slices.SortStableFunc(o.late, entry.compare)
	i, j := len(o.index)-1, len(o.late)-1
	o.index = append(o.index, o.late...)
	for k := len(o.index) - 1; j >= 0; k-- {
		if i >= 0 && o.index[i].seq > o.late[j].seq {
			o.index[k] = o.index[i]
			i--
		} else {
			o.index[k] = o.late[j]
			j--
		}
	}
	o.late = nil
}

// after returns the place of the first entry past seq.
func (o *origin) after(seq uint64) int {
	return sort.Search(len(o.index), func(i int) bool { return o.index[i].seq > seq })
}

// claim takes in that everything in (from, to] is here now, and returns whether hw moved.
func (c *Core) claim(o *origin, from, to uint64) bool {
	if from > o.hw {
		o.addGap(span{from, to})
		return false
	}
	if to <= o.hw {
		return false
	}
	for len(o.gaps) > 0 && o.gaps[0].from <= to {
		to = max(to, o.gaps[0].to)
		o.gaps = o.gaps[1:]
	}
	c.advance(o, to)
	return true
}

// addGap notes a claim that does not touch hw. A few are enough: whoever has many is repaired by range.
func (o *origin) addGap(s span) {
	i, _ := slices.BinarySearchFunc(o.gaps, s.from, func(g span, from uint64) int {
		if g.to < from {
			return -1
		}
		return 1
	})
	j := i
	for j < len(o.gaps) && o.gaps[j].from <= s.to {
		s.from, s.to = min(s.from, o.gaps[j].from), max(s.to, o.gaps[j].to)
		j++
	}
	o.gaps = slices.Replace(o.gaps, i, j, s)
	if len(o.gaps) > maxGaps {
		o.gaps = o.gaps[:maxGaps]
	}
}

const maxGaps = 32

// advance moves hw, and with it the hash of the marks.
func (c *Core) advance(o *origin, to uint64) {
	for _, l := range c.links {
		l.moved(o)
	}
	if o.hw == 0 {
		c.marks++
	} else {
		c.hash ^= mix(o.id.node, o.id.inc, o.hw)
	}
	o.hw, o.movedAt, o.dueAt = to, c.now.Mono, c.now.Mono
	c.arrivals.origin(o)
	c.hash ^= mix(o.id.node, o.id.inc, to)
	if len(o.strays) > 0 && !o.caught {
		o.caught = true
		c.caught = append(c.caught, o)
	}
	c.overlay.lastLearned = c.now.Mono
}
