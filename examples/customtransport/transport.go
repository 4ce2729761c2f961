package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/transport"
)

// Transport connects nodes over plain TCP, with nothing secret and nobody authenticated. A link is a connection, and a
// frame on it four bytes with its length, the highest first, and then its own bytes.
type Transport struct {
	listener net.Listener
	opts     Options
	closing  sync.Once
	closed   chan struct{} // closed by Close

	mu    sync.Mutex         // guards links
	links map[*link]struct{} // those that have not ended; nil once the transport is closed
}

var _ transport.Transport = (*Transport)(nil)

// Options are the knobs of a transport.
type Options struct {
	Advertise string // host and port that others dial; "": those listened on

	// Dial makes a connection, or gives up when its context ends. nil: the DialContext of a zero net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Listen opens a transport at address, such as "10.0.0.1:7946"; port 0 is any that is free. Nil opts are the zero
// Options. The caller closes the transport.
func Listen(address string, opts *Options) (*Transport, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	t := &Transport{listener: l, closed: make(chan struct{}), links: make(map[*link]struct{})}
	if opts != nil {
		t.opts = *opts
	}
	if t.opts.Dial == nil {
		t.opts.Dial = new(net.Dialer).DialContext
	}
	if t.opts.Advertise == "" {
		if l.Addr().(*net.TCPAddr).IP.IsUnspecified() { // ":7946" is where to listen, but nothing that others could dial
			err := fmt.Errorf("listen on %s: Options.Advertise has to say what others dial", address)
			return nil, errors.Join(err, l.Close())
		}
		t.opts.Advertise = l.Addr().String()
	}
	return t, nil
}

// Addr returns what others dial.
func (t *Transport) Addr() transport.Addr { return transport.MakeAddr("tcp", t.opts.Advertise) }

// Dial connects. The link is up before anybody accepts it; until then, what is sent waits in the kernel.
func (t *Transport) Dial(ctx context.Context, to transport.Addr) (transport.Link, error) {
	if to.Network() != "tcp" {
		return nil, fmt.Errorf("dial %q: network is %q, want tcp", to, to.Network())
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("dial %s: %w", to, ctx.Err())
	}
	// Two things end a dial, ctx and Close, so it has a context of its own. That has no deadline, on purpose: a net.Dialer
	// watches a deadline by itself, and may report it before ctx.Err() does, in an error that wraps something else.
	dialCtx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	go func() {
		select {
		case <-ctx.Done():
			cancel(ctx.Err())
		case <-t.closed:
			cancel(transport.ErrClosed)
		case <-dialCtx.Done(): // Dial has returned
		}
	}()
	conn, err := t.opts.Dial(dialCtx, "tcp", to.String())
	if err == nil {
		return t.link(conn)
	}
	if cause := context.Cause(dialCtx); cause != nil {
		return nil, fmt.Errorf("dial %s: %w", to, cause)
	}
	return nil, fmt.Errorf("dial %s: %v", to, err) // %v: whatever it wraps, it is neither of the causes above
}

// Accept returns the next connection. As there is no handshake, nobody can keep it waiting; a stranger's connection
// becomes a link too, which ends when what it sends is no frame.
func (t *Transport) Accept() (transport.Link, error) {
	for {
		conn, err := t.listener.Accept()
		if err == nil {
			return t.link(conn)
		}
		if errors.Is(err, net.ErrClosed) {
			return nil, fmt.Errorf("accept at %s: %w: %w", t.Addr(), transport.ErrClosed, err)
		}
		select { // the system has no file descriptors left, for example; that passes
		case <-time.After(50 * time.Millisecond):
		case <-t.closed:
		}
	}
}

// link makes a link of conn, and sees to it that Close, should it come at this moment, does not miss it.
func (t *Transport) link(conn net.Conn) (transport.Link, error) {
	l := newLink(t, conn)
	t.mu.Lock()
	open := t.links != nil
	if open {
		t.links[l] = struct{}{}
	}
	t.mu.Unlock()
	if !open {
		return nil, errors.Join(fmt.Errorf("connection with %s: %w", l.peer.Addr, transport.ErrClosed), l.Close())
	}
	return l, nil
}

// Close closes the listener, which turns away those whom nobody has accepted, and all links. It waits for nobody.
func (t *Transport) Close() error {
	var errs []error
	t.closing.Do(func() {
		close(t.closed)
		errs = append(errs, t.listener.Close())
		t.mu.Lock()
		links := t.links
		t.links = nil
		t.mu.Unlock()
		for l := range links {
			errs = append(errs, l.Close())
		}
	})
	return errors.Join(errs...)
}
