package check

import "github.com/grapevine-go/grapevine/gossiptest/sim"

// Once checks that the newest write of the key has come to all other nodes that run, to each of them once. Those that have two
// parents in the writer's tree, as [sim.Options.Parents] allows, or had them when it was written, may have it twice: counted are the copies of all nodes
// together, so that one which has it once makes up for another that has it once too often. It returns the first [Violation].
func (c *Checker) Once(key string) error {
	u, ok := c.s.Update(key)
	others, most := 0, 0
	for i := range c.s.Len() {
		if c.s.Running(i) && i != u.Node {
			others++
			n := c.parents(i, u.Node)
			if had := c.had[key]; i < len(had) { // a tree may change while the update is under way
				n = max(n, had[i])
			}
			most += n
		}
	}
	if !ok || u.Nodes != others || u.Copies > most {
		c.fail(Copies, "%q, written by n%d at %v, has come %d times to %d of %d nodes, which have %d parents", key, u.Node, u.At, u.Copies, u.Nodes, others, most)
	}
	return c.err
}

// notice remembers how many parents the nodes have when a key is written, where they may have two.
func (c *Checker) notice(key string, writer int) {
	two := false
	had := make([]int, c.s.Len())
	for i := range had {
		if c.s.Running(i) && c.s.Parents(i) > 1 {
			two = true
			had[i] = c.parents(i, writer)
		}
	}
	if two {
		c.had[key] = had
	}
}

// parents returns how many parents node i has in a writer's tree: one at least, that it has the write from.
func (c *Checker) parents(i, writer int) int {
	n := 1
	c.s.Origins(i, func(o sim.Origin) bool {
		if o.Node == writer && o.Incarnation == c.s.Incarnation(writer) && o.Second >= 0 {
			n = 2
		}
		return n == 1
	})
	if allowed := c.s.Parents(i); n > allowed {
		c.fail(Copies, "n%d has %d parents in the tree of n%d, and %d are allowed", i, n, writer, allowed)
	}
	return n
}

// Stretch returns how much longer the newest write of the key took to come to a node than it would have taken along the
// shortest ways over the links that there are, in the mean: 1 is as long. It is zero if the write has not come to all nodes
// that can be reached so. Latencies have to be the same everywhere.
func Stretch(s *sim.Sim, key string) float64 {
	u, ok := s.Update(key)
	if !ok {
		return 0
	}
	far := make([]int, s.Len()) // links to each node, and 1
	far[u.Node] = 1
	queue, total := []int{u.Node}, 0
	for k := 0; k < len(queue); k++ {
		for _, peer := range s.Links(queue[k]) {
			if far[peer] == 0 {
				far[peer] = far[queue[k]] + 1
				total += far[peer] - 1
				queue = append(queue, peer)
			}
		}
	}
	if total == 0 || u.Nodes != len(queue)-1 {
		return 0
	}
	return float64(u.Total) / (float64(total) * float64(s.Latency()))
}
