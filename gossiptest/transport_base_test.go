package gossiptest_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/transport"
)

// A baseNet is the simplest transport that keeps the whole contract: links are pairs of channels. Broken transports are
// built on it.
type baseNet struct {
	over chan struct{} // closed at the end of the test: what a broken transport left hanging waits for it

	mu    sync.Mutex // guards nodes
	nodes map[transport.Addr]*baseTransport
}

const baseLimit = 1 << 17 // bytes of a frame

var baseSilent = transport.MakeAddr("base", "silent")

func newBaseNet(t *testing.T) *baseNet {
	n := &baseNet{over: make(chan struct{}), nodes: map[transport.Addr]*baseTransport{}}
	t.Cleanup(func() { close(n.over) })
	return n
}

func (n *baseNet) node(addr transport.Addr) *baseTransport {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.nodes[addr]
}

func (n *baseNet) listen(t *testing.T) *baseTransport {
	n.mu.Lock()
	defer n.mu.Unlock()
	b := &baseTransport{
		net:      n,
		addr:     transport.MakeAddr("base", fmt.Sprint(len(n.nodes))),
		incoming: make(chan *baseLink),
		closed:   make(chan struct{}),
	}
	n.nodes[b.addr] = b
	t.Cleanup(func() { b.Close() })
	return b
}

// baseHarness returns the harness of the base, with each transport wrapped, unless wrap is nil.
func baseHarness(wrap func(*baseNet, *baseTransport) transport.Transport) gossiptest.TransportHarness {
	return gossiptest.TransportHarness{
		New: func(t *testing.T, n int) []transport.Transport {
			net := newBaseNet(t)
			ts := make([]transport.Transport, n)
			for i := range ts {
				if b := net.listen(t); wrap != nil {
					ts[i] = wrap(net, b)
				} else {
					ts[i] = b
				}
			}
			return ts
		},
		MaxFrame: baseLimit,
		Silent:   baseSilent,
	}
}

type baseTransport struct {
	net      *baseNet
	addr     transport.Addr
	incoming chan *baseLink // no buffer: who dials waits for Accept
	closed   chan struct{}

	mu    sync.Mutex // guards links
	links []*baseLink
}

var _ transport.Transport = (*baseTransport)(nil)

func (b *baseTransport) Addr() transport.Addr { return b.addr }

func (b *baseTransport) Dial(ctx context.Context, to transport.Addr) (transport.Link, error) {
	l, err := b.dial(ctx, to)
	if err != nil {
		return nil, fmt.Errorf("dial %s from %s: %w", to, b.addr, err)
	}
	return l, nil
}

func (b *baseTransport) dial(ctx context.Context, to transport.Addr) (transport.Link, error) {
	switch {
	case isClosed(b.closed):
		return nil, transport.ErrClosed
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	far := &baseTransport{} // silent
	if to != baseSilent {
		if far = b.net.node(to); far == nil {
			return nil, errors.New("no such address")
		}
	}
	near, end := newBaseLink(b, to)
	select {
	case far.incoming <- end:
		return b.own(near)
	case <-far.closed:
		return nil, errors.New("nobody there")
	case <-b.closed:
		return nil, transport.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (b *baseTransport) Accept() (transport.Link, error) {
	if !isClosed(b.closed) {
		select {
		case l := <-b.incoming:
			return b.own(l)
		case <-b.closed:
		}
	}
	return nil, fmt.Errorf("accept at %s: %w", b.addr, transport.ErrClosed)
}

// own makes l end with its transport.
func (b *baseTransport) own(l *baseLink) (transport.Link, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if isClosed(b.closed) {
		l.Close()
		return nil, transport.ErrClosed
	}
	b.links = append(b.links, l)
	return l, nil
}

func (b *baseTransport) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !isClosed(b.closed) {
		close(b.closed)
	}
	for _, l := range b.links {
		l.Close()
	}
	return nil
}

type baseLink struct {
	local   transport.Addr
	peer    transport.Addr
	in, out chan []byte
	close   func() // of both ends
	closed  chan struct{}
}

var _ transport.Link = (*baseLink)(nil)

func newBaseLink(from *baseTransport, to transport.Addr) (dialled, accepted *baseLink) {
	there, back, closed := make(chan []byte, 4), make(chan []byte, 4), make(chan struct{})
	end := sync.OnceFunc(func() { close(closed) })
	dialled = &baseLink{local: from.addr, peer: to, in: back, out: there, close: end, closed: closed}
	accepted = &baseLink{local: to, peer: from.addr, in: there, out: back, close: end, closed: closed}
	return dialled, accepted
}

func (l *baseLink) Send(frame []byte) error {
	if len(frame) > baseLimit {
		return fmt.Errorf("send to %s: %w", l.peer, transport.ErrFrameTooLarge)
	}
	if !isClosed(l.closed) {
		select {
		case l.out <- frame:
			return nil
		case <-l.closed:
		}
	}
	return fmt.Errorf("send to %s: %w", l.peer, transport.ErrClosed)
}

func (l *baseLink) Recv() ([]byte, error) {
	if !isClosed(l.closed) {
		select {
		case frame := <-l.in:
			return frame, nil
		case <-l.closed:
		}
	}
	return nil, fmt.Errorf("recv from %s: %w", l.peer, transport.ErrClosed)
}

func (l *baseLink) Peer() transport.Peer { return transport.Peer{Addr: l.peer} }

func (l *baseLink) Close() error {
	l.close()
	return nil
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
