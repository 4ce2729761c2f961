package gossip_test

import (
	"context"
	"errors"
	"expvar"
	"fmt"
	"log"
	"log/slog"
	"net"
	"time"

	"google.golang.org/grpc"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/storage"
	"github.com/grapevine-go/grapevine/transport"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// The examples of this file are shown in docs/guide.

// A node beside the rest of a program: either ends the other.
func Example_run() {
	serve := func(ctx context.Context, g *gossip.Gossip, work func(context.Context) error) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		ended := make(chan error, 1)
		go func() {
			ended <- g.Run(ctx) // ErrDuplicateNodeID, for example, long after it began
			cancel()
		}()
		err := work(ctx)
		cancel()
		return errors.Join(err, <-ended)
	}
	g := exampleNode(gossiptest.NewNetwork(nil, nil), 1)
	fmt.Println(serve(context.Background(), g, func(context.Context) error { return nil }))
	// Output: <nil>
}

// A restart is a new Gossip on a new Transport. What it remembers is in the Store.
func Example_restart() {
	open := func(listen string, store storage.Store, seeds ...resolver.Resolver) (*gossip.Gossip, error) {
		t, err := grpctransport.Listen(listen, nil)
		if err != nil {
			return nil, err
		}
		g, err := gossip.New(gossip.Config{ClusterID: "example", NodeID: 1, Transport: t, Resolvers: seeds, Store: store})
		if err != nil {
			return nil, errors.Join(err, t.Close()) // without Run, the Transport is still ours
		}
		return g, nil
	}
	store := new(storage.Memory)
	for range 2 {
		g, err := open("127.0.0.1:0", store)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(g.Start(context.Background())())
	}
	// Output:
	// <nil>
	// <nil>
}

// A node on the gRPC server of a program, and the order in which they end.
func Example_sharedServer() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer() // and the services of the program

	t, err := grpctransport.Register(server, transport.MakeAddr("tcp", listener.Addr().String()), nil)
	if err != nil {
		log.Fatal(err)
	}
	g, err := gossip.New(gossip.Config{ClusterID: "example", NodeID: 1, Transport: t})
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		if err := server.Serve(listener); err != nil {
			log.Print(err)
		}
	}()
	stop := g.Start(context.Background())

	fmt.Println(stop())   // first the node: its links are streams that do not end by themselves
	server.GracefulStop() // then the server
	// Output: <nil>
}

// What an operator wants to see.
func Example_observer() {
	refused := expvar.NewInt("gossip_refused")
	observer := &gossip.Observer{
		Refused: func(err *gossip.RefusedError) {
			refused.Add(1)
			if errors.Is(err, gossip.ErrOtherCluster) {
				slog.Error("somebody is in the wrong cluster", "err", err)
			}
		},
		InfoRefused: func(key string, err error) { slog.Error("info lost", "key", key, "err", err) },
	}
	t := gossiptest.NewNetwork(nil, nil).Listen("n1")
	g, err := gossip.New(gossip.Config{NodeID: 1, Transport: t, Logger: slog.Default(), Observer: observer})
	if err != nil {
		log.Fatal(err)
	}
	expvar.Publish("gossip", expvar.Func(func() any { return g.Stats() }))
	fmt.Println(g.Status().Ready) // for a readiness probe
	// Output: false
}

// Limits for a network of small infos.
func Example_limits() {
	t := gossiptest.NewNetwork(nil, nil).Listen("n1")
	_, err := gossip.New(gossip.Config{
		Transport: t,
		Limits:    gossip.Limits{Key: 256, Value: 64 << 10, Frame: 256 << 10, Infos: 10_000},
		Timers:    gossip.Timers{Shutdown: time.Second},
	})
	fmt.Println(err)

	_, err = gossip.New(gossip.Config{Transport: t, Limits: gossip.Limits{Frame: 64 << 10}})
	fmt.Println(errors.Is(err, gossip.ErrConfig)) // does not hold a key and a value of the default sizes
	// Output:
	// <nil>
	// true
}
