package gossip

import (
	"fmt"

	"github.com/grapevine-go/grapevine/transport"
)

// Observer hears of what an operator may want to know. Any field may be nil.
//
// Its functions, like the handler of Config.Logger, are called one after the other, in the order in which things
// happened, on a goroutine of their own: they may take their time, block or panic without holding up the node or
// each other. If one is so slow that 1,024 events wait for it, further ones are dropped and counted in
// Stats.EventsDropped.
type Observer struct {
	LinkUp      func(Peer)                  // the link to a peer has been admitted
	LinkDown    func(Peer)                  // an admitted link has ended, and not because Run does
	Refused     func(*RefusedError)         // a link was refused, or ended, for a reason that needs attention
	InfoRefused func(key string, err error) // an info was not taken in: a peer's, or this node's own
}

// Peer is the other end of a link.
type Peer struct {
	NodeID NodeID         // 0: it has no ID, or has not said it yet
	Addr   transport.Addr // what it can be dialled at; before it has said that, where the link goes to or comes from
	Dialed bool           // this node dialled the link; otherwise the peer did
}

// String returns a form for logs: "node 7 at 10.0.0.1:7946".
func (p Peer) String() string {
	switch {
	case p.NodeID == 0 && p.Addr.IsZero(): // a caller that has not said who it is
		return "peer"
	case p.NodeID == 0:
		return "peer at " + p.Addr.String()
	case p.Addr.IsZero():
		return fmt.Sprintf("node %d", p.NodeID)
	}
	return fmt.Sprintf("node %d at %s", p.NodeID, p.Addr)
}

// observe calls the function of o that e is for.
func (o *Observer) observe(e event) {
	switch {
	case e.tell == linkUp && o.LinkUp != nil:
		o.LinkUp(e.peer)
	case e.tell == linkDown && o.LinkDown != nil:
		o.LinkDown(e.peer)
	case e.tell == refused && o.Refused != nil:
		o.Refused(e.refused)
	case e.tell == infoRefused && o.InfoRefused != nil:
		o.InfoRefused(e.key, e.err)
	}
}
