// Command customtransport runs two nodes over a transport of its own, plain TCP. It is there for that transport:
// transport.go and link.go are to be copied and changed, and so are the tests that hold them against the contract.
//
//	go run ./examples/customtransport
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "customtransport:", err)
		os.Exit(1)
	}
}

// run starts two nodes, the second of which knows the address of the first, and prints what each hears from the other.
func run(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	heard := make(chan string)
	addr, stop, err := start(ctx, 1, heard)
	if err != nil {
		return err
	}
	_, stopSecond, err := start(ctx, 2, heard, addr)
	if err != nil {
		return errors.Join(err, stop())
	}
	for range 2 {
		select {
		case line := <-heard:
			fmt.Fprintln(out, line)
		case <-ctx.Done():
		}
	}
	err = ctx.Err() // of an interrupt
	cancel()        // whoever has more to tell need not wait
	return errors.Join(err, stopSecond(), stop())
}

// start starts a node that tells the others where it is, and the caller what it hears from them. It returns its address
// and what stops it.
func start(
	ctx context.Context, id gossip.NodeID, heard chan<- string, seeds ...transport.Addr,
) (transport.Addr, func() error, error) {
	t, err := Listen("127.0.0.1:0", nil)
	if err != nil {
		return transport.Addr{}, nil, err
	}
	g, err := gossip.New(gossip.Config{
		ClusterID: "demo",
		NodeID:    id,
		Transport: t, // once the node runs, it is the one who closes it
		Resolvers: []resolver.Resolver{resolver.Static(seeds...)},
	})
	if err != nil {
		return transport.Addr{}, nil, errors.Join(err, t.Close())
	}
	own := gossip.MakeKey("greeting", strconv.FormatUint(uint64(id), 10))
	_, err = g.RegisterCallback(gossip.MakePrefixPattern("greeting"), func(key string, greeting []byte) {
		if key == own {
			return
		}
		select {
		case heard <- fmt.Sprintf("node %d hears %q", id, greeting):
		case <-ctx.Done():
		}
	})
	if err == nil {
		err = g.AddInfo(own, fmt.Appendf(nil, "node %d is at %s", id, t.Addr()), time.Hour)
	}
	if err != nil {
		return transport.Addr{}, nil, errors.Join(err, t.Close())
	}
	return t.Addr(), g.Start(ctx), nil
}
