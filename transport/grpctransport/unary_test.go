package grpctransport_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/gossip/gossippb/gossipgrpc"
	"github.com/grapevine-go/grapevine/transport"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// answered is what came of a call.
type answered struct {
	m   *gossippb.Response
	err error
}

// ask calls the node at n in the background.
func ask(ctx context.Context, t testing.TB, n transport.Transport, m *gossippb.Request) <-chan answered {
	t.Helper()
	return askOver(ctx, client(t, n.Addr().String()), m)
}

// askOver does so over a connection.
func askOver(ctx context.Context, cc *grpc.ClientConn, m *gossippb.Request) <-chan answered {
	done := make(chan answered, 1)
	go func() {
		got, err := gossipgrpc.NewGossipClient(cc).Gossip(ctx, m)
		done <- answered{got, err}
	}()
	return done
}

// TestUnary: a call is a link that has one frame, takes one and ends, whatever the server.
func TestUnary(t *testing.T) {
	for _, tt := range servers {
		t.Run(tt.name, func(t *testing.T) {
			n := tt.node(t)
			for _, size := range sizes {
				done := ask(t.Context(), t, n, request(size))
				l := accept(t, n)
				if a := l.Peer().Addr; a.Network() != "tcp" {
					t.Errorf("the peer is at %v", a)
				}
				got, err := l.Recv()
				var m gossippb.Request
				if err != nil || proto.Unmarshal(got, &m) != nil || !proto.Equal(&m, request(size)) {
					t.Fatalf("Recv = %d bytes, %v, want a value of %d bytes", len(got), err, size)
				}
				want := response(request(size + 1))
				if err := l.Send(encode(t, want)); err != nil {
					t.Fatal(err)
				}
				if r := <-done; r.err != nil || !proto.Equal(r.m, want) {
					t.Fatalf("the call returns a message of %d bytes, %v, want %d", proto.Size(r.m), r.err, proto.Size(want))
				}
				if _, err := l.Recv(); !errors.Is(err, transport.ErrClosed) {
					t.Errorf("second Recv: %v, want ErrClosed", err)
				}
				if err := l.Send(nil); !errors.Is(err, transport.ErrClosed) {
					t.Errorf("second Send: %v, want ErrClosed", err)
				}
			}
		})
	}
}

// TestUnaryEnds: how a call ends that is not answered, at both ends.
func TestUnaryEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(n *grpctransport.Transport, l transport.Link, cancel func())
		want codes.Code
	}{
		{"the node closes the link", func(_ *grpctransport.Transport, l transport.Link, _ func()) { l.Close() }, codes.InvalidArgument},
		{"the node stops", func(n *grpctransport.Transport, _ transport.Link, _ func()) { n.Close() }, codes.Unavailable},
		{"the caller gives up", func(_ *grpctransport.Transport, _ transport.Link, cancel func()) { cancel() }, codes.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := listen(t, nil)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := ask(ctx, t, n, request(10))
			l := accept(t, n)
			if _, err := l.Recv(); err != nil {
				t.Fatal(err)
			}
			tt.end(n, l, cancel)
			if _, err := l.Recv(); !errors.Is(err, transport.ErrClosed) {
				t.Errorf("Recv: %v, want ErrClosed", err)
			}
			if err := l.Send(nil); !errors.Is(err, transport.ErrClosed) {
				t.Errorf("Send: %v, want ErrClosed", err)
			}
			if r := <-done; status.Code(r.err) != tt.want {
				t.Errorf("the call returns %v, %v, want %v", r.m, r.err, tt.want)
			}
		})
	}
}

// TestUnaryDeadline: the link ends with the deadline of the call.
func TestUnaryDeadline(t *testing.T) {
	bubble(t, func(t *testing.T, n *grpctransport.Transport, m *memory) {
		cc := client(t, "passthrough:///node", grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return m.dial(ctx, n.Addr())
		}))
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		done := askOver(ctx, cc, request(10))
		l := accept(t, n)
		if _, err := l.Recv(); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Recv(); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("Recv: %v, want ErrClosed", err)
		}
		if got := time.Since(begin); got != time.Minute {
			t.Errorf("the link has ended after %v, want 1m", got)
		}
		if r := <-done; status.Code(r.err) != codes.DeadlineExceeded {
			t.Errorf("the call returns %v", r.err)
		}
	})
}

// TestUnaryRefused: calls that make no link.
func TestUnaryRefused(t *testing.T) {
	shared, _ := register(t, &grpctransport.Options{MaxFrame: 64 << 10}, nil)
	closed, _ := register(t, nil, nil)
	closed.Close()
	for _, tt := range []struct {
		name string
		node *grpctransport.Transport
		size int
		want codes.Code
	}{
		{"too large for an own server", listen(t, &grpctransport.Options{MaxFrame: 64 << 10}), 100 << 10, codes.ResourceExhausted},
		{"too large on a shared one", shared, 100 << 10, codes.ResourceExhausted},
		{"closed", closed, 10, codes.Unavailable},
	} {
		if r := <-ask(t.Context(), t, tt.node, request(tt.size)); status.Code(r.err) != tt.want {
			t.Errorf("%s: the call returns %v, want %v", tt.name, r.err, tt.want)
		}
	}
	n := listen(t, nil)
	cc := gossipgrpc.NewGossipClient(client(t, n.Addr().String()))
	refused := make(chan error)
	for range grpctransport.Backlog + 1 { // one too many: the node takes none
		go func() {
			if _, err := cc.Gossip(t.Context(), request(1)); t.Context().Err() == nil {
				refused <- err
			}
		}()
	}
	if err := <-refused; status.Code(err) != codes.ResourceExhausted {
		t.Errorf("beyond the backlog, a call returns %v", err)
	}
}

// TestUnaryInterceptors: they see the messages and may put others in their place.
func TestUnaryInterceptors(t *testing.T) {
	var method string
	var key bool
	swap := func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		method = info.FullMethod
		m := proto.Clone(req.(proto.Message)).ProtoReflect()
		_, isNode := info.Server.(*grpctransport.Transport)
		key = isNode && m.Has(m.Descriptor().Fields().ByName("delta"))
		resp, err := handler(ctx, &gossippb.Request{NodeId: 8})
		if err != nil {
			return nil, err
		}
		if _, err := handler(ctx, "no message"); status.Code(err) != codes.Internal {
			t.Errorf("a request that is no message: %v", err)
		}
		out := new(gossippb.Response)
		proto.Merge(out, proto.Clone(resp.(proto.Message)).ProtoReflect().Interface().(*gossippb.Response))
		out.MaxSeq = 99
		return out, nil
	}
	n := listen(t, &grpctransport.Options{ServerOptions: []grpc.ServerOption{grpc.UnaryInterceptor(swap)}})
	done := ask(t.Context(), t, n, request(10))
	l := accept(t, n)
	if got, err := l.Recv(); err != nil || string(got) != "\x08\x08" {
		t.Errorf("Recv = %x, %v, want what the interceptor made of it", got, err)
	}
	if err := l.Send(encode(t, &gossippb.Response{NodeId: 3})); err != nil {
		t.Fatal(err)
	}
	want := &gossippb.Response{NodeId: 3, MaxSeq: 99}
	if r := <-done; r.err != nil || !proto.Equal(r.m, want) {
		t.Errorf("the call returns %v, %v, want %v", r.m, r.err, want)
	}
	if method != "/grapevine.gossip.v1.Gossip/Gossip" || !key {
		t.Errorf("interceptor saw %s, the delta: %t", method, key)
	}
}

// TestUnaryGarbage: what does not decode reaches the node as it is.
func TestUnaryGarbage(t *testing.T) {
	n := listen(t, nil)
	cc, err := grpc.NewClient(n.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	done := make(chan error, 1)
	go func() {
		done <- cc.Invoke(t.Context(), gossipgrpc.Gossip_Gossip_FullMethodName, []byte("\xff\xff"), new([]byte), grpc.ForceCodec(raw{}))
	}()
	l := accept(t, n)
	if got, err := l.Recv(); err != nil || string(got) != "\xff\xff" {
		t.Errorf("Recv = %x, %v", got, err)
	}
	l.Close()
	empty := ask(t.Context(), t, n, new(gossippb.Request))
	if got, err := accept(t, n).Recv(); err != nil || len(got) > 0 {
		t.Errorf("Recv of an empty request = %x, %v", got, err)
	}
	n.Close()
	<-empty
	if err := <-done; status.Code(err) != codes.InvalidArgument {
		t.Errorf("the call returns %v", err)
	}
}

// raw is a codec of bytes.
type raw struct{}

func (raw) Name() string { return "proto" }

func (raw) Marshal(v any) ([]byte, error) { return v.([]byte), nil }

func (raw) Unmarshal(b []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), b...)
	return nil
}
