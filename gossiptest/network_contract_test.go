package gossiptest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/transport"
)

// harness makes the endpoints of a case on a network of their own.
func harness(latency time.Duration) gossiptest.TransportHarness {
	const silent = "silent"
	return gossiptest.TransportHarness{
		New: func(t *testing.T, nodes int) []transport.Transport {
			n := gossiptest.NewNetwork(nil, &gossiptest.NetworkOptions{Latency: latency})
			transports := make([]transport.Transport, nodes+1)
			for i := range transports {
				name := ""
				if i == nodes {
					name = silent
				}
				tr := n.Listen(name)
				t.Cleanup(func() { tr.Close() })
				transports[i] = tr
			}
			n.Silence(transports[nodes].Addr())
			return transports[:nodes]
		},
		MaxFrame: 4 << 20,
		Silent:   transport.MakeAddr("mem", silent),
	}
}

func TestNetworkContract(t *testing.T) { gossiptest.TestTransport(t, harness(0)) }

// TestNetworkContractWithLatency tries each case in a bubble, where the latency passes at once, and a hang shows.
func TestNetworkContractWithLatency(t *testing.T) {
	h := harness(time.Second)
	h.Timeout = 24 * time.Hour
	for _, c := range gossiptest.TransportCases(h) {
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if err := c.Run(t, h); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
