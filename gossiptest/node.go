package gossiptest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
)

// Node is a gossip node that a test runs.
type Node struct {
	*gossip.Gossip
	Network *Network       // that of NodeOptions, or the node's own
	Addr    transport.Addr // on Network

	stop    func() error
	stopped atomic.Bool // by the test, which has seen what Run returned
}

// NodeOptions are the knobs of a node. The zero value is a node with a network of its own.
type NodeOptions struct {
	// Network is where the node listens, and what it joins: its resolver names everybody on it. Nil means a new network
	// without latency, on the system's clock.
	Network *Network

	// Configure, if not nil, may change what the node is made of. It finds the defaults in place: a transport and a
	// resolver of the network, a NodeID of the node's own, a ClusterID, KeepSentinel at the first node, and Interval as its
	// interval, and the network's Clock. In a bubble where hours are to pass, a longer interval saves much: a node that
	// is alone looks for others every five intervals.
	Configure func(*gossip.Config)
}

// clusterID is the cluster of all nodes of tests.
const clusterID = "gossiptest"

// NewNode starts a node, waits until it is connected, and ends it when the test does; unless the test has ended it
// before, Run must return nil there. Nil opts are the zero NodeOptions. It is ended as a t.Cleanup is called, so after whatever the
// test has made later: [Start] runs what is built on it.
//
//	g := gossiptest.NewNode(t, nil)
//
// The first node of a network is connected at once, and a further one as soon as it has heard from the others. It waits
// for as long as the test may take: a node that cannot join is the test's to find out about; one that ends fails it. On a manual [Clock] a node
// joins a network without latency while the clock stands still; infos may wait for the clock. Use a bubble of
// testing/synctest to know when to move it: synctest.Wait, then Advance. A node on a manual clock that does not end,
// for a Callback that hangs, has its clock moved until Run gives up.
//
// NewNode must be called from the goroutine of the test, and may be called in a bubble of testing/synctest.
func NewNode(t testing.TB, opts *NodeOptions) *Node {
	t.Helper()
	if opts == nil {
		opts = &NodeOptions{}
	}
	n := &Node{Network: opts.Network}
	if n.Network == nil {
		n.Network = NewNetwork(nil, nil)
	}
	tr := n.Network.Listen("")
	id := n.Network.nodeID()
	cfg := gossip.Config{
		ClusterID:    clusterID,
		Transport:    tr,
		Resolvers:    []resolver.Resolver{n.Network.Resolver()},
		NodeID:       id,
		KeepSentinel: id == 1,
		Clock:        n.Network.clock,
		Interval:     Interval,
	}
	if opts.Configure != nil {
		opts.Configure(&cfg)
	}
	g, err := gossip.New(cfg)
	if err != nil {
		tr.Close()
		t.Fatalf("gossiptest: node %d: %v", cfg.NodeID, err)
	}
	n.Gossip, n.Addr = g, tr.Addr()
	// It ends in its turn among the cleanups.
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var ended error // to be read when done is closed
	done := make(chan struct{})
	go func() {
		defer close(done)
		ended = g.Run(ctx)
	}()
	clk, _ := cfg.Clock.(*Clock)
	n.stop = stopper(clk, func() error {
		cancel()
		<-done
		return ended
	})
	t.Cleanup(func() {
		if err := n.stop(); err != nil && !n.stopped.Load() {
			t.Errorf("gossiptest: node %d: Run: %v", cfg.NodeID, err)
		}
	})
	select {
	case <-g.Connected():
	case <-done: // the cleanup says why
		t.Fatalf("gossiptest: node %d ended before it was connected", cfg.NodeID)
	}
	return n
}

// Stop ends the node, as its process would that is told to, and returns what Run returned. To leave first is the test's
// choice: see gossip.Gossip.Leave. Stop may be called any number of times.
func (n *Node) Stop() error {
	n.stopped.Store(true)
	return n.stop()
}

// Crash ends the node as a crash of its process would: its links break, and nothing it still says gets out.
// What Run returned, which had its transport taken away, is of no interest.
func (n *Node) Crash() {
	n.Network.Crash(n.Addr)
	_ = n.Stop()
}

// patience is how long a node on a manual clock may take to end, in real time, before the clock is moved for it. A node
// needs the clock only if it waits for code that hangs.
const patience = time.Second

// stopper returns stop; with a manual clock, one that moves it if need be: Run gives up on code that hangs after a time of
// the clock, which nobody else moves.
func stopper(clk *Clock, stop func() error) func() error {
	if clk == nil {
		return stop
	}
	return func() error {
		done := make(chan error, 1)
		go func() { done <- stop() }()
		hangs := time.NewTicker(patience)
		defer hangs.Stop()
		for {
			select {
			case err := <-done:
				return err
			case <-hangs.C:
				clk.Advance(time.Minute)
			}
		}
	}
}

// nodeID returns an ID that no other node of the network was given.
func (n *Network) nodeID() gossip.NodeID {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.nodes++
	return gossip.NodeID(n.nodes)
}

// String returns the node's ID and address, for messages of tests.
func (n *Node) String() string { return fmt.Sprintf("node %d at %s", n.GetNodeID(), n.Addr) }
