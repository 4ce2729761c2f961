package core

import (
	"cmp"
	"slices"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// caller is somebody who takes part by unary exchanges. It holds a place among those who have dialled this node, until
// it has not called for a while.
type caller struct {
	node, inc uint64
	addr      wire.Addr
	seen      int64 // Mono of its last request
}

// silentIntervals is after how many intervals without a request a caller's place is free.
const silentIntervals = 10

// exchange is the state of a link whose one frame was a request: it ends with the answer.
type exchange struct {
	node, inc uint64
	caller    *caller   // nil: there is no place
	has       uint64    // of what came up to here, the caller lacks nothing
	claimed   uint64    // the claims of what came up to here were made to it
	until     int64     // Mono at which it is answered in any case
	bye       *wire.Bye // turned down, or sent elsewhere
}

// exchangeIn takes in a request, which is answered by flush. What it brings is taken in even where there is no place.
func (c *Core) exchangeIn(l *link, f *wire.Frame) {
	x := &exchange{node: f.NodeID, inc: f.Exchange.Incarnation}
	l.exchange, l.helloBy, l.wake = x, never, true
	if why := c.turnDown(x, f); why != 0 {
		c.dismiss(l, why)
		return
	}
	c.arrivals.begin(c)
	x.caller = c.seat(x, f.Addr)
	for i := range f.Infos {
		in := &f.Infos[i]
		in.Hops = max(in.Hops, 1)
		c.heardOf(in.Node, in.Incarnation)
	}
	for _, r := range f.Ranges {
		c.heardOf(r.NodeID, r.Incarnation)
	}
	for _, s := range f.Standins {
		c.heardOf(s.NodeID, s.Incarnation)
	}
	if x.node != 0 && x.inc != 0 { // else the next one of that name may be another
		c.arrivals.via = x.caller
	}
	why := c.delta(l, f)
	c.arrivals.via = nil
	switch at := f.Exchange.Cursor; {
	case why != 0:
		c.dismiss(l, why)
	case x.caller == nil:
		c.event(Event{Kind: PeerRedirected, Link: l.id, Node: x.node, Addr: f.Addr})
		x.bye = &wire.Bye{Reason: wire.Busy, Alternates: c.elsewhere(x.node)}
	case at.NodeID == c.node && at.Incarnation == c.inc && f.Exchange.MaxSeq > 0 && uint64(f.Exchange.MaxSeq) <= c.arrivals.last:
		interval := c.cfg.Timers.Interval
		x.has = uint64(f.Exchange.MaxSeq)
		x.claimed = min(at.Claimed, x.has)
		x.until = c.now.Mono + interval*3/4 + c.rng.Int64N(interval/2+1)
	}
}

// turnDown says why a request is not even looked at, 0 if it is.
func (c *Core) turnDown(x *exchange, f *wire.Frame) wire.Refusal {
	switch newest := c.newest(x.node); {
	case !c.sameCluster(f.Exchange.ClusterID):
		return wire.OtherCluster
	case c.left:
		return wire.Leaving
	case x.node != 0 && x.node == c.node, x.inc != 0 && newest != nil && newest.id.inc > x.inc:
		return wire.DuplicateNode
	case slices.ContainsFunc(f.Infos, func(in wire.Info) bool { return in.Incarnation == 0 }),
		slices.ContainsFunc(f.Ranges, func(r wire.Range) bool { return r.Incarnation == 0 }),
		slices.ContainsFunc(f.Standins, func(s wire.Standin) bool { return s.Incarnation == 0 }):
		return wire.Misbehaved // nothing on this link has declared what a node ID stands for
	}
	return 0
}

// dismiss answers a request with nothing but the reason.
func (c *Core) dismiss(l *link, why wire.Refusal) {
	x := l.exchange
	c.event(Event{Kind: PeerRefused, Link: l.id, Node: x.node, Refusal: why})
	x.bye = &wire.Bye{Reason: why}
	if why == wire.Leaving {
		x.bye.Alternates = c.elsewhere(x.node)
	}
}

// elsewhere names neighbours that node can go to, if there are any.
func (c *Core) elsewhere(node uint64) []wire.Member {
	if ls := c.neighbours(node); len(ls) > 0 {
		return c.alternates(ls)
	}
	return nil
}

// seat returns the caller, with its place; nil if all are taken. Callers without an ID share one.
func (c *Core) seat(x *exchange, addr wire.Addr) *caller {
	now := caller{node: x.node, inc: x.inc, addr: addr, seen: c.now.Mono}
	i := slices.IndexFunc(c.callers, func(k *caller) bool { return k.node == x.node })
	switch {
	case i >= 0 && c.callers[i].inc == x.inc:
		*c.callers[i] = now
		return c.callers[i]
	case x.node != 0 && c.linked(x.node) != nil:
		return &now // it has a place already
	case i < 0 && c.incoming() >= c.cfg.MaxPeers:
		return nil
	case i >= 0:
		c.callers[i] = &now // another life: it may have lost what the one before brought
	default:
		c.callers = append(c.callers, &now)
	}
	c.out.Links = true
	return &now
}

// incoming counts the places that those who dialled this node hold.
func (c *Core) incoming() int {
	all, dialed := c.counts()
	return all - dialed + len(c.callers)
}

// callersDue frees the places of callers that have not called for long.
func (c *Core) callersDue() {
	had := len(c.callers)
	c.callers = slices.DeleteFunc(c.callers, func(k *caller) bool { return c.now.Mono >= c.leaves(k) })
	c.out.Links = c.out.Links || len(c.callers) < had
}

func (c *Core) leaves(k *caller) int64 { return k.seen + silentIntervals*c.cfg.Timers.Interval }

// unseat frees the place of the caller that has been silent for longest, and reports whether there was one.
func (c *Core) unseat() bool {
	if len(c.callers) == 0 {
		return false
	}
	first := slices.MinFunc(c.callers, func(a, b *caller) int { return cmp.Compare(a.seen, b.seen) })
	c.callers = slices.DeleteFunc(c.callers, func(k *caller) bool { return k == first })
	c.out.Links = true
	return true
}

// callerRange takes in a claim of a caller. The caller is gone before anybody could ask it for anything, so this node
// passes the origin on as if it had written it.
func (c *Core) callerRange(o *origin, r wire.Range) {
	old := o.hw
	if !c.claim(o, r.From, r.To) {
		return
	}
	c.arrived(o, old, false)
	if !c.up(o.parent) {
		o.parent, o.orphan = 0, false
	}
	if old == 0 {
		if o.sponsor == 0 {
			o.sponsor = c.node
		}
		c.learn(o, nil)
	}
	c.published(o)
}

// next returns when the exchange is to be answered in any case, if nothing else is waited for.
func (x *exchange) next(c *Core, l *link) int64 {
	switch {
	case l.closeAt != 0:
		return l.closeAt
	case l.busy || !c.durable:
		return never
	}
	return x.until
}

// exchange writes the answer, if it is time: there is none before something is new.
func (f *frame) exchange() bool {
	c, l := f.c, f.l
	x := l.exchange
	if l.closeAt != 0 {
		return false
	}
	answer := wire.Exchange{ClusterID: c.cluster}
	if x.bye == nil {
		has, complete := f.news(x)
		if f.entries == 0 && c.now.Mono < x.until {
			if len(f.b) == 0 {
				x.has = has // nothing to look at again
			}
			return false
		}
		if complete {
			f.claims(x)
		}
		answer.MaxSeq = int64(has)
		answer.Cursor = wire.Cursor{NodeID: c.node, Incarnation: c.inc, Claimed: x.claimed}
	} else if len(x.bye.Alternates) > 0 {
		f.b = wire.AppendAlternate(f.b, x.bye.Alternates[0].Addr)
	}
	f.b = wire.AppendExchange(f.b, c.node, c.cfg.Addr, &answer)
	if x.bye != nil {
		f.b = wire.AppendBye(f.b, *x.bye)
	}
	f.full = false
	l.closeAt = c.now.Mono + c.cfg.Timers.Ping // the transport ends it before
	return true
}

// news writes what has come since and the caller lacks, and returns up to where, and whether that is all.
func (f *frame) news(x *exchange) (has uint64, complete bool) {
	a := &f.c.arrivals
	has = x.has
	for _, in := range a.after(x.has) {
		if in.ks != nil && in.live() {
			before, entries := len(f.b), f.entries
			if !x.knows(&in) {
				f.public(in.ks.rec)
			}
			f.writers(in.ks)
			if before > 0 && len(f.b) > f.c.fullFrame() {
				f.b, f.entries = f.b[:before], entries
				return has, false
			}
		}
		has = in.seq
	}
	return a.last, true
}

// knows reports whether the caller has written or brought what stands there.
func (x *exchange) knows(in *arrival) bool {
	rec := in.ks.rec
	own := x.inc != 0 && rec.Node == x.node && rec.Incarnation == x.inc
	return own || in.via != nil && in.via == x.caller
}

// public writes an info for somebody who is no node.
func (f *frame) public(rec *Record) {
	f.entries++
	now := f.c.now
	expires := int64(0)
	if rec.State == wire.Live && rec.Expires != never {
		expires = now.Wall + rec.Expires - now.Mono
	}
	f.b = wire.AppendPublicInfo(f.b, &rec.Body, rec.Incarnation, rec.Hops+1, max(0, now.Mono-rec.Born), expires)
}

// writers writes who else has written the key: as many as a frame has room for at most, which is tens of thousands.
func (f *frame) writers(ks *keyState) {
	const others = 4 << 10 // bytes of what is in a frame besides
	rec := ks.rec
	for i := -1; i < len(ks.writers) && len(f.b)+len(ks.key)+others < f.c.cfg.Limits.Frame; i++ {
		w := ks.first
		if i >= 0 {
			w = ks.writers[i]
		}
		if w.o == nil || w.seq == rec.Seq && w.o.wroteLast(ks) {
			continue
		}
		f.b = wire.AppendStandin(f.b, wire.Standin{
			Key: ks.key, NodeID: w.o.id.node, Incarnation: w.o.id.inc, Seq: w.seq, Keep: f.c.guard(ks),
		})
	}
}

// claims writes how far the origins are covered that have moved since: by all the caller was told, in this life.
func (f *frame) claims(x *exchange) {
	a := &f.c.arrivals
	for _, in := range a.after(x.claimed) {
		if in.o != nil && in.live() {
			if f.over() {
				return
			}
			f.b = wire.AppendRange(f.b, wire.Range{NodeID: in.o.id.node, Incarnation: in.o.id.inc, To: in.o.hw})
		}
		x.claimed = in.seq
	}
	x.claimed = a.last
}
