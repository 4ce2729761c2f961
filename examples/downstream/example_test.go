package flags_test

import (
	"context"
	"fmt"

	"example.com/flags"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
)

func Example() {
	// In production, a transport such as that of package grpctransport, and resolvers that know other servers.
	g, err := gossip.New(gossip.Config{NodeID: 1, Transport: gossiptest.NewNetwork(nil, nil).Listen("")})
	if err != nil {
		fmt.Println(err)
		return
	}
	stop := g.Start(context.Background())
	defer stop()
	s := flags.New(g)
	go s.Run(context.Background())

	if err := s.Set("dark", flags.Flag{On: true, Percent: 100}); err != nil {
		fmt.Println(err)
	}
	fmt.Println(s.Enabled("dark", "alice"), s.Enabled("search", "alice"))
	// Output: true false
}
