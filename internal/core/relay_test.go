package core_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// tell returns all that the client knows, as parts of a request.
func (c *client) tell() []part {
	return []part{func(b []byte) []byte {
		for _, in := range c.infos {
			b = wire.AppendInfo(b, &in.Body, in.Incarnation, in.Hops, in.Age)
		}
		for _, s := range c.others {
			b = wire.AppendStandin(b, s)
		}
		for _, r := range c.ranges {
			b = wire.AppendRange(b, r)
		}
		return b
	}}
}

// TestExchangeRelay: three nodes write the same few keys, and a client that asks one of them now and then takes all it
// was told to a node that knows nobody. What that one covers then, it holds, or something newer; and once the client was
// told everything, it holds everything.
func TestExchangeRelay(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		w := newWorld(4, func(c *core.Config) {
			if seed%2 == 1 {
				c.Limits.Frame = 600 // pages of one or two
			}
		})
		w.nodes[2].seeds, w.nodes[3].seeds = []wire.Addr{addrOf(1)}, []wire.Addr{addrOf(1)}
		w.start(1, 2, 3)
		w.run(second)
		c := w.client(t, 50)
		c.call(1 + rng.IntN(3)) // some of the index comes before the rest
		for range 30 {
			key, node := fmt.Sprint("k", rng.IntN(6)), 1+rng.IntN(3)
			if rng.IntN(5) == 0 {
				w.remove(node, key)
			} else {
				w.add(node, key, fmt.Sprint(w.now, " of ", node), 0)
			}
			w.run(rng.Int64N(8 * ms))
			if rng.IntN(3) == 0 {
				p := c.ask(1)
				w.run(300 * ms * rng.Int64N(2))
				if f := p.recv(); f != nil {
					c.note(f)
				}
				p.close()
			}
		}
		w.start(4)
		w.client(t, 60).ask(4, c.tell()...)
		if errs := w.check(); len(errs) > 0 {
			t.Fatalf("seed %d: %v", seed, errs[0])
		}
		w.run(second)
		for range 40 {
			p := c.ask(1)
			w.run(300 * ms)
			c.note(p.recv())
			p.close()
		}
		w.client(t, 61).ask(4, c.tell()...)
		if errs := w.check(); len(errs) > 0 {
			t.Fatalf("seed %d: %v", seed, errs[0])
		}
		if d := w.differ(1, 4); d != "" {
			t.Fatalf("seed %d: %s", seed, d)
		}
		for o, seq := range w.nodes[1].core.Marks() {
			if got := w.nodes[4].core.Marks()[o]; got != seq {
				t.Errorf("seed %d: covers %d of node %d, want %d", seed, got, o.Node, seq)
			}
		}
	}
}
