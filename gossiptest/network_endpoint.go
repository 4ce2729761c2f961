package gossiptest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/grapevine-go/grapevine/transport"
)

// maxBacklog is how many links wait for Accept before an endpoint refuses more.
const maxBacklog = 1024

// errRefused is the cause of a failed dial to an address where nobody listens, or accepts.
var errRefused = errors.New("connection refused")

// endpoint is a transport of a Network, whose mu guards everything but addr.
type endpoint struct {
	network  *Network
	addr     transport.Addr
	links    []*link // not closed at this end, in the order of their opening
	dials    []*dial // under way
	backlog  []*link // not accepted yet, the next one first
	incoming sync.Cond
	closed   bool
	silent   bool
}

var _ transport.Transport = (*endpoint)(nil)

// dial is a Dial under way.
type dial struct {
	endpoint *endpoint
	to       transport.Addr
	link     *link         // this end, once the far one is there
	done     chan struct{} // closed when over by an answer, or because the endpoint was closed
	over     bool
	err      error
}

func newEndpoint(n *Network, addr transport.Addr) *endpoint {
	ep := &endpoint{network: n, addr: addr}
	ep.incoming.L = &n.mu
	return ep
}

func (ep *endpoint) Addr() transport.Addr { return ep.addr }

func (ep *endpoint) Dial(ctx context.Context, to transport.Addr) (transport.Link, error) {
	l, err := ep.dial(ctx, to)
	if err != nil {
		return nil, fmt.Errorf("dial %s from %s: %w", to, ep.addr, err)
	}
	return l, nil
}

func (ep *endpoint) dial(ctx context.Context, to transport.Addr) (*link, error) {
	d, err := ep.startDial(ctx, to)
	if err != nil {
		return nil, err
	}
	select {
	case <-d.done:
	case <-ctx.Done():
	}
	n := ep.network
	n.mu.Lock()
	defer n.mu.Unlock()
	ep.dials = slices.DeleteFunc(ep.dials, func(other *dial) bool { return other == d })
	switch {
	case !d.over:
		d.over = true
		if d.link != nil { // the far end may have accepted it
			d.link.close(nil)
			n.run()
		}
		return nil, ctx.Err()
	case d.err != nil:
		return nil, d.err
	}
	return d.link, nil
}

// startDial sends a dial on its way.
func (ep *endpoint) startDial(ctx context.Context, to transport.Addr) (*dial, error) {
	n := ep.network
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stats.Dials++
	switch {
	case ep.closed:
		return nil, transport.ErrClosed
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case to.Network() != network:
		return nil, fmt.Errorf("network %q is not %q", to.Network(), network)
	}
	d := &dial{endpoint: ep, to: to, done: make(chan struct{})}
	ep.dials = append(ep.dials, d)
	n.post(&parcel{kind: dialing, route: pair{ep.addr, to}, sender: ep, dial: d})
	n.run()
	return d, nil
}

// finish ends the dial with a link, or with err. Network.mu is held.
func (d *dial) finish(err error) {
	d.over, d.err = true, err
	close(d.done)
}

func (ep *endpoint) Accept() (transport.Link, error) {
	ep.network.mu.Lock()
	defer ep.network.mu.Unlock()
	for len(ep.backlog) == 0 && !ep.closed {
		ep.incoming.Wait()
	}
	if ep.closed {
		return nil, fmt.Errorf("accept at %s: %w", ep.addr, transport.ErrClosed)
	}
	l := ep.backlog[0]
	ep.backlog = slices.Delete(ep.backlog, 0, 1)
	return l, nil
}

func (ep *endpoint) Close() error {
	ep.network.mu.Lock()
	defer ep.network.mu.Unlock()
	ep.close(nil)
	ep.network.run()
	return nil
}

// close ends whatever the endpoint has, and tells the far ends, with the cause. Network.mu is held, and the caller calls
// Network.run.
func (ep *endpoint) close(cause error) {
	if ep.closed {
		return
	}
	ep.closed = true
	for _, d := range ep.dials {
		if !d.over {
			d.finish(transport.ErrClosed)
		}
	}
	for _, l := range slices.Clone(ep.links) { // close takes it out of ep.links
		l.close(cause)
	}
	ep.backlog = nil
	ep.incoming.Broadcast()
}
