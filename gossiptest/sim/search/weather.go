package search

import "github.com/grapevine-go/grapevine/gossiptest/fault"

// cuts cuts the network along all active partitions, and what else is cut.
func (r *run) cuts() {
	r.s.Heal()
	var parts [][]int
	for n, part := range r.active.Parts(r.Nodes) {
		if part == len(parts) {
			parts = append(parts, nil)
		}
		parts[part] = append(parts[part], n)
	}
	r.s.Partition(parts...)
	r.active.Each(fault.OneWay, -1, func(f *fault.Fault) { r.s.OneWay(f.Nodes, f.To) })
}
