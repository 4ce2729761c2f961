package gossip

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/wire"
	"github.com/grapevine-go/grapevine/transport"
)

// Gossip answers a request of somebody who holds no link: what the request brings is taken in, and the response has what
// the node holds and the caller does not. It is what the RPC of that name does, for a program that has its own way of
// receiving requests, such as an HTTP handler. gossipgrpc says what a request has to contain.
//
// On first contact, when MaxSeq is -1 or 0, or with a Cursor that knows nothing of this life of this node, the response
// has all infos, or as many as fit; later those that came since. It comes at once if there are any, and else when there
// are, or after about an Interval. A node with no place left for the caller answers with an Alternate and no infos.
//
// Gossip waits for the node, and before Run for that too. req is for reading only until Gossip returns; the response is
// the caller's. The error wraps context.Cause(ctx) if ctx has ended; ErrStopped if Run has, or the node has left;
// ErrLimit if more requests wait than the node has time for, or if there is no place and nobody else to name; and
// ErrOtherCluster, ErrDuplicateNodeID, ErrCorrupt or ErrMisbehaved for a request that the node refuses, the last also for
// one over Limits.Frame.
func (g *Gossip) Gossip(ctx context.Context, req *gossippb.Request) (*gossippb.Response, error) {
	resp, err := g.exchange(ctx, req)
	if g.sched != nil {
		g.sched.Gate("gossip", "", "")
	}
	if err != nil {
		return nil, fmt.Errorf("gossip with node %d: %w", req.GetNodeId(), err)
	}
	return resp, nil
}

func (g *Gossip) exchange(ctx context.Context, req *gossippb.Request) (*gossippb.Response, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	request, err := req.MarshalVT()
	if req.GetHello() != nil {
		err = errors.New("a request with a Hello is for a link")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMisbehaved, err)
	}
	if req.GetMaxSeq() == 0 {
		const maxSeq = 4
		request = protowire.AppendVarint(protowire.AppendTag(request, maxSeq, protowire.VarintType), ^uint64(0))
	}
	c := &call{request: request, response: make(chan []byte, 1), ended: make(chan struct{})}
	if g.accepted.Add(1) > int64(g.cfg.openLinks()) {
		g.accepted.Add(-1)
		g.stats.acceptsDropped.Add(1)
		return nil, fmt.Errorf("%w: the node has %d links", ErrLimit, g.cfg.openLinks())
	}
	enter := func() {
		if !g.inbox.put(message{kind: inLinked, link: newLink(c, c.Peer().Addr, false)}) {
			_ = c.Close()
		}
	}
	if g.sched == nil {
		enter()
	} else {
		g.sched.Post("gossip", "", "", enter)
	}
	select {
	case <-c.ended:
	case <-ctx.Done():
		_ = c.Close()
	}
	select {
	case response := <-c.response:
		return answered(response)
	default:
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case g.stopping.Load():
		return nil, ErrStopped
	}
	if _, err := wire.Decode(request, g.wireLimits()); errors.Is(err, wire.ErrTooLarge) {
		return nil, fmt.Errorf("%w: %v", ErrMisbehaved, err)
	} else if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrCorrupt, err)
	}
	return nil, ErrMisbehaved
}

// answered returns the response in b, or the error that it is about.
func answered(b []byte) (*gossippb.Response, error) {
	resp := new(gossippb.Response)
	if err := resp.UnmarshalVT(b); err != nil {
		return nil, err
	}
	bye := resp.GetBye()
	if bye == nil || len(bye.GetAlternates()) > 0 {
		return resp, nil
	}
	switch why := wire.Refusal(bye.GetReason()); why {
	case wire.Busy:
		return nil, ErrLimit
	case wire.Leaving:
		return nil, fmt.Errorf("%w: the node has left the network", ErrStopped)
	case wire.DuplicateNode:
		return nil, ErrDuplicateNodeID
	default:
		return nil, refusal(why)
	}
}

// call is the link of a request: one frame comes over it, and the first one sent is the response and the end.
type call struct {
	request  []byte // belongs to whoever is in Recv, as does taken
	taken    bool
	response chan []byte
	ended    chan struct{}
	once     sync.Once
}

var _ transport.Link = (*call)(nil)

// Recv takes the request, and then waits for the end.
func (c *call) Recv() ([]byte, error) {
	if !c.taken {
		c.taken = true
		return c.request, nil
	}
	<-c.ended
	return nil, transport.ErrClosed
}

// Send sends the response, and nothing after it.
func (c *call) Send(frame []byte) error {
	select {
	case <-c.ended:
		return transport.ErrClosed
	case c.response <- frame:
		return c.Close()
	}
}

// Peer says that the far end is in this process.
func (c *call) Peer() transport.Peer {
	return transport.Peer{Addr: transport.MakeAddr("local", "caller")}
}

// Close ends the link.
func (c *call) Close() error {
	c.once.Do(func() { close(c.ended) })
	return nil
}
