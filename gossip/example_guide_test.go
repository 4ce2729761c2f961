package gossip_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strconv"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/resolver"
)

// The examples of this file are shown in docs/guide.

// exampleNode returns a node on a network in memory.
func exampleNode(net *gossiptest.Network, id gossip.NodeID) *gossip.Gossip {
	g, err := gossip.New(gossip.Config{
		ClusterID: "example",
		NodeID:    id,
		Transport: net.Listen(""),
		Resolvers: []resolver.Resolver{net.Resolver()},
	})
	if err != nil {
		log.Fatal(err)
	}
	return g
}

// What one writes, one reads at once, and all others a moment later.
func Example_infos() {
	g := exampleNode(gossiptest.NewNetwork(nil, nil), 1)

	key := gossip.MakeKey("load", "1")
	if err := g.AddInfo(key, []byte("0.7"), time.Minute); err != nil {
		log.Fatal(err)
	}
	val, err := g.GetInfo(key)
	fmt.Printf("%s is %s, %v\n", key, val, err)

	for key, info := range g.Infos("load:") { // by key
		fmt.Printf("%s is %s: node %d, for %v\n", key, info.Value, info.NodeID, info.TTL)
	}

	if err := g.DeleteInfo(key); err != nil {
		log.Fatal(err)
	}
	_, err = g.GetInfo(key)
	fmt.Println("gone:", errors.Is(err, gossip.ErrNotFound))
	// Output:
	// load:1 is 0.7, <nil>
	// load:1 is 0.7: node 1, for 1m0s
	// gone: true
}

// What AddInfo may say.
func Example_refusals() {
	g := exampleNode(gossiptest.NewNetwork(nil, nil), 1)
	report := func(key string, val []byte, ttl time.Duration) {
		err := g.AddInfo(key, val, ttl)
		switch {
		case err == nil: // this node has it
		case errors.Is(err, gossip.ErrTooLarge): // put it elsewhere, and gossip where
			fmt.Println(err)
		case errors.Is(err, gossip.ErrLimit): // more calls wait for the node than it may hold: later
			fmt.Println("busy:", err)
		case errors.Is(err, gossip.ErrStopped): // it has stopped, or left
			fmt.Println("over:", err)
		default: // ErrBadKey, ErrConfig, ErrNoNodeID: the program's mistake
			fmt.Println(err)
		}
	}
	report("picture", make([]byte, 2<<20), 0)
	report("", nil, 0)
	report("load:1", nil, -time.Second)
	// Output:
	// add info "picture": gossip: too large: 2097152 bytes, over 1048576
	// add info "": gossip: bad key: empty
	// add info "load:1": gossip: bad configuration: negative ttl -1s
}

// An info that says that its node is there: it is gone a while after the node is.
func Example_refresh() {
	refresh := func(ctx context.Context, g *gossip.Gossip, key string, load func() []byte) error {
		const ttl = 10 * time.Second
		ticker := time.NewTicker(ttl / 3)
		defer ticker.Stop()
		for {
			if err := g.AddInfo(key, load(), ttl); err != nil {
				return err
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return g.DeleteInfo(key) // sooner than by its ttl
			}
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	g := exampleNode(gossiptest.NewNetwork(nil, nil), 1)
	fmt.Println(refresh(ctx, g, "load:1", func() []byte { return []byte("0.7") }))
	// Output: <nil>
}

// A callback that only says that something has changed: whoever has the time reads what stands there then.
func Example_callbacks() {
	net := gossiptest.NewNetwork(nil, nil)
	one, two := exampleNode(net, 1), exampleNode(net, 2)
	stopOne, stopTwo := one.Start(context.Background()), two.Start(context.Background())

	changed := make(chan struct{}, 1)
	unregister, err := two.RegisterCallback(gossip.MakePrefixPattern("flag"), func(string, []byte) {
		select {
		case changed <- struct{}{}:
		default: // somebody has been told and has not looked yet
		}
	})
	if err != nil {
		log.Fatal(err)
	}

	if err := one.AddInfo(gossip.MakeKey("flag", "dark-mode"), []byte("on"), 0); err != nil {
		log.Fatal(err)
	}
	<-changed
	for key, info := range two.Infos("flag:") {
		fmt.Printf("%s is %s\n", key, info.Value)
	}
	unregister()
	fmt.Println(stopTwo(), stopOne())
	// Output:
	// flag:dark-mode is on
	// <nil> <nil>
}

// What a node says about itself, and others read of it.
func Example_descriptors() {
	g := exampleNode(gossiptest.NewNetwork(nil, nil), 1)
	err := g.SetNodeDescriptor(&gossip.NodeDescriptor{
		NodeId:  1,
		Address: &gossippb.UnresolvedAddr{Network: "tcp", Address: "10.0.0.1:7946"},
		Attrs:   &gossippb.Attributes{Attrs: []string{"ssd"}},
		Build:   "v1.4.2",
	})
	if err != nil {
		log.Fatal(err)
	}

	desc, err := g.GetNodeDescriptor(1)
	if err != nil {
		log.Fatal(err)
	}
	addr, err := g.GetNodeIDAddress(1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(desc.Build, desc.Attrs.Attrs, addr.Network(), addr)
	// Output: v1.4.2 [ssd] tcp 10.0.0.1:7946
}

// Leaving: what this node keeps saying goes first, then the node.
func Example_leave() {
	net := gossiptest.NewNetwork(nil, nil)
	one, two := exampleNode(net, 1), exampleNode(net, 2)
	stopOne, stopTwo := one.Start(context.Background()), two.Start(context.Background())
	linked := make(chan struct{})
	_, err := one.RegisterCallback(gossip.MakePrefixPattern(gossip.KeyNodeIDPrefix), func(key string, _ []byte) {
		if key == gossip.MakeNodeIDKey(2) {
			close(linked)
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	<-linked

	goodbye := func(g *gossip.Gossip, stop func() error) error {
		key := gossip.MakeKey("load", strconv.FormatUint(uint64(g.GetNodeID()), 10))
		if err := g.DeleteInfo(key); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		peers, err := g.Leave(ctx)
		fmt.Println("peers that know:", peers)
		return errors.Join(err, stop())
	}
	fmt.Println(goodbye(two, stopTwo))
	if err := one.Sync(context.Background()); err != nil { // what has arrived can be read
		log.Fatal(err)
	}
	_, err = one.GetNodeDescriptor(2)
	fmt.Println("gone:", errors.Is(err, gossip.ErrNotFound))
	fmt.Println(stopOne())
	// Output:
	// peers that know: 1
	// <nil>
	// gone: true
	// <nil>
}
