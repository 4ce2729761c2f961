// Package transport says what a gossip node needs from whatever connects it to
// its peers: links, which carry whole frames, both ways, in order.
//
// Implementations live in packages of their own (transport/grpctransport);
// gossiptest.TestTransport checks them against the prose of this one.
package transport

import (
	"context"
	"errors"
)

var (
	// ErrClosed is wrapped by every error of a closed [Link] or [Transport], whichever end closed it and
	// however: by Close, or because the connection was lost. The cause, where known, is wrapped beside it.
	ErrClosed = errors.New("transport: closed")

	// ErrFrameTooLarge is wrapped by the error of a Send whose frame is over the transport's limit. The link stays up.
	ErrFrameTooLarge = errors.New("transport: frame too large")
)

// Peer describes the far end of a link.
type Peer struct {
	Addr     Addr   // where the bytes come from: for logs, not an address to dial
	Identity string // who the transport authenticated, "" if nobody
}

// Link is one connection to a peer: reliable, ordered, framed, both ways.
type Link interface {
	Send(frame []byte) error
	Recv() ([]byte, error)
	Peer() Peer
	Close() error
}

// Transport makes links.
type Transport interface {
	Addr() Addr
	Dial(ctx context.Context, to Addr) (Link, error)
	Accept() (Link, error)
	Close() error
}
