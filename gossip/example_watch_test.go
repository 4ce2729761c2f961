package gossip_test

import (
	"context"
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// exampleNode returns a node that runs alone, on a network in memory.
func exampleNode() (g *gossip.Gossip, stop func() error) {
	g, err := gossip.New(gossip.Config{
		ClusterID: "example",
		NodeID:    1,
		Transport: gossiptest.NewNetwork(nil, nil).Listen("node"),
	})
	if err != nil {
		panic(err)
	}
	return g, g.Start(context.Background())
}

// The loop gets what is known first, then each change, until it is left.
func ExampleGossip_Watch() {
	g, stop := exampleNode()
	defer stop()
	if err := g.AddInfo("load:1", []byte("0.7"), time.Minute); err != nil {
		panic(err)
	}
	events, err := g.Watch(context.Background(), "load:", &gossip.WatchOptions{Prefix: true})
	if err != nil {
		panic(err)
	}
	for e := range events {
		fmt.Println(e.Kind, e.Key, string(e.Info.Value))
		if e.Kind == gossip.Deleted {
			break
		}
		if err := g.DeleteInfo(e.Key); err != nil {
			panic(err)
		}
	}
	// Output:
	// added load:1 0.7
	// deleted load:1
}

// When Sync returns, the callback has been told of what was added before.
func ExampleGossip_Sync() {
	g, stop := exampleNode()
	defer stop()
	loads := make(map[string]string)
	_, err := g.RegisterCallback(gossip.MakePrefixPattern("load"), func(key string, content []byte) {
		loads[key] = string(content)
	})
	if err != nil {
		panic(err)
	}
	for _, key := range []string{"load:1", "load:2"} {
		if err := g.AddInfo(key, []byte("0.7"), time.Minute); err != nil {
			panic(err)
		}
	}
	if err := g.Sync(context.Background()); err != nil {
		panic(err)
	}
	fmt.Println(loads)
	// Output: map[load:1:0.7 load:2:0.7]
}

// Another goroutine, or another node, writes what is waited for.
func ExampleGossip_WaitFor() {
	g, stop := exampleNode()
	defer stop()
	go func() {
		for _, state := range []string{"starting", "ready"} {
			if err := g.AddInfo("state:db", []byte(state), 0); err != nil {
				panic(err)
			}
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	info, err := g.WaitFor(ctx, "state:db", func(i gossip.Info) bool { return string(i.Value) == "ready" })
	fmt.Println(string(info.Value), err)
	// Output: ready <nil>
}
