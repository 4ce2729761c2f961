package gossip_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/resolver"
)

// bubble runs f in a bubble of testing/synctest, on a network with a millisecond of latency. A test that waits in vain does
// not hang there, since nodes have timers: time would fly for ever. After a month, it panics with all stacks.
func bubble(t *testing.T, f func(t *testing.T, net *gossiptest.Network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		limit := time.AfterFunc(31*24*time.Hour, func() { panic(t.Name() + " waits for what does not happen") })
		defer limit.Stop()
		f(t, gossiptest.NewNetwork(nil, &gossiptest.NetworkOptions{Latency: time.Millisecond}))
	})
}

// config returns the configuration of node id on net. Node 1 waits for others to find it.
func config(net *gossiptest.Network, id gossip.NodeID) gossip.Config {
	cfg := gossip.Config{
		ClusterID: "test",
		Transport: net.Listen(fmt.Sprint("n", id)),
		NodeID:    id,
		Seed:      uint64(id),
	}
	if id != 1 {
		cfg.Resolvers = []resolver.Resolver{net.Resolver()}
	}
	return cfg
}

// start runs a node until the end of the test, where Run has to return nil.
func start(t *testing.T, cfg gossip.Config) *gossip.Gossip {
	t.Helper()
	g, err := gossip.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	stop := g.Start(t.Context())
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("Run of node %d: %v", cfg.NodeID, err)
		}
	})
	return g
}

// pass lets d pass in the bubble, and everything happen that is due until then.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func mustAdd(t *testing.T, g *gossip.Gossip, key, val string) {
	t.Helper()
	if err := g.AddInfo(key, []byte(val), 0); err != nil {
		t.Fatal(err)
	}
}

// wantInfo fails the test unless g has val under key, "" standing for nothing.
func wantInfo(t *testing.T, g *gossip.Gossip, key, val string) {
	t.Helper()
	got, err := g.GetInfo(key)
	if string(got) != val || (err == nil) != (val != "") {
		t.Errorf("node %d: GetInfo(%q) = %q, %v, want %q", g.GetNodeID(), key, got, err, val)
	}
}

func TestTwoNodesExchangeInfos(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a, b := start(t, config(net, 1)), start(t, config(net, 2))
		mustAdd(t, a, "a", "1")
		pass(time.Second)
		mustAdd(t, b, "b", "2")
		pass(10 * time.Millisecond)
		for _, g := range []*gossip.Gossip{a, b} {
			wantInfo(t, g, "a", "1")
			wantInfo(t, g, "b", "2")
		}
		for _, g := range []*gossip.Gossip{a, b} {
			s := g.Stats()
			if s.FramesSent == 0 || s.FramesReceived == 0 || s.BytesSent == 0 || s.BytesReceived == 0 || s.InfosReceived == 0 || s.InfosTaken < 2 {
				t.Errorf("node %d: Stats = %+v", g.GetNodeID(), s)
			}
		}
	})
}
