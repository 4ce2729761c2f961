package picture

import (
	"strings"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// Origin returns the running node that wrote an update last, which neither a descriptor nor anything else of the protocol's
// own is: a node with a tree that has grown. If none did, it returns the first node that runs.
func Origin(s *sim.Sim) int {
	origin, last := 0, 0
	for origin < s.Len()-1 && !s.Running(origin) {
		origin++
	}
	for _, u := range s.Updates() {
		if u.N > last && s.Running(u.Node) && !own(u.Key) {
			origin, last = u.Node, u.N
		}
	}
	return origin
}

// own reports whether the protocol itself writes the key.
func own(key string) bool {
	return strings.HasPrefix(key, "node:") || strings.HasPrefix(key, "suspect:") || key == "sentinel" || key == "cluster-id"
}

// tree is what ways infos of one node take.
type tree struct {
	parent []int // of each node, whom it has them from; -1: nobody
	hops   []int // of each node, how many links they cross; -1: nobody knows
}

// treeOf returns the tree of the infos that the node writes now.
func treeOf(s *sim.Sim, origin int) tree {
	t := tree{make([]int, s.Len()), make([]int, s.Len())}
	for i := range s.Len() {
		t.parent[i], t.hops[i] = -1, -1
		s.Origins(i, func(o sim.Origin) bool {
			if o.Node == origin && o.Incarnation == s.Incarnation(origin) {
				t.parent[i] = o.Parent
			}
			return true
		})
	}
	t.parent[origin] = -1
	for i := range s.Len() {
		hops, at := 0, i
		for at >= 0 && at != origin && hops <= s.Len() {
			at = t.parent[at]
			hops++
		}
		if at == origin {
			t.hops[i] = hops
		}
	}
	return t
}

// pair is two linked nodes, the lower one first.
type pair struct{ a, b int }

// links returns the pairs of running nodes of which one has a link with the other, in order.
func links(s *sim.Sim) []pair {
	there := map[pair]bool{}
	var all []pair
	for i := range s.Len() {
		for _, p := range s.Links(i) {
			l := pair{min(i, p), max(i, p)}
			if s.Running(p) && !there[l] {
				there[l] = true
				all = append(all, l)
			}
		}
	}
	return all
}
