package core_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestStrayTwice: two origins take turns at a key, and no claim comes with what they write. When marks are compared the key goes
// along once, since no frame may name it twice.
func TestStrayTwice(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	p := w.admitted(t, 10, 1, wire.Chord)
	a, b := core.Origin{Node: 50, Incarnation: 5}, core.Origin{Node: 60, Incarnation: 6}
	for n, o := range []core.Origin{a, b, a, b} {
		p.send(frame(info(o, uint64(5+n), "k", "v", int64(n), 0)))
	}
	p.drop()
	p.send(frame(wire.AppendMarksEnd))
	w.run(second)
	times := 0
	for f := p.recv(); f != nil; f = p.recv() {
		for _, in := range f.Infos {
			if in.Key != "k" || in.Node != 60 || in.Seq != 8 {
				t.Errorf("the peer gets write %d of node %d under %q", in.Seq, in.Node, in.Key)
			}
			times++
		}
	}
	if times != 1 {
		t.Errorf("the peer gets the info %d times, want once", times)
	}
	for _, err := range w.check() {
		t.Error(err)
	}
}
