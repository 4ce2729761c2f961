package gossiptest_test

import (
	"context"
	"slices"
	"testing"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/transport"
)

// brokenTransport is a base with other methods where they are not nil.
type brokenTransport struct {
	*baseTransport
	addr   func() transport.Addr
	dial   func(context.Context, transport.Addr) (transport.Link, error)
	accept func() (transport.Link, error)
	close  func() error
	link   func(transport.Link) transport.Link // wraps every link
}

func (b brokenTransport) Addr() transport.Addr {
	if b.addr != nil {
		return b.addr()
	}
	return b.baseTransport.Addr()
}

func (b brokenTransport) Dial(ctx context.Context, to transport.Addr) (transport.Link, error) {
	if b.dial != nil {
		return b.dial(ctx, to)
	}
	return b.wrap(b.baseTransport.Dial(ctx, to))
}

func (b brokenTransport) Accept() (transport.Link, error) {
	if b.accept != nil {
		return b.accept()
	}
	return b.wrap(b.baseTransport.Accept())
}

func (b brokenTransport) wrap(l transport.Link, err error) (transport.Link, error) {
	if err == nil && b.link != nil {
		l = b.link(l)
	}
	return l, err
}

func (b brokenTransport) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.baseTransport.Close()
}

// brokenLink is a link with other methods where they are not nil.
type brokenLink struct {
	transport.Link
	send  func([]byte) error
	recv  func() ([]byte, error)
	peer  func() transport.Peer
	close func() error
}

func (l brokenLink) Send(frame []byte) error {
	if l.send != nil {
		return l.send(frame)
	}
	return l.Link.Send(frame)
}

func (l brokenLink) Recv() ([]byte, error) {
	if l.recv != nil {
		return l.recv()
	}
	return l.Link.Recv()
}

func (l brokenLink) Peer() transport.Peer {
	if l.peer != nil {
		return l.peer()
	}
	return l.Link.Peer()
}

func (l brokenLink) Close() error {
	if l.close != nil {
		return l.close()
	}
	return l.Link.Close()
}

type breakLink func(n *baseNet, l *baseLink) transport.Link

type breakTransport func(n *baseNet, b *baseTransport) transport.Transport

// TestTransportBroken shows that each case catches what it is there for.
func TestTransportBroken(t *testing.T) {
	testBroken(t, gossiptest.TransportCases(baseHarness(nil)), func(c gossiptest.TransportCase) string { return c.Name },
		brokenTransports, func(b broken) (caughtBy, how string) { return b.caughtBy, b.how },
		func(t *testing.T, c gossiptest.TransportCase, b broken) error {
			h := baseHarness(b.transport)
			if b.link != nil {
				h = baseHarness(func(n *baseNet, base *baseTransport) transport.Transport {
					return brokenTransport{baseTransport: base, link: func(l transport.Link) transport.Link {
						return b.link(n, l.(*baseLink))
					}}
				})
			}
			return inBubble(t, func(t *testing.T) error { return c.Run(t, h) })
		})
}

var brokenTransports = slices.Concat(brokenLinks, brokenNodes)

type broken struct {
	caughtBy, how string
	link          breakLink      // breaks every link
	transport     breakTransport // breaks every transport; nil if link is not
}
