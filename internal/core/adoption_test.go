package core_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestAdoptionIsPassedOn: a node that adopts a cluster tells those it is linked to, which adopt it too, or part from it if
// they have another by then. A row of nodes of which the ends are of two clusters does not join these.
func TestAdoptionIsPassedOn(t *testing.T) {
	for name, id := range map[string]func(uint64) uint64{
		"with IDs":    func(n uint64) uint64 { return n },
		"without IDs": func(n uint64) uint64 { return map[uint64]uint64{1: 1, 4: 4}[n] },
	} {
		for _, late := range []bool{false, true} { // the second end comes when the first is known to all
			w := newWorld(4, func(c *core.Config) {
				c.ClusterID = map[uint64]string{1: "a", 4: "b"}[c.Node]
				c.Node = id(c.Node)
			})
			w.handDials = true
			w.start(1, 2, 3, 4)
			link := func(i, j int) {
				w.nodes[i].seeds = []wire.Addr{addrOf(uint64(j))}
				w.command(i, core.Command{Op: core.OpResolvers, Resolvers: 1})
				w.run(2 * second)
				w.connect(i, w.nodes[i].dials[len(w.nodes[i].dials)-1])
				w.drain()
				if late || i == 2 {
					w.run(100 * ms)
				}
			}
			link(2, 3)
			link(1, 2)
			link(4, 3)
			w.add(1, "of a", "1", 0)
			w.add(4, "of b", "1", 0)
			w.run(2 * second)
			if r := w.nodes[4].core.Record("of a"); r != nil {
				t.Errorf("%s, late %t: a node of cluster b holds %s", name, late, show(r))
			}
			if r := w.nodes[1].core.Record("of b"); r != nil {
				t.Errorf("%s, late %t: a node of cluster a holds %s", name, late, show(r))
			}
			third := "a" // the cluster of node 3
			if w.linkOf(3, 4) != 0 {
				third = "b"
			}
			if w.linkOf(2, 1) == 0 || late && third != "a" || (w.linkOf(2, 3) != 0) != (third == "a") {
				t.Errorf("%s, late %t: links 1-2: %t, 2-3: %t, 3-4: %t", name, late, w.linkOf(1, 2) != 0, w.linkOf(2, 3) != 0, w.linkOf(3, 4) != 0)
			}
			if errs := w.check(); len(errs) > 0 {
				t.Error(errs)
			}
		}
	}
}
