package grpctransport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/transport"
)

// stream is what the two kinds of streams of gRPC have in common.
type stream interface {
	SendMsg(m any) error
	RecvMsg(m any) error
}

// link is one stream. It ends once, with a cause, and ends the stream with it.
type link struct {
	maxFrame int
	release  func() // called once, when the link ends: lets go of what carries the stream
	once     sync.Once
	ended    chan struct{}
	cause    error // why the link ended, nil if by Close; to be read when ended is closed

	// Set by attach before anybody else has the link.
	stream stream
	peer   transport.Peer

	tx      frame // of whoever is in Send
	sendErr error // likewise: what SendMsg failed with
	rx      frame // of whoever is in Recv
}

var _ transport.Link = (*link)(nil)

// attach gives l its stream, whose context is ctx and whose far end is at addr unless gRPC knows better.
func (l *link) attach(ctx context.Context, s stream, addr transport.Addr) {
	l.stream, l.peer = s, transport.Peer{Addr: addr}
	if p, ok := peer.FromContext(ctx); ok {
		l.peer.Identity = identity(p.AuthInfo)
		if a := p.Addr; a != nil && a.Network() != "" {
			l.peer.Addr = transport.MakeAddr(a.Network(), a.String())
		}
	}
}

// end ends l because of cause, unless it has ended already.
func (l *link) end(cause error) {
	l.once.Do(func() {
		l.cause = cause
		close(l.ended)
		l.release()
	})
}

func (l *link) hasEnded() bool {
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}

// Send hands frame to gRPC, which keeps it until it is written.
func (l *link) Send(frame []byte) error {
	if l.hasEnded() || l.sendErr != nil {
		return l.closed("send to", l.sendErr)
	}
	if len(frame) > l.maxFrame {
		return fmt.Errorf("send %d bytes to %s: %w: the limit is %d", len(frame), l.peer.Addr, transport.ErrFrameTooLarge, l.maxFrame)
	}
	l.tx.set(frame)
	l.sendErr = l.stream.SendMsg(&l.tx)
	l.tx.set(nil)
	if l.sendErr != nil {
		return l.closed("send to", l.sendErr)
	}
	return nil
}

// Recv returns the next frame, in memory that the next call gives back to gRPC.
func (l *link) Recv() ([]byte, error) {
	l.rx.Reset()
	if l.hasEnded() {
		return nil, l.closed("recv from", nil)
	}
	err := l.stream.RecvMsg(&l.rx)
	if size := len(l.rx.bytes); err == nil && size > l.maxFrame {
		err = status.Errorf(codes.ResourceExhausted, "frame of %d bytes, the limit is %d", size, l.maxFrame)
	}
	if err != nil {
		l.end(err)
	}
	if l.hasEnded() { // perhaps by a Close, after which gRPC may still have had a frame
		l.rx.Reset()
		return nil, l.closed("recv from", err)
	}
	return l.rx.bytes, nil
}

// Peer returns who is at the other end.
func (l *link) Peer() transport.Peer { return l.peer }

// Close ends the stream.
func (l *link) Close() error {
	l.end(nil)
	return nil
}

// closed returns the error of an operation on a link that has ended, or whose stream has, as err of gRPC says. io.EOF
// is no cause: from RecvMsg it says that the peer closed the link, from SendMsg that RecvMsg knows why.
func (l *link) closed(operation string, err error) error {
	if l.hasEnded() && (l.cause == nil || err == nil || status.Code(err) == codes.Canceled) {
		err = l.cause // of which err came
	}
	if err == nil || errors.Is(err, io.EOF) {
		return fmt.Errorf("%s %s: %w", operation, l.peer.Addr, transport.ErrClosed)
	}
	return fmt.Errorf("%s %s: %w: %w", operation, l.peer.Addr, transport.ErrClosed, err)
}

// identity returns the name in the peer's verified certificate: its first URI, or else its common name.
func identity(auth credentials.AuthInfo) string {
	info, ok := auth.(credentials.TLSInfo)
	if !ok || len(info.State.VerifiedChains) == 0 {
		return ""
	}
	leaf := info.State.VerifiedChains[0][0]
	if len(leaf.URIs) > 0 {
		return leaf.URIs[0].String()
	}
	return leaf.Subject.CommonName
}
