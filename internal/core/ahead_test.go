package core_test

import (
	"fmt"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestBothEndsCountAlike: over a link that loses nothing, whatever is exchanged, each end has sent as many more frames of news, by its count, as the
// other has received more.
func TestBothEndsCountAlike(t *testing.T) {
	w := newWorld(2, func(c *core.Config) { c.Limits.Frame = 8 << 10 })
	w.nodes[2].seeds = []wire.Addr{addrOf(1)}
	w.start(1, 2)
	w.describe(1)
	w.describe(2)
	w.run(3 * second)
	var standins, strays [3]int // how many frames each node gets that have nothing else, which is counted
	w.watch = func(node int, in core.Input, _ *core.Outputs) {
		if f := in.Frame; in.Kind == core.InFrame && in.Link == w.linkOf(node, 3-node) && len(f.Ranges)+len(f.Adverts) == 0 {
			claims := 0
			for i := range f.Infos {
				if _, ok := f.Infos[i].Claim(); ok {
					claims++
				}
			}
			switch {
			case len(f.Infos) == 0 && len(f.Standins) > 0:
				standins[node]++
			case len(f.Infos) > 0 && len(f.Standins) == 0 && claims == 0:
				strays[node]++
			}
		}
	}
	alike := func(what string, i int) {
		t.Helper()
		w.run(10 * second)
		if a, b := w.nodes[1].core.Ahead(w.linkOf(1, 2)), w.nodes[2].core.Ahead(w.linkOf(2, 1)); a != -b {
			t.Errorf("%s %d: node 1 counts %d, node 2 %d, want opposite numbers", what, i, a, b)
		}
	}
	alike("the beginning", 0)
	for i := range 20 {
		w.add(1+i%3/2, fmt.Sprint("own", i), "v", 0)
		alike("an update", i)
	}
	grown(w, w.admitted(t, 10, 1, wire.Chord)) // from now on, what is new of a stranger is advertised
	alike("members", 0)
	for i := 1; i <= 2; i++ {
		p := w.admitted(t, 10+uint64(i), i, wire.Chord)
		a := core.Origin{Node: 20 + uint64(i), Incarnation: 100}
		p.send(update(a, 1, 3))
		alike("a stranger's update", i)
		p.send(wire.AppendPing(nil, wire.Ping{}))

		p = w.admitted(t, 20+uint64(i), i, wire.Chord)
		for s := range uint64(3) {
			p.send(frame(info(a, 100+s, fmt.Sprint("stray", i, s), "v", 1, 0)))
		}
		alike("strays", i)

		p = w.admitted(t, 30+uint64(i), i, wire.Chord)
		older, newer := core.Origin{Node: 40 + uint64(i), Incarnation: 100}, core.Origin{Node: 50 + uint64(i), Incarnation: 100}
		for j, o := range []core.Origin{newer, older} {
			for k := uint64(0); k < 1000; k += 100 {
				var parts []part
				for s := k + 1; s <= k+100; s++ {
					parts = append(parts, info(o, s, fmt.Sprint("standin", i, " ", s), "v", int64(10-j), 0))
				}
				p.send(frame(append(parts, claim(o, k, k+100))...))
			}
			p.send(frame(again(o, 1001, fmt.Sprint("standin", i, " 1")), claim(o, 1000, 1001))) // until it is sent, nothing of the origin is claimed
			w.run(2 * second)
			p.send(wire.AppendPing(nil, wire.Ping{}))
		}
		alike("stand-ins", i)
	}
	if standins[1] == 0 || standins[2] == 0 || strays[1]+strays[2] == 0 {
		t.Errorf("the nodes get %v frames of stand-ins alone, and %v of strays, want some", standins[1:], strays[1:])
	}
	agree(t, w, 1, 2)
}
