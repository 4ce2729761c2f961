package gossip_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
)

// TestD19KeepSentinel: a keeper writes the cluster ID to live for 2 min and the sentinel to live for 10 s, and both again
// at half of that; two keepers do no harm.
func TestD19KeepSentinel(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		var nodes []*gossip.Gossip
		for id := range gossip.NodeID(3) {
			cfg := config(net, id+1)
			cfg.KeepSentinel = id < 2
			nodes = append(nodes, start(t, cfg))
		}
		pass(time.Second)
		written := map[time.Time]bool{}
		for range 240 {
			pass(time.Second)
			for _, g := range nodes {
				wantInfo(t, g, gossip.KeySentinel, "test")
				wantInfo(t, g, gossip.KeyClusterID, "test")
				if s := g.Status(); s.Partitioned {
					t.Errorf("node %d: Status = %+v", g.GetNodeID(), s)
				}
			}
			for key, info := range nodes[2].Infos("") {
				switch {
				case key == gossip.KeySentinel && info.TTL != 10*time.Second, key == gossip.KeyClusterID && info.TTL != 2*time.Minute:
					t.Errorf("%s has ttl %v", key, info.TTL)
				case key == gossip.KeySentinel:
					written[info.Stamp] = true
				}
			}
		}
		if n := len(written); n < 47 || n > 60 {
			t.Errorf("the sentinel was written %d times in 240 s, want about once each 5 s", n)
		}
	})
}

// TestD21NoIOUnderLocks: while a resolver hangs, and a dial, and a callback, every method answers, and infos flow.
func TestD21NoIOUnderLocks(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		free := make(chan struct{})
		defer close(free)
		cfg := config(net, 1)
		cfg.Resolvers = []resolver.Resolver{
			resolver.Func(func(context.Context) ([]transport.Addr, error) { <-free; return nil, nil }),
			resolver.Static(transport.MakeAddr("mem", "hangs")),
		}
		cfg.Transport = &brokenTransport{Transport: cfg.Transport, dial: func(context.Context, transport.Addr) (transport.Link, error) {
			<-free
			return nil, transport.ErrClosed
		}}
		a, err := gossip.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		stop := a.Start(ctx)
		register(t, a, "", func(string, []byte) { <-free })
		far := config(net, 2)
		far.Resolvers = []resolver.Resolver{resolver.Static(transport.MakeAddr("mem", "n1"))}
		b := start(t, far)
		pass(3 * time.Second)
		if a.Stats().Dials == 0 {
			t.Error("node 1 does not dial")
		}
		begin := time.Now()
		mustAdd(t, a, "a", "v")
		wantInfo(t, a, "a", "v")
		_ = a.Status()
		if _, err := a.GetNodeIDAddress(1); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("the methods took %v", took)
		}
		mustAdd(t, b, "b", "v")
		pass(10 * time.Millisecond)
		wantInfo(t, a, "b", "v")
		wantInfo(t, b, "a", "v")
		cancel()
		if err := stop(); err == nil {
			t.Error("Run ends with nil, want an error that names what hangs")
		}
	})
}

// TestD22Restart: a node that comes back under its ID gets what it wrote before back from the others, and what it writes
// now replaces it, without the memory of a Store too.
func TestD22Restart(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a := start(t, config(net, 1))
		for life := range 3 {
			g, err := gossip.New(config(net, 2))
			if err != nil {
				t.Fatal(err)
			}
			stop := g.Start(t.Context())
			pass(2 * time.Second)
			for old := range life {
				wantInfo(t, g, fmt.Sprint("of life ", old), "v")
			}
			mustAdd(t, g, fmt.Sprint("of life ", life), "v")
			mustAdd(t, g, "life", fmt.Sprint(life))
			pass(time.Second)
			wantInfo(t, a, "life", fmt.Sprint(life))
			wantInfo(t, g, "life", fmt.Sprint(life))
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestD25DefaultSentinel: where nobody chose to keep the sentinel, the lowest ID does, and says so; when that node is gone,
// the next one does, and nobody ever thinks itself cut off. Alone with resolvers, a node keeps nothing.
func TestD25DefaultSentinel(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		lone := config(net, 4)
		lone.Resolvers = []resolver.Resolver{resolver.Static(transport.MakeAddr("mem", "nobody"))}
		l := start(t, lone)
		var nodes []*gossip.Gossip
		var stops []func() error
		for id := range gossip.NodeID(3) {
			cfg := config(net, id+1)
			cfg.Resolvers = []resolver.Resolver{resolver.Static(transport.MakeAddr("mem", "n3"))}
			g, err := gossip.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			nodes, stops = append(nodes, g), append(stops, g.Start(t.Context()))
		}
		pass(3 * time.Second)
		keeper := func(want gossip.NodeID, nodes ...*gossip.Gossip) {
			t.Helper()
			for _, g := range nodes {
				wantInfo(t, g, gossip.KeySentinel, "by default")
				wantInfo(t, g, gossip.KeyClusterID, "test")
				for _, info := range g.Infos(gossip.KeySentinel) {
					if info.NodeID != want {
						t.Errorf("node %d: the sentinel is kept by node %d, want %d", g.GetNodeID(), info.NodeID, want)
					}
				}
				if s := g.Status(); !s.Ready || !isClosed(g.Connected()) {
					t.Errorf("node %d: Status = %+v", g.GetNodeID(), s)
				}
			}
		}
		keeper(1, nodes...)
		for dead := range gossip.NodeID(2) {
			if err := stops[dead](); err != nil {
				t.Error(err)
			}
			for range 20 {
				pass(time.Second)
				for _, g := range nodes[dead+1:] {
					if s := g.Status(); s.NodeID != 3 && s.Partitioned {
						t.Errorf("node %d: Status = %+v", s.NodeID, s)
					}
				}
			}
			if dead == 0 {
				keeper(2, nodes[1:]...)
			}
		}
		wantInfo(t, l, gossip.KeySentinel, "")
		wantInfo(t, l, gossip.KeyClusterID, "")
		if err := stops[2](); err != nil {
			t.Error(err)
		}
	})
}

// TestDescriptorAddressChanges: a node that says it is elsewhere is found there; one that leaves, nowhere.
func TestDescriptorAddressChanges(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a, b := start(t, config(net, 1)), start(t, config(net, 2))
		pass(time.Second)
		for _, where := range []string{"n2", "moved", "n2"} {
			if err := b.SetNodeDescriptor(descriptor(2, where)); err != nil {
				t.Fatal(err)
			}
			pass(10 * time.Millisecond)
			for _, g := range []*gossip.Gossip{a, b} {
				if got, err := g.GetNodeIDAddress(2); err != nil || got != transport.MakeAddr("mem", where) {
					t.Errorf("node %d: GetNodeIDAddress(2) = %v, %v, want %s", g.GetNodeID(), got, err, where)
				}
			}
		}
		if _, err := b.Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Millisecond)
		if got, err := a.GetNodeIDAddress(2); err == nil {
			t.Errorf("GetNodeIDAddress of a node that has left = %v", got)
		}
	})
}
