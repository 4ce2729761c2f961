package simnet

import (
	"fmt"
	"time"
)

// link is a connection of two hosts. Side 0 dialled it, side 1 accepts it.
type link struct {
	dial uint32 // n-th from the host at side 0 to the other: with these hosts, the link's identity
	uses int32  // events that name it, and sides that are not down
	num  uint32 // n-th of the Net
	flow bool   // it carries a stream of bytes, of which nothing is lost for good
	ends [2]end
}

// end is a link as one of its hosts sees it.
type end struct {
	host   int32
	id     ID
	state  state
	busy   bool   // a frame has been handed out and was not sent yet
	over   bool   // Close was called while busy
	told   bool   // the other side has been sent the end of the link
	broken bool   // and that it is a broken one: see hangUp
	flag   bool   // the watcher hears of its end
	lost   bool   // something sent from here was lost, and so is all that follows
	sent   uint32 // frames sent from here
	mean   int64  // latency of what is sent from here
	arrive int64  // when the last thing sent from here arrives
}

// state is that of an end.
type state uint8

const (
	opening state = iota // the host does not know of the link yet
	open
	closing // the driver has closed it and waits to be told so
	down
)

// way returns the link as one of its sides sees it.
func (l *link) way(side uint8) Way {
	return Way{Link: int(l.num), From: int(l.ends[side].host), To: int(l.ends[1-side].host), Stream: l.flow}
}

// newLink returns the index of a new link, which one host has dialled to the other.
func (n *Net) newLink(from, to int32, dial uint32) int32 {
	n.linked++
	l := link{dial: dial, uses: 2, num: n.linked, ends: [2]end{
		{host: from, mean: n.distance(from, to)}, {host: to, mean: n.distance(to, from)},
	}}
	if k := len(n.freeLinks); k > 0 {
		i := n.freeLinks[k-1]
		n.freeLinks = n.freeLinks[:k-1]
		n.links[i] = l
		return i
	}
	n.links = append(n.links, l)
	return int32(len(n.links) - 1)
}

// release gives up one use of a link.
func (n *Net) release(i int32) {
	l := &n.links[i]
	if l.uses--; l.uses == 0 {
		*l = link{}
		n.freeLinks = append(n.freeLinks, i)
	}
}

// lay puts an end of a link down.
func (n *Net) lay(i int32, side uint8) {
	if e := &n.links[i].ends[side]; e.state != down {
		e.state = down
		n.release(i)
	}
}

// atEnd makes an event happen at one end of a link.
func (n *Net) atEnd(at int64, c Class, i int32, side uint8, k uint32, frame []byte) {
	l := &n.links[i]
	l.uses++
	lo := uint64(l.dial)<<33 | uint64(side)<<32 | uint64(k)
	n.at(newEvent(at, c, l.ends[side].host, l.ends[1-side].host, lo, n.loads.put(load{frame: frame, link: i, side: side})))
}

// travel returns when the k-th thing that leaves an end arrives at the other one: a latency from now, or later by late,
// and not before what left ahead of it.
func (n *Net) travel(l *link, side uint8, k uint32, late int64) int64 {
	e := &l.ends[side]
	d := late + n.latency(e.mean, l.path(side), k)
	for _, x := range l.ends {
		if f := n.hosts[x.host].slow; f != 0 {
			d = int64(float64(d) * f)
		}
	}
	e.arrive = max(e.arrive, n.now+d)
	return e.arrive
}

// passes reports whether anything can come from host a to host b.
func (n *Net) passes(a, b *host) bool {
	return !a.silent && !b.silent && a.group == b.group && !a.out.share(b.in)
}

// carries reports whether anything can come from one end of a link to the other.
func (n *Net) carries(l *link, side uint8) bool {
	return n.passes(&n.hosts[l.ends[side].host], &n.hosts[l.ends[1-side].host])
}

// lose makes everything lost that is still to come from one end of a link. If nothing comes from the other end either,
// that is the end of the other direction, too.
func (n *Net) lose(l *link, side uint8) {
	l.ends[side].lost = true
	if !n.carries(l, 1-side) {
		l.ends[1-side].lost = true
	}
}

// nobody is the host of addresses that are no host'n.
const nobody = -1

// Dial begins a dial, to which the driver gives a name. Whether the other host answers is decided when DialLatency is over. A
// negative host is one that there is not: the dial fails at once.
func (n *Net) Dial(host int, dial uint64, to int) {
	h := &n.hosts[host]
	h.dials++
	n.counts.Dials++
	v := load{num: dial, link: int32(max(to, nobody)), nth: h.dials}
	if to < 0 {
		n.task(n.now, evDialFailed, h, 0, uint64(v.nth), v)
		return
	}
	n.task(n.now+n.toDial(h.id, v.link), evDialed, h, 0, uint64(v.nth), v)
}

// dialed ends a dial, or has it fail a little later.
func (n *Net) dialed(h *host, v load) {
	to := &n.hosts[v.link]
	if !n.passes(h, to) || !n.passes(to, h) {
		wait := int64(n.opts.DialTimeout) - n.toDial(h.id, to.id)
		n.task(n.now+wait, evDialFailed, h, 0, uint64(v.nth), v)
		return
	}
	pair := uint64(h.id)<<32 | uint64(to.id)
	n.dials[pair]++
	dial := n.dials[pair]
	if !to.up { // its host refuses: there and back
		trip := n.latency(n.distance(h.id, to.id), pathOf(h.id, to.id, dial, 0), 0) +
			n.latency(n.distance(to.id, h.id), pathOf(h.id, to.id, dial, 1), 0)
		n.task(n.now+trip, evDialFailed, h, 0, uint64(v.nth), v)
		return
	}
	i := n.newLink(h.id, to.id, dial)
	n.atEnd(n.travel(&n.links[i], 0, 0, 0), evOpen, i, 1, 0, nil)
	n.opts.Driver.Dialed(int(h.id), v.num, n.join(h, i, 0))
}

// join opens an end of a link for its host, under a new ID.
func (n *Net) join(h *host, i int32, side uint8) ID {
	h.last++
	h.refs = append(h.refs, ref{id: h.last, link: i, side: side})
	e := &n.links[i].ends[side]
	e.id, e.state = h.last, open
	return h.last
}

// Link makes a link of two hosts that has been there for long, and tells nobody.
func (n *Net) Link(from, to int) (dialed, accepted ID) {
	a, b := &n.hosts[from], &n.hosts[to]
	pair := uint64(a.id)<<32 | uint64(b.id)
	n.dials[pair]++
	i := n.newLink(a.id, b.id, n.dials[pair])
	return n.join(a, i, 0), n.join(b, i, 1)
}

// opened is when a dialled link reaches the other host.
func (n *Net) opened(h *host, v load) {
	defer n.release(v.link)
	l := &n.links[v.link]
	switch {
	case !n.carries(l, 0):
		n.lose(l, 0)
		n.lay(v.link, 1)
	case !h.up:
		n.lay(v.link, 1)
		n.hangUp(v.link, 1, true)
	default:
		n.opts.Driver.Accepted(int(h.id), n.join(h, v.link, 1))
	}
}

// Send puts a frame on a link, which keeps it. It leaves at once, or as soon as SetBandwidth lets it: the driver is told then, and no
// other frame may be sent on the link before. A rule that is broken ends up in Err.
func (n *Net) Send(host int, id ID, frame []byte) { n.SendLate(host, id, frame, 0, false) }

// SendLate is Send of a frame that arrives later by late, and what follows behind it, or that is lost.
func (n *Net) SendLate(host int, id ID, frame []byte, late time.Duration, lost bool) {
	h := &n.hosts[host]
	r, ok := h.ref(id)
	if !ok || n.links[r.link].ends[r.side].state != open || n.links[r.link].ends[r.side].over {
		n.Fail(fmt.Errorf("n%d sends on link %d, which is not open", host, id))
		return
	}
	l := &n.links[r.link]
	e := &l.ends[r.side]
	if e.busy {
		n.Fail(fmt.Errorf("n%d sends on link %d before the last frame is sent", host, id))
		return
	}
	e.busy = true
	e.sent++
	left := n.leaves(h, len(frame))
	n.atEnd(left, evSent, r.link, r.side, e.sent, nil)
	if w := n.opts.Watcher; w != nil {
		w.FrameSent(l.way(r.side), frame)
	}
	if !n.carries(l, r.side) {
		n.lose(l, r.side)
		n.lost(l, r.side, frame, Cut)
		return
	}
	p, k := l.path(r.side), e.sent-1
	if lost && l.flow { // it is sent again
		late, lost = late+time.Duration(resendTime*e.mean), false
	}
	if lost {
		n.lost(l, r.side, frame, Ruled)
		return
	}
	if n.opts.DatagramLoss > 0 && !l.flow && n.dropped(p, k) {
		n.lost(l, r.side, frame, Chance)
		return
	}
	delay := int64(late) + left - n.now
	if n.opts.Loss > 0 || n.opts.bursts > 0 {
		times := n.resent(p, k)
		if n.bursting() {
			times = max(times, 1)
		}
		n.counts.Resent += int(times)
		delay += times * resendTime * e.mean
	}
	before := e.arrive
	// What a dialled link's opening drew is drawn again by its first frame: sent at once, they arrive together.
	at := n.travel(l, r.side, k, delay)
	if s := n.opts.strange; s != (Strange{}) && !l.flow {
		if chance(Hash(n.opts.Seed, saltDuplicate, p.pair, p.dial, uint64(k)), s.Duplicate) {
			n.atEnd(at+e.mean, evFrame, r.link, 1-r.side, e.sent|again, frame)
		}
		if chance(Hash(n.opts.Seed, saltReorder, p.pair, p.dial, uint64(k)), s.Reorder) {
			at, e.arrive = at+e.mean, before
		}
	}
	n.atEnd(at, evFrame, r.link, 1-r.side, e.sent, frame)
}

// Stream has a link carry a stream of bytes: what would be lost for good is sent again, and nothing comes twice or out of order.
func (n *Net) Stream(host int, id ID) {
	if r, ok := n.hosts[host].ref(id); ok {
		n.links[r.link].flow = true
	}
}

// Passed counts a frame that has come from one host to the other without the network: the next one draws as if it had been sent here.
func (n *Net) Passed(host int, id ID) {
	if r, ok := n.hosts[host].ref(id); ok {
		n.links[r.link].ends[r.side].sent++
	}
}

// again is in the number of a frame that comes a second time.
const again = 1 << 31

// lost takes note that nobody will have a frame which was sent from one end of a link.
func (n *Net) lost(l *link, side uint8, frame []byte, why Why) {
	n.counts.Lost++
	if w := n.opts.Watcher; w != nil {
		w.FrameLost(l.way(side), frame, why)
	}
}

// sent is when a frame has been sent.
func (n *Net) sent(v load) {
	defer n.release(v.link)
	e := &n.links[v.link].ends[v.side]
	host, id, over := int(e.host), e.id, e.over
	if e.busy = false; e.state == open {
		n.opts.Driver.Sent(host, id)
	}
	if e := &n.links[v.link].ends[v.side]; over && e.state == open {
		n.shut(v.link, v.side)
	}
}

// arrived is when a frame comes in.
func (n *Net) arrived(h *host, v load) {
	defer n.release(v.link)
	l := &n.links[v.link]
	e := &l.ends[v.side]
	switch {
	case !n.carries(l, 1-v.side):
		n.lose(l, 1-v.side)
		n.lost(l, 1-v.side, v.frame, Cut)
	case e.state == down: // the sender is told so
		n.lost(l, 1-v.side, v.frame, Dead)
		n.hangUp(v.link, v.side, true)
	case l.ends[1-v.side].lost:
		n.lost(l, 1-v.side, v.frame, Broken)
	case e.state != open:
		n.lost(l, 1-v.side, v.frame, Dead)
	default:
		n.opts.Driver.Frame(int(h.id), e.id, v.frame)
	}
}

// Close ends a link: when the frame that is being sent has left, if there is one. The driver hears Down then, before time passes. A rule
// that is broken ends up in Err.
func (n *Net) Close(host int, id ID) {
	h := &n.hosts[host]
	r, ok := h.ref(id)
	if !ok || n.links[r.link].ends[r.side].state != open || n.links[r.link].ends[r.side].over {
		n.Fail(fmt.Errorf("n%d closes link %d, which is not open", host, id))
		return
	}
	if e := &n.links[r.link].ends[r.side]; e.busy {
		e.over = true
		return
	}
	n.shut(r.link, r.side)
}

// shut ends a link at one end.
func (n *Net) shut(i int32, side uint8) {
	n.links[i].ends[side].state = closing
	n.atEnd(n.now, evEnd, i, side, 0, nil)
	n.hangUp(i, side, false)
}

// hangUp sends the end of a link to the other side, unless it is under way already. It is not a broken one if Close or Crash sends it, and is if Break
// or Reset does, or if it answers what has come to a host whose run has ended without a word of it: before the link got there, or behind a cut, or silently.
func (n *Net) hangUp(i int32, side uint8, broken bool) {
	l := &n.links[i]
	e := &l.ends[side]
	if e.told {
		return
	}
	if !n.carries(l, side) {
		n.lose(l, side)
		return
	}
	e.told, e.broken = true, broken
	n.atEnd(n.travel(l, side, e.sent, 0), evEnd, i, 1-side, e.sent+1, nil)
}

// Break has both ends of each link of two hosts told that it has ended, behind what is on its way, and returns how many links these are.
func (n *Net) Break(a, b int) (links int) {
	for i := range n.links {
		l := &n.links[i]
		from, to := int(l.ends[0].host), int(l.ends[1].host)
		if l.uses > 0 && l.ends[0].state == open && l.ends[1].state == open && (from == a && to == b || from == b && to == a) {
			links++
			n.hangUp(int32(i), 0, true)
			n.hangUp(int32(i), 1, true)
		}
	}
	return links
}

// ended is when a link ends for a host.
func (n *Net) ended(h *host, v load) {
	defer n.release(v.link)
	l := &n.links[v.link]
	e := &l.ends[v.side]
	if e.state == open && !n.carries(l, 1-v.side) { // it ended at the other side, and this one does not hear of it
		n.lose(l, 1-v.side)
		l.ends[1-v.side].told = false
		return
	}
	was, id, broken := e.state, e.id, l.ends[1-v.side].broken
	e.told = true
	if w := n.opts.Watcher; w != nil && e.flag {
		w.LinkDown(l.way(v.side))
	}
	n.lay(v.link, v.side)
	if was != open && was != closing {
		return
	}
	for k := range h.refs {
		if h.refs[k].id == id {
			h.refs = append(h.refs[:k], h.refs[k+1:]...)
			break
		}
	}
	n.opts.Driver.Down(int(h.id), id, broken)
}
