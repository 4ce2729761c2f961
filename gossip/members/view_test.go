package members_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/gossip/members"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/storage"
)

// cluster is a few nodes in a bubble, and what a View of the first has told.
type cluster struct {
	t     *testing.T
	net   *gossiptest.Network
	nodes []*gossiptest.Node
	views []*members.View

	mu   sync.Mutex // guards told
	told []string
}

// run runs f with n nodes, linked with each other, in a bubble.
func run(t *testing.T, n int, f func(*testing.T, *cluster)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{t: t, net: gossiptest.NewNetwork(nil, &gossiptest.NetworkOptions{Latency: time.Millisecond})}
		for range n {
			c.start(nil)
		}
		go func() {
			for e := range c.views[0].Watch(t.Context()) {
				c.mu.Lock()
				c.told = append(c.told, e.String())
				c.mu.Unlock()
			}
		}()
		pass(10 * time.Second)
		c.events()
		f(t, c)
	})
}

// start starts a node with a View of it.
func (c *cluster) start(configure func(*gossip.Config)) *gossiptest.Node {
	c.t.Helper()
	n := gossiptest.NewNode(c.t, &gossiptest.NodeOptions{Network: c.net, Configure: func(cfg *gossip.Config) {
		if configure != nil {
			configure(cfg)
		}
		cfg.Seed = uint64(len(c.nodes)) + 1
	}})
	v, err := members.New(n.Gossip, &members.Options{Forget: time.Minute})
	if err != nil {
		c.t.Fatal(err)
	}
	go func() {
		if err := v.Run(c.t.Context()); err != nil {
			c.t.Errorf("Run of a View: %v", err)
		}
	}()
	c.nodes, c.views = append(c.nodes, n), append(c.views, v)
	return n
}

// pass lets d pass in the bubble.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// events returns what the View of the first node has told since the last call.
func (c *cluster) events() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() { c.told = nil }()
	return strings.Join(c.told, ", ")
}

// want fails the test unless these events were told since the last time, and all of the views of nodes see node id so.
func (c *cluster) want(events string, id gossip.NodeID, state members.State, nodes ...int) {
	c.t.Helper()
	if got := c.events(); got != events {
		c.t.Errorf("events %q, want %q", got, events)
	}
	for _, i := range nodes {
		if m, ok := c.views[i].Member(id); !ok || m.State != state {
			c.t.Errorf("node %d sees %v, listed: %t, want %v", i+1, m, ok, state)
		}
	}
}

func TestCrash(t *testing.T) {
	run(t, 4, func(t *testing.T, c *cluster) {
		c.nodes[2].Crash()
		pass(time.Second)
		c.want("node 3 suspected", 3, members.StateSuspect, 0, 1, 3)
		pass(5 * time.Second)
		c.want("node 3 failed", 3, members.StateFailed, 0, 1, 3)
		late := c.start(nil)
		pass(6 * time.Second)
		c.want(fmt.Sprintf("node %d joined", late.GetNodeID()), 3, members.StateFailed, 0, 4)
	})
}

func TestSilentDeath(t *testing.T) {
	run(t, 4, func(t *testing.T, c *cluster) {
		c.net.Silence(c.nodes[2].Addr)
		pass(6 * time.Second)
		c.want("node 3 suspected", 3, members.StateSuspect, 0, 1, 3)
		pass(5 * time.Second)
		c.want("node 3 failed", 3, members.StateFailed, 0, 1, 3)
	})
}

func TestRestart(t *testing.T) {
	tests := []struct {
		name  string
		after time.Duration
		want  string
	}{
		{name: "while suspect", after: 3 * time.Second, want: "node 3 suspected, node 3 recovered, node 3 address changed"},
		{name: "after it has failed", after: 10 * time.Second, want: "node 3 suspected, node 3 failed, node 3 recovered, node 3 address changed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run(t, 4, func(t *testing.T, c *cluster) {
				old := c.nodes[2].Addr
				c.nodes[2].Crash()
				pass(tt.after)
				n := c.start(func(cfg *gossip.Config) { cfg.NodeID, cfg.Store = 3, new(storage.Memory) })
				pass(5 * time.Second)
				c.want(fmt.Sprintf("%s from %s to %s", tt.want, old, n.Addr), 3, members.StateAlive, 0, 1, 3, 4)
			})
		})
	}
}

func TestLeave(t *testing.T) {
	run(t, 4, func(t *testing.T, c *cluster) {
		if _, err := c.nodes[2].Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.nodes[2].Stop()
		pass(10 * time.Second)
		c.want("node 3 left", 3, members.StateLeft, 0, 1, 3)
		pass(time.Minute)
		if m, ok := c.views[0].Member(3); ok || c.events() != "node 3 forgotten" {
			t.Errorf("a minute later %v is listed, want it forgotten", m)
		}
	})
}

func TestAddressChange(t *testing.T) {
	run(t, 3, func(t *testing.T, c *cluster) {
		old := c.nodes[2].Addr
		d := &gossip.NodeDescriptor{NodeId: 3, Address: &gossippb.UnresolvedAddr{Network: "tcp", Address: "far:1"}}
		if err := c.nodes[2].SetNodeDescriptor(d); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		c.want(fmt.Sprintf("node 3 address changed from %s to far:1", old), 3, members.StateAlive, 0, 1, 2)
		m, _ := c.views[1].Member(3)
		if m.Network != "tcp" || m.Address != "far:1" || m.Descriptor().GetAddress().GetAddress() != "far:1" {
			t.Errorf("%v, network %q, descriptor %v, want far:1 of tcp", m, m.Network, m.Descriptor())
		}
	})
}

// Two nodes cannot reach each other, but others reach both: one suspects the other, and that is refuted.
func TestFalseSuspicion(t *testing.T) {
	run(t, 4, func(t *testing.T, c *cluster) {
		c.net.OneWay(c.nodes[1].Addr, c.nodes[2].Addr)
		c.net.OneWay(c.nodes[2].Addr, c.nodes[1].Addr)
		pass(20 * time.Second)
		told := c.events()
		suspected, recovered := strings.Count(told, " suspected"), strings.Count(told, " recovered")
		if suspected == 0 || suspected != recovered || strings.Contains(told, "failed") {
			t.Errorf("events %q, want nodes 2 or 3 or both to be suspected and to recover", told)
		}
		for id := gossip.NodeID(1); id <= 4; id++ {
			c.want("", id, members.StateAlive, 0, 1, 2, 3)
		}
	})
}

func TestMembers(t *testing.T) {
	run(t, 3, func(t *testing.T, c *cluster) {
		for i, v := range c.views {
			var got []gossip.NodeID
			for _, m := range v.Members() {
				got = append(got, m.NodeID)
			}
			if want := []gossip.NodeID{1, 2, 3}; !slices.Equal(got, want) {
				t.Errorf("node %d: Members = %v, want %v", i+1, got, want)
			}
		}
		if m, ok := c.views[0].Member(9); ok || m != (members.Member{}) || m.Descriptor() != nil {
			t.Errorf("Member(9) = %v, %t, want none", m, ok)
		}
	})
}

// A watch that comes later begins with those who are there.
func TestWatchReplay(t *testing.T) {
	run(t, 3, func(t *testing.T, c *cluster) {
		c.nodes[2].Crash()
		pass(10 * time.Second)
		var got []string
		for e := range c.views[0].Watch(t.Context()) {
			got = append(got, fmt.Sprint(e, " ", e.Replay))
			if len(got) == 4 {
				break
			}
		}
		if want := []string{"node 1 joined true", "node 2 joined true", "node 3 joined true", "node 3 failed true"}; !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
	})
}

// A consumer that is behind is told what it comes to, and no one waits for it.
func TestWatchBehind(t *testing.T) {
	run(t, 3, func(t *testing.T, c *cluster) {
		events := c.views[0].Watch(t.Context())
		c.nodes[2].Crash()
		pass(10 * time.Second)
		if _, err := c.nodes[1].Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		c.want("node 3 suspected, node 3 failed, node 2 left", 2, members.StateLeft, 0)
		c.views[0].Members()
		var got []string
		for e := range events {
			got = append(got, e.String())
			if len(got) == 3 {
				break
			}
		}
		// It was never told of node 2, which is gone.
		if want := []string{"node 1 joined", "node 3 joined", "node 3 failed"}; !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
		for e := range events {
			t.Errorf("a second iteration yields %v, want nothing", e)
		}
	})
}

// A watch ends when its context does, and when the node stops: then with its last event.
func TestWatchEnds(t *testing.T) {
	run(t, 2, func(t *testing.T, c *cluster) {
		before := members.Watches(c.views[0])
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan string, 3)
		go func() {
			for range c.views[0].Watch(ctx) {
			}
			ended <- "cancelled"
		}()
		c.views[0].Watch(ctx) // and never iterate
		for range c.views[0].Watch(t.Context()) {
			break
		}
		func() {
			defer func() { _ = recover() }()
			for range c.views[0].Watch(t.Context()) {
				panic("on purpose")
			}
		}()
		pass(time.Second)
		if got := members.Watches(c.views[0]); got != before+2 {
			t.Errorf("%d watches, want %d: those that were left are released", got, before+2)
		}
		cancel()
		synctest.Wait()
		if got := members.Watches(c.views[0]); got != before {
			t.Errorf("%d watches when their context has ended, want %d", got, before)
		}
		last := c.views[0].Watch(t.Context())
		go func() {
			n := 0
			for range last {
				n++
			}
			ended <- fmt.Sprint("stopped after ", n)
		}()
		synctest.Wait()
		c.nodes[0].Stop()
		synctest.Wait()
		if got, want := []string{<-ended, <-ended}, []string{"cancelled", "stopped after 2"}; !slices.Equal(got, want) {
			t.Errorf("watches ended: %q, want %q", got, want)
		}
		late := 0
		for range c.views[0].Watch(t.Context()) {
			late++
		}
		if late != 2 {
			t.Errorf("%d events after the end, want those of the 2 there were", late)
		}
		if got := len(c.views[0].Members()); got != 2 {
			t.Errorf("%d members after the end, want the 2 there were", got)
		}
	})
}

// When Run has ended, the members stay as they were last seen, whatever was to become of them.
func TestViewStays(t *testing.T) {
	run(t, 3, func(t *testing.T, c *cluster) {
		v, err := members.New(c.nodes[0].Gossip, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- v.Run(ctx) }()
		c.nodes[2].Crash()
		pass(2 * time.Second)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		pass(time.Minute)
		if m, _ := v.Member(3); m.State != members.StateSuspect {
			t.Errorf("long after Run has ended, %v, want it suspect", m)
		}
		if m, _ := c.views[0].Member(3); m.State != members.StateFailed {
			t.Errorf("in a View that runs, %v, want it failed", m)
		}
	})
}

func TestViewErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := gossiptest.NewNode(t, nil)
		for _, opts := range []*members.Options{{Forget: -1}} {
			if _, err := members.New(n.Gossip, opts); !errors.Is(err, gossip.ErrConfig) {
				t.Errorf("New with %+v: %v, want ErrConfig", *opts, err)
			}
		}
		if _, err := members.New(nil, nil); !errors.Is(err, gossip.ErrConfig) {
			t.Errorf("New without a node: %v, want ErrConfig", err)
		}
		v, err := members.New(n.Gossip, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := v.Run(ctx); err != nil {
			t.Errorf("Run with an ended context: %v, want nil", err)
		}
		if err := v.Run(t.Context()); !errors.Is(err, gossip.ErrAlreadyRun) {
			t.Errorf("a second Run: %v, want ErrAlreadyRun", err)
		}
		n.Stop()
		if v, err = members.New(n.Gossip, nil); err != nil {
			t.Fatal(err)
		}
		if err := v.Run(t.Context()); !errors.Is(err, gossip.ErrStopped) {
			t.Errorf("Run after the node: %v, want ErrStopped", err)
		}
	})
}
