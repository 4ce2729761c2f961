package members_test

import (
	"context"
	"fmt"
	"log"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/members"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// A loop over what happens to members; docs/guide/membership.md shows it.
func Example_follow() {
	follow := func(ctx context.Context, g *gossip.Gossip, tell func(members.Event)) error {
		view, err := members.New(g, nil)
		if err != nil {
			return err
		}
		ended := make(chan error, 1)
		events := view.Watch(ctx)
		go func() { ended <- view.Run(ctx) }()
		for e := range events {
			tell(e) // "node 3 failed"
		}
		return <-ended
	}

	g, err := gossip.New(gossip.Config{NodeID: 1, Transport: gossiptest.NewNetwork(nil, nil).Listen("n1")})
	if err != nil {
		log.Fatal(err)
	}
	stop := g.Start(context.Background())
	ctx, cancel := context.WithCancel(context.Background())
	err = follow(ctx, g, func(e members.Event) {
		fmt.Println(e)
		cancel()
	})
	fmt.Println(err, stop())
	// Output:
	// node 1 joined
	// <nil> <nil>
}
