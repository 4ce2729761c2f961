package grpctransport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/grapevine-go/grapevine/gossip/gossippb/gossipgrpc"
	"github.com/grapevine-go/grapevine/transport"
)

// readBuffer is the size in bytes of what gRPC reads a connection into. Over TLS the buffer is there as long as the
// connection, and at gRPC's 32 KiB would be most of what an idle link costs; smaller costs nothing measurable, as large
// reads go past it. Write buffers are pooled, and smaller ones cost twice the system calls.
const readBuffer = 4 << 10

// Dial connects to the node whose Addr is to and opens a link to it, over a connection of the link's own. It returns
// when the connection is up, and does not wait for the peer to accept the link: a peer that refuses it, or has no
// gossip service, shows in the first Recv. Where nobody answers it gives up after 20 seconds. What ctx carries,
// such as outgoing metadata, goes with the link; its end does not end the link.
//
// An error wraps ctx.Err() if ctx ended, transport.ErrClosed if t is closed, and else the status of gRPC: UNAVAILABLE
// where nobody could be reached, or where TLS did not like who was.
func (t *Transport) Dial(ctx context.Context, to transport.Addr) (transport.Link, error) {
	l, err := t.dial(ctx, to)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", to, err)
	}
	return l, nil
}

func (t *Transport) dial(ctx context.Context, to transport.Addr) (*link, error) {
	if err := cmp.Or(t.closedErr(), ctx.Err()); err != nil {
		return nil, err
	}
	if to.IsZero() {
		return nil, errors.New("no address")
	}
	c, err := t.client(to)
	if err != nil {
		return nil, err
	}
	streamCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l := t.newLink()
	l.tx.Message, l.rx.Message = requestType, responseType
	l.release = func() {
		cancel()
		t.forget(l)
		go func() {
			defer t.work.Done()
			c.close()
		}()
	}
	if !t.track(l) {
		cancel()
		c.close()
		return nil, t.closedErr()
	}
	stop := context.AfterFunc(ctx, func() { l.end(nil) })
	s, err := c.grpc.NewStream(streamCtx, &connectDesc, gossipgrpc.Gossip_Connect_FullMethodName,
		grpc.ForceCodecV2(codec{}), grpc.WaitForReady(false),
		grpc.MaxCallRecvMsgSize(t.opts.MaxFrame), grpc.MaxCallSendMsgSize(t.opts.MaxFrame))
	switch {
	case !stop():
		l.end(nil)
		return nil, ctx.Err()
	case l.hasEnded():
		return nil, t.closedErr()
	case err != nil:
		l.end(err)
		return nil, err
	}
	l.attach(s.Context(), s, to) // Context also has gRPC forget what it would need to send frames once more
	return l, nil
}

// conn is what carries a dialled link.
type conn struct {
	grpc *grpc.ClientConn
	mu   sync.Mutex // guards raw
	raw  net.Conn   // nil while not connected
}

// client returns a conn to the address to, which connects when it is used.
func (t *Transport) client(to transport.Addr) (*conn, error) {
	c := new(conn)
	opts := []grpc.DialOption{
		grpc.WithTransportCredentials(t.opts.DialCredentials),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			raw, err := t.opts.Dialer(ctx, to)
			c.mu.Lock()
			defer c.mu.Unlock()
			c.raw = raw
			return raw, err
		}),
		grpc.WithReadBufferSize(readBuffer),
		grpc.WithDisableRetry(),
		grpc.WithDisableServiceConfig(),
	}
	target := "passthrough:///"
	if to.Network() == "unix" {
		target = "unix:" // for its authority, which is "localhost": a path is none
	}
	var err error
	c.grpc, err = grpc.NewClient(target+url.PathEscape(to.String()), append(opts, t.opts.DialOptions...)...)
	return c, err
}

// close closes c when what was sent is written, or after drainTime.
func (c *conn) close() {
	timer := time.AfterFunc(drainTime, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.raw != nil {
			c.raw.Close()
		}
	})
	defer timer.Stop()
	c.grpc.Close()
}
