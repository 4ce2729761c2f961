package flags_test

import (
	"testing"
	"time"

	"example.com/flags"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// newGRPCServer is newServer with the transport of production, gRPC, on connections of the simulated network.
func newGRPCServer(h *gossiptest.Host) *server {
	tr, err := grpctransport.Listen("", &grpctransport.Options{Listener: h.Listen(), Dialer: h.Dial})
	if err != nil {
		h.Sim().Fatal(err)
	}
	cfg := h.Config()
	cfg.Transport = tr
	return serverOf(h, cfg)
}

// Over gRPC, with all that it does by itself, servers agree after a partition and a crash, too. Half a minute passes in no time.
func TestOverGRPC(t *testing.T) {
	gossiptest.Bubble(t, func(s *gossiptest.Sim) {
		c := gossiptest.NewCluster(s, 3, newGRPCServer)
		s.Faults(
			fault.Fault{Kind: fault.Partition, At: 2 * time.Second, For: 10 * time.Second, Nodes: []int{2}},
			fault.Fault{Kind: fault.Crash, At: 5 * time.Second, For: 3 * time.Second, Nodes: []int{1}},
		)
		set := func(server, percent int) {
			if err := c.App(server).Set("dark", flags.Flag{On: true, Percent: percent}); err != nil {
				s.Errorf("n%d: %v", server, err)
			}
		}
		set(1, 10)
		s.RunFor(time.Second)
		if got, want := c.App(0).Get("dark"), (flags.Flag{On: true, Percent: 10}); got != want {
			s.Errorf("n0 has %v, want %v", got, want)
		}
		s.RunFor(3 * time.Second)
		set(2, 20) // which is cut off
		s.RunFor(3 * time.Second)
		if got, want := c.App(0).Get("dark"), (flags.Flag{On: true, Percent: 10}); got != want {
			s.Errorf("n0 has %v through a partition, want %v", got, want)
		}
		s.RunFor(3 * time.Second)
		set(1, 30) // which has crashed, and is back
		s.RunFor(10 * time.Second)
		c.Converged(10*time.Second, func(s *server) any { return s.seen() })
		if got, want := c.App(2).Get("dark"), (flags.Flag{On: true, Percent: 30}); got != want {
			s.Errorf("n2 has %v, want %v", got, want)
		}
	})
}
