package gossip_test

import (
	"context"
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/resolver"
)

// Two nodes, over a network in memory instead of a real one. The second hears what the first says.
func Example() {
	net := gossiptest.NewNetwork(nil, nil)
	first, err := gossip.New(gossip.Config{ClusterID: "example", NodeID: 1, Transport: net.Listen("first")})
	if err != nil {
		panic(err)
	}
	second, err := gossip.New(gossip.Config{
		ClusterID: "example",
		NodeID:    2,
		Transport: net.Listen("second"),
		Resolvers: []resolver.Resolver{net.Resolver()},
	})
	if err != nil {
		panic(err)
	}
	heard := make(chan string)
	_, err = second.RegisterCallback(gossip.MakePrefixPattern("load"), func(key string, content []byte) {
		heard <- fmt.Sprintf("%s is %s", key, content)
	})
	if err != nil {
		panic(err)
	}
	if err := first.AddInfo(gossip.MakeKey("load", "1"), []byte("0.7"), time.Minute); err != nil {
		panic(err)
	}

	stopFirst, stopSecond := first.Start(context.Background()), second.Start(context.Background())
	fmt.Println(<-heard)
	fmt.Println(stopSecond(), stopFirst())
	// Output:
	// load:1 is 0.7
	// <nil> <nil>
}

func ExampleMakePrefixPattern() {
	fmt.Println(gossip.MakePrefixPattern("load"))
	// Output: ^load:(?s:.*)$
}
