package core_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestAlternatesTakeTurns: a full node names each neighbour first equally often.
func TestAlternatesTakeTurns(t *testing.T) {
	w := newWorld(1, func(c *core.Config) { c.MaxPeers = 4 })
	w.start(1)
	for id := range uint64(4) {
		w.admitted(t, 10+id, 1, wire.Join)
	}
	first := map[uint64]int{}
	for range 40 {
		p := w.dialIn(t, 50, 1)
		p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
		first[p.recv().Hello.Alternates[0].NodeID]++
		p.close()
	}
	for id := range uint64(4) {
		if got := first[10+id]; got != 10 {
			t.Errorf("%d was named first %d times of 40, want 10", 10+id, got)
		}
	}
}
