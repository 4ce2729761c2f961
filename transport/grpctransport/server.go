package grpctransport

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/grapevine-go/grapevine/transport"
)

const (
	// drainTime is how long a connection that is closed may take to carry what was sent before.
	drainTime = 100 * time.Millisecond

	// handshakeTime is how long a connection may take to become one of gRPC.
	handshakeTime = 20 * time.Second

	// idleTime is how long a connection may be there without a stream: who dials opens one at once, and closes the
	// connection with it.
	idleTime = time.Minute

	// An own server has one service, and a node opens one stream on a connection, with next to no
	// metadata. The limits leave room for ordinary clients and are there for those who want to find out.
	maxStreams     = 100      // of one connection
	maxHeaderBytes = 64 << 10 // of one stream
)

// Listen makes a Transport that accepts links on a gRPC server of its own, at address: "host:port" for TCP, where
// port 0 is one that is free, or "unix:" and the path of a socket (on Linux also "unix:@name", without a file). A
// socket's file goes when the Transport is closed; one left by a crash is in the way and an error. The server has the
// gossip service only.
func Listen(address string, opts *Options) (*Transport, error) {
	t, err := listen(address, opts)
	if err != nil {
		return nil, fmt.Errorf("listen for gossip on %q: %w", address, err)
	}
	return t, nil
}

func listen(address string, opts *Options) (*Transport, error) {
	if err := opts.checkListen(address); err != nil {
		return nil, err
	}
	o := opts.orDefault()
	own := o.Listener == nil
	if own {
		network, address := "tcp", address
		if path, ok := strings.CutPrefix(address, "unix:"); ok {
			network, address = "unix", path
		}
		var err error
		if o.Listener, err = net.Listen(network, address); err != nil {
			return nil, err
		}
	}
	if o.Advertise.IsZero() {
		bound := o.Listener.Addr()
		if tcp, ok := bound.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
			if own {
				o.Listener.Close()
			}
			return nil, fmt.Errorf("peers cannot dial %s: Advertise is needed", bound)
		}
		o.Advertise = transport.MakeAddr(bound.Network(), bound.String())
	}
	t := newTransport(o)
	t.server = newServer(o)
	t.register(t.server.grpc)
	t.work.Go(func() { t.shut(t.server.grpc.Serve(&t.server.listener)) })
	return t, nil
}

// server is a gRPC server that can be stopped at once.
type server struct {
	grpc     *grpc.Server
	listener listener
}

func newServer(o Options) *server {
	opts := []grpc.ServerOption{
		grpc.Creds(o.ServerCredentials),
		grpc.ReadBufferSize(readBuffer),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: idleTime}),
	}
	opts = append(opts, o.ServerOptions...)
	opts = append(opts,
		grpc.ForceServerCodecV2(codec{}),
		grpc.MaxRecvMsgSize(o.MaxFrame),
		grpc.ConnectionTimeout(handshakeTime),
		grpc.WaitForHandlers(true),
	)
	return &server{grpc: grpc.NewServer(opts...), listener: listener{Listener: o.Listener}}
}

// stop returns when all connections are closed, by their peers or, after drainTime, from here.
func (s *server) stop() {
	stopped := make(chan struct{})
	timer := time.AfterFunc(drainTime, func() {
		defer close(stopped)
		s.listener.abort()
		s.grpc.Stop()
	})
	s.grpc.GracefulStop()
	if !timer.Stop() {
		<-stopped
	}
}

// listener remembers the connections that may still be in their handshake. gRPC's Stop waits for those, and a client
// that says nothing has all of handshakeTime.
type listener struct {
	net.Listener
	mu     sync.Mutex // guards recent
	recent []arrival  // oldest first
}

type arrival struct {
	conn net.Conn
	at   time.Time
}

func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	old := 0
	for old < len(l.recent) && now.Sub(l.recent[old].at) > handshakeTime {
		old++
	}
	l.recent = append(l.recent[old:], arrival{conn, now})
	return conn, nil
}

// abort closes the connections that may still be in their handshake.
func (l *listener) abort() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.recent {
		a.conn.Close()
	}
}
