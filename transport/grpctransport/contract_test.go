package grpctransport_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/transport"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// TestContract checks every way to have a Transport against the contract.
func TestContract(t *testing.T) {
	certs := newAuthority(t)
	secured := func(t *testing.T, i int) transport.Transport {
		return listen(t, certs.mutual(t, fmt.Sprint("node-", i), ""))
	}
	for i, tt := range []struct {
		name string
		make func(t *testing.T, i int) transport.Transport
	}{
		{"tcp", func(t *testing.T, _ int) transport.Transport { return listen(t, nil) }},
		{"unix", socket},
		{"tcp under a weather", underWeather(func(t *testing.T, _ int) transport.Transport { return listen(t, nil) })},
		{"unix under a weather", underWeather(socket)},
		{"tls", secured},
		{"tls under a weather", underWeather(secured)},
		{"shared", func(t *testing.T, _ int) transport.Transport { return newEmbedder(t) }},
		{"shared with interceptors", func(t *testing.T, _ int) transport.Transport {
			return newEmbedder(t, grpc.StreamInterceptor(
				func(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
					return handle(srv, watchedServer{s, &seen{t: t}})
				}))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			links := 1000
			if i > 0 { // they are no different
				links = 100
			}
			gossiptest.TestTransport(t, gossiptest.TransportHarness{
				Links: links,
				New: func(t *testing.T, n int) []transport.Transport {
					var ts []transport.Transport
					for i := range n {
						n := tt.make(t, i)
						t.Cleanup(func() { n.Close() })
						ts = append(ts, n)
					}
					return ts
				},
				MaxFrame: grpctransport.DefaultMaxFrame,
				Silent:   silent(t),
			})
		})
	}
}

// socket returns the i-th Transport of a test, on a Unix socket.
func socket(t *testing.T, i int) transport.Transport {
	t.Helper()
	n, err := grpctransport.Listen("unix:"+filepath.Join(t.TempDir(), fmt.Sprint("node", i)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// underWeather returns a function that makes what listen does, those of one test in one Weather.
func underWeather(listen func(t *testing.T, i int) transport.Transport) func(t *testing.T, i int) transport.Transport {
	var w *gossiptest.Weather
	return func(t *testing.T, i int) transport.Transport {
		if i == 0 {
			w = gossiptest.NewWeather(nil)
		}
		return gossiptest.Wrap(listen(t, i), w)
	}
}

// TestWeather has links on Unix sockets and over TLS say whom they lead to though they are wrapped, end with a partition, and be dialled anew.
func TestWeather(t *testing.T) {
	certs := newAuthority(t)
	for _, tt := range []struct {
		name              string
		listen            func(t *testing.T, i int) transport.Transport
		network           string
		dialled, accepted string // identities
	}{
		{name: "unix", listen: socket, network: "unix"},
		{name: "tls", listen: func(t *testing.T, i int) transport.Transport {
			return listen(t, certs.mutual(t, fmt.Sprint("node-", i), ""))
		}, network: "tcp", dialled: "node-1", accepted: "node-0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := gossiptest.NewWeather(nil)
			from, to := gossiptest.Wrap(tt.listen(t, 0), w), gossiptest.Wrap(tt.listen(t, 1), w)
			defer from.Close()
			defer to.Close()
			dialled, accepted := connect(t, from, to)
			if got := dialled.Peer(); got.Identity != tt.dialled || got.Addr != to.Addr() {
				t.Errorf("dialler's Peer = %+v, want %q at %s", got, tt.dialled, to.Addr())
			}
			if got := accepted.Peer(); got.Identity != tt.accepted || got.Addr.Network() != tt.network {
				t.Errorf("acceptor's Peer = %+v, want %q over %s", got, tt.accepted, tt.network)
			}
			heal := w.Begin(fault.Fault{Kind: fault.Partition, Nodes: []int{0}})
			for _, l := range []transport.Link{dialled, accepted} {
				if err := l.Send(encode(t, request(0))); err != nil {
					t.Errorf("Send during the partition: %v", err)
				}
			}
			heal()
			if err := dialled.Send(encode(t, request(0))); !errors.Is(err, transport.ErrClosed) {
				t.Fatalf("Send after the partition: %v, want ErrClosed", err)
			}
			for _, l := range []transport.Link{dialled, accepted} {
				if f, err := l.Recv(); !errors.Is(err, transport.ErrClosed) {
					t.Errorf("Recv after the partition = %d bytes, %v, want ErrClosed", len(f), err)
				}
			}
			dialled, accepted = connect(t, from, to)
			echo(t, accepted)
			exchange(t, dialled)
		})
	}
}

// TestContractInBubble checks the contract with virtual time, over connections in memory: there, what hangs or is left
// behind fails at once.
func TestContractInBubble(t *testing.T) {
	harness := gossiptest.TransportHarness{
		New: func(t *testing.T, n int) []transport.Transport {
			nodes := make(map[transport.Addr]*memory)
			dial := func(ctx context.Context, to transport.Addr) (net.Conn, error) {
				m, ok := nodes[to]
				if !ok {
					return nil, errors.New("no such node")
				}
				return m.dial(ctx, to)
			}
			var ts []transport.Transport
			for i := range n {
				here, m := transport.MakeAddr("memory", fmt.Sprint("node", i)), newMemory()
				nodes[here] = m
				ts = append(ts, listen(t, &grpctransport.Options{Advertise: here, Listener: m, Dialer: dial}))
			}
			return ts
		},
		MaxFrame: grpctransport.DefaultMaxFrame,
	}
	plain := harness.New
	for _, wrapped := range []bool{false, true} {
		if wrapped {
			harness.New = func(t *testing.T, n int) []transport.Transport {
				w, ts := gossiptest.NewWeather(nil), plain(t, n)
				for i := range ts {
					ts[i] = gossiptest.Wrap(ts[i], w)
					t.Cleanup(func() { ts[i].Close() })
				}
				return ts
			}
		}
		for _, c := range gossiptest.TransportCases(harness) {
			t.Run(fmt.Sprintf("%s/wrapped=%v", c.Name, wrapped), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					if err := c.Run(t, harness); err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

// embedder is a server with a gossip service and another; to close it is to stop it.
type embedder struct {
	*grpctransport.Transport
	server *grpc.Server
}

func newEmbedder(t *testing.T, opts ...grpc.ServerOption) embedder {
	n, s := register(t, nil, func(s *grpc.Server) { grpc_health_v1.RegisterHealthServer(s, health.NewServer()) }, opts...)
	return embedder{n, s}
}

func (e embedder) Close() error {
	err := e.Transport.Close()
	e.server.Stop() // not gracefully: there are peers that do not read
	return err
}

// silent returns the address of a socket that listens and says nothing.
func silent(t *testing.T) transport.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return transport.MakeAddr("tcp", l.Addr().String())
}
