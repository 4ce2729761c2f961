package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
)

// seeds is how many nodes the others are told of.
const seeds = 3

// cluster is all nodes, and the words about them.
type cluster struct {
	words   io.Writer
	still   time.Duration // without a change of links, until the overlay counts as settled
	nodes   []*node
	started time.Time
	news    chan struct{} // capacity 1: something has changed since the last look
}

// newCluster gives n nodes an address each, and starts them all at once.
func newCluster(n int, still time.Duration, words io.Writer) (*cluster, error) {
	c := &cluster{words: words, still: still, news: make(chan struct{}, 1)}
	var transports []transport.Transport
	var known []transport.Addr
	for i := range n {
		nd, t, err := listen(gossip.NodeID(i + 1))
		if err != nil {
			for _, t := range transports {
				t.Close()
			}
			return nil, fmt.Errorf("node %d: %w", i+1, err)
		}
		c.nodes = append(c.nodes, nd)
		transports = append(transports, t)
		if i < seeds {
			known = append(known, t.Addr())
		}
	}
	observer := &gossip.Observer{
		LinkUp:   func(gossip.Peer) { c.changed() },
		LinkDown: func(gossip.Peer) { c.changed() },
	}
	for i, nd := range c.nodes {
		if err := nd.assemble(transports[i], resolver.Static(known...), observer); err != nil {
			return nil, err
		}
	}
	c.started = time.Now()
	for _, nd := range c.nodes {
		nd.stop = nd.gossip.Start(context.Background())
	}
	return c, nil
}

// changed makes whoever waits look again. It never blocks.
func (c *cluster) changed() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// until waits until done returns true, which it asks whenever something has changed.
func (c *cluster) until(ctx context.Context, done func() bool) error {
	for !done() {
		select {
		case <-c.news:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// settle waits until no link has come or gone for a while: knowing each other is one thing, being well linked another.
func (c *cluster) settle(ctx context.Context) {
	timer := time.NewTimer(c.still)
	defer timer.Stop()
	for {
		select {
		case <-c.news:
			timer.Reset(c.still)
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// alive returns the nodes that were not killed.
func (c *cluster) alive() []*node {
	return slices.DeleteFunc(slices.Clone(c.nodes), func(n *node) bool { return n.dead })
}

// stop ends all nodes, at the same time.
func (c *cluster) stop() error {
	errs := make([]error, len(c.nodes))
	var wg sync.WaitGroup
	for i, n := range c.nodes {
		wg.Go(func() {
			if err := n.stop(); err != nil && !n.dead {
				errs[i] = fmt.Errorf("node %d: %w", n.id, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// heard notes which node learned which key, and when.
type heard struct {
	mu   sync.Mutex // guards when
	when map[gossip.NodeID]map[string]time.Time
}

// listenFor notes every key of the pattern that a node takes in, and tells the cluster.
func (c *cluster) listenFor(pattern string, nodes []*node) (*heard, func(), error) {
	h := &heard{when: make(map[gossip.NodeID]map[string]time.Time)}
	var ends []func()
	end := func() {
		for _, e := range ends {
			e()
		}
	}
	for _, n := range nodes {
		h.when[n.id] = make(map[string]time.Time)
	}
	for _, n := range nodes {
		e, err := n.gossip.RegisterCallback(pattern, func(key string, _ []byte) {
			now := time.Now()
			h.mu.Lock()
			if _, ok := h.when[n.id][key]; !ok {
				h.when[n.id][key] = now
			}
			h.mu.Unlock()
			c.changed()
		})
		if err != nil {
			end()
			return nil, nil, fmt.Errorf("node %d: %w", n.id, err)
		}
		ends = append(ends, e)
	}
	return h, end, nil
}

// count returns how many keys the node has heard of.
func (h *heard) count(n *node) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.when[n.id])
}

// at returns when the node heard of the key.
func (h *heard) at(n *node, key string) (time.Time, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t, ok := h.when[n.id][key]
	return t, ok
}
