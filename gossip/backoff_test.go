package gossip_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// TestRefusedPeersBackOff: two nodes with different limits end each link that they make, and make the next one less and
// less soon: once in eight seconds each, in the end. It is the same whoever dials.
func TestRefusedPeersBackOff(t *testing.T) {
	tests := []struct {
		name    string
		limits  gossip.Limits
		infos   int
		size    int // of each
		refused func(gossip.Refusals) uint64
	}{
		{
			name: "Limits.Infos", limits: gossip.Limits{Infos: 10}, infos: 20, size: 1,
			refused: func(r gossip.Refusals) uint64 { return r.Busy },
		},
		{
			name: "Limits.Value", limits: gossip.Limits{Value: 100}, infos: 1, size: 101,
			refused: func(r gossip.Refusals) uint64 { return r.Misbehaved },
		},
	}
	for _, tt := range tests {
		for _, strict := range []gossip.NodeID{1, 2} { // node 2 joins
			t.Run(fmt.Sprintf("%s of node %d", tt.name, strict), func(t *testing.T) {
				bubble(t, func(t *testing.T, net *gossiptest.Network) {
					nodes := map[gossip.NodeID]*gossip.Gossip{}
					for id := gossip.NodeID(1); id <= 2; id++ {
						cfg := config(net, id)
						if id == strict {
							cfg.Limits = tt.limits
						}
						nodes[id] = start(t, cfg)
					}
					pass(time.Second)
					for i := range tt.infos {
						mustAdd(t, nodes[3-strict], fmt.Sprint("k", i), strings.Repeat("v", tt.size))
					}
					pass(30 * time.Second)
					linked := func() uint64 { return nodes[1].Stats().Accepts + nodes[2].Stats().Accepts }
					before, refused := linked(), tt.refused(nodes[strict].Stats().Refused)
					pass(time.Minute)
					if got := linked() - before; got < 4 || got > 20 {
						t.Errorf("%d links within a minute, want 4 to 20", got)
					}
					if got := tt.refused(nodes[strict].Stats().Refused) - refused; got < 4 || got > 20 {
						t.Errorf("%d links refused within a minute, want 4 to 20", got)
					}
				})
			})
		}
	}
}
