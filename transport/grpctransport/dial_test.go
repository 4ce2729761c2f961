package grpctransport_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/transport"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// TestDialFails dials where there is no link to be had. What is known when the connection is up or down is an error of
// Dial, what the peer says after that is one of the first Recv.
func TestDialFails(t *testing.T) {
	for _, tt := range []struct {
		name string
		to   func(t *testing.T) transport.Addr
		dial bool
		want codes.Code
	}{
		{"refused", refused, true, codes.Unavailable},
		{"no socket", func(t *testing.T) transport.Addr {
			return transport.MakeAddr("unix", filepath.Join(t.TempDir(), "none %"))
		}, true, codes.Unavailable},
		{"unknown network", func(*testing.T) transport.Addr { return transport.MakeAddr("pigeon", "coop") }, true, codes.Unavailable},
		{"no gossip service", func(t *testing.T) transport.Addr { return server(t) }, false, codes.Unimplemented},
		{"interceptor denies", func(t *testing.T) transport.Addr {
			n, _ := register(t, nil, nil, grpc.StreamInterceptor(
				func(any, grpc.ServerStream, *grpc.StreamServerInfo, grpc.StreamHandler) error {
					return status.Error(codes.PermissionDenied, "not you")
				}))
			return n.Addr()
		}, false, codes.PermissionDenied},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := listen(t, nil)
			l, err := n.Dial(t.Context(), tt.to(t))
			if tt.dial {
				if err == nil || status.Code(err) != tt.want || errors.Is(err, transport.ErrClosed) {
					t.Errorf("Dial: got %v, want %v", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if _, err := l.Recv(); !errors.Is(err, transport.ErrClosed) || status.Code(err) != tt.want {
				t.Errorf("Recv: got %v, want %v and %v", err, transport.ErrClosed, tt.want)
			}
			if err := l.Send(nil); !errors.Is(err, transport.ErrClosed) || status.Code(err) != tt.want {
				t.Errorf("Send after that: got %v, want %v and %v", err, transport.ErrClosed, tt.want)
			}
		})
	}
}

// refused returns an address where nobody listens any more.
func refused(t *testing.T) transport.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return transport.MakeAddr("tcp", l.Addr().String())
}

// server returns the address of a server without any service.
func server(t *testing.T) transport.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, grpc.NewServer(), l)
	return transport.MakeAddr("tcp", l.Addr().String())
}

func TestDialNothing(t *testing.T) {
	if _, err := listen(t, nil).Dial(t.Context(), transport.Addr{}); err == nil || errors.Is(err, transport.ErrClosed) {
		t.Errorf("Dial of no address: got %v", err)
	}
}

// TestDialSilence dials somebody who takes the connection and says nothing.
func TestDialSilence(t *testing.T) {
	for _, tt := range []struct {
		name    string
		timeout time.Duration
		took    time.Duration
		want    error
	}{
		{"deadline", time.Second, time.Second, context.DeadlineExceeded},
		{"ended", 0, 0, context.DeadlineExceeded},
		{"no deadline", time.Hour, 20 * time.Second, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				n := listen(t, &grpctransport.Options{Listener: newMemory(), Dialer: m.dial})
				silent := outcome(func() error {
					for {
						c, err := m.Accept()
						if err != nil {
							return err
						}
						defer c.Close()
					}
				})
				ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
				defer cancel()
				begin := time.Now()
				_, err := n.Dial(ctx, n.Addr())
				if err == nil || tt.want != nil && !errors.Is(err, tt.want) || errors.Is(err, transport.ErrClosed) {
					t.Errorf("Dial: got %v, want %v", err, tt.want)
				}
				if got := time.Since(begin); got != tt.took {
					t.Errorf("Dial took %v, want %v", got, tt.took)
				}
				n.Close()
				m.Close()
				<-silent
			})
		})
	}
}

// TestContextEndsDialOnly ends the context of a Dial that is over.
func TestContextEndsDialOnly(t *testing.T) {
	bubble(t, func(t *testing.T, n *grpctransport.Transport, _ *memory) {
		ctx, cancel := context.WithCancel(t.Context())
		dialled, err := n.Dial(ctx, n.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer dialled.Close()
		echo(t, accept(t, n))
		cancel()
		synctest.Wait()
		exchange(t, dialled)
	})
}

// TestMetadata has what is in the context of Dial arrive with the stream.
func TestMetadata(t *testing.T) {
	var got []string
	n := listen(t, &grpctransport.Options{ServerOptions: []grpc.ServerOption{grpc.StreamInterceptor(
		func(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
			got = metadata.ValueFromIncomingContext(s.Context(), "token")
			return handle(srv, s)
		})}})
	l, err := n.Dial(metadata.AppendToOutgoingContext(t.Context(), "token", "open sesame"), n.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accept(t, n)
	if len(got) != 1 || got[0] != "open sesame" {
		t.Errorf("token = %q", got)
	}
}

// TestBacklog dials once more than links may wait.
func TestBacklog(t *testing.T) {
	bubble(t, func(t *testing.T, n *grpctransport.Transport, _ *memory) {
		var first transport.Link
		for range grpctransport.Backlog {
			l := dial(t, n, n)
			synctest.Wait() // so that they arrive in order
			if first == nil {
				first = l
			}
		}
		surplus := dial(t, n, n)
		if _, err := surplus.Recv(); !errors.Is(err, transport.ErrClosed) || status.Code(err) != codes.ResourceExhausted {
			t.Errorf("Recv: got %v, want %v and %v", err, transport.ErrClosed, codes.ResourceExhausted)
		}
		echo(t, accept(t, n))
		exchange(t, first)
		dial(t, n, n) // has the place of the first
		for range grpctransport.Backlog {
			accept(t, n)
		}
	})
}

// TestBubble exchanges frames on a link while hours go by.
func TestBubble(t *testing.T) {
	bubble(t, func(t *testing.T, n *grpctransport.Transport, _ *memory) {
		dialled, accepted := connect(t, n, n)
		echo(t, accepted)
		begin := time.Now()
		tick := time.NewTicker(time.Hour)
		defer tick.Stop()
		for range 10 {
			exchange(t, dialled)
			<-tick.C
		}
		if got, want := time.Since(begin), 10*time.Hour; got != want {
			t.Errorf("it took %v, want %v", got, want)
		}
	})
}
