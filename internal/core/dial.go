package core

import (
	"slices"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// dial is one under way: from Outputs.Dials to the answer of its Hello.
type dial struct {
	id     DialID
	addr   wire.Addr
	node   uint64 // expected there, 0 if unknown
	inc    uint64
	reason wire.Reason
	via    []wire.Addr // who redirected it, one after another
	at     int64
}

const maxRedirects = 12

// reach is what is known about dialling an address.
type reach struct {
	node  uint64 // who answered there last, 0: nobody yet
	fails int    // dials in a row without an answer
	short int    // links in a row that did not last
	until int64  // not dialled before

	latency int64 // one way, when somebody answered there last; 0: unknown
}

// dial asks the driver for a link, if there is room for one more.
func (c *Core) dial(d dial) bool {
	_, out := c.counts()
	if all, _ := c.underway(); c.left || out+all >= c.cfg.MaxPeers {
		return false
	}
	c.lastDial++
	d.id, d.at = c.lastDial, c.now.Mono
	c.dials = append(c.dials, &d)
	c.out.Dials = append(c.out.Dials, Dial{d.id, d.addr})
	return true
}

func (c *Core) takeDial(id DialID) *dial {
	i := slices.IndexFunc(c.dials, func(d *dial) bool { return d.id == id })
	if i < 0 {
		return nil
	}
	d := c.dials[i]
	c.dials = slices.Delete(c.dials, i, i+1)
	return d
}

// dialed takes in that a dial has become a link, which begins with a Hello.
func (c *Core) dialed(id DialID, lid LinkID) {
	d := c.takeDial(id)
	l := c.addLink(lid)
	l.dialed = true
	if d == nil || d.node != 0 && c.linked(d.node) != nil || c.left {
		c.end(l, 0) // not wanted any more
		return
	}
	l.dial, l.to, l.reason, l.node, l.addr = d, d.addr, d.reason, d.node, d.addr
	l.hello, l.wake = &wire.Hello{Reason: d.reason}, true
	l.marks.pending = d.reason == wire.Join
}

func (c *Core) dialFailed(id DialID) {
	d := c.takeDial(id)
	if d == nil {
		return
	}
	c.event(Event{Kind: DialFailed, Node: d.node, Addr: d.addr})
	c.overlay.failed(c, d)
}

func (c *Core) dialing(addr wire.Addr) bool {
	at := func(d *dial) bool { return d != nil && d.addr == addr }
	return slices.ContainsFunc(c.dials, at) ||
		slices.ContainsFunc(c.links, func(l *link) bool { return !l.closing && at(l.dial) })
}

// underway counts the dials that have no answer yet, and those of them that may become links of the overlay: few of the lost
// members that are greeted will answer.
func (c *Core) underway() (all, chances int) {
	count := func(d *dial) {
		if all++; d.reason != wire.Heal && d.reason != wire.Probe {
			chances++
		}
	}
	for _, d := range c.dials {
		count(d)
	}
	for _, l := range c.links {
		if l.dial != nil && !l.closing {
			count(l.dial)
		}
	}
	return all, chances
}

// pending reports whether a dial for that reason is under way.
func (o *overlay) pending(c *Core, r wire.Reason) bool {
	return slices.ContainsFunc(c.dials, func(d *dial) bool { return d.reason == r }) ||
		slices.ContainsFunc(c.links, func(l *link) bool { return l.dial != nil && l.reason == r && !l.closing })
}

// unanswered is told of a dialled link that ended without an answer to its Hello.
func (o *overlay) unanswered(c *Core, l *link) {
	d := l.dial
	l.dial = nil
	if !l.closing { // else this node ended it, and knows why
		c.event(Event{Kind: DialFailed, Node: d.node, Addr: d.addr})
	}
	o.failed(c, d)
}

// failed leaves the address alone for a while and looks for another.
func (o *overlay) failed(c *Core, d *dial) {
	longest := int64(longestBackOff)
	if d.reason == wire.Heal {
		longest = c.cfg.Timers.Resolve
	}
	o.backOff(c, d.addr, c.cfg.Timers.Resolve, longest)
	c.unreached(d.node)
	o.again(c, d.reason, o.latency(c))
}

// again looks for another peer, about in after.
func (o *overlay) again(c *Core, reason wire.Reason, in int64) {
	at := max(c.now.Mono+in+c.rng.Int64N(in+1), 1)
	switch reason {
	case wire.Join:
		o.joinAt = at
	case wire.Heal, wire.Probe, wire.Near: // not needed for the overlay: the next tick is soon enough
	default:
		o.wakeMaintain(c, at-c.now.Mono)
	}
}

// answeredFrom takes in that node answered at the address of d.
func (o *overlay) answeredFrom(c *Core, d *dial, node uint64) {
	r := o.reachOf(d.addr)
	r.node, r.fails, r.until = node, 0, 0
	sample := min(c.now.Mono-d.at, longestSample*c.cfg.Timers.Graft) // how late its Hello comes, the peer decides
	if o.rtt == 0 {
		o.rtt = sample
	}
	o.rtt += (sample - o.rtt) / 4
}

// longestSample is the longest round trip that is reckoned with, in graft timers.
const longestSample = 200

// redirected goes on with the first alternate worth dialling.
func (o *overlay) redirected(c *Core, d *dial, alternates []wire.Member) {
	if d.reason == wire.Join && len(d.via) < maxRedirects {
		via := append(d.via, d.addr)
		for _, m := range alternates {
			if m.NodeID == c.node && c.node != 0 || c.linked(m.NodeID) != nil || c.dialing(m.Addr) || !o.dialable(c, m.Addr) || slices.Contains(via, m.Addr) {
				continue
			}
			if c.dial(dial{addr: m.Addr, node: m.NodeID, reason: wire.Join, via: via}) {
				return
			}
		}
	}
	o.again(c, d.reason, o.latency(c))
}

// refusedUs draws the consequences of a refusal.
func (o *overlay) refusedUs(c *Core, d *dial, node uint64, why wire.Refusal) {
	switch why {
	case wire.DuplicateLink:
		if c.linked(node) != nil {
			o.joined = o.joined || d.reason == wire.Join
			return
		}
	case wire.Busy:
		if d.reason == wire.Probe {
			o.probed(c, d, node)
			return
		}
		o.backOff(c, d.addr, 10*c.cfg.Timers.Graft, longestBackOff)
	case wire.DuplicateNode:
		// With a newer incarnation the same address is worth another try at once.
	default:
		o.shun(c, d.addr, node)
	}
	o.again(c, d.reason, 2*o.latency(c))
}

// reachOf returns what is known about dialling addr.
func (o *overlay) reachOf(addr wire.Addr) *reach {
	if r := o.reaches[addr]; r != nil {
		return r
	}
	r := &reach{}
	o.reaches[addr] = r
	o.reachOrder = append(o.reachOrder, addr)
	if len(o.reachOrder) > maxReaches {
		delete(o.reaches, o.reachOrder[0])
		o.reachOrder = o.reachOrder[1:]
	}
	return r
}

const maxReaches = 1 << 12

// dialable reports whether addr may be tried now.
func (o *overlay) dialable(c *Core, addr wire.Addr) bool {
	r := o.reaches[addr]
	return addr.Address != "" && addr != c.cfg.Addr && (r == nil || r.until <= c.now.Mono)
}

const (
	longestBackOff = 8e9
	shunTime       = 8e9
)

// backOff leaves addr alone: twice as long after each failure.
func (o *overlay) backOff(c *Core, addr wire.Addr, first, longest int64) {
	r := o.reachOf(addr)
	r.wait(c, first, longest, r.fails)
	r.fails++
}

// wait leaves the address alone for about first, doubled so many times.
func (r *reach) wait(c *Core, first, longest int64, times int) {
	d := min(first<<min(times, 20), longest)
	if d <= 0 {
		d = longest
	}
	r.until = max(r.until, c.now.Mono+d*3/4+c.rng.Int64N(d/2+1))
}

// cut is told of an admitted link that the peer or the network has ended. That a peer admits this node is no reason to
// dial it at once again: it may end each link for the same cause, such as an info over its limits. Only a link that has
// lasted for a ping period is one.
func (o *overlay) cut(c *Core, l *link) {
	if !l.dialed || c.linked(l.node) != nil {
		return
	}
	lasted := c.now.Mono-l.upAt >= c.cfg.Timers.Ping
	for _, addr := range slices.Compact([]wire.Addr{l.to, l.peerAddr()}) {
		r := o.reachOf(addr)
		if r.short++; lasted {
			r.short = 0
			continue
		}
		r.wait(c, c.cfg.Timers.Resolve, longestBackOff, r.short-1)
	}
}

// rest returns until when addr is left alone because the links to it did not last.
func (o *overlay) rest(addr wire.Addr) int64 {
	if r := o.reaches[addr]; r != nil && r.short > 0 {
		return r.until
	}
	return 0
}

// shun leaves a peer alone that did what it must not, or does not want this node.
func (o *overlay) shun(c *Core, addr wire.Addr, node uint64) {
	if addr.Address != "" {
		r := o.reachOf(addr)
		r.fails++
		r.until = c.now.Mono + shunTime
	}
	if m := o.member(node); m != nil && m.addr != addr {
		o.reachOf(m.addr).until = c.now.Mono + shunTime
	}
}
