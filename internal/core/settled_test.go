package core_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestSettled: a network has settled once no member has come for 50 latencies, be it at time 0 that the last one came.
func TestSettled(t *testing.T) {
	for _, at := range []int64{0, second} {
		w := newWorld(1, nil)
		w.now = at
		w.start(1)
		p := w.admitted(t, 10, 1, wire.Chord)
		if w.nodes[1].core.Settled() {
			t.Errorf("from %d on: a node that knows of no member says that the network has settled", at)
		}
		x := core.Origin{Node: 20, Incarnation: 100}
		p.send(frame(info(x, 1, "node:20", descriptor(20), 1, 0), claim(x, 0, 1)))
		base := core.New(core.Config{Base: w.nodes[1].core.Base(), Limits: config(2).Limits, Timers: config(2).Timers})
		base.Step(core.Now{Mono: at, Wall: epoch + at}, core.Input{Kind: core.InStart})
		for name, c := range map[string]*core.Core{"heard of it": w.nodes[1].core, "begins with it": base} {
			for _, after := range []int64{499 * ms, 501 * ms} {
				c.Step(core.Now{Mono: at + after, Wall: epoch + at + after}, core.Input{Kind: core.InDeadline})
				if got, want := c.Settled(), after > 500*ms; got != want {
					t.Errorf("from %d on: after %d, who %s says that it has settled: %t, want %t", at, after, name, got, want)
				}
			}
		}
	}
}
