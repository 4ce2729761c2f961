package gossip_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// A table that is kept in step with the infos, what is deleted or expires included; docs/guide/callbacks.md shows it.
func Example_watches() {
	follow := func(ctx context.Context, g *gossip.Gossip, changed func(loads map[string]string)) error {
		events, err := g.Watch(ctx, "load:", &gossip.WatchOptions{Prefix: true})
		if err != nil {
			return err
		}
		loads := make(map[string]string)
		for e := range events {
			switch e.Kind {
			case gossip.Added, gossip.Updated:
				loads[e.Key] = string(e.Info.Value)
			case gossip.Deleted, gossip.Expired:
				delete(loads, e.Key)
			}
			changed(loads)
		}
		return nil // ctx has ended, or the node has
	}

	g := exampleNode(gossiptest.NewNetwork(nil, nil), 1)
	if err := g.AddInfo("load:1", []byte("0.7"), time.Minute); err != nil {
		log.Fatal(err)
	}
	stop := g.Start(context.Background())
	ctx, cancel := context.WithCancel(context.Background())
	err := follow(ctx, g, func(loads map[string]string) {
		fmt.Println(loads)
		if len(loads) == 0 {
			cancel()
		} else if err := g.DeleteInfo("load:1"); err != nil {
			log.Fatal(err)
		}
	})
	fmt.Println(err, stop())
	// Output:
	// map[load:1:0.7]
	// map[]
	// <nil> <nil>
}

// The configuration of the whole system; docs/guide/infos.md shows it.
func Example_systemConfig() {
	one := exampleNode(gossiptest.NewNetwork(nil, nil), 1)
	stop := one.Start(context.Background())
	heard := make(chan string, 1)
	zone := []byte("zone")
	unregister, err := one.RegisterSystemConfigCallback(func(config *gossip.SystemConfig) {
		heard <- string(config.Lookup(zone).GetRawBytes())
	})
	if err != nil {
		log.Fatal(err)
	}
	defer unregister()

	config := &gossip.SystemConfig{Values: []*gossippb.KeyValue{
		{Key: zone, Value: &gossippb.Value{RawBytes: []byte("eu")}},
	}}
	if err := one.AddInfoProto(gossip.KeySystemConfig, config, 0); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-heard)
	fmt.Println(stop())
	// Output:
	// eu
	// <nil>
}
