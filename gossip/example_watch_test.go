package gossip_test

import (
	"context"
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// loneNode returns a node that runs alone, on a network in memory.
func loneNode() (g *gossip.Gossip, stop func() error) {
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
	g, stop := loneNode()
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
	g, stop := loneNode()
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
	g, stop := loneNode()
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

// A key is declared once, for its family of keys: "load:1", "load:2" and so on.
func ExampleKey() {
	load := gossip.NewKey("load", gossip.JSON[float64](), &gossip.KeyOptions{TTL: time.Minute, MaxSize: 32})

	g, stop := loneNode()
	defer stop()
	if err := load.For("1").Set(g, 0.7); err != nil {
		panic(err)
	}
	fmt.Println(load.For("1").Value(g))
	if err := g.AddInfo("load:2", []byte("much"), 0); err != nil {
		panic(err)
	}
	_, err := load.For("2").Value(g)
	fmt.Println(err)
	// Output:
	// 0.7 <nil>
	// decode "load:2" of node 1: invalid character 'm' looking for beginning of value
}

func ExampleKey_WatchFamily() {
	load := gossip.NewKey("load", gossip.JSON[float64](), nil)

	g, stop := loneNode()
	defer stop()
	if err := load.For("1").Set(g, 0.7); err != nil {
		panic(err)
	}
	events, err := load.WatchFamily(context.Background(), g, nil)
	if err != nil {
		panic(err)
	}
	for e := range events {
		fmt.Println(e.Kind, e.Key, e.Value*100, e.Err)
		break
	}
	// Output: added load:1 70 <nil>
}

func ExampleGossip_Explain() {
	g, stop := loneNode()
	defer stop()
	if err := g.AddInfo("k", []byte("v"), 0); err != nil {
		panic(err)
	}
	if err := g.Sync(context.Background()); err != nil {
		panic(err)
	}
	e, err := g.Explain("k")
	fmt.Printf("node %d, %d hops, still pending: %v, %v\n", e.Info.NodeID, e.Info.Hops, e.Pending, err)
	// Output: node 1, 0 hops, still pending: false, <nil>
}
