package measure

// graph is a network: the neighbours of each node, nil for nodes that are not in it. A link that only one of its ends
// has is none.
type graph [][]int

// newGraph returns the graph of the nodes for which in is true.
func newGraph(n int, in func(node int) bool, links func(node int) []int) graph {
	has := make(map[[2]int]bool)
	for i := range n {
		if in(i) {
			for _, p := range links(i) {
				has[[2]int{i, p}] = true
			}
		}
	}
	g := make(graph, n)
	for i := range n {
		if !in(i) {
			continue
		}
		g[i] = []int{}
		for _, p := range links(i) {
			if in(p) && has[[2]int{p, i}] {
				g[i] = append(g[i], p)
			}
		}
	}
	return g
}

// outside returns how many nodes are outside the largest connected part.
func (g graph) outside() int {
	seen := make([]bool, len(g))
	nodes, largest := 0, 0
	for start := range g {
		if g[start] == nil || seen[start] {
			continue
		}
		size := 0
		for queue := []int{start}; len(queue) > 0; {
			i := queue[len(queue)-1]
			queue = queue[:len(queue)-1]
			if seen[i] {
				continue
			}
			seen[i] = true
			size++
			queue = append(queue, g[i]...)
		}
		nodes, largest = nodes+size, max(largest, size)
	}
	return nodes - largest
}

// degree returns the most neighbours that a node has.
func (g graph) degree() int {
	most := 0
	for _, peers := range g {
		most = max(most, len(peers))
	}
	return most
}

// cutVertices returns how many nodes there are without which a connected part falls into several.
func (g graph) cutVertices() int {
	c := cuts{graph: g, found: make([]int, len(g)), low: make([]int, len(g)), cut: make([]bool, len(g))}
	for i := range g {
		if g[i] != nil && c.found[i] == 0 {
			c.search(i, -1)
		}
	}
	n := 0
	for _, is := range c.cut {
		if is {
			n++
		}
	}
	return n
}

// cuts is a search for cut vertices by depth (Hopcroft, Tarjan: Algorithm 447).
type cuts struct {
	graph
	found, low []int
	cut        []bool
	n          int
}

func (c *cuts) search(i, parent int) {
	c.n++
	c.found[i], c.low[i] = c.n, c.n
	children := 0
	for _, p := range c.graph[i] {
		switch {
		case p == parent:
		case c.found[p] != 0:
			c.low[i] = min(c.low[i], c.found[p])
		default:
			children++
			c.search(p, i)
			c.low[i] = min(c.low[i], c.low[p])
			if parent >= 0 && c.low[p] >= c.found[i] {
				c.cut[i] = true
			}
		}
	}
	if parent < 0 && children > 1 {
		c.cut[i] = true
	}
}
