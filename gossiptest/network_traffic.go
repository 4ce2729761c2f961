package gossiptest

import (
	"cmp"
	"container/heap"
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/clock"
)

// traffic is everything on its way through a network. Network.mu guards it.
type traffic struct {
	serial uint64     // of the last parcel
	queue  parcelHeap // with the time each arrives
	held   []*parcel  // at a cut, or by silence
	sweep  int        // length of held at which moot parcels are looked for
	timer  clock.Timer
	alarm  time.Time // that timer is set for; zero: none
}

// parcel is one thing that travels.
type parcel struct {
	kind   kind
	route  pair
	sender *endpoint // nil: the network itself, for an address where nobody is
	link   *link     // the end that it is for; nil: there is no link yet
	dial   *dial     // dialling, dialled
	frame  []byte    // framed
	err    error     // ended: the cause; dialled: why there is no link
	due    time.Time
	serial uint64
}

type kind uint8

const (
	framed  kind = iota // a frame
	ended               // the far end has ended the link
	dialing             // the way there of a dial
	dialed              // its way back
)

// post puts p on its way. Network.mu is held, and the caller calls run when it has posted everything.
func (n *Network) post(p *parcel) {
	n.serial++
	p.serial = n.serial
	if p.link != nil {
		p.link.transit = append(p.link.transit, p)
	}
	n.dispatch(p)
}

// dispatch says when p arrives, if it can leave.
func (n *Network) dispatch(p *parcel) {
	if n.stuck(p) {
		n.hold(p)
		return
	}
	latency := n.latency
	if opts, ok := n.links[p.route]; ok {
		latency = opts.Latency
	}
	p.due = n.clock.Now().Add(latency)
	if l := p.link; l != nil { // nothing overtakes on a link
		if p.due.Before(l.last) {
			p.due = l.last
		}
		l.last = p.due
	}
	heap.Push(&n.queue, p)
}

// stuck reports whether p cannot get on because of a cut, or of silence at either end.
func (n *Network) stuck(p *parcel) bool {
	receiver := n.endpoints[p.route.to]
	switch {
	case p.link != nil:
		receiver = p.link.endpoint
	case p.kind == dialed:
		receiver = p.dial.endpoint
	}
	return p.sender != nil && p.sender.silent || receiver != nil && receiver.silent || n.cut(p.route)
}

// hold keeps p until release. What nobody waits for any more is thrown away before it makes up more than half of held.
func (n *Network) hold(p *parcel) {
	if n.held = append(n.held, p); len(n.held) > n.sweep {
		n.held = slices.DeleteFunc(n.held, (*parcel).moot)
		n.sweep = 2*len(n.held) + 64
	}
}

// run lets everything arrive that is due, and sets the timer for the rest.
func (n *Network) run() {
	for len(n.queue) > 0 {
		next := n.queue[0]
		if wait := next.due.Sub(n.clock.Now()); wait > 0 { // Now moves on: what has just been sent without latency is due
			n.wake(next.due, wait)
			return
		}
		heap.Pop(&n.queue)
		switch {
		case next.moot():
		case n.stuck(next):
			n.hold(next)
		case next.link != nil && next.link.transit[0] != next: // an earlier one was held back, and comes later than planned
			next.due = next.link.last
			heap.Push(&n.queue, next)
		default:
			n.arrive(next)
		}
	}
}

// wake sets the timer for run to be called at a time, which is a while away.
func (n *Network) wake(at time.Time, away time.Duration) {
	if at.Equal(n.alarm) {
		return
	}
	n.alarm = at
	if n.timer == nil {
		n.timer = n.clock.AfterFunc(away, n.ring)
	} else {
		n.timer.Reset(away)
	}
}

// ring is called by the timer.
func (n *Network) ring() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.alarm = time.Time{}
	n.run()
}

// release puts on its way again what is held back and need not be any more.
func (n *Network) release() {
	held := n.held
	n.held = nil
	slices.SortFunc(held, func(a, b *parcel) int { return cmp.Compare(a.serial, b.serial) })
	for _, p := range held {
		if !p.moot() {
			n.dispatch(p)
		}
	}
	n.run()
}

// moot reports whether nobody waits for p any more.
func (p *parcel) moot() bool {
	return p.link != nil && p.link.closed || p.dial != nil && p.dial.over
}

// arrive does what p is for.
func (n *Network) arrive(p *parcel) {
	if p.link != nil {
		p.link.transit = slices.Delete(p.link.transit, 0, 1)
	}
	switch p.kind {
	case framed:
		p.link.frameArrived(p.frame, p.serial)
	case ended:
		p.link.endArrived(p.err)
	case dialing:
		n.dialArrived(p.dial)
	case dialed:
		p.dial.finish(p.err)
	}
}

// dialArrived answers a dial, and, where somebody listens, opens a link.
func (n *Network) dialArrived(d *dial) {
	answer := &parcel{kind: dialed, route: pair{d.to, d.endpoint.addr}, dial: d}
	defer n.post(answer)
	ep := n.endpoints[d.to]
	if ep == nil || ep.closed || len(ep.backlog) == maxBacklog {
		answer.err = errRefused
		return
	}
	n.stats.Links++
	near, far := newLink(d.endpoint, d.to), newLink(ep, d.endpoint.addr)
	near.peer, far.peer = far, near
	d.link = near
	answer.sender, answer.link = ep, near
	ep.backlog = append(ep.backlog, far)
	ep.incoming.Signal()
}

// parcelHeap is a heap of parcels, the next to arrive first.
type parcelHeap []*parcel

func (h parcelHeap) Len() int { return len(h) }
func (h parcelHeap) Less(i, j int) bool {
	if !h[i].due.Equal(h[j].due) {
		return h[i].due.Before(h[j].due)
	}
	return h[i].serial < h[j].serial
}
func (h parcelHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *parcelHeap) Push(x any)   { *h = append(*h, x.(*parcel)) }
func (h *parcelHeap) Pop() any {
	old := *h
	p := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return p
}
