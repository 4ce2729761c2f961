package gossipfake_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grapevine-go/grapevine/gossiptest/gossipfake"
	"github.com/grapevine-go/grapevine/storage"
	"github.com/grapevine-go/grapevine/transport"
)

// save tries again, once, if the store could not.
func save(ctx context.Context, s storage.Store, key string, value []byte) error {
	if s.Put(ctx, key, value) == nil {
		return nil
	}
	return s.Put(ctx, key, value)
}

// A store that fails once, and works when it is tried again.
func ExampleStore() {
	ctx := context.Background()
	var disk storage.Memory
	puts := 0
	s := &gossipfake.Store{Base: &disk, PutFunc: func(ctx context.Context, key string, value []byte) error {
		if puts++; puts == 1 {
			return errors.New("disk full")
		}
		return disk.Put(ctx, key, value)
	}}

	fmt.Println(save(ctx, s, "incarnation", []byte("7")))
	value, err := s.Get(ctx, "incarnation")
	fmt.Printf("%s, %v, %d puts\n", value, err, puts)
	// Output:
	// <nil>
	// 7, <nil>, 2 puts
}

// A transport on which one address is a link that breaks after the first frame, and nobody is anywhere else.
func ExampleTransport() {
	ctx := context.Background()
	bad := transport.MakeAddr("tcp", "10.0.0.1:7946")
	t := &gossipfake.Transport{DialFunc: func(_ context.Context, to transport.Addr) (transport.Link, error) {
		if to != bad {
			return nil, errors.New("connection refused")
		}
		link := &gossipfake.Link{}
		link.SendFunc = func([]byte) error { return link.Close() }
		return link, nil
	}}

	_, err := t.Dial(ctx, transport.MakeAddr("tcp", "10.0.0.2:7946"))
	fmt.Println(err)
	link, err := t.Dial(ctx, bad)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(link.Send([]byte("hello")))
	_, err = link.Recv()
	fmt.Println(err)
	// Output:
	// connection refused
	// <nil>
	// recv from nobody: transport: closed
}
