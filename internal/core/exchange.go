package core

import (
	"slices"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// exchange is the state of a link whose one frame was a request: it ends with the answer.
type exchange struct {
	node, inc uint64
	caller    *caller   // nil: there is no place
	has       uint64    // of what came up to here, the caller lacks nothing
	claimed   uint64    // the claims of what came up to here were made to it
	until     int64     // Mono at which it is answered in any case
	bye       *wire.Bye // turned down, or sent elsewhere
	elsewhere []wire.Place
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
	var at wire.Place
	at, x.elsewhere = c.placesOf(f.Exchange)
	switch {
	case why != 0:
		c.dismiss(l, why)
	case x.caller == nil:
		c.event(Event{Kind: PeerRedirected, Link: l.id, Node: x.node, Addr: f.Addr})
		x.bye = &wire.Bye{Reason: wire.Busy, Alternates: c.elsewhere(x.node)}
	case at.MaxSeq > 0 && uint64(at.MaxSeq) <= c.arrivals.last:
		interval := c.cfg.Timers.Interval
		x.has = uint64(at.MaxSeq)
		x.claimed = min(at.Claimed, x.has)
		x.until = c.now.Mono + interval*3/4 + c.rng.Int64N(interval/2+1)
		c.hurry()
	}
}

// placesOf returns where the exchanges of a caller with this node have ended, zero if there were none in this life, and
// where those with others have, the latest first. Those are handed back: the caller may be behind a balancer, and every
// request of it at another node than the last.
func (c *Core) placesOf(x *wire.Exchange) (own wire.Place, elsewhere []wire.Place) {
	if x.MaxSeq <= 0 {
		return own, nil // first contact, whatever else is said
	}
	at := x.Cursor
	all := append([]wire.Place{{NodeID: at.NodeID, Incarnation: at.Incarnation, MaxSeq: x.MaxSeq, Claimed: at.Claimed}}, at.Elsewhere...)
	for _, p := range all {
		same := func(q wire.Place) bool {
			return q.NodeID == p.NodeID && (p.NodeID != 0 || q.Incarnation == p.Incarnation)
		}
		switch {
		case p.NodeID == c.node && p.Incarnation == c.inc:
			own = p
		case p.MaxSeq <= 0 || p.NodeID == c.node && c.node != 0 || slices.ContainsFunc(elsewhere, same) || len(elsewhere) == wire.MaxPlaces:
		default:
			elsewhere = append(elsewhere, p)
		}
	}
	return own, elsewhere
}

// turnDown says why a request is not even looked at, 0 if it is.
func (c *Core) turnDown(x *exchange, f *wire.Frame) wire.Refusal {
	switch newest := c.latest(x.node); {
	case !c.sameCluster(f.Exchange.ClusterID):
		return wire.OtherCluster
	case c.left:
		return wire.Leaving
	case x.node != 0 && x.node == c.node, x.inc != 0 && newest > x.inc:
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
		answer.Cursor = wire.Cursor{NodeID: c.node, Incarnation: c.inc, Claimed: x.claimed, Elsewhere: x.elsewhere}
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
		if w.seq == 0 {
			continue
		}
		o := f.c.touched(w.o)
		if w.seq == rec.Seq && o.wroteLast(ks) {
			continue
		}
		f.b = wire.AppendStandin(f.b, wire.Standin{
			Key: ks.key, NodeID: o.id.node, Incarnation: o.id.inc, Seq: w.seq, Keep: f.c.guard(ks),
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
