package gossiptest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/transport"
)

// wrappedLink is a link that was dialled through a wrapped transport: the real one, and beside it one of the network, over which frames
// go before they go out, and after they have come in. Weather.mu guards its fields. Here is the end of whoever dialled.
type wrappedLink struct {
	w       *Weather
	from    *wrapped
	inner   transport.Link // nil until Dial has it
	drop    bool           // it is to be closed as soon as there is one
	number  int            // of the network
	out, in path
	now     *path     // whose frame is being sent
	changed sync.Cond // anything at all

	open   bool // there is an end there
	there  bool // it has ended
	told   bool // it was told to
	closed bool // here, by Close
	ended  bool // here, otherwise
	cause  error
	failed error // of the real link, which took no frame: pump will hear of its end behind what came before

	inbox   [][]byte // arrived here
	outbox  [][]byte // arrived there, to be sent
	pumping bool     // a goroutine sends them
	direct  bool     // a Send goes past all that
}

// path is a direction of a link.
type path struct {
	host   int // that sends
	id     simnet.ID
	to     int
	busy   bool // a frame is leaving
	flight int  // frames that are on their way, those in outbox included
}

func newWrappedLink(d *wrappedDial, id simnet.ID) *wrappedLink {
	l := &wrappedLink{w: d.from.w, from: d.from, out: path{host: d.from.node, id: id, to: d.to}, in: path{host: d.to, to: d.from.node}}
	l.changed.L = &l.w.mu
	d.from.links = append(d.from.links, l)
	return l
}

func (l *wrappedLink) isNear(host int, id simnet.ID) bool {
	return host == l.out.host && id == l.out.id
}

func (l *wrappedLink) path(host int, id simnet.ID) *path {
	if l.isNear(host, id) {
		return &l.out
	}
	return &l.in
}

// begin gives the link what it is dialled over.
func (l *wrappedLink) begin(inner transport.Link) {
	l.inner = inner
	if l.drop {
		l.shutInner()
	}
	go l.pump(inner)
}

func (l *wrappedLink) shutInner() {
	l.drop = true
	if inner := l.inner; inner != nil {
		l.w.later = append(l.w.later, func() { _ = inner.Close() }) // what could not be released is its own matter
	}
}

func (l *wrappedLink) Peer() transport.Peer { return l.inner.Peer() }

func (l *wrappedLink) over() bool { return l.closed || l.ended }

// wait has all that is due happen, and waits for something to change.
func (l *wrappedLink) wait() {
	w := l.w
	w.arm()
	if len(w.later) > 0 {
		w.unlock()
		w.lock()
		return
	}
	l.changed.Wait()
}

// passes reports whether frames go past the network. One that has lost something is calm again with the end of the link only.
func (l *wrappedLink) passes(p *path) bool { return l.w.calm() && l.open && p.flight == 0 }

// transmit has the network carry a frame.
func (l *wrappedLink) transmit(p *path, frame []byte) {
	v := ask(l.w.rules, &Packet{From: p.host, To: p.to, Frame: frame})
	p.busy = true
	p.flight++
	l.now = p
	l.w.net.SendLate(p.host, p.id, frame, v.Late, v.Drop)
	l.now = nil
	l.w.run()
}

func (l *wrappedLink) Send(frame []byte) error {
	w := l.w
	w.lock()
	for !l.over() && l.failed == nil && (l.out.busy || l.out.flight >= maxFlight) {
		l.wait()
	}
	switch {
	case l.over():
		defer w.unlock()
		return l.fail("send to")
	case l.failed != nil:
		defer w.unlock()
		return l.failed
	}
	if l.passes(&l.out) {
		w.net.Passed(l.out.host, l.out.id)
		l.direct = true
		w.unlock()
		err := l.inner.Send(frame)
		w.lock()
		l.direct = false
		w.unlock()
		return err
	}
	defer w.unlock()
	l.transmit(&l.out, frame)
	for !l.over() && l.out.busy {
		l.wait()
	}
	return nil
}

func (l *wrappedLink) Recv() ([]byte, error) {
	w := l.w
	w.lock()
	defer w.unlock()
	for !l.over() && len(l.inbox) == 0 {
		l.wait()
	}
	if l.closed || len(l.inbox) == 0 {
		return nil, l.fail("recv from")
	}
	frame := l.inbox[0]
	l.inbox = slices.Delete(l.inbox, 0, 1)
	l.changed.Broadcast()
	return frame, nil
}

// fail is the error of an operation on a link that has ended.
func (l *wrappedLink) fail(operation string) error {
	if l.closed || l.cause == nil {
		return fmt.Errorf("%s %s: %w", operation, l.inner.Peer().Addr, transport.ErrClosed)
	}
	return l.cause
}

// took takes in that a frame is not on its way any more.
func (l *wrappedLink) took(p *path) {
	p.flight = max(p.flight-1, 0) // one that came twice is taken twice
	l.changed.Broadcast()
}

func (l *wrappedLink) Close() error {
	l.w.lock()
	defer l.w.unlock()
	l.close()
	return nil
}

func (l *wrappedLink) close() {
	if l.closed {
		return
	}
	l.closed, l.inbox = true, nil
	l.from.links = slices.DeleteFunc(l.from.links, func(other *wrappedLink) bool { return other == l })
	if !l.ended {
		l.w.net.Close(l.out.host, l.out.id)
	}
	if l.direct || !l.open || l.ended { // a Send waits, or nobody there will say so
		l.shutInner()
	}
	l.changed.Broadcast()
}

// pump has the network carry what comes in, until the real link has ended.
func (l *wrappedLink) pump(inner transport.Link) {
	w := l.w
	for {
		frame, err := inner.Recv()
		w.lock()
		for !l.over() && !l.there && (!l.open || l.in.busy || l.in.flight+len(l.inbox) >= maxFlight) {
			l.wait()
		}
		switch {
		case l.over() || l.there || l.told:
		case err != nil:
			l.hangUp(err)
		default:
			frame = bytes.Clone(frame) // it is the link's again with the next Recv
			if l.passes(&l.in) {
				w.net.Passed(l.in.host, l.in.id)
				l.arrived(frame)
			} else {
				l.transmit(&l.in, frame)
			}
		}
		w.unlock()
		if err != nil {
			return
		}
	}
}

// hangUp ends the link from there.
func (l *wrappedLink) hangUp(cause error) {
	l.cause, l.told = cause, true
	l.w.net.Close(l.in.host, l.in.id)
}

// arrived takes in a frame here.
func (l *wrappedLink) arrived(frame []byte) {
	l.inbox = append(l.inbox, frame)
	l.changed.Broadcast()
}

// leaves takes in a frame that has come through to there.
func (l *wrappedLink) leaves(frame []byte) {
	l.outbox = append(l.outbox, frame)
	if !l.pumping {
		l.pumping = true
		go l.handOver()
	}
}

// handOver gives the real link what has come through.
func (l *wrappedLink) handOver() {
	w := l.w
	w.lock()
	defer w.unlock()
	for len(l.outbox) > 0 && !l.there {
		frame := l.outbox[0]
		l.outbox = slices.Delete(l.outbox, 0, 1)
		w.unlock()
		err := l.inner.Send(frame)
		w.lock()
		l.took(&l.out)
		switch {
		case err == nil:
		case !errors.Is(err, transport.ErrFrameTooLarge):
			l.failed = err
		case !l.there && !l.told:
			l.hangUp(fmt.Errorf("%w: a frame that was delayed: %w", transport.ErrClosed, err))
		}
	}
	l.pumping = false
}

// lost takes in that a frame is not coming.
func (l *wrappedLink) lost(from int) {
	p := l.now
	if p == nil {
		if p = &l.in; from == l.out.host {
			p = &l.out
		}
	}
	l.took(p)
}

// downHere takes in that the link has ended here.
func (l *wrappedLink) downHere() {
	if !l.closed {
		l.ended = true
		l.shutInner()
	}
	l.release()
}

// downThere takes in that it has ended there.
func (l *wrappedLink) downThere() {
	l.there = true
	l.shutInner()
	l.release()
}

func (l *wrappedLink) release() {
	l.changed.Broadcast()
	if l.over() && l.there {
		delete(l.w.links, l.number)
	}
}
