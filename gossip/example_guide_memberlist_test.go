package gossip_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// A server that used memberlist to know the load of the others; docs/guide/from-memberlist.md shows it before and after.
func Example_fromMemberlist() {
	serve := func(ctx context.Context, show gossip.Callback, id gossip.NodeID, listen string, seeds ...resolver.Resolver) error {
		t, err := grpctransport.Listen(listen, nil)
		if err != nil {
			return err
		}
		g, err := gossip.New(gossip.Config{ClusterID: "example", NodeID: id, Transport: t, Resolvers: seeds})
		if err != nil {
			return errors.Join(err, t.Close())
		}
		stop := g.Start(context.WithoutCancel(ctx)) // it leaves before it stops
		if _, err := g.RegisterCallback(gossip.MakePrefixPattern("load"), show); err != nil {
			return errors.Join(err, stop())
		}
		key := gossip.MakeKey("load", strconv.FormatUint(uint64(id), 10))
		if err := g.AddInfo(key, []byte("0.7"), time.Minute); err != nil { // again before that is over
			return errors.Join(err, stop())
		}

		<-ctx.Done() // the server does its work

		leaving, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		err = g.DeleteInfo(key)
		_, left := g.Leave(leaving)
		return errors.Join(err, left, stop())
	}

	ctx, cancel := context.WithCancel(context.Background())
	show := func(key string, load []byte) {
		fmt.Printf("%s is %s\n", key, load)
		cancel()
	}
	fmt.Println(serve(ctx, show, 1, "127.0.0.1:0"))
	// Output:
	// load:1 is 0.7
	// <nil>
}
