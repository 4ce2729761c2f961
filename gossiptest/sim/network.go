package sim

import (
	"fmt"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// link is a connection of two nodes. Side 0 dialled it, side 1 accepts it.
type link struct {
	dial uint32 // n-th from the node at side 0 to the other: with these nodes, the link's identity
	uses int32  // events that name it, and sides that are not down
	num  uint32 // n-th of the Sim
	ends [2]end
}

// end is a link as one of its nodes sees it.
type end struct {
	node   int32
	id     core.LinkID
	state  state
	busy   bool   // a frame has been handed out and was not sent yet
	told   bool   // the other side has been sent the end of the link
	up     bool   // OnEvent was told that the node has admitted the link
	lost   bool   // something sent from here was lost, and so is all that follows
	sent   uint32 // frames sent from here
	mean   int64  // latency of what is sent from here
	arrive int64  // when the last thing sent from here arrives
}

// state is that of an end.
type state uint8

const (
	opening state = iota // the node does not know of the link yet
	open
	closing // the core has closed it and waits to be told so
	down
)

// newLink returns the index of a new link, which one node has dialled to the other.
func (s *Sim) newLink(from, to int32, dial uint32) int32 {
	s.linked++
	l := link{dial: dial, uses: 2, num: s.linked, ends: [2]end{
		{node: from, mean: s.distance(from, to)}, {node: to, mean: s.distance(to, from)},
	}}
	if n := len(s.freeLinks); n > 0 {
		i := s.freeLinks[n-1]
		s.freeLinks = s.freeLinks[:n-1]
		s.links[i] = l
		return i
	}
	s.links = append(s.links, l)
	return int32(len(s.links) - 1)
}

// release gives up one use of a link.
func (s *Sim) release(i int32) {
	l := &s.links[i]
	if l.uses--; l.uses == 0 {
		*l = link{}
		s.freeLinks = append(s.freeLinks, i)
	}
}

// lay puts an end of a link down.
func (s *Sim) lay(i int32, side uint8) {
	if e := &s.links[i].ends[side]; e.state != down {
		e.state = down
		s.release(i)
	}
}

// atEnd makes an event happen at one end of a link.
func (s *Sim) atEnd(at int64, c class, i int32, side uint8, n uint32, frame []byte) {
	l := &s.links[i]
	l.uses++
	lo := uint64(l.dial)<<33 | uint64(side)<<32 | uint64(n)
	s.at(newEvent(at, c, l.ends[side].node, l.ends[1-side].node, lo, s.loads.put(load{frame: frame, link: i, side: side})))
}

// travel returns when the n-th thing that leaves an end arrives at the other one: a latency from now, or later by late,
// and not before what left ahead of it.
func (s *Sim) travel(l *link, side uint8, n uint32, late int64) int64 {
	e := &l.ends[side]
	d := late + s.latency(e.mean, l.path(side), n)
	for _, x := range l.ends {
		if f := s.nodes[x.node].slow; f != 0 {
			d = int64(float64(d) * f)
		}
	}
	e.arrive = max(e.arrive, s.now+d)
	return e.arrive
}

// passes reports whether anything can come from node a to node b.
func (s *Sim) passes(a, b *node) bool {
	return !a.silent && !b.silent && a.group == b.group && a.out&b.in == 0
}

// carries reports whether anything can come from one end of a link to the other.
func (s *Sim) carries(l *link, side uint8) bool {
	return s.passes(&s.nodes[l.ends[side].node], &s.nodes[l.ends[1-side].node])
}

// lose makes everything lost that is still to come from one end of a link. If nothing comes from the other end either,
// that is the end of the other direction, too.
func (s *Sim) lose(l *link, side uint8) {
	l.ends[side].lost = true
	if !s.carries(l, 1-side) {
		l.ends[1-side].lost = true
	}
}

// dial begins a dial. Whether the node answers is decided when DialLatency is over.
func (s *Sim) dial(n *node, d core.Dial) {
	n.dials++
	s.stats.Dials++
	v := load{num: uint64(d.ID), link: n.id, nth: n.dials}
	to, ok := s.nodeAt(d.Addr)
	if !ok {
		s.later(s.now, evDialFailed, n, uint64(v.nth), v)
		return
	}
	v.link = to
	s.later(s.now+s.toDial(n.id, to), evDialed, n, uint64(v.nth), v)
}

// dialed ends a dial, or has it fail a little later.
func (s *Sim) dialed(n *node, v load) {
	to := &s.nodes[v.link]
	if !s.passes(n, to) || !s.passes(to, n) {
		wait := int64(s.opts.DialTimeout) - s.toDial(n.id, to.id)
		s.later(s.now+wait, evDialFailed, n, uint64(v.nth), v)
		return
	}
	pair := uint64(n.id)<<32 | uint64(to.id)
	s.dials[pair]++
	dial := s.dials[pair]
	if !to.up { // its host refuses: there and back
		trip := s.latency(s.distance(n.id, to.id), pathOf(n.id, to.id, dial, 0), 0) +
			s.latency(s.distance(to.id, n.id), pathOf(n.id, to.id, dial, 1), 0)
		s.later(s.now+trip, evDialFailed, n, uint64(v.nth), v)
		return
	}
	i := s.newLink(n.id, to.id, dial)
	s.atEnd(s.travel(&s.links[i], 0, 0, 0), evOpen, i, 1, 0, nil)
	id := s.join(n, i, 0)
	s.step(n, core.Input{Kind: core.InDialed, Dial: core.DialID(v.num), Link: id})
}

// join opens an end of a link for its node, under a new LinkID.
func (s *Sim) join(n *node, i int32, side uint8) core.LinkID {
	n.last++
	n.refs = append(n.refs, linkRef{id: n.last, link: i, side: side})
	e := &s.links[i].ends[side]
	e.id, e.state = n.last, open
	return n.last
}

// opened is when a dialled link reaches the other node.
func (s *Sim) opened(n *node, v load) {
	defer s.release(v.link)
	l := &s.links[v.link]
	switch {
	case !s.carries(l, 0):
		s.lose(l, 0)
		s.lay(v.link, 1)
	case !n.up:
		s.lay(v.link, 1)
		s.hangUp(v.link, 1)
	default:
		s.step(n, core.Input{Kind: core.InAccepted, Link: s.join(n, v.link, 1)})
	}
}

// send puts a frame on a link. It is sent at once: the core hears of it before anything else happens anywhere.
func (s *Sim) send(n *node, out core.Send) {
	r, ok := n.ref(out.Link)
	if !ok || s.links[r.link].ends[r.side].state != open {
		s.fail(fmt.Errorf("n%d sends on link %d, which is not open", n.id, out.Link))
		return
	}
	l := &s.links[r.link]
	e := &l.ends[r.side]
	if e.busy {
		s.fail(fmt.Errorf("n%d sends on link %d before the last frame is sent", n.id, out.Link))
		return
	}
	e.busy = true
	e.sent++
	s.atEnd(s.now, evSent, r.link, r.side, e.sent, nil)
	s.logFrame(FrameSent, l, r.side, len(out.Frame))
	if !s.carries(l, r.side) {
		s.lose(l, r.side)
		s.lost(l, r.side, out.Frame)
		return
	}
	nth, late := e.sent-1, int64(0)
	if s.opts.DatagramLoss > 0 && s.dropped(l.path(r.side), nth) {
		s.lost(l, r.side, out.Frame)
		return
	}
	if s.opts.Loss > 0 {
		times := s.resent(l.path(r.side), nth)
		s.stats.Resent += int(times)
		late = times * resendTime * e.mean
	}
	// What a dialled link's opening drew is drawn again by its first frame: sent at once, they arrive together.
	s.atEnd(s.travel(l, r.side, nth, late), evFrame, r.link, 1-r.side, e.sent, out.Frame)
}

// lost takes note that nobody will have a frame which was sent from one end of a link.
func (s *Sim) lost(l *link, side uint8, frame []byte) {
	s.stats.Lost++
	s.logFrame(FrameLost, l, side, len(frame))
}

// sent is when a frame has been sent.
func (s *Sim) sent(n *node, v load) {
	defer s.release(v.link)
	e := &s.links[v.link].ends[v.side]
	e.busy = false
	if e.state == open {
		s.step(n, core.Input{Kind: core.InSent, Link: e.id})
	}
}

// arrived is when a frame comes in.
func (s *Sim) arrived(n *node, v load) {
	defer s.release(v.link)
	l := &s.links[v.link]
	e := &l.ends[v.side]
	switch {
	case !s.carries(l, 1-v.side):
		s.lose(l, 1-v.side)
		s.lost(l, 1-v.side, v.frame)
	case e.state == down: // nobody there: the sender is told so
		s.lost(l, 1-v.side, v.frame)
		s.hangUp(v.link, v.side)
	case e.state != open || l.ends[1-v.side].lost:
		s.lost(l, 1-v.side, v.frame)
	default:
		f, err := wire.Decode(v.frame, limits())
		if err != nil {
			s.fail(fmt.Errorf("n%d takes %d bytes from n%d: %w", n.id, len(v.frame), l.ends[1-v.side].node, err))
			return
		}
		s.stats.frame(f, len(v.frame))
		s.known.copies(f)
		s.logArrival(f, l, v.side, len(v.frame))
		s.stepRaw(n, core.Input{Kind: core.InFrame, Link: e.id, Frame: f}, v.frame)
	}
}

// close ends a link for a core that wants it to.
func (s *Sim) close(n *node, id core.LinkID) {
	r, ok := n.ref(id)
	if !ok || s.links[r.link].ends[r.side].state != open {
		s.fail(fmt.Errorf("n%d closes link %d, which is not open", n.id, id))
		return
	}
	s.links[r.link].ends[r.side].state = closing
	s.atEnd(s.now, evEnd, r.link, r.side, 0, nil)
	s.hangUp(r.link, r.side)
}

// hangUp sends the end of a link to the other side, unless it is under way already.
func (s *Sim) hangUp(i int32, side uint8) {
	l := &s.links[i]
	e := &l.ends[side]
	if e.told {
		return
	}
	if !s.carries(l, side) {
		s.lose(l, side)
		return
	}
	e.told = true
	s.atEnd(s.travel(l, side, e.sent, 0), evEnd, i, 1-side, e.sent+1, nil)
}

// ended is when a link ends for a node.
func (s *Sim) ended(n *node, v load) {
	defer s.release(v.link)
	l := &s.links[v.link]
	e := &l.ends[v.side]
	if e.state == open && !s.carries(l, 1-v.side) { // it ended at the other side, and this one does not hear of it
		s.lose(l, 1-v.side)
		l.ends[1-v.side].told = false
		return
	}
	was, id := e.state, e.id
	e.told = true
	if e.up {
		s.logFrame(LinkDown, l, v.side, 0)
	}
	s.lay(v.link, v.side)
	if was != open && was != closing {
		return
	}
	for k := range n.refs {
		if n.refs[k].id == id {
			n.refs = append(n.refs[:k], n.refs[k+1:]...)
			break
		}
	}
	s.step(n, core.Input{Kind: core.InDown, Link: id})
}
