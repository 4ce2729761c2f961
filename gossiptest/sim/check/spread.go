package check

import "github.com/grapevine-go/grapevine/gossiptest/sim"

// Once checks that as many copies of the newest write of the key have come to nodes as there are other nodes that run. It
// returns the first [Violation].
func (c *Checker) Once(key string) error {
	others := -1
	for i := range c.s.Len() {
		if c.s.Running(i) {
			others++
		}
	}
	if u, ok := c.s.Update(key); !ok || u.Copies != others {
		c.fail(Copies, "%q, written by n%d at %v, has come %d times to %d of %d nodes", key, u.Node, u.At, u.Copies, u.Nodes, others)
	}
	return c.err
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
