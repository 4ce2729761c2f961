package core_test

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// viewOf is what a node shows that begins with b.
func viewOf(b *core.Base) map[string]*core.Record {
	view := map[string]*core.Record{}
	if b != nil {
		for _, rec := range b.Live() {
			view[rec.Key] = rec
		}
	}
	return view
}

// rebase has all running nodes go on, with the links they have, from one base: what node 1 holds. They hold the same, and
// nothing is under way.
func (w *world) rebase(t testing.TB) *core.Base {
	t.Helper()
	var base *core.Base
	instance := func(i int) uint64 { return w.nodes[i].cfg.Instance + 1000*w.nodes[i].lives }
	links := make([][]core.LinkInfo, len(w.nodes))
	for i := range w.nodes {
		n := &w.nodes[i]
		if !n.up {
			continue
		}
		if base == nil {
			base = n.core.Base()
		}
		if n.core.Digest() != base.Digest() {
			t.Fatalf("node %d holds other things than the base", i)
		}
		links[i] = n.core.Links()
	}
	for i := range w.nodes {
		n := &w.nodes[i]
		if !n.up {
			continue
		}
		cfg := n.cfg
		cfg.Base, cfg.Instance = base, instance(i)
		n.core, n.view = core.New(cfg), viewOf(base)
		n.print = n.core.Fingerprint()
		w.todo = append(w.todo, task{i, core.Input{Kind: core.InResume, Incarnation: n.stored}})
		for _, l := range links[i] {
			c, s := w.find(i, l.Link)
			peer := c.ends[1-s].node
			hello := &wire.Hello{
				MinVersion: 1, MaxVersion: 1, ClusterID: "test", Incarnation: l.Incarnation, Instance: instance(peer),
				Reason: l.Reason, Digest: base.Digest(), Wall: (epoch + w.now) / ms,
			}
			if l.Dialed {
				hello.Verdict = wire.Admitted
			}
			f := &wire.Frame{NodeID: l.Node, Addr: l.Addr, Hello: hello}
			w.todo = append(w.todo, task{i, core.Input{Kind: core.InLinked, Link: l.Link, Frame: f}})
		}
	}
	w.drain()
	return base
}

// history is a network of five nodes that hold a bit of everything: infos that expire, that others have written over or
// deleted, of lives that are over, without a writer that is there; suspicions, a sentinel.
func history(t testing.TB) *world {
	w := newWorld(6, func(c *core.Config) {
		c.Sentinel, c.ClusterLife = 10*second, 120*second
		c.Timers.MaxTTL = 20 * second
	})
	for i := 1; i <= 6; i++ {
		w.nodes[i].seeds = []wire.Addr{addrOf(1), addrOf(2)}
		w.start(i)
		w.describe(i)
		w.run(300 * ms)
	}
	w.run(2 * second)
	for i := 1; i <= 6; i++ {
		w.add(i, fmt.Sprint("own/", i), "v", 0)
		w.add(i, fmt.Sprint("short/", i), "v", int64(i)*4*second)
		w.add(i, "common", fmt.Sprint(i), 0)
		w.add(i, fmt.Sprint("pair/", i/2), fmt.Sprint(i), 15*second)
		w.add(i, fmt.Sprint("gone/", i), "v", 0)
		w.run(200 * ms)
	}
	for i := 1; i <= 6; i++ {
		w.remove(i%6+1, fmt.Sprint("gone/", i))
		w.run(100 * ms)
	}
	stored := w.nodes[5].stored
	w.crash(5)
	w.run(500 * ms)
	w.nodes[5].stored = stored
	w.start(5)
	w.describe(5)
	w.add(5, "own/5", "again", 0)
	w.add(1, "long", "v", 100*second)
	w.run(100 * ms)
	w.add(2, "long", "w", 5*second)
	w.crash(6)
	w.run(9 * second)
	for _, err := range w.check() {
		t.Fatal(err)
	}
	return w
}

// TestBaseIsNoDifference: cores that leave to their base what they do not touch put out the same, bit for bit, as cores
// that made all of it their own at once. What happens is drawn at random.
func TestBaseIsNoDifference(t *testing.T) {
	seeds := uint64(40)
	if testing.Short() || raceEnabled {
		seeds = 8
	}
	seed := maphash.MakeSeed()
	untouched := 0
	for s := range seeds {
		play := func(eager bool) (steps []uint64, said []string, w *world) {
			w = history(t)
			w.eager = eager
			w.watch = func(i int, in core.Input, out *core.Outputs) {
				text := told(i, w.now, in, out)
				steps = append(steps, maphash.String(seed, text))
				said = append(said, text)
			}
			base := w.rebase(t)
			print := base.Fingerprint()
			events(t, w, base, rand.New(rand.NewPCG(s, 1)))
			if base.Fingerprint() != print {
				t.Errorf("seed %d: the base has changed", s)
			}
			return steps, said, w
		}
		_, lazy, w := play(false)
		_, eager, _ := play(true)
		for i := range max(len(lazy), len(eager)) {
			if i >= len(lazy) || i >= len(eager) || lazy[i] != eager[i] {
				t.Fatalf("seed %d: step %d of %d and %d differs:\n%s\nand, all of it touched:\n%s", s, i, len(lazy), len(eager), at(lazy, i), at(eager, i))
			}
		}
		for _, err := range w.check() {
			t.Errorf("seed %d: %v", s, err)
		}
		for i := range w.nodes {
			if n := &w.nodes[i]; n.up {
				origins, keys := n.core.Touched()
				if origins < len(n.core.Marks()) || keys < len(n.core.Keys()) {
					untouched++
				}
				for j := 1; j < i; j++ {
					if !w.nodes[j].up {
						continue
					}
					if diff := w.differ(i, j); diff != "" {
						t.Errorf("seed %d: in the end %s", s, diff)
					}
				}
			}
		}
	}
	t.Logf("%d cores have left something untouched", untouched)
	if untouched == 0 {
		t.Error("no core has left anything untouched: nothing was tested")
	}
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "nothing"
}

// told writes down a step.
func told(i int, now int64, in core.Input, out *core.Outputs) string {
	s := fmt.Sprintf("%d at %d: kind %d on %d\nsends %x\n", i, now, in.Kind, in.Link, out.Sends)
	for _, c := range out.Changes {
		r := c.Record
		s += fmt.Sprintf("change %d %s hops %d from %d, %d %d %d\n", c.Kind, show(r), r.Hops, r.From, r.Born, r.Taken, r.Expires)
	}
	return s + fmt.Sprint(out.Dials, out.Closes, out.Events, out.Replies, out.Links, out.Persist, out.Resolve, out.Next, out.Fatal)
}

// events has things happen at random, and then time pass.
func events(t testing.TB, w *world, base *core.Base, r *rand.Rand) {
	keys := []string{"common", "own/1", "own/2", "own/5", "own/6", "short/4", "short/6", "pair/1", "pair/2", "gone/1", "gone/3", "new"}
	key := func() string { return keys[r.IntN(len(keys))] }
	for range 12 {
		i := 1 + r.IntN(6)
		n := &w.nodes[i]
		switch what := r.IntN(10); {
		case !n.up && what < 5: // with nothing, or with the base
			n.cfg.Base = nil
			if r.IntN(2) == 0 {
				n.cfg.Base = base
			}
			w.start(i)
			w.describe(i)
		case !n.up:
		case what < 4:
			w.add(i, key(), fmt.Sprint(r.IntN(3)), []int64{0, second, hour}[r.IntN(3)])
		case what < 6:
			w.remove(i, key())
		case what < 7:
			stored := n.stored
			w.crash(i)
			if r.IntN(2) == 0 {
				n.stored = stored
			}
		case what < 9:
			w.sever(i, 1+r.IntN(6))
		default:
			p := w.client(t, 90).ask(i)
			w.run(second)
			p.drop()
			p.close()
		}
		w.run(r.Int64N([]int64{20 * ms, 500 * ms, 5 * second}[r.IntN(3)]))
	}
	w.run(10 * second)
}
