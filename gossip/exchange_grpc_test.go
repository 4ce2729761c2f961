package gossip_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	grpcresolver "google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/gossip/gossippb/gossipgrpc"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// hearing is a node that says what it hears under "k".
type hearing struct {
	*gossip.Gossip
	heard chan string
}

// startGRPC runs a node over gRPC on a loopback address, on a server of its own or on one that others use too.
func startGRPC(t *testing.T, id gossip.NodeID, shared bool, seeds ...transport.Addr) (*hearing, transport.Addr, func() error) {
	t.Helper()
	var tr transport.Transport
	if shared {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := grpc.NewServer()
		if tr, err = grpctransport.Register(s, transport.MakeAddr("tcp", l.Addr().String()), nil); err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- s.Serve(l) }()
		t.Cleanup(func() { s.Stop(); <-served })
	} else {
		var err error
		if tr, err = grpctransport.Listen("127.0.0.1:0", nil); err != nil {
			t.Fatal(err)
		}
	}
	g, err := gossip.New(gossip.Config{
		ClusterID: "test", Transport: tr, NodeID: id, Resolvers: []resolver.Resolver{resolver.Static(seeds...)},
	})
	if err != nil {
		t.Fatal(err)
	}
	h := &hearing{g, make(chan string, 100)}
	if _, err := g.RegisterCallback("^k$", func(_ string, val []byte) { h.heard <- string(val) }); err != nil {
		t.Fatal(err)
	}
	stop := g.Start(t.Context())
	t.Cleanup(func() { stop() })
	return h, tr.Addr(), stop
}

// wait waits until the node has heard want under "k".
func (h *hearing) wait(t *testing.T, want string) {
	t.Helper()
	for {
		select {
		case got := <-h.heard:
			if got == want {
				return
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("node %d has not heard %q", h.GetNodeID(), want)
		}
	}
}

// TestGossipOverGRPC: an ordinary client whose requests go to two nodes in turn, one of which is restarted meanwhile.
func TestGossipOverGRPC(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a, addrA, _ := startGRPC(t, 1, false)
	b, addrB, stopB := startGRPC(t, 2, true, addrA)

	backends := manual.NewBuilderWithScheme("balanced")
	to := func(addrs ...transport.Addr) grpcresolver.State {
		var s grpcresolver.State
		for _, addr := range addrs {
			s.Addresses = append(s.Addresses, grpcresolver.Address{Addr: addr.String()})
		}
		return s
	}
	backends.InitialState(to(addrA, addrB))
	conn, err := grpc.NewClient("balanced:///nodes", grpc.WithResolvers(backends),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := gossipgrpc.NewGossipClient(conn)
	c := newCaller(50, 1)
	turns := map[uint64]int{}
	exchange := func(r *gossippb.Request) {
		t.Helper()
		resp, err := client.Gossip(ctx, r, grpc.WaitForReady(true))
		if err != nil {
			t.Fatal(err)
		}
		if resp.GetBye() != nil {
			t.Fatalf("the response is %v", resp)
		}
		c.note(resp)
		turns[resp.GetNodeId()]++
	}
	n := 0
	for ; turns[1] < 3 || turns[2] < 3; n++ { // in turn, once the client is connected to both
		exchange(c.write("k", fmt.Sprint(n), time.Now()))
	}
	a.wait(t, fmt.Sprint(n-1))
	b.wait(t, fmt.Sprint(n-1))

	if err := stopB(); err != nil {
		t.Fatal(err)
	}
	b, addrB, _ = startGRPC(t, 2, true, addrA)
	b.wait(t, fmt.Sprint(n-1))
	mustAdd(t, b.Gossip, "after", "the restart")
	backends.UpdateState(to(addrB))
	clear(turns)
	for turns[2] == 0 || c.infos["after"] == "" {
		exchange(c.write("k", "again", time.Now()))
	}
	a.wait(t, "again")
	b.wait(t, "again")
}

// TestGossipOverGRPCRefused: what an ordinary client gets for requests that are refused.
func TestGossipOverGRPCRefused(t *testing.T) {
	for _, shared := range []bool{false, true} {
		_, addr, stop := startGRPC(t, 1, shared)
		conn, err := grpc.NewClient(addr.String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		client := gossipgrpc.NewGossipClient(conn)

		r := newCaller(50, 1).request()
		r.ClusterId = "other"
		if resp, err := client.Gossip(t.Context(), r); err != nil || resp.GetBye().GetReason() != gossippb.Refusal_OTHER_CLUSTER || resp.GetDelta() != nil {
			t.Errorf("another cluster is answered %v, %v", resp, err)
		}
		r = newCaller(50, 1).write("k", "v", time.Now())
		r.Delta["k"].Seq = 0
		if resp, err := client.Gossip(t.Context(), r); status.Code(err) != codes.InvalidArgument {
			t.Errorf("an info without a seq is answered %v, %v", resp, err)
		}
		if resp, err := client.Gossip(t.Context(), &gossippb.Request{}); status.Code(err) != codes.InvalidArgument {
			t.Errorf("an empty request is answered %v, %v", resp, err)
		}
		r = newCaller(50, 1).write("k", string(make([]byte, 5<<20)), time.Now())
		if resp, err := client.Gossip(t.Context(), r); status.Code(err) != codes.ResourceExhausted {
			t.Errorf("5 MiB are answered %v, %v", resp, err)
		}
		c := newCaller(50, 1)
		resp, err := client.Gossip(t.Context(), c.request())
		if err != nil {
			t.Fatal(err)
		}
		c.note(resp)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if resp, err := client.Gossip(t.Context(), c.request()); status.Code(err) != codes.Unavailable {
			t.Errorf("a node that has stopped answers %v, %v", resp, err)
		}
	}
}
