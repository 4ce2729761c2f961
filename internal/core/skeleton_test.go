package core_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestLastStamp: a write over an info whose stamp is the last there is either stands or is refused.
func TestLastStamp(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	p := w.admitted(t, 10, 1, wire.Chord)
	a := core.Origin{Node: 20, Incarnation: 100}
	p.send(frame(info(a, 1, "k", "theirs", 1<<63-1-epoch, 0), claim(a, 0, 1)))
	if err := w.add(1, "k", "mine", 0); err == core.OK && w.nodes[1].core.Record("k").Value != "mine" {
		t.Errorf("after a write that went well, k is %s", show(w.nodes[1].core.Record("k")))
	}
}

// TestSkeletonsGo: a skeleton goes in the end, however often nodes that hand it on restart.
func TestSkeletonsGo(t *testing.T) {
	w := pair(func(c *core.Config) { c.Timers.MaxTTL = 10 * second })
	w.add(1, "k", "v", second)
	for i := range 20 {
		w.run(6 * second)
		x := 1 + i%2
		w.sever(1, 2)
		w.crash(x)
		w.start(x)
		w.describe(x)
		w.run(2 * second)
	}
	if r := w.nodes[1].core.Record("k"); r != nil {
		t.Errorf("160 s after a write that lived 1 s, with MaxTTL 10 s, a node has %s", show(r))
	}
}
