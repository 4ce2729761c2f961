package members_test

import (
	"context"
	"fmt"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/members"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/resolver"
)

// The first of two nodes, over a network in memory instead of a real one, sees the second come and go.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	net := gossiptest.NewNetwork(nil, nil)
	node := func(id gossip.NodeID, name string) *gossip.Gossip {
		g, err := gossip.New(gossip.Config{
			ClusterID: "example", NodeID: id, Transport: net.Listen(name), Resolvers: []resolver.Resolver{net.Resolver()},
		})
		if err != nil {
			panic(err)
		}
		return g
	}
	first, second := node(1, "first"), node(2, "second")
	view, err := members.New(first, nil)
	if err != nil {
		panic(err)
	}
	go view.Run(ctx)

	events := view.Watch(ctx)
	first.Start(ctx)
	second.Start(ctx)
	for e := range events {
		if e.Member.NodeID != 2 {
			continue
		}
		fmt.Println(e)
		if e.Kind == members.Left {
			break
		}
		fmt.Println(e.Member)
		if _, err := second.Leave(ctx); err != nil {
			panic(err)
		}
	}
	// Output:
	// node 2 joined
	// node 2 at second, alive
	// node 2 left
}
