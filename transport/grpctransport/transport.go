package grpctransport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/gossip/gossippb/gossipgrpc"
	"github.com/grapevine-go/grapevine/transport"
)

// Backlog is how many links may wait for an Accept. A peer that dials when they are that many is refused with the
// status RESOURCE_EXHAUSTED, which it finds in its first Recv.
const Backlog = 64

// connectDesc is what both ends of a link know of its stream.
var connectDesc = grpc.StreamDesc{StreamName: "Connect", ServerStreams: true, ClientStreams: true}

// Transport is a [transport.Transport] over gRPC. Make one with [Listen] or [Register]. Its methods may be called by
// any number of goroutines at once.
type Transport struct {
	addr     transport.Addr
	opts     Options
	server   *server // nil on an embedder's server
	accepted chan *link
	closing  chan struct{}
	stop     sync.Once
	work     sync.WaitGroup // of a dialled link until its connection is closed, of a handler until it returns

	mu      sync.Mutex         // guards what follows
	links   map[*link]struct{} // that have not ended; nil once closed
	failure error              // why the own server stopped by itself
}

var _ transport.Transport = (*Transport)(nil)

func newTransport(opts Options) *Transport {
	return &Transport{
		addr:     opts.Advertise,
		opts:     opts,
		accepted: make(chan *link, Backlog),
		closing:  make(chan struct{}),
		links:    make(map[*link]struct{}),
	}
}

// Register makes a Transport of s, an embedder's server, by adding the gossip service to whatever s serves. As with
// every service, that must come before s serves; gRPC ends the program otherwise, or if s has a gossip service
// already. Peers dial advertise. For links to this node, the credentials, limits, keepalive and interceptors of s hold.
//
// Close ends the streams of the gossip service and refuses new ones, with the status UNAVAILABLE; s it leaves alone.
// To stop s gracefully, call Close first: GracefulStop waits for every stream, and a link is one that does not end. As
// with any service, a peer that does not read what it was sent holds GracefulStop up until Stop.
func Register(s grpc.ServiceRegistrar, advertise transport.Addr, opts *Options) (*Transport, error) {
	var errs []error
	if s == nil {
		errs = append(errs, errors.New("nil server"))
	}
	if advertise.IsZero() {
		errs = append(errs, errors.New("no address to advertise"))
	}
	if err := errors.Join(append(errs, opts.checkRegister())...); err != nil {
		return nil, fmt.Errorf("register gossip: %w", err)
	}
	o := opts.orDefault()
	o.Advertise = advertise
	t := newTransport(o)
	t.register(s)
	return t, nil
}

// register adds t's service to s.
func (t *Transport) register(s grpc.ServiceRegistrar) {
	connect := connectDesc
	connect.Handler = func(_ any, s grpc.ServerStream) error { return t.handle(s) }
	file := gossipgrpc.File_gossip_gossippb_gossipgrpc_gossip_service_proto
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: string(file.Services().ByName("Gossip").FullName()),
		HandlerType: (*transport.Transport)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Gossip", Handler: t.handleUnary}},
		Streams:     []grpc.StreamDesc{connect},
		Metadata:    file.Path(), // for server reflection
	}, t)
}

// Addr returns the address that peers dial.
func (t *Transport) Addr() transport.Addr { return t.addr }

// Accept returns the next link that a peer dialled, in the order of their arrival. If the own server's listener fails
// for good, the transport closes its links as Close does, and the error of Accept wraps that of the listener beside
// transport.ErrClosed.
func (t *Transport) Accept() (transport.Link, error) {
	if err := t.closedErr(); err != nil {
		return nil, fmt.Errorf("accept: %w", err)
	}
	select {
	case l := <-t.accepted:
		return l, nil
	case <-t.closing:
		return nil, fmt.Errorf("accept: %w", t.closedErr())
	}
}

// handle is the life of an accepted link: gRPC offers no other way to end a server's stream than to return.
func (t *Transport) handle(s grpc.ServerStream) error {
	ctx := s.Context()
	l := t.newLink()
	l.rx.Message, l.tx.Message = requestType, responseType
	l.release = func() { t.forget(l) }
	l.attach(ctx, s, transport.MakeAddr("grpc", "unknown"))
	if !t.track(l) {
		return errStopping
	}
	defer t.work.Done()
	defer l.end(nil)
	if err := s.SendHeader(nil); err != nil { // else an ordinary client waits for it until the first frame
		return err
	}
	return t.serve(ctx, l)
}

// serve hands l to Accept and waits for its end, or that of ctx, which is l's then.
func (t *Transport) serve(ctx context.Context, l *link) error {
	select {
	case t.accepted <- l:
	default:
		return status.Errorf(codes.ResourceExhausted, "%d links wait to be accepted", Backlog)
	}
	select {
	case <-l.ended:
	case <-ctx.Done():
		l.end(status.FromContextError(context.Cause(ctx)).Err())
	}
	<-l.ended
	switch {
	case t.closedErr() != nil:
		return errStopping
	case errors.Is(l.cause, io.EOF): // the peer has said all it had to say
		return nil
	default:
		return l.cause
	}
}

// errStopping is what peers are told when the transport is closed.
var errStopping = status.Error(codes.Unavailable, "gossip is stopping")

func (t *Transport) newLink() *link {
	return &link{maxFrame: t.opts.MaxFrame, ended: make(chan struct{})}
}

// track makes Close end l and wait for work that is yet to be done. It reports whether t is open.
func (t *Transport) track(l *link) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.links == nil {
		return false
	}
	t.links[l] = struct{}{}
	t.work.Add(1)
	return true
}

func (t *Transport) forget(l *link) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.links, l)
}

// closedErr returns the error of an operation on a closed transport, nil if it is open.
func (t *Transport) closedErr() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.links != nil:
		return nil
	case t.failure != nil:
		return fmt.Errorf("%w: %w", transport.ErrClosed, t.failure)
	default:
		return transport.ErrClosed
	}
}

// shut ends Accept, Dial and all links, unless that has been done. A failure is its cause, if not nil.
func (t *Transport) shut(failure error) {
	t.mu.Lock()
	links := t.links
	if links != nil {
		t.links, t.failure = nil, failure
	}
	t.mu.Unlock()
	if links == nil {
		return
	}
	close(t.closing)
	for l := range links {
		l.end(nil)
	}
}

// Close ends all links, those dialled and those accepted, and every call. An own server stops, and has closed
// its connections when Close returns: each as soon as the peer's gRPC has confirmed what was sent, but after
// 100 milliseconds in any case. An embedder's server goes on, less its gossip streams. The error is nil.
func (t *Transport) Close() error {
	t.shut(nil)
	t.stop.Do(func() {
		if t.server != nil {
			t.server.stop()
		}
		t.work.Wait()
	})
	return nil
}
