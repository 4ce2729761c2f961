package core_test

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"os"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// largerBound is the environment variable that has TestTwoWritersExhaustive search further, for minutes.
const largerBound = "GRAPEVINE_EXHAUSTIVE"

// script is what happens in a search, besides what follows from it: everything in it at every point, in every order.
type script struct {
	name     string
	based    bool          // the nodes have begun with a base of what was there before
	trees    [][3]int      // in which order an update of the first node passes the others, when the search begins
	before   []put         // is everywhere when the search begins
	puts     [4][]put      // of each node, one behind the other
	crashes  int           // with loss of everything; the peers notice before or after what was on its way arrived
	restarts int           // of crashed nodes
	ticks    int           // of how many deadlines the time comes
	larger   func(*script) // for largerBound
}

// put is a write.
type put struct {
	node       int // in script.before
	key, value string
	ttl        int64
	remove     bool
}

// search walks through all states of a script.
type search struct {
	t      *testing.T
	s      script
	seed   maphash.Seed
	seen   map[uint64]struct{}
	buf    []byte
	leaves int
	trail  []string
}

// state is a world, and how much of the script has happened in it.
type state struct {
	*world
	done                     [4]int // of puts
	crashes, restarts, ticks int
}

func (st *state) clone() *state {
	x := *st
	x.world = st.world.clone()
	return &x
}

// print hashes all of a state that matters to what is to come.
func (s *search) print(st *state) uint64 {
	b := s.buf[:0]
	add := func(vs ...uint64) {
		for _, v := range vs {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
	}
	add(uint64(st.now), uint64(st.crashes), uint64(st.restarts), uint64(st.ticks), uint64(len(st.wrote)))
	for i := 1; i < len(st.nodes); i++ {
		n := &st.nodes[i]
		add(uint64(st.done[i]), n.lives, n.stored, uint64(n.next))
		add(n.print)
	}
	for k := range st.conns {
		for _, e := range st.conns[k].ends {
			flags := uint64(0)
			if e.up {
				flags = 1
			}
			if e.fin {
				flags |= 2
			}
			add(flags, uint64(len(e.out)))
			for _, f := range e.out {
				add(uint64(len(f)))
				b = append(b, f...)
			}
		}
	}
	s.buf = b
	return maphash.Bytes(s.seed, b)
}

// walk goes on from a state, which is the walk's own, in all ways.
func (s *search) walk(st *state) {
	if errs := st.check(); len(errs) > 0 {
		s.fail(errs[0])
		return
	}
	p := s.print(st)
	if _, ok := s.seen[p]; ok {
		return
	}
	s.seen[p] = struct{}{}
	quiet := true
	for k := range st.conns {
		for side := range 2 {
			from, to := &st.conns[k].ends[side], &st.conns[k].ends[1-side]
			if len(from.out) > 0 || from.fin && to.up {
				quiet = false
				s.step(st, func(x *state) { x.deliver(k, side) }, "%d>%d", from.node, to.node)
			}
			if len(from.out) > 0 && from.fin && to.up {
				s.step(st, func(x *state) { x.cut(k, side) }, "%d-%d", from.node, to.node)
			}
		}
	}
	for i := 1; i < len(st.nodes); i++ {
		n := &st.nodes[i]
		if n.up && st.done[i] < len(s.s.puts[i]) {
			s.step(st, func(x *state) {
				x.put(i, s.s.puts[i][x.done[i]])
				x.done[i]++
			}, "put %d", i)
		}
		if n.up && st.crashes < s.s.crashes {
			s.step(st, func(x *state) {
				x.crashes++
				x.crash(i)
			}, "crash %d", i)
		}
		for j := 1; j < len(st.nodes) && !n.up && st.restarts < s.s.restarts; j++ {
			if st.nodes[j].up {
				s.step(st, func(x *state) {
					x.restarts++
					x.nodes[i].seeds = []wire.Addr{addrOf(uint64(j))}
					x.start(i)
				}, "start %d at %d", i, j)
			}
		}
	}
	if st.ticks < s.s.ticks {
		s.step(st, func(x *state) {
			x.ticks++
			x.tick()
		}, "tick")
	}
	if quiet {
		s.leaf(st)
	}
}

func (s *search) step(st *state, do func(*state), format string, args ...any) {
	if s.t.Failed() {
		return
	}
	s.trail = append(s.trail, fmt.Sprintf(format, args...))
	x := st.clone()
	do(x)
	s.walk(x)
	s.trail = s.trail[:len(s.trail)-1]
}

func (s *search) fail(err error) {
	s.t.Errorf("%s: %v", strings.Join(s.trail, ", "), err)
}

// leaf lets time pass until the nodes that are linked show the same.
func (s *search) leaf(st *state) {
	s.leaves++
	x := st.clone()
	diff := ""
	for range 15 {
		x.run(second)
		diff = ""
		for i := 1; i < len(x.nodes); i++ {
			for j := 1; j < i; j++ {
				if x.nodes[i].up && x.nodes[j].up && diff == "" {
					diff = x.differ(i, j)
				}
			}
		}
		if errs := x.check(); len(errs) > 0 {
			s.fail(errs[0])
			return
		}
		if diff == "" {
			return
		}
	}
	s.fail(fmt.Errorf("15 s later %s", diff))
}

// put does a write.
func (w *world) put(i int, p put) {
	if p.remove {
		w.remove(i, p.key)
	} else {
		w.add(i, p.key, p.value, p.ttl)
	}
}

// tick lets time pass until the next deadline.
func (w *world) tick() {
	at := int64(0)
	for i := range w.nodes {
		if n := &w.nodes[i]; n.up && n.next != 0 && (at == 0 || n.next < at) {
			at = n.next
		}
	}
	w.now = max(w.now, at)
	for i := range w.nodes {
		if n := &w.nodes[i]; n.up && n.next != 0 && n.next <= w.now {
			w.do(i, core.Input{Kind: core.InDeadline})
		}
	}
}

// triangle returns three nodes that know each other and are linked with each other.
func triangle() *world {
	w := newWorld(3, func(c *core.Config) { c.Timers.Pace = 0 })
	for i := 1; i <= 3; i++ {
		w.nodes[i].seeds = []wire.Addr{addrOf(1)}
		w.start(i)
		w.describe(i)
		w.run(500 * ms)
	}
	w.run(5 * second)
	return w
}

// grow has trees run as told.
func (w *world) grow(t *testing.T, trees [][3]int) {
	t.Helper()
	for n, tree := range trees {
		o := w.origin(tree[0])
		w.wire(tree[0], tree[2]).hold = true
		w.add(tree[0], fmt.Sprint("warm", n), "", 0)
		w.run(200 * ms)
		w.wire(tree[0], tree[2]).hold = false
		w.run(3 * second)
		pushes := func(i, j int) bool { return w.nodes[i].core.Mode(w.linkOf(i, j), o) == wire.Eager }
		if !pushes(tree[0], tree[1]) || !pushes(tree[1], tree[2]) || pushes(tree[0], tree[2]) {
			t.Fatalf("the tree of node %d does not run through %v", tree[0], tree)
		}
	}
}

func (w *world) origin(i int) core.Origin {
	return core.Origin{Node: w.nodes[i].cfg.Node, Incarnation: w.nodes[i].core.Incarnation()}
}

// TestTwoWritersExhaustive has two of three nodes write one key while nodes crash, in all interleavings of what is under
// way. Whatever a node covers, it holds; nothing it shows is ever older than what it showed; and in the end nodes that
// are linked show the same.
func TestTwoWritersExhaustive(t *testing.T) {
	k := func(value string) put { return put{key: "k", value: value} }
	trees := [][3]int{{2, 1, 3}, {1, 2, 3}}
	scripts := []script{
		{
			name: "overwrite", trees: trees,
			puts:    [4][]put{1: {k("b")}, 2: {k("a"), k("c")}},
			crashes: 2,
			larger:  func(s *script) { s.ticks = 2 },
		},
		{
			name: "overwrite, direct", trees: nil,
			puts:    [4][]put{2: {k("b")}, 3: {k("a"), k("c")}},
			crashes: 2,
			larger:  func(s *script) { s.ticks = 2 },
		},
		{
			name: "delete", trees: trees,
			before:  []put{{node: 2, key: "k", value: "old"}},
			puts:    [4][]put{1: {{key: "k", remove: true}}, 2: {k("new"), k("newer")}},
			crashes: 1,
			larger:  func(s *script) { s.crashes, s.ticks = 2, 2 },
		},
		{
			name: "expiry", trees: trees,
			puts:    [4][]put{1: {{key: "k", value: "b", ttl: 15 * ms}}, 2: {{key: "k", value: "a", ttl: 25 * ms}}},
			crashes: 1, ticks: 1,
			larger: func(s *script) { s.crashes, s.ticks = 2, 3 },
		},
		{
			name: "restart", trees: trees,
			puts: [4][]put{1: {k("b")}, 2: {k("a"), k("c")}}, crashes: 1, restarts: 1,
			larger: func(s *script) { s.crashes = 2 },
		},
		{
			name: "overwrite, from a base", based: true, trees: trees,
			before:  []put{{node: 3, key: "k", value: "old"}},
			puts:    [4][]put{1: {k("b")}, 2: {k("a"), k("c")}},
			crashes: 1,
			larger:  func(s *script) { s.crashes, s.ticks = 2, 2 },
		},
		{
			name: "delete, from a base", based: true, trees: trees,
			before:  []put{{node: 3, key: "k", value: "old"}},
			puts:    [4][]put{1: {{key: "k", remove: true}}, 2: {k("new")}},
			crashes: 1,
			larger:  func(s *script) { s.crashes, s.ticks = 2, 2 },
		},
	}
	for _, sc := range scripts {
		t.Run(sc.name, func(t *testing.T) {
			switch {
			case os.Getenv(largerBound) != "":
				sc.larger(&sc)
			case raceEnabled:
				sc.restarts, sc.ticks = 0, min(sc.ticks, 1)
			}
			w := triangle()
			if !sc.based {
				w.grow(t, sc.trees)
			}
			for _, p := range sc.before {
				w.put(p.node, p)
			}
			w.run(3 * second)
			if sc.based {
				w.rebase(t)
				for _, tree := range sc.trees { // which nobody has a place in yet
					w.add(tree[0], fmt.Sprint("first", tree[0]), "", 0)
					w.run(3 * second)
				}
				w.grow(t, sc.trees)
			}
			for i := range w.nodes {
				n := &w.nodes[i]
				n.events, n.changes, n.replies, n.dials, n.saves, n.closes = nil, nil, nil, nil, nil, nil
			}
			w.slowSends = true
			w.remember()
			s := search{t: t, s: sc, seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}}
			s.walk(&state{world: w})
			t.Logf("%d states, %d of them at rest", len(s.seen), s.leaves)
		})
	}
}
