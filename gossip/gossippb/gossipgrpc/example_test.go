package gossipgrpc_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/gossip/gossippb/gossipgrpc"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// An ordinary client reads an info from a node.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	listener, err := grpctransport.Listen("127.0.0.1:0", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	node, err := gossip.New(gossip.Config{ClusterID: "demo", NodeID: 1, Transport: listener})
	if err != nil {
		fmt.Println(err)
		return
	}
	stop := node.Start(ctx)
	defer stop()
	if err := node.AddInfo("load:1", []byte("0.7"), time.Hour); err != nil {
		fmt.Println(err)
		return
	}

	if err := read(ctx, listener.Addr().String(), "load:1"); err != nil {
		fmt.Println(err)
	}
	// Output:
	// ADMITTED by node 1
	// load:1 is 0.7
}

// read prints the info of key that the node at address holds.
func read(ctx context.Context, address, key string) error {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	stream, err := gossipgrpc.NewGossipClient(conn).Connect(ctx)
	if err != nil {
		return err
	}
	err = stream.Send(&gossippb.Request{
		Hello: &gossippb.Hello{
			MinVersion: 1,
			MaxVersion: 1,
			ClusterId:  "demo",
			Instance:   rand.Uint64(),
			Reason:     gossippb.Reason_JOIN,
			Leaf:       true,
		},
		MarksEnd: true,
	})
	if err != nil {
		return err
	}
	for {
		in, err := stream.Recv()
		if err != nil {
			return err
		}
		if hello := in.GetHello(); hello != nil {
			fmt.Printf("%v by node %d\n", hello.GetVerdict(), in.GetNodeId())
		}
		if info := in.GetDelta()[key]; info != nil {
			fmt.Printf("%s is %s\n", key, info.GetValue().GetRawBytes())
			return stream.CloseSend()
		}
	}
}
