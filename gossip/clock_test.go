package gossip_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/resolver"
)

// TestManualClock has nodes live by a clock that a test moves.
func TestManualClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // for its Wait; no time passes in the bubble
		clk := gossiptest.NewClock(time.Unix(1000, 0))
		net := gossiptest.NewNetwork(clk, &gossiptest.NetworkOptions{Latency: time.Millisecond})
		var stops []func() error
		var nodes []*gossip.Gossip
		for id := range gossip.NodeID(3) {
			cfg := config(net, id+1)
			cfg.Clock, cfg.Timers.Sentinel = clk, time.Hour // nobody writes one by default at the instant that counts
			g, err := gossip.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			nodes = append(nodes, g)
			stops = append(stops, g.Start(t.Context()))
		}
		advance := func(d time.Duration) {
			for until := clk.Now().Add(d); clk.Now().Before(until); synctest.Wait() {
				synctest.Wait()
				if next, ok := clk.Next(); !ok || next.After(until) {
					clk.Advance(until.Sub(clk.Now()))
					continue
				}
				clk.AdvanceToNext()
			}
		}
		advance(time.Second)
		if err := nodes[0].AddInfo("k", []byte("v"), time.Hour); err != nil {
			t.Fatal(err)
		}
		advance(time.Second)
		for _, g := range nodes {
			wantInfo(t, g, "k", "v")
			for _, info := range g.Infos("k") {
				if got, want := info.Stamp, time.Unix(1001, 0); !got.Equal(want) {
					t.Errorf("node %d: stamp %v, want %v", g.GetNodeID(), got, want)
				}
				if got, want := info.Expires, time.Unix(1001+3600, 0); got.Sub(want).Abs() > 10*time.Millisecond {
					t.Errorf("node %d: expires %v, want %v", g.GetNodeID(), got, want)
				}
			}
		}
		for _, stop := range stops {
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
		advance(time.Millisecond) // for what is on the way in the network
		if got := clk.Pending(); got != 0 {
			t.Errorf("%d timers are left when all nodes have stopped", got)
		}
	})
}

// simClock is a clock that starts the goroutines of a node, and lets its commands in.
type simClock struct {
	clock.Clock
	mu      sync.Mutex // guards what follows
	started []string
	posted  []string
}

func (c *simClock) Go(name string, n uint64, f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.started = append(c.started, name)
	go f()
}

func (c *simClock) Post(what, key, value string, f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.posted = append(c.posted, strings.TrimRight(what+" "+key+" "+value, " "))
	go f()
}

func (c *simClock) Gate(what, key, value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.posted = append(c.posted, "gate "+what)
}

// TestScheduler has a simulated clock decide what the Go scheduler decides otherwise.
func TestScheduler(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		clk := &simClock{Clock: clock.System()}
		cfg := config(net, 1)
		cfg.Clock = clk
		g, err := gossip.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		stop := g.Start(t.Context())
		pass(0)
		if err := g.SetResolvers([]resolver.Resolver{net.Resolver()}); err != nil {
			t.Fatal(err)
		}
		var c calls
		register(t, g, "^k", c.add)
		mustAdd(t, g, "k", "v")
		c.want(t, "k=v")
		if err := g.DeleteInfo("k"); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Leave(t.Context()); err != nil {
			t.Error(err)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		for _, want := range []string{"accept", "resolver 0", `callback "^k"`, "close the transport"} {
			if !slices.Contains(clk.started, want) {
				t.Errorf("goroutine %q was not started through the clock, but %q", want, clk.started)
			}
		}
		want := []string{"resolvers", "register ^k", "add k v", "delete k", "leave", "gate leave"}
		if !slices.Equal(clk.posted, want) {
			t.Errorf("posted %q, want %q", clk.posted, want)
		}
	})
}
