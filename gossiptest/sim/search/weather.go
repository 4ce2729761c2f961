package search

import "slices"

// at calls f for each active fault of a kind that is about a node, or about any if that is -1.
func (r *run) at(k Kind, node int, f func(*Fault)) {
	for i := range r.Faults {
		if x := &r.Faults[i]; r.active[i] && x.Kind == k && (node < 0 || slices.Contains(x.Nodes, node)) {
			f(x)
		}
	}
}

// most returns the greatest amount of the active faults of a kind at a node, 0 if there is none.
func (r *run) most(k Kind, node int) (amount float64) {
	r.at(k, node, func(f *Fault) { amount = max(amount, f.Amount) })
	return amount
}

// sum returns the sum of these amounts.
func (r *run) sum(k Kind, node int) (amount float64) {
	r.at(k, node, func(f *Fault) { amount += f.Amount })
	return amount
}

// cuts cuts the network along all active partitions, and what else is cut.
func (r *run) cuts() {
	r.s.Heal()
	parts := [][]int{make([]int, r.Nodes)}
	for n := range r.Nodes {
		parts[0][n] = n
	}
	r.at(Partition, -1, func(f *Fault) {
		var next [][]int
		for _, p := range parts {
			var in, out []int
			for _, n := range p {
				if slices.Contains(f.Nodes, n) {
					in = append(in, n)
				} else {
					out = append(out, n)
				}
			}
			next = append(next, in, out)
		}
		parts = slices.DeleteFunc(next, func(p []int) bool { return len(p) == 0 })
	})
	r.s.Partition(parts...)
	n := 0
	r.at(OneWay, -1, func(f *Fault) {
		if n++; n <= 64 { // a Sim has no more
			r.s.OneWay(f.Nodes, f.To)
		}
	})
}
