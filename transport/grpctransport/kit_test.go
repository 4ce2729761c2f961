package grpctransport_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/transport"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// listen returns a Transport with an own server on loopback, closed when the test ends.
func listen(t testing.TB, opts *grpctransport.Options) *grpctransport.Transport {
	t.Helper()
	address := "127.0.0.1:0"
	if opts != nil && opts.Listener != nil {
		address = ""
	}
	tr, err := grpctransport.Listen(address, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

// register returns a Transport on a server of its embedder, serving on loopback, and that server. add may register
// other services. Both end with the test.
func register(t testing.TB, opts *grpctransport.Options, add func(*grpc.Server), server ...grpc.ServerOption) (*grpctransport.Transport, *grpc.Server) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(server...)
	if add != nil {
		add(s)
	}
	tr, err := grpctransport.Register(s, transport.MakeAddr("tcp", l.Addr().String()), opts)
	if err != nil {
		t.Fatal(err)
	}
	serve(t, s, l)
	t.Cleanup(func() { tr.Close() })
	return tr, s
}

// serve has s serve on l until the test ends.
func serve(t testing.TB, s *grpc.Server, l net.Listener) {
	var served sync.WaitGroup
	served.Go(func() {
		if err := s.Serve(l); err != nil && !errors.Is(err, grpc.ErrServerStopped) { // stopped before it began
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(func() { s.Stop(); served.Wait() })
}

// client returns an ordinary connection to address.
func client(t testing.TB, address string, opts ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	cc, err := grpc.NewClient(address, append(opts, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cc.Close() })
	return cc
}

// dial returns a link from one node to another, closed when the test ends.
func dial(t testing.TB, from, to transport.Transport) transport.Link {
	t.Helper()
	l, err := from.Dial(context.Background(), to.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// accept returns the next link that n accepts, closed when the test ends.
func accept(t testing.TB, n transport.Transport) transport.Link {
	t.Helper()
	l, err := n.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// connect returns both ends of a link from one node to another.
func connect(t testing.TB, from, to transport.Transport) (dialled, accepted transport.Link) {
	t.Helper()
	return dial(t, from, to), accept(t, to)
}

// sizes are those of the values of messages that show how frames are cut and joined: none, one within gRPC's smallest
// pooled buffer, ones over it, over an HTTP/2 frame and over a flow control window.
var sizes = []int{0, 300, 1500, 20 << 10, 200 << 10, 1 << 20}

// request returns a message with a value of size bytes.
func request(size int) *gossippb.Request {
	return &gossippb.Request{NodeId: 7, Delta: map[string]*gossippb.Info{
		"key": {NodeId: 7, Seq: 3, Value: &gossippb.Value{RawBytes: bytes.Repeat([]byte{byte(size), 9}, (size+1)/2)[:size]}},
	}}
}

// response returns the message that a Request's bytes are if read as a Response.
func response(m *gossippb.Request) *gossippb.Response {
	return &gossippb.Response{NodeId: m.NodeId, Delta: m.Delta}
}

// encode returns the bytes of m.
func encode(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// echo sends back all that l receives, in the background, until l ends.
func echo(t testing.TB, l transport.Link) {
	var done sync.WaitGroup
	done.Go(func() {
		for {
			frame, err := l.Recv()
			if err != nil {
				return
			}
			if err := l.Send(bytes.Clone(frame)); err != nil {
				return
			}
		}
	})
	t.Cleanup(func() { l.Close(); done.Wait() })
}

// exchange sends frames of all sizes on l, whose peer echoes them.
func exchange(t testing.TB, l transport.Link) {
	t.Helper()
	for _, size := range sizes {
		want := encode(t, request(size))
		if err := l.Send(want); err != nil {
			t.Fatalf("Send of %d bytes: %v", len(want), err)
		}
		got, err := l.Recv()
		if err != nil {
			t.Fatalf("Recv of %d bytes: %v", len(want), err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("Recv = %d bytes that are not the %d sent", len(got), len(want))
		}
	}
}

// memory is a listener, and dials itself. It keeps to channels, so that it works in a synctest bubble.
type memory struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newMemory() *memory { return &memory{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

func (m *memory) Addr() net.Addr { return transport.MakeAddr("memory", "node") }

func (m *memory) dial(ctx context.Context, _ transport.Addr) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case m.conns <- far:
		return near, nil
	case <-m.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// servers are the kinds of server that a transport answers on.
var servers = []struct {
	name string
	node func(t *testing.T) *grpctransport.Transport
}{
	{"own", func(t *testing.T) *grpctransport.Transport { return listen(t, nil) }},
	{"shared", func(t *testing.T) *grpctransport.Transport { n, _ := register(t, nil, nil); return n }},
	{"vtprotobuf", func(t *testing.T) *grpctransport.Transport {
		n, _ := register(t, nil, nil, grpc.ForceServerCodec(vtCodec{}))
		return n
	}},
}
