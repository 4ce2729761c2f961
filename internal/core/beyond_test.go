package core_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// pair returns two nodes that are linked and know each other.
func pair(set func(*core.Config)) *world {
	w := newWorld(2, set)
	w.nodes[2].seeds = []wire.Addr{addrOf(1)}
	w.nodes[1].seeds = []wire.Addr{addrOf(2)}
	w.start(1, 2)
	w.describe(1)
	w.describe(2)
	w.run(3 * second)
	return w
}

// agree fails if two nodes show different infos, or anything else is wrong.
func agree(t *testing.T, w *world, a, b int) {
	t.Helper()
	if d := w.differ(a, b); d != "" {
		t.Errorf("%s; marks %v and %v", d, w.nodes[a].core.Marks(), w.nodes[b].core.Marks())
	}
	for _, err := range w.check() {
		t.Error(err)
	}
}

// TestBeyondTheMark guards what is held although no claim speaks of it: the marks of two nodes must not agree while what
// they show does not.
func TestBeyondTheMark(t *testing.T) {
	a, b := core.Origin{Node: 20, Incarnation: 100}, core.Origin{Node: 21, Incarnation: 100}
	tests := []struct {
		name string
		play func(w *world, p, q *peer) // p is linked to node 1, q to node 2; then both die
	}{
		{"the first of several frames", func(w *world, p, q *peer) {
			p.send(frame(info(a, 1, "k", "A1", 1, 0)))
		}},
		{"the first of several frames, then an older range", func(w *world, p, q *peer) {
			p.send(frame(info(a, 8, "k", "A8", 8, 0)))
			p.send(frame(info(a, 3, "k", "A3", 3, 0), claim(a, 0, 4)))
		}},
		{"the record of a standin", func(w *world, p, q *peer) {
			p.send(frame(info(a, 1, "k", "A1", 1, 0), claim(a, 0, 1)))
			w.settle()
			p.send(frame(info(b, 1, "k", "B1", 2, 0), claim(b, 0, 1)))
			w.settle()
			q.send(frame(info(b, 2, "k", "B2", 3, 0), standin(a, 1, "k"), claim(a, 0, 1)))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := pair(nil)
			p, q := w.admitted(t, 10, 1, wire.Chord), w.admitted(t, 11, 2, wire.Chord)
			tt.play(w, p, q)
			p.close()
			q.close()
			w.run(30 * second)
			agree(t, w, 1, 2)
		})
	}
}

// TestWriterDiesInARange has a writer die in the midst of a range of several frames that has a key written twice.
func TestWriterDiesInARange(t *testing.T) {
	w := newWorld(3, func(c *core.Config) { c.Limits.Frame = 2048 })
	for i := 1; i <= 3; i++ {
		w.nodes[i].seeds = []wire.Addr{addrOf(1)}
		w.start(i)
		w.describe(i)
		w.run(500 * ms)
	}
	w.run(5 * second)
	w.slowSends = true
	for i := range 5 {
		w.add(3, fmt.Sprint("k", i), strings.Repeat("v", 900), 0)
	}
	w.add(3, "k0", strings.Repeat("w", 900), 0)
	for range 3 {
		w.pass(3, 1)
	}
	w.crash(3)
	for k := range w.conns {
		for s := range 2 {
			if w.conns[k].ends[s].node == 3 {
				w.cut(k, s)
			}
		}
	}
	w.slowSends = false
	w.run(30 * second)
	agree(t, w, 1, 2)
}
