package grpctransport_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/transport"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// Two nodes, each with a server of its own, and a link between them. In a program gossip.New gets the Transport, and
// what follows is what it does with it.
func ExampleListen() {
	one, err := grpctransport.Listen("127.0.0.1:0", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer one.Close()
	two, err := grpctransport.Listen("127.0.0.1:0", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer two.Close()

	link, err := one.Dial(context.Background(), two.Addr())
	if err != nil {
		log.Fatal(err)
	}
	frame, err := proto.Marshal(&gossippb.Request{NodeId: 1})
	if err != nil {
		log.Fatal(err)
	}
	if err := link.Send(frame); err != nil {
		log.Fatal(err)
	}

	accepted, err := two.Accept()
	if err != nil {
		log.Fatal(err)
	}
	received, err := accepted.Recv()
	if err != nil {
		log.Fatal(err)
	}
	var request gossippb.Request
	if err := proto.Unmarshal(received, &request); err != nil {
		log.Fatal(err)
	}
	fmt.Println("a frame from node", request.NodeId)

	if err := link.Close(); err != nil {
		log.Fatal(err)
	}
	_, err = accepted.Recv()
	fmt.Println("the link has ended:", errors.Is(err, transport.ErrClosed))
	// Output:
	// a frame from node 1
	// the link has ended: true
}

// A gossip node on the server of a program that serves something else too.
func ExampleRegister() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())

	// In a cluster the address is one that other machines can dial: "node-1.example.org:7946".
	here := transport.MakeAddr("tcp", listener.Addr().String())
	node, err := grpctransport.Register(server, here, nil)
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	link, err := node.Dial(context.Background(), node.Addr()) // to itself, for want of others
	if err != nil {
		log.Fatal(err)
	}
	accepted, err := node.Accept()
	if err != nil {
		log.Fatal(err)
	}
	if err := link.Send([]byte{}); err != nil {
		log.Fatal(err)
	}
	frame, err := accepted.Recv()
	fmt.Println("a frame of", len(frame), "bytes, error", err)

	// First the links, then the server: GracefulStop waits for every stream.
	if err := node.Close(); err != nil {
		log.Fatal(err)
	}
	server.GracefulStop()
	fmt.Println("served, error", <-served)
	// Output:
	// a frame of 0 bytes, error <nil>
	// served, error <nil>
}
