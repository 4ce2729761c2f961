package gossiptest

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/transport"
)

// maxFlight is how many frames a link takes in one direction before the far end receives one.
const maxFlight = 64

// link is one end of a link. Network.mu guards everything but endpoint and far.
type link struct {
	endpoint *endpoint // that it is an end at
	far      transport.Addr
	peer     *link

	inbox   [][]byte // arrived, not received
	arrived sync.Cond
	flight  int // frames sent from here that the far end has not received
	room    sync.Cond

	closed  bool      // here
	end     error     // why the far end says that the link has ended; nil: it has not
	lost    uint64    // frames with a serial up to this one do not arrive here any more
	transit []*parcel // on the way here, in the order of sending
	last    time.Time // when the last of them is due, or was
}

var _ transport.Link = (*link)(nil)

// newLink returns an end at ep, whose network's mu is held.
func newLink(ep *endpoint, far transport.Addr) *link {
	l := &link{endpoint: ep, far: far}
	l.arrived.L, l.room.L = &ep.network.mu, &ep.network.mu
	ep.links = append(ep.links, l)
	return l
}

// out is the direction from here.
func (l *link) out() pair { return pair{l.endpoint.addr, l.far} }

func (l *link) Peer() transport.Peer { return transport.Peer{Addr: l.far} }

func (l *link) Send(frame []byte) error {
	n := l.endpoint.network
	n.mu.Lock()
	defer n.mu.Unlock()
	for {
		switch {
		case l.closed || l.end != nil:
			return fmt.Errorf("send to %s from %s: %w", l.far, l.endpoint.addr, l.ended())
		case len(frame) > n.maxFrame:
			return fmt.Errorf("send to %s from %s: %w: %d bytes, over %d",
				l.far, l.endpoint.addr, transport.ErrFrameTooLarge, len(frame), n.maxFrame)
		case l.flight < maxFlight:
			l.flight++
			n.stats.Frames++
			n.stats.Bytes += uint64(len(frame))
			n.post(&parcel{kind: framed, route: l.out(), sender: l.endpoint, link: l.peer, frame: frame})
			n.run()
			return nil
		}
		l.room.Wait()
	}
}

func (l *link) Recv() ([]byte, error) {
	n := l.endpoint.network
	n.mu.Lock()
	defer n.mu.Unlock()
	for len(l.inbox) == 0 && l.end == nil && !l.closed {
		l.arrived.Wait()
	}
	if len(l.inbox) == 0 {
		return nil, fmt.Errorf("recv from %s at %s: %w", l.far, l.endpoint.addr, l.ended())
	}
	frame := l.inbox[0]
	l.inbox = slices.Delete(l.inbox, 0, 1)
	l.peer.flight--
	l.peer.room.Signal()
	return frame, nil
}

func (l *link) Close() error {
	l.endpoint.network.mu.Lock()
	defer l.endpoint.network.mu.Unlock()
	l.close(nil)
	l.endpoint.network.run()
	return nil
}

// ended is the error of a link that has ended.
func (l *link) ended() error {
	if l.closed {
		return transport.ErrClosed
	}
	return fmt.Errorf("%w: %w", transport.ErrClosed, l.end)
}

// close ends the link here and sends the news, with the cause; nil is an orderly end. Network.mu is held, and the
// caller calls Network.run.
func (l *link) close(cause error) {
	if l.closed {
		return
	}
	l.closed, l.inbox, l.transit = true, nil, nil
	l.wake()
	ep := l.endpoint
	ep.links = slices.DeleteFunc(ep.links, func(other *link) bool { return other == l })
	if cause == nil {
		cause = io.EOF
	}
	ep.network.post(&parcel{kind: ended, route: l.out(), sender: ep, link: l.peer, err: cause})
}

// frameArrived takes in a frame, unless it is lost.
func (l *link) frameArrived(frame []byte, serial uint64) {
	if serial > l.lost {
		l.inbox = append(l.inbox, frame)
		l.arrived.Signal()
	}
}

// endArrived takes in that the far end has ended the link.
func (l *link) endArrived(cause error) {
	l.end = cause
	l.wake()
}

// wake lets a blocked Send and Recv see that the link has ended.
func (l *link) wake() {
	l.arrived.Broadcast()
	l.room.Broadcast()
}
