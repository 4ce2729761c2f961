package core_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestCapOfNewLife: a peer that this node had dialled starts again and dials back. That takes the place of its old link, but it
// takes one among those who dialled, too: there has to be room.
func TestCapOfNewLife(t *testing.T) {
	for _, tt := range []struct {
		name   string
		others int
		want   wire.Verdict
	}{
		{"room", 1, wire.Admitted},
		{"full", 2, wire.Redirected},
	} {
		w, up := dialer(t, 10, func(c *core.Config) { c.MaxPeers = 2 })
		up.recv()
		up.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Admitted})
		w.handDials = true
		for id := range tt.others {
			w.admitted(t, uint64(11+id), 1, wire.Join)
		}
		again := w.dialIn(t, 10, 1)
		again.inc++
		again.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
		if got := again.recv().Hello.Verdict; got != tt.want {
			t.Errorf("%s: the verdict is %d, want %d", tt.name, got, tt.want)
		}
		accepted := 0
		for _, l := range w.nodes[1].core.Links() {
			if l.Admitted && !l.Dialed {
				accepted++
			}
		}
		if accepted > 2 {
			t.Errorf("%s: %d peers that dialled are admitted, want 2", tt.name, accepted)
		}
	}
}
