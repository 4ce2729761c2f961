package gossip_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
)

// TestD28RunOnce: a Gossip runs once. Run owns the Transport and closes it, and returns nil when it was told to stop.
func TestD28RunOnce(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		cfg := config(net, 1)
		g, err := gossip.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		stop := g.Start(t.Context())
		pass(time.Second)
		if err := g.Run(t.Context()); !errors.Is(err, gossip.ErrAlreadyRun) {
			t.Errorf("second Run = %v, want ErrAlreadyRun", err)
		}
		for range 2 {
			if err := stop(); err != nil {
				t.Errorf("stop = %v, want nil", err)
			}
		}
		if err := g.Run(t.Context()); !errors.Is(err, gossip.ErrAlreadyRun) {
			t.Errorf("Run after stop = %v, want ErrAlreadyRun", err)
		}
		if _, err := cfg.Transport.Accept(); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("after Run, Accept = %v, want ErrClosed", err)
		}
	})
}

func TestRunWithEndedContext(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		cfg := config(net, 1)
		g, err := gossip.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		mustAdd(t, g, "k", "v")
		if err := g.Run(ctx); err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
		if _, err := cfg.Transport.Accept(); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("after Run, Accept = %v, want ErrClosed", err)
		}
	})
}

func TestAfterStop(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g, err := gossip.New(config(net, 1))
		if err != nil {
			t.Fatal(err)
		}
		stop := g.Start(t.Context())
		pass(time.Second)
		mustAdd(t, g, "k", "v")
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		_, registerErr := g.RegisterCallback("", func(string, []byte) {})
		_, leaveErr := g.Leave(t.Context())
		for name, err := range map[string]error{
			"AddInfo":           g.AddInfo("k", nil, 0),
			"DeleteInfo":        g.DeleteInfo("k"),
			"SetNodeDescriptor": g.SetNodeDescriptor(descriptor(1, "n1")),
			"SetResolvers":      g.SetResolvers(nil),
			"RegisterCallback":  registerErr,
			"Leave":             leaveErr,
		} {
			if !errors.Is(err, gossip.ErrStopped) {
				t.Errorf("after stop, %s = %v, want ErrStopped", name, err)
			}
		}
		if s := g.Status(); s.Ready || len(s.Links) > 0 {
			t.Errorf("after stop, Status = %+v", s)
		}
		lost := g.Stats().CommandsDropped
		if _, err := g.GetInfo("k"); (err == nil) != (lost == 0) {
			t.Errorf("GetInfo of what was added before stop: %v, with %d commands counted as dropped", err, lost)
		}
	})
}

// TestD17ShutdownIsBounded has user code of every kind hang when the node is to stop.
func TestD17ShutdownIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		free := make(chan struct{})
		hang := func() { <-free }
		cfg := config(net, 1)
		cfg.Resolvers = []resolver.Resolver{
			resolver.Static(transport.MakeAddr("mem", "nobody")),
			resolver.Func(func(context.Context) ([]transport.Addr, error) { hang(); return nil, nil }),
		}
		cfg.Transport = &brokenTransport{Transport: cfg.Transport, dial: func(ctx context.Context, to transport.Addr) (transport.Link, error) {
			hang()
			return nil, errors.New("too late")
		}}
		cfg.Store = &brokenStore{put: func() error { hang(); return nil }, first: 1}
		cfg.Observer = &gossip.Observer{InfoRefused: func(string, error) { hang() }}
		g, err := gossip.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		register(t, g, "^k", func(string, []byte) { hang() })
		mustAdd(t, g, "k", "v")
		stop := g.Start(t.Context())
		pass(time.Second)
		before := time.Now()
		err = stop()
		if took := time.Since(before); took != 5*time.Second {
			t.Errorf("stop took %v, want 5s", took)
		}
		if err == nil {
			t.Fatal("stop = nil, want an error")
		}
		for _, want := range []string{`callback "^k"`, "dial nobody", "resolver 1"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("stop = %v, want it to name %s", err, want)
			}
		}
		close(free)
	})
}

// TestCloseThatHangs has the transport close with an error, after Run has given up waiting for it.
func TestCloseThatHangs(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		cfg := config(net, 1)
		cfg.Transport = &brokenTransport{Transport: cfg.Transport, close: func() error {
			time.Sleep(time.Minute)
			return errors.New("file is stuck")
		}}
		g, err := gossip.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		stop := g.Start(t.Context())
		pass(time.Second)
		if err := stop(); err == nil || !strings.Contains(err.Error(), "close the transport") {
			t.Errorf("stop = %v, want an error that names what hangs", err)
		}
		pass(time.Minute)
	})
}

// TestStopWaitsForCallback has one at work when the node stops: it is waited for, and not called again.
func TestStopWaitsForCallback(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g, err := gossip.New(config(net, 1))
		if err != nil {
			t.Fatal(err)
		}
		var c calls
		register(t, g, "^k", func(key string, content []byte) {
			time.Sleep(time.Second)
			c.add(key, content)
		})
		mustAdd(t, g, "k1", "v")
		mustAdd(t, g, "k2", "v")
		stop := g.Start(t.Context())
		pass(time.Millisecond)
		before := time.Now()
		if err := stop(); err != nil {
			t.Errorf("stop = %v, want nil", err)
		}
		if took := time.Since(before); took != time.Second-time.Millisecond {
			t.Errorf("stop took %v, want until the end of the call", took)
		}
		c.want(t, "k1=v")
	})
}

// TestCallbackPanicsAfterStop has one panic when nobody is left to log it: that is counted, too.
func TestCallbackPanicsAfterStop(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g, err := gossip.New(config(net, 1))
		if err != nil {
			t.Fatal(err)
		}
		register(t, g, "^k", func(string, []byte) {
			time.Sleep(time.Second)
			panic("too late")
		})
		mustAdd(t, g, "k", "v")
		stop := g.Start(t.Context())
		pass(time.Millisecond)
		if err := stop(); err != nil {
			t.Errorf("stop = %v, want nil", err)
		}
		if s := g.Stats(); s.CallbackPanics != 1 || s.EventsDropped != 1 {
			t.Errorf("Stats count %d panics and %d events dropped, want 1 each", s.CallbackPanics, s.EventsDropped)
		}
	})
}

func descriptor(id gossip.NodeID, address string) *gossip.NodeDescriptor {
	return &gossip.NodeDescriptor{NodeId: uint64(id), Address: &gossippb.UnresolvedAddr{Network: "mem", Address: address}}
}

func TestSetNodeDescriptor(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		cfg := config(net, 0)
		a, b := start(t, cfg), start(t, config(net, 2))
		pass(time.Second)
		if got := b.Incoming(); len(got)+len(b.Outgoing()) != 0 {
			t.Errorf("a node without ID is listed: %v, %v", b.Incoming(), b.Outgoing())
		}
		for _, bad := range []*gossip.NodeDescriptor{nil, {}, descriptor(0, "n0"), descriptor(1, "")} {
			if err := a.SetNodeDescriptor(bad); !errors.Is(err, gossip.ErrConfig) {
				t.Errorf("SetNodeDescriptor(%v) = %v, want ErrConfig", bad, err)
			}
		}
		if got := a.GetNodeID(); got != 0 {
			t.Errorf("GetNodeID = %d, want 0", got)
		}
		desc := descriptor(7, "n0")
		desc.Build = "v1"
		if err := a.SetNodeDescriptor(desc); err != nil {
			t.Fatal(err)
		}
		desc.Build = "changed after it was set"
		if got := a.GetNodeID(); got != 7 {
			t.Errorf("GetNodeID = %d at once, want 7", got)
		}
		mustAdd(t, a, "k", "v") // an ID is all it takes
		if err := a.SetNodeDescriptor(descriptor(8, "n0")); !errors.Is(err, gossip.ErrNodeIDSet) {
			t.Errorf("SetNodeDescriptor of another ID = %v, want ErrNodeIDSet", err)
		}
		pass(time.Second)
		for _, g := range []*gossip.Gossip{a, b} {
			wantInfo(t, g, "k", "v")
			if got, err := g.GetNodeDescriptor(7); err != nil || got.GetNodeId() != 7 || got.GetBuild() != "v1" {
				t.Errorf("GetNodeDescriptor = %v, %v", got, err)
			}
			if got, err := g.GetNodeIDAddress(7); err != nil || got.Network() != "mem" || got.String() != "n0" {
				t.Errorf("GetNodeIDAddress = %v, %v", got, err)
			}
			if got, err := g.GetNodeIDAddress(2); err != nil || got.String() != "n2" {
				t.Errorf("GetNodeIDAddress of a node that set no descriptor = %v, %v", got, err)
			}
			if _, err := g.GetNodeDescriptor(9); !errors.Is(err, gossip.ErrNotFound) {
				t.Errorf("GetNodeDescriptor of nobody = %v, want ErrNotFound", err)
			}
			if _, err := g.GetNodeIDAddress(9); !errors.Is(err, gossip.ErrNotFound) {
				t.Errorf("GetNodeIDAddress of nobody = %v, want ErrNotFound", err)
			}
		}
		if links := append(b.Incoming(), b.Outgoing()...); !slices.Equal(links, []gossip.NodeID{7}) {
			t.Errorf("node 2 is linked to %v, want node 7", links)
		}
		if got := b.MaxHops(); got != 1 {
			t.Errorf("MaxHops = %d, want 1", got)
		}
	})
}

// TestOwnDescriptorWins has the application set a descriptor beside a configured ID.
func TestOwnDescriptorWins(t *testing.T) {
	for _, when := range []string{"before Run", "after Run"} {
		bubble(t, func(t *testing.T, net *gossiptest.Network) {
			g, err := gossip.New(config(net, 1))
			if err != nil {
				t.Fatal(err)
			}
			set := func() {
				desc := descriptor(1, "n1")
				desc.Build = "mine"
				if err := g.SetNodeDescriptor(desc); err != nil {
					t.Fatal(err)
				}
			}
			if when == "before Run" {
				set()
			}
			stop := g.Start(t.Context())
			pass(time.Second)
			if when == "after Run" {
				set()
				pass(time.Second)
			}
			if got, err := g.GetNodeDescriptor(1); err != nil || got.GetBuild() != "mine" {
				t.Errorf("%s: GetNodeDescriptor = %v, %v", when, got, err)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestDescribesItselfBehindManyWrites leaves no room for commands when the node starts.
func TestDescribesItselfBehindManyWrites(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		cfg := config(net, 1)
		cfg.Limits.Commands = 1
		g, err := gossip.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		mustAdd(t, g, "k", "v")
		stop := g.Start(t.Context())
		pass(time.Second)
		if _, err := g.GetNodeDescriptor(1); err != nil {
			t.Error(err)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestConnectedAndSentinel(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		keeper := config(net, 1)
		keeper.KeepSentinel = true
		b := start(t, config(net, 2))
		pass(time.Second)
		if isClosed(b.Connected()) {
			t.Error("connected before there is a cluster ID")
		}
		if s := b.Status(); s.Ready || !s.Partitioned || s.NodeID != 2 || s.Incarnation == 0 {
			t.Errorf("alone with resolvers: Status = %+v", s)
		}
		a, err := gossip.New(keeper)
		if err != nil {
			t.Fatal(err)
		}
		stop := a.Start(t.Context())
		pass(10 * time.Second)
		if !isClosed(a.Connected()) || !isClosed(b.Connected()) {
			t.Error("not connected, with a cluster ID")
		}
		wantInfo(t, b, gossip.KeySentinel, "test")
		if s := b.Status(); !s.Ready || s.Partitioned || len(s.Links) != 1 || s.Links[0].Peer.NodeID != 1 || !s.Links[0].Admitted {
			t.Errorf("linked: Status = %+v", s)
		}
		c := start(t, config(net, 3))
		pass(time.Minute) // the sentinel is refreshed
		if s := c.Status(); !s.Ready {
			t.Errorf("with the keeper: Status = %+v", s)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		pass(time.Minute)
		for _, g := range []*gossip.Gossip{b, c} {
			if s := g.Status(); s.Ready || !s.Partitioned || len(s.Links) != 1 {
				t.Errorf("without the keeper: Status = %+v", s)
			}
			if !isClosed(g.Connected()) {
				t.Error("Connected is open again")
			}
		}
	})
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestLeave(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a, b, c := start(t, config(net, 1)), start(t, config(net, 2)), start(t, config(net, 3))
		pass(time.Second)
		if !a.Status().Ready {
			t.Error("node 1 is not ready")
		}
		peers, err := a.Leave(t.Context())
		if err != nil || peers != 2 {
			t.Errorf("Leave = %d, %v, want 2 peers", peers, err)
		}
		if s := a.Status(); s.Ready || s.Partitioned { // it names no resolvers, so nobody is missing
			t.Errorf("after Leave, Status is %+v, want one that is neither ready nor partitioned", s)
		}
		pass(100 * time.Millisecond)
		for _, g := range []*gossip.Gossip{a, b, c} {
			if _, err := g.GetNodeDescriptor(1); !errors.Is(err, gossip.ErrNotFound) {
				t.Errorf("node %d: descriptor of the one that left: %v, want ErrNotFound", g.GetNodeID(), err)
			}
		}
		if err := a.AddInfo("k", nil, 0); !errors.Is(err, gossip.ErrStopped) {
			t.Errorf("AddInfo after Leave = %v, want ErrStopped", err)
		}
		wantInfo(t, a, "k", "")
	})
}

func TestLeaveWaitsNoLongerThanItsContext(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g, err := gossip.New(config(net, 1))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := g.Leave(ctx); !errors.Is(err, context.DeadlineExceeded) { // nobody runs it
			t.Errorf("Leave = %v, want DeadlineExceeded", err)
		}
	})
}

func TestStopEndsLeave(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		cfg := config(net, 1)
		g, err := gossip.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		start(t, config(net, 2))
		stop := g.Start(t.Context())
		pass(time.Second)
		net.Partition([]transport.Addr{cfg.Transport.Addr()}) // the news does not get through
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := g.Leave(t.Context()); !errors.Is(err, gossip.ErrStopped) {
				t.Errorf("Leave = %v, want ErrStopped", err)
			}
		})
		pass(100 * time.Millisecond)
		if err := stop(); err != nil {
			t.Error(err)
		}
		wg.Wait()
	})
}

func TestSetResolvers(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a := config(net, 1)
		a.Resolvers = nil
		cfg := config(net, 2)
		cfg.Resolvers = nil
		g, h := start(t, a), start(t, cfg)
		pass(10 * time.Second)
		if s := h.Status(); !s.Ready || s.Partitioned || len(s.Links) > 0 {
			t.Errorf("without resolvers: Status = %+v", s)
		}
		if err := h.SetResolvers([]resolver.Resolver{nil}); !errors.Is(err, gossip.ErrConfig) {
			t.Errorf("SetResolvers of nil = %v, want ErrConfig", err)
		}
		if err := h.SetResolvers([]resolver.Resolver{resolver.Static(a.Transport.Addr())}); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		if got := h.Outgoing(); !slices.Equal(got, []gossip.NodeID{1}) {
			t.Errorf("Outgoing = %v, want node 1", got)
		}
		if got := g.Incoming(); !slices.Equal(got, []gossip.NodeID{2}) {
			t.Errorf("Incoming = %v, want node 2", got)
		}
	})
}

func TestTransportThatCannotAccept(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		cfg := config(net, 1)
		g, err := gossip.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		stop := g.Start(context.Background())
		pass(time.Second)
		cfg.Transport.Close()
		synctest.Wait()
		if err := g.AddInfo("k", nil, 0); !errors.Is(err, gossip.ErrStopped) {
			t.Errorf("AddInfo = %v, want ErrStopped", err)
		}
		if err := stop(); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("Run = %v, want ErrClosed", err)
		}
	})
}
