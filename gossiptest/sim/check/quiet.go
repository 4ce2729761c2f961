package check

import (
	"maps"
	"slices"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// Quiet checks what holds once nothing is under way and all nodes that run can reach each other: that all have the same
// and claim the same, that they have what they claim and show nothing that has expired, and that nobody writes under an
// incarnation older than one that is known. It returns the first [Violation] there was, that one or an earlier one.
func (c *Checker) Quiet() error {
	first := -1
	for i := range c.s.Len() {
		if !c.s.Running(i) {
			continue
		}
		if first < 0 {
			first = i
		}
		if c.s.Digest(i) != c.s.Digest(first) {
			c.fail(Equal, "n%d and n%d do not claim the same: %s", first, i, c.difference(first, i))
		}
		n := node{}
		c.claims(i, &n)
		c.s.Origins(i, func(o sim.Origin) bool {
			if now := c.s.Incarnation(o.Node); now != 0 && now < o.Incarnation {
				c.fail(Incarnations, "n%d writes as incarnation %d, and n%d knows that it has been %d", o.Node, now, i, o.Incarnation)
			}
			return true
		})
		c.dead(i)
	}
	if d := c.s.Diverged(); d != "" {
		c.fail(Equal, "%s", d)
	}
	return c.err
}

// difference describes the first origin of which two nodes claim different things.
func (c *Checker) difference(a, b int) string {
	covered := func(i int) map[origin]uint64 {
		m := map[origin]uint64{}
		c.s.Origins(i, func(o sim.Origin) bool {
			m[origin{o.Node, o.Incarnation}] = o.Covered
			return true
		})
		return m
	}
	x, y := covered(a), covered(b)
	var differ []origin
	for o := range c.log.origins {
		if x[o] != y[o] {
			differ = append(differ, o)
		}
	}
	if len(differ) == 0 {
		return "not of any write"
	}
	o := slices.MinFunc(differ, compareOrigin)
	return describe(o, x[o], y[o])
}

// dead checks that a node shows nothing that has outlived its lifetime.
func (c *Checker) dead(i int) {
	for _, key := range c.s.Keys(i) {
		e, ok := c.s.Entry(i, key)
		if !ok || !e.Live {
			c.fail(Merge, "n%d shows %q, and does not have it", i, key)
			return
		}
		w := c.log.find(e.Version)
		if w == nil {
			c.fail(Merge, "n%d has %s, which nobody wrote", i, show(&e))
		} else if e.TTL != 0 && c.s.Now() > w.at+e.TTL+Slack {
			c.fail(Lifetime, "n%d has %s, %v after it was written for %v", i, show(&e), c.s.Now()-w.at, e.TTL)
		}
	}
}

// Trees checks that what the given nodes write comes to no node in a circle. It may after links have changed, until the
// writer's next update has come everywhere: who takes the place of a lost parent may be waiting for one itself. It returns
// the first [Violation].
func (c *Checker) Trees(nodes ...int) error {
	parents := map[origin][]int{}
	for i := range c.s.Len() {
		c.s.Origins(i, func(o sim.Origin) bool {
			id := origin{o.Node, o.Incarnation}
			if !slices.Contains(nodes, o.Node) || c.s.Incarnation(o.Node) != o.Incarnation {
				return true
			}
			if parents[id] == nil {
				parents[id] = slices.Repeat([]int{-1}, c.s.Len())
			}
			parents[id][i] = o.Parent
			return true
		})
	}
	for _, id := range slices.SortedFunc(maps.Keys(parents), compareOrigin) {
		for i := range c.s.Len() {
			at, steps := i, 0
			for ; at >= 0 && at != id.node && steps <= c.s.Len(); steps++ {
				at = parents[id][at]
			}
			if steps > c.s.Len() {
				c.fail(Trees, "what n%d writes comes to n%d in a circle: %v", id.node, i, parents[id])
				return c.err
			}
		}
	}
	return c.err
}
