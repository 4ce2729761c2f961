package grpctransport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/gossip/gossippb/gossipgrpc"
	"github.com/grapevine-go/grapevine/transport"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// TestOrdinaryClient has the generated client talk to every kind of server.
func TestOrdinaryClient(t *testing.T) {
	for _, tt := range servers {
		t.Run(tt.name, func(t *testing.T) {
			n := tt.node(t)
			stream, err := gossipgrpc.NewGossipClient(client(t, n.Addr().String())).Connect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := stream.Header(); err != nil { // comes at once, before either end has said anything
				t.Fatal(err)
			}
			echo(t, accept(t, n))
			for _, size := range sizes {
				if err := stream.Send(request(size)); err != nil {
					t.Fatal(err)
				}
				got, err := stream.Recv()
				if err != nil {
					t.Fatal(err)
				}
				if want := response(request(size)); !proto.Equal(got, want) {
					t.Fatalf("a value of %d bytes came back as a message of %d", size, proto.Size(got))
				}
			}
		})
	}
}

// TestOrdinaryClientSaysGoodbye has the generated client close its half: that is the end of the link, and the client's
// own when it has read what was sent before.
func TestOrdinaryClientSaysGoodbye(t *testing.T) {
	n := listen(t, nil)
	stream, err := gossipgrpc.NewGossipClient(client(t, n.Addr().String())).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l := accept(t, n)
	if err := l.Send(encode(t, response(request(10)))); err != nil {
		t.Fatal(err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Recv(); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("Recv after the peer's CloseSend: got %v, want %v", err, transport.ErrClosed)
	}
	if got, err := stream.Recv(); err != nil || !proto.Equal(got, response(request(10))) {
		t.Errorf("client's Recv = %v, %v", got, err)
	}
	if _, err := stream.Recv(); err != io.EOF {
		t.Errorf("client's second Recv: got %v, want %v", err, io.EOF)
	}
}

// TestOrdinaryServer dials a server that was generated.
func TestOrdinaryServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	gossipgrpc.RegisterGossipServer(s, echoServer{})
	serve(t, s, l)
	link, err := listen(t, nil).Dial(t.Context(), transport.MakeAddr("tcp", l.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { link.Close() })
	exchange(t, link)
}

type echoServer struct {
	gossipgrpc.UnimplementedGossipServer
}

func (echoServer) Connect(stream gossipgrpc.Gossip_ConnectServer) error {
	for {
		m, err := stream.Recv()
		if err != nil {
			return err
		}
		if err := stream.Send(response(m)); err != nil {
			return err
		}
	}
}

// TestReflection looks where server reflection does, for a description of the service.
func TestReflection(t *testing.T) {
	_, s := register(t, nil, nil)
	service := protoreflect.FullName("grapevine.gossip.v1.Gossip")
	path, _ := s.GetServiceInfo()[string(service)].Metadata.(string)
	file, err := protoregistry.GlobalFiles.FindFileByPath(path)
	if err != nil {
		t.Fatalf("file %q: %v", path, err)
	}
	if file.Services().ByName(service.Name()) == nil {
		t.Errorf("no service %s in %s", service, path)
	}
}

// TestOtherServices calls an ordinary service beside the gossip service of an embedder's server.
func TestOtherServices(t *testing.T) {
	n, _ := register(t, nil, func(s *grpc.Server) { grpc_health_v1.RegisterHealthServer(s, health.NewServer()) })
	dialled, accepted := connect(t, listen(t, nil), n)
	echo(t, accepted)
	exchange(t, dialled)
	checkHealth(t, n)
}

// TestOtherMessagesOnOwnServer has an interceptor receive messages of another type: the codec that the own server
// forces on everything moves those as protobuf's does.
func TestOtherMessagesOnOwnServer(t *testing.T) {
	checker := health.NewServer()
	n := listen(t, &grpctransport.Options{ServerOptions: []grpc.ServerOption{
		grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
			var in grpc_health_v1.HealthCheckRequest
			if err := stream.RecvMsg(&in); err != nil {
				return err
			}
			out, err := checker.Check(stream.Context(), &in)
			if err != nil {
				return err
			}
			return stream.SendMsg(out)
		}),
	}})
	checkHealth(t, n)
}

func checkHealth(t *testing.T, n transport.Transport) {
	t.Helper()
	got, err := grpc_health_v1.NewHealthClient(client(t, n.Addr().String())).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil || got.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("Check = %v, %v, want it to serve", got, err)
	}
}

// TestInterceptorsSeeMessages has interceptors at both ends look into every frame in the ways that loggers and
// validators do.
func TestInterceptorsSeeMessages(t *testing.T) {
	sent := &seen{t: t}
	received := &seen{t: t}
	n, _ := register(t, nil, nil, grpc.StreamInterceptor(
		func(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
			return handle(srv, watchedServer{s, received})
		}))
	from := listen(t, &grpctransport.Options{DialOptions: []grpc.DialOption{grpc.WithStreamInterceptor(
		func(ctx context.Context, d *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			s, err := open(ctx, d, cc, method, opts...)
			return watchedClient{s, sent}, err
		})}})
	dialled, accepted := connect(t, from, n)
	echo(t, accepted)
	exchange(t, dialled)
	for _, size := range sizes {
		for who, m := range map[string]*seen{"dialler": sent, "acceptor": received} {
			if !m.has(request(size)) {
				t.Errorf("interceptor of the %s saw no message with a value of %d bytes", who, size)
			}
		}
	}
}

// seen is what an interceptor saw.
type seen struct {
	t    *testing.T
	mu   sync.Mutex // guards json
	json []string
}

func (s *seen) look(v any) {
	m := v.(proto.Message)
	json, err := protojson.Marshal(m)
	if err != nil {
		s.t.Errorf("protojson.Marshal: %v", err)
	}
	if clone := proto.Clone(m); !proto.Equal(clone, m) {
		s.t.Errorf("the clone %.99v is not equal to %.99v", clone, m)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.json = append(s.json, string(json))
}

func (s *seen) has(want *gossippb.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, json := range s.json {
		var got gossippb.Request
		if err := protojson.Unmarshal([]byte(json), &got); err != nil {
			s.t.Errorf("protojson.Unmarshal: %v", err)
		}
		if proto.Equal(&got, want) {
			return true
		}
	}
	return false
}

type watchedServer struct {
	grpc.ServerStream
	seen *seen
}

func (w watchedServer) RecvMsg(m any) error {
	err := w.ServerStream.RecvMsg(m)
	if err == nil {
		w.seen.look(m)
	}
	return err
}

type watchedClient struct {
	grpc.ClientStream
	seen *seen
}

func (w watchedClient) SendMsg(m any) error {
	w.seen.look(m)
	return w.ClientStream.SendMsg(m)
}

// TestInterceptorSeesGarbage sends what is no message past an interceptor that looks into it.
func TestInterceptorSeesGarbage(t *testing.T) {
	received := &seen{t: t}
	n, _ := register(t, nil, nil, grpc.StreamInterceptor(
		func(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
			return handle(srv, watchedServer{s, received})
		}))
	dialled, accepted := connect(t, listen(t, nil), n)
	garbage := []byte("\xff\xff\xff")
	if err := dialled.Send(garbage); err != nil {
		t.Fatal(err)
	}
	if got, err := accepted.Recv(); err != nil || string(got) != string(garbage) {
		t.Errorf("Recv = %q, %v, want %q", got, err, garbage)
	}
	if !received.has(new(gossippb.Request)) {
		t.Error("the interceptor did not see an empty message")
	}
}

// vtCodec is what vtprotobuf publishes for gRPC: it knows no other messages.
type vtCodec struct{}

type vtMessage interface {
	MarshalVT() ([]byte, error)
	UnmarshalVT([]byte) error
}

func (vtCodec) Name() string { return "proto" }

func (vtCodec) Marshal(v any) ([]byte, error) {
	m, ok := v.(vtMessage)
	if !ok {
		return nil, errors.New("no vtprotobuf message")
	}
	return m.MarshalVT()
}

func (vtCodec) Unmarshal(data []byte, v any) error {
	m, ok := v.(vtMessage)
	if !ok {
		return errors.New("no vtprotobuf message")
	}
	return m.UnmarshalVT(data)
}
