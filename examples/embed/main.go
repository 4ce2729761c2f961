// Command embed is the smallest program with a gossip node in it, the one in README. Run it in two terminals:
//
//	go run ./examples/embed 1 127.0.0.1:7946
//	go run ./examples/embed 2 127.0.0.1:7947 127.0.0.1:7946
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
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// serve tells the other nodes the load of this one, and prints theirs, until ctx ends.
func serve(ctx context.Context, out io.Writer, id gossip.NodeID, listen string, seeds ...resolver.Resolver) error {
	t, err := grpctransport.Listen(listen, nil)
	if err != nil {
		return err
	}
	g, err := gossip.New(gossip.Config{ClusterID: "demo", NodeID: id, Transport: t, Resolvers: seeds})
	if err != nil {
		return errors.Join(err, t.Close())
	}
	stop := g.Start(ctx)
	show := func(key string, load []byte) { fmt.Fprintf(out, "%s is %s\n", key, load) }
	if _, err := g.RegisterCallback(gossip.MakePrefixPattern("load"), show); err != nil {
		return errors.Join(err, stop())
	}
	key := gossip.MakeKey("load", strconv.FormatUint(uint64(id), 10))
	if err := g.AddInfo(key, []byte("0.7"), time.Hour); err != nil {
		return errors.Join(err, stop())
	}
	<-ctx.Done() // here your server does its work
	return stop()
}

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

// run reads the arguments, the ID of the node, the address to listen on and those of other nodes, and serves.
func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) < 2 {
		return errors.New("usage: embed id address [address of another node ...]")
	}
	id, err := strconv.ParseUint(args[0], 10, 64)
	if err != nil {
		return fmt.Errorf("node ID: %w", err)
	}
	var seeds []resolver.Resolver
	for _, arg := range args[2:] {
		seed, err := resolver.Parse(arg)
		if err != nil {
			return err
		}
		seeds = append(seeds, seed)
	}
	return serve(ctx, out, gossip.NodeID(id), args[1], seeds...)
}
