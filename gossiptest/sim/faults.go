package sim

// Crash ends the process of the node: all that it holds is gone, and its peers see their links end. A node that
// does not run is left alone.
func (s *Sim) Crash(node int) {
	n := &s.nodes[node]
	if !n.up {
		return
	}
	for _, r := range n.refs {
		s.hangUp(r.link, r.side)
		s.lay(r.link, r.side)
	}
	s.halt(n)
}

// Silence ends the node and its host with it: nobody is told anything, and dials to it are not answered.
func (s *Sim) Silence(node int) {
	n := &s.nodes[node]
	n.silent = true
	if !n.up {
		return
	}
	for _, r := range n.refs {
		s.lay(r.link, r.side)
	}
	s.halt(n)
}

// Restart starts the node anew: empty, and knowing nothing but the incarnation it ran under. A node that runs
// crashes first. Whoever still has a link with an earlier run is told so when the next frame comes from there.
func (s *Sim) Restart(node int) {
	s.Crash(node)
	s.boot(&s.nodes[node])
}

// Partition cuts the network into the given groups of nodes; the nodes that are in none make up one more. It
// replaces the partition there was.
func (s *Sim) Partition(groups ...[]int) {
	s.Heal()
	for g, nodes := range groups {
		for _, i := range nodes {
			s.nodes[i].group = int32(g) + 1
		}
	}
}

// Heal ends the partition. Links that lost something meanwhile stay dead, and the nodes have to find out.
func (s *Sim) Heal() {
	for i := range s.nodes {
		s.nodes[i].group = 0
	}
}
