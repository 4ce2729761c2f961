package gossip_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
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

// loopback is where servers listen and clients dial in memory, by address: gRPC in a bubble, which no socket works in.
type loopback struct {
	mu        sync.Mutex // guards listeners
	listeners map[string]*inMemory
}

// inMemory is a listener, and dials itself.
type inMemory struct {
	net    *loopback
	addr   transport.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (n *loopback) listen(address string) *inMemory {
	l := &inMemory{net: n, addr: transport.MakeAddr("mem", address), conns: make(chan net.Conn), closed: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listeners[address] = l
	return l
}

func (n *loopback) dial(ctx context.Context, address string) (net.Conn, error) {
	n.mu.Lock()
	l := n.listeners[address]
	n.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("nobody listens at %s", address)
	}
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *inMemory) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *inMemory) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *inMemory) Addr() net.Addr { return l.addr }

// serve returns a transport over gRPC that listens on l, on a server of its own or on one that others use too.
func serve(t *testing.T, l net.Listener, shared bool, opts *grpctransport.Options) transport.Transport {
	t.Helper()
	if !shared {
		own := *opts
		own.Listener = l
		tr, err := grpctransport.Listen("", &own)
		if err != nil {
			t.Fatal(err)
		}
		return tr
	}
	s := grpc.NewServer()
	tr, err := grpctransport.Register(s, transport.MakeAddr(l.Addr().Network(), l.Addr().String()), opts)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() { s.Stop(); <-served })
	return tr
}

// TestGossipOverGRPC: an ordinary client whose requests go to two nodes in turn, one of which is restarted meanwhile.
func TestGossipOverGRPC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := &loopback{listeners: map[string]*inMemory{}}
		node := func(id gossip.NodeID, address string, shared bool) (*gossip.Gossip, func() error) {
			t.Helper()
			g, err := gossip.New(gossip.Config{
				ClusterID: "test", NodeID: id, Seed: uint64(id),
				Transport: serve(t, mem.listen(address), shared, &grpctransport.Options{
					Dialer: func(ctx context.Context, to transport.Addr) (net.Conn, error) { return mem.dial(ctx, to.String()) },
				}),
				Resolvers: []resolver.Resolver{resolver.Static(transport.MakeAddr("mem", "a"))},
			})
			if err != nil {
				t.Fatal(err)
			}
			stop := g.Start(t.Context())
			t.Cleanup(func() { stop() })
			return g, stop
		}
		a, _ := node(1, "a", false)
		b, stopB := node(2, "b", true)
		pass(time.Second)

		backends := manual.NewBuilderWithScheme("balanced")
		to := func(addrs ...string) grpcresolver.State {
			var s grpcresolver.State
			for _, addr := range addrs {
				s.Addresses = append(s.Addresses, grpcresolver.Address{Addr: addr})
			}
			return s
		}
		backends.InitialState(to("a", "b"))
		conn, err := grpc.NewClient("balanced:///nodes", grpc.WithResolvers(backends), grpc.WithContextDialer(mem.dial),
			grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		client := gossipgrpc.NewGossipClient(conn)
		c := newCaller(50, 1)
		exchange := func(r *gossippb.Request) (by uint64) {
			t.Helper()
			resp, err := client.Gossip(t.Context(), r, grpc.WaitForReady(true))
			if err != nil {
				t.Fatal(err)
			}
			if resp.GetBye() != nil {
				t.Fatalf("the response is %v", resp)
			}
			c.note(resp)
			return resp.GetNodeId()
		}
		exchange(c.request())
		synctest.Wait() // until it is connected to both
		before := uint64(0)
		for n := range 6 {
			by := exchange(c.write("k", fmt.Sprint(n), time.Now()))
			if by == before {
				t.Errorf("request %d goes to node %d, as the one before", n, by)
			}
			before = by
		}
		pass(100 * time.Millisecond)
		wantInfo(t, a, "k", "5")
		wantInfo(t, b, "k", "5")

		if err := stopB(); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		b, _ = node(2, "b2", true)
		pass(time.Second)
		wantInfo(t, b, "k", "5")
		mustAdd(t, b, "after", "the restart")
		backends.UpdateState(to("b2"))
		synctest.Wait()
		if by := exchange(c.request()); by != 2 || c.infos["after"] != "the restart" {
			t.Errorf("node %d answers; the caller knows %q", by, c.infos)
		}
		exchange(c.repeat(c.write("k", "again", time.Now()))) // some may have gone with the first life of node 2
		pass(100 * time.Millisecond)
		wantInfo(t, a, "k", "again")
		wantInfo(t, b, "k", "again")
	})
}

// TestGossipOverGRPCRefused: what an ordinary client gets for requests that are refused.
func TestGossipOverGRPCRefused(t *testing.T) {
	for _, shared := range []bool{false, true} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		g, err := gossip.New(gossip.Config{ClusterID: "test", NodeID: 1, Transport: serve(t, l, shared, new(grpctransport.Options))})
		if err != nil {
			t.Fatal(err)
		}
		stop := g.Start(t.Context())
		t.Cleanup(func() { stop() })
		conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
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
