package core_test

import (
	"fmt"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestShortLinks: an admission alone says nothing about a peer. One that ends each link at once is dialled less and less
// often; one whose link has lasted is dialled again at once.
func TestShortLinks(t *testing.T) {
	w := newWorld(1, nil)
	w.handDials = true
	w.nodes[1].seeds = []wire.Addr{addrOf(9)}
	w.start(1)
	w.describe(1)
	dialed := func() int { return dialsTo(w, 1, 9) }
	meet := func() *peer {
		t.Helper()
		p := w.answer(t, 1, w.nodes[1].dials[dialed()-1], 9)
		p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Admitted})
		if links := w.nodes[1].core.Links(); len(links) != 1 || !links[0].Admitted {
			t.Fatalf("links %+v, want one", links)
		}
		return p
	}
	// Each pause is about twice the one before, from Timers.Resolve, one second, up to eight.
	for i, want := range []int64{1, 2, 4, 8, 8} {
		p := meet()
		w.run(10 * ms)
		p.close()
		before, since := dialed(), w.now
		for dialed() == before && w.now < since+20*second {
			w.run(50 * ms)
		}
		// A quarter less or more, and up to two seconds until somebody looks.
		if pause := w.now - since; dialed() == before || pause < want*second*3/4 || pause > want*second*5/4+2*second {
			t.Fatalf("after %d short links, dialled again after %d ms, want about %d s", i+1, pause/ms, want)
		}
	}
	p := meet()
	w.idle(p, 2*second)
	before := dialed()
	p.close()
	if w.run(100 * ms); dialed() == before {
		t.Error("after a link that lasted, not dialled again within 100 ms")
	}
	p = meet()
	w.run(10 * ms)
	p.close()
	before = dialed()
	if w.run(1250*ms + 2*second); dialed() == before {
		t.Error("short links from before one that lasted still count")
	}
}

// TestRefusedForLimits: two nodes of which one cannot hold what the other does try again and again, but not all the time,
// whoever dials.
func TestRefusedForLimits(t *testing.T) {
	for _, dialer := range []int{1, 2} {
		t.Run(fmt.Sprintf("node %d joins", dialer), func(t *testing.T) {
			w := newWorld(2, func(c *core.Config) {
				if c.Node == 2 {
					c.Limits.Infos = 8
				}
			})
			w.nodes[dialer].seeds = []wire.Addr{addrOf(uint64(3 - dialer))}
			w.start(1, 2)
			w.describe(1)
			w.describe(2)
			w.run(second)
			for i := range 20 {
				w.add(1, fmt.Sprint("k", i), "v", 0)
			}
			w.run(10 * second)
			before := w.saw(1, core.LinkUp) + w.saw(2, core.LinkUp)
			w.run(60 * second)
			// Each end tries once in eight seconds, and each link is counted at both.
			if got := w.saw(1, core.LinkUp) + w.saw(2, core.LinkUp) - before; got > 40 {
				t.Errorf("%d links within a minute, as counted at both ends, want at most 40", got)
			}
		})
	}
}
