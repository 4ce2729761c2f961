package check

import (
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// Slack is by how much infos may outlive their lifetime: it is counted at the nodes they come through, and not between.
const Slack = 5 * time.Second

// Checker watches a Sim. Make one with [Watch].
type Checker struct {
	s     *sim.Sim
	log   log
	nodes []node
	late  bool
	had   map[string][]int // parents of each node when the key was written last; see notice
	err   error
}

// Datagrams says that frames are lost for good, which the contract of a link does not allow: what [Coverage] and [Merge]
// promise is checked by [Checker.Quiet] only, since it has to be true again once the nodes have found out. Even then, more
// may be claimed of an incarnation that has ended than is there: the frame that told it from the next one was lost.
func (c *Checker) Datagrams() { c.late = true }

// node is what a Checker remembers of a node in its current run.
type node struct {
	run     int
	seen    []sim.Version // by number of the key: what stood there last
	digest  uint64
	covered []uint64 // of each origin, in the order in which the node heard of them
}

// Watch begins to check a Sim in which no node has started yet, and none has been placed. It panics if one runs: nobody saw it
// write what is there.
func Watch(s *sim.Sim) *Checker {
	for i := range s.Len() {
		if s.Running(i) {
			panic(fmt.Sprintf("check: Watch: n%d runs already", i))
		}
	}
	c := &Checker{s: s, log: newLog(), nodes: make([]node, s.Len()), had: map[string][]int{}}
	s.Observe(c.step)
	return c
}

// Err returns the first [Violation], nil if there was none.
func (c *Checker) Err() error { return c.err }

// fail takes note of a violation, the first time.
func (c *Checker) fail(r Rule, format string, args ...any) {
	if c.err == nil {
		c.err = &Violation{Rule: r, Seed: c.s.Seed(), At: c.s.Now(), Text: fmt.Sprintf(format, args...)}
	}
}

// step checks a step.
func (c *Checker) step(st sim.Step) {
	if c.err != nil {
		return
	}
	n := &c.nodes[st.Node]
	if n.run != st.Run {
		*n = node{run: st.Run, seen: n.seen[:0], covered: n.covered[:0]}
	}
	for i := range st.Wrote {
		at := c.s.Now()
		if st.Placed {
			at = time.Duration(st.Wrote[i].Version.Wall - epoch)
		}
		c.wrote(st.Node, &st.Wrote[i], at)
	}
	for i := range st.Changed {
		c.changed(st.Node, n, &st.Changed[i])
	}
	if d := c.s.Digest(st.Node); d != n.digest && !c.late {
		n.digest = d
		c.claims(st.Node, n)
	}
	if q := c.s.Backlog(st.Node); q > len(n.covered) {
		if known := c.origins(st.Node); q > known {
			c.fail(Bounds, "%d origins wait for a link of n%d, which knows %d", q, st.Node, known)
		}
	}
	if st.Links {
		c.degree(st.Node)
	}
}

// wrote puts a write into the log, and when it was.
func (c *Checker) wrote(i int, e *sim.Entry, at time.Duration) {
	v := e.Version
	switch next := c.log.next(v); {
	case v.Seq < next:
		c.fail(Incarnations, "n%d writes %s as its write %d of incarnation %d, but was at %d", i, show(e), v.Seq, v.Incarnation, next)
	case v.Seq > next:
		c.fail(Incarnations, "n%d writes %s as its write %d of incarnation %d, and left out %d", i, show(e), v.Seq, v.Incarnation, next)
	default:
		c.log.add(e, at)
		c.notice(e.Key, i)
	}
}

// changed checks what stands under a key from now on.
func (c *Checker) changed(i int, n *node, e *sim.Entry) {
	w := c.log.find(e.Version)
	if w == nil || w.entry.Key != e.Key || e.Live && (w.entry.Deleted || w.entry.Value != e.Value || w.entry.TTL != e.TTL) || e.Deleted != w.entry.Deleted {
		if !c.late {
			c.fail(Merge, "n%d has %s, which nobody wrote", i, show(e))
		}
		return
	}
	for w.key >= len(n.seen) {
		n.seen = append(n.seen, sim.Version{})
	}
	if old := n.seen[w.key]; e.Version.Compare(old) < 0 {
		before := sim.Entry{Key: e.Key, Version: old}
		if o := c.log.find(old); o != nil {
			before = o.entry
		}
		c.fail(Order, "n%d has %s after %s", i, show(e), show(&before))
		return
	}
	n.seen[w.key] = e.Version
	if ttl := w.entry.TTL; ttl != 0 && !w.entry.Deleted {
		switch age := c.s.Now() - w.at; {
		case e.Live && age > ttl+Slack:
			c.fail(Lifetime, "n%d takes %s in, %v after it was written for %v", i, show(e), age, ttl)
		case !e.Live && age < ttl:
			c.fail(Lifetime, "%s has expired at n%d, %v after it was written for %v", show(&w.entry), i, age, ttl)
		}
	} else if !e.Live && !e.Deleted {
		c.fail(Lifetime, "%s has expired at n%d, and was written for ever", show(&w.entry), i)
	}
}

// origins returns how many origins a node knows.
func (c *Checker) origins(i int) int {
	known := 0
	c.s.Origins(i, func(sim.Origin) bool {
		known++
		return true
	})
	return known
}

// claims checks what a node claims to have since it was last asked.
func (c *Checker) claims(i int, n *node) {
	k := 0
	c.s.Origins(i, func(o sim.Origin) bool {
		if k == len(n.covered) {
			n.covered = append(n.covered, 0)
		}
		if o.Covered != n.covered[k] {
			c.claim(i, o, n.covered[k])
			n.covered[k] = o.Covered
		}
		k++
		return c.err == nil
	})
}

// claim checks that a node has everything of an origin beyond a write.
func (c *Checker) claim(i int, o sim.Origin, from uint64) {
	if c.late && c.s.Incarnation(o.Node) != o.Incarnation {
		return
	}
	writes := c.log.of(o.Node, o.Incarnation)
	switch {
	case o.Covered < from:
		c.fail(Coverage, "n%d covers %d writes of n%d, incarnation %d, after %d", i, o.Covered, o.Node, o.Incarnation, from)
		return
	case o.Covered > uint64(len(writes)):
		c.fail(Coverage, "n%d covers %d writes of n%d, incarnation %d, and there are %d", i, o.Covered, o.Node, o.Incarnation, len(writes))
		return
	}
	for k := range writes[from:o.Covered] {
		w := &writes[from:o.Covered][k]
		e, ok := c.s.Entry(i, w.entry.Key)
		switch {
		case ok && e.Version.Compare(w.entry.Version) >= 0:
		case !e.Live && w.entry.TTL != 0 && c.s.Now() >= w.at+w.entry.TTL: // it is forgotten, and so is what it would keep out
		case !ok:
			c.fail(Coverage, "n%d covers %s, and has nothing", i, show(&w.entry))
		default:
			c.fail(Coverage, "n%d covers %s, and has %s", i, show(&w.entry), show(&e))
		}
	}
}

// degree checks how many links a node has.
func (c *Checker) degree(i int) {
	if dialed, accepted := c.s.Degree(i); max(dialed, accepted) > c.s.MaxPeers() {
		c.fail(Bounds, "n%d has %d links that it dialled and %d that it accepted, of %d each", i, dialed, accepted, c.s.MaxPeers())
	}
}
