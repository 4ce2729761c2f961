package gossiptest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// overGRPC is a gossip node whose links are streams of gRPC.
func overGRPC(h *gossiptest.Host) *gossip.Gossip {
	tr, err := grpctransport.Listen("", &grpctransport.Options{Listener: h.Listen(), Dialer: h.Dial})
	if err != nil {
		h.Sim().Fatal(err)
	}
	cfg := h.Config()
	cfg.Transport = tr
	g, err := gossip.New(cfg)
	if err != nil {
		h.Sim().Fatal(err)
	}
	return g
}

// contents is what a node knows below "order/".
func contents(g *gossip.Gossip) any {
	all := map[string]string{}
	for k, v := range g.Infos("order/") {
		all[k] = string(v.Value)
	}
	return all
}

// order has a node write an order.
func order(s *gossiptest.Sim, c *gossiptest.Cluster[*gossip.Gossip], i, n int) {
	if err := c.App(i).AddInfo(fmt.Sprint("order/", n), []byte("paid"), 0); err != nil {
		s.Error(err)
	}
}

func TestBubbleOverGRPC(t *testing.T) {
	gossiptest.Bubble(t, func(s *gossiptest.Sim) {
		c := gossiptest.NewCluster(s, 5, overGRPC)
		order(s, c, 0, 0)
		c.Converged(5*time.Second, contents)
		s.RunFor(5 * time.Second) // until everybody has links of its own, and not to the seeds alone

		s.Faults(fault.Fault{Kind: fault.Partition, At: s.Now(), For: 20 * time.Second, Nodes: []int{3, 4}})
		s.RunFor(5 * time.Second)
		order(s, c, 1, 1)
		order(s, c, 4, 2)
		s.RunFor(10 * time.Second)
		for i := range 5 {
			if got, want := len(contents(c.App(i)).(map[string]string)), 2; got != want {
				s.Errorf("n%d knows %d orders during the partition, want %d", i, got, want)
			}
		}
		c.Converged(5*time.Second, contents)

		broken := 0
		for i := range 5 {
			for j := range i {
				broken += s.Break(i, j)
			}
		}
		if broken == 0 {
			s.Error("there are no connections")
		}
		order(s, c, 2, 3)
		c.Converged(5*time.Second, contents)

		c.Crash(0)
		order(s, c, 3, 4)
		s.RunFor(3 * time.Second)
		c.Start(0)
		c.Converged(5*time.Second, contents)
		if got, want := len(contents(c.App(0)).(map[string]string)), 5; got != want {
			s.Errorf("%d orders are known in the end, want %d", got, want)
		}
	})
}
