package core

import (
	"slices"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// fullFrame is how many bytes a frame has, but for one item, that takes no more: the next one does. Every transport
// carries frames of 64 KiB; only a single info makes a larger one.
func (c *Core) fullFrame() int { return min(60<<10, c.cfg.Limits.Frame/2) }

// flush sends what l has to say, if the link is free and the pace allows it.
func (c *Core) flush(l *link) {
	l.wake = false
	if l.busy || l.closing || !c.durable {
		return
	}
	now := c.now.Mono
	f := frame{c: c, l: l, b: c.scratch[:0], origins: c.declares[:0]}
	switch {
	case l.exchange != nil:
		if !f.exchange() {
			c.scratch = f.b[:0]
			return
		}
	case l.hello != nil:
		f.hello(l.hello)
		l.hello = nil
	case !l.admitted && l.bye == nil:
		return
	case !l.admitted:
		f.bye()
	case !l.pending() && (l.advertAt == 0 || now < l.advertAt), now < l.clear(c):
		return
	default:
		f.fill()
	}
	f.send()
}

// fill writes all that is pending, as far as it has room.
func (f *frame) fill() {
	l := f.l
	if l.announce {
		l.announce = false
		f.hello(f.c.announcement())
	}
	was := len(f.b)
	f.deltas()
	f.adverts()
	news := len(f.b) > was
	f.prunes()
	if l.marks.pending {
		f.marks()
	}
	f.strays()
	if news || f.entries > 0 {
		l.counted(1)
	}
	if len(l.pings) > 0 {
		if p := &l.pings[0]; p.Ask {
			l.askID, l.askAt = p.ID, f.c.now.Mono
		}
		f.b = wire.AppendPing(f.b, l.pings[0])
		l.pings = slices.Delete(l.pings, 0, 1)
	}
	if l.bye != nil && !f.full {
		f.bye()
	}
}

func (f *frame) bye() {
	f.b = wire.AppendBye(f.b, *f.l.bye)
	f.l.bye = nil
	f.l.closeAt = f.c.now.Mono + f.c.cfg.Timers.Ping
}

// frame is one being written.
type frame struct {
	c       *Core
	l       *link
	b       []byte
	entries int             // infos and standins
	full    bool            // there is more, which goes as soon as this has gone
	keys    map[string]bool // of infos that another origin's range may ask for again
	named   []*origin       // named by the ID alone, of nodes with several lives

	origins  []wire.Origin // that it declares
	declares int           // bytes of these
}

// over reports whether the frame takes no more; then there is more to come.
func (f *frame) over() bool {
	f.full = f.full || f.size() >= f.c.fullFrame()
	return f.full
}

// send hands the frame to the driver.
func (f *frame) send() {
	c, l := f.c, f.l
	f.b = wire.AppendOrigins(f.b, f.origins...)
	c.scratch, c.declares = f.b[:0], f.origins[:0]
	if len(f.b) == 0 {
		return
	}
	l.busy = true
	l.lastSent = c.now.Mono
	if !f.full {
		l.tat = max(l.tat, c.now.Mono) + c.pace()
	}
	c.out.Sends = append(c.out.Sends, Send{l.id, append([]byte(nil), f.b...)})
}

// hello writes h, with who this node is now.
func (f *frame) hello(h *wire.Hello) {
	c, l := f.c, f.l
	h.MinVersion, h.MaxVersion, h.ClusterID = minVersion, maxVersion, c.cluster
	h.Incarnation, h.Instance, h.Leaf = c.inc, c.cfg.Instance, c.node == 0
	h.Digest, h.Wall = c.digest(), c.now.Wall/1e6
	if l.dialed && h.Verdict == wire.Asked && !l.admitted {
		l.sentDigest = c.digest()
		l.foreign = c.marks > 1 || c.marks == 1 && (c.self == nil || c.self.hw == 0)
		if h.Reason != wire.Join {
			l.since = map[int32]uint64{} // the answer says whether the peer has the same marks
		}
	}
	f.b = wire.AppendHello(f.b, c.node, c.cfg.Addr, h, !l.dialed)
	if h.Reason == wire.Join && l.marks.pending {
		f.marks()
	}
}

// declarations is in how many frames it is said which life of a node its ID stands for, once there are several: were that lost, as a
// datagram is, the receiver would take what the new life writes for the old one's, and pass it on.
const declarations = 3

// ref returns the incarnation to write for o: 0, if the node ID alone names it, which is declared where need be. Within
// a frame an ID stands for one life only, since the receiver reads all declarations first.
func (f *frame) ref(o *origin) uint64 {
	lives := o.node.lives
	p := f.l.of(o)
	if len(lives) > 1 {
		other := func(x *origin) bool { return x != o && x.id.node == o.id.node }
		if !p.is(declared) && (lives[len(lives)-1] != o || slices.ContainsFunc(f.named, other)) {
			return o.id.inc
		}
		if slices.Contains(f.named, o) {
			return 0
		}
		f.named = append(f.named, o)
	}
	switch left := f.l.again[o.slot]; {
	case !p.is(declared):
		for _, x := range lives {
			f.l.of(x).put(declared, false)
			delete(f.l.again, x.slot)
		}
		p.put(declared, true)
		if len(lives) > 1 {
			if f.l.again == nil {
				f.l.again = map[int32]int{}
			}
			f.l.again[o.slot] = declarations - 1
		}
	case left > 1:
		f.l.again[o.slot] = left - 1
	case left == 1:
		delete(f.l.again, o.slot)
	default:
		return 0
	}
	f.declare(wire.Origin{NodeID: o.id.node, Incarnation: o.id.inc, Sponsor: o.sponsor})
	return 0
}

// declare puts d among what the frame declares.
func (f *frame) declare(d wire.Origin) {
	last := uint64(0)
	if n := len(f.origins); n > 0 {
		last = f.origins[n-1].Incarnation
	}
	f.origins = append(f.origins, d)
	f.declares += wire.OriginSize(d, last)
}

// size returns how many bytes have been written, with those of the declarations, which come last.
func (f *frame) size() int { return len(f.b) + f.declares }

// deltas writes the infos of the dirty origins, and claims the ranges that are complete. What was first goes first: a range of
// several frames is finished before another one begins.
func (f *frame) deltas() {
	l := f.l
	done := 0
	for _, o := range l.dirty {
		if f.over() || !f.delta(o) {
			break
		}
		l.of(o).put(inDirty, false)
		done++
	}
	l.dirty = slices.Delete(l.dirty, 0, done)
}

// delta writes what the peer lacks of o, and reports whether all of it found room. What did is claimed at once if no
// key further on was written before: a claim that leaves such a key out would promise too much, and waits for the last
// frame. Infos beyond hw go along: one of them may be what stands for a key below.
func (f *frame) delta(o *origin) bool {
	c, l := f.c, f.l
	p := l.of(o)
	if p.known >= o.hw {
		p.put(asRepair, false)
		return true
	}
	from := p.known
	if l.part.o == o {
		from = max(from, l.part.seq)
	}
	for i := o.after(from); i < len(o.index); i++ {
		e := o.index[i]
		if !e.live(o) {
			continue
		}
		if !f.room(e.ks) {
			f.full = true
			if o.lastAgain > from {
				l.part = part{o, from}
			} else if to := min(from, o.hw); to > p.known {
				f.claim(o, to)
			}
			return false
		}
		claims := uint64(0)
		if i == len(o.index)-1 && e.seq == o.hw {
			claims = o.hw - p.known // the info says so itself, in three bytes
		}
		if f.entry(o, e, claims) {
			p.known = o.hw
		}
		from = e.seq
	}
	if l.part.o == o {
		l.part = part{}
	}
	if p.known < o.hw {
		f.claim(o, o.hw)
	}
	if c.leaving != nil && o == c.self {
		l.leavePing = c.ask(l)
	}
	p.put(asRepair, false)
	return true
}

// claim writes that the peer now has all of o up to to.
func (f *frame) claim(o *origin, to uint64) {
	p := f.l.of(o)
	f.b = wire.AppendRange(f.b, wire.Range{
		NodeID: o.id.node, Incarnation: f.ref(o), From: p.known, To: to, Repair: p.is(asRepair),
	})
	p.known = to
}

// room reports whether the record of ks fits the frame. The first one always does.
func (f *frame) room(ks *keyState) bool {
	const standin = 64 // bytes of one without its key
	size := wire.InfoSize(&ks.rec.Body) + len(ks.key) + standin
	return f.entries == 0 || f.size()+size <= f.c.fullFrame()
}

// entry writes the record that stands for what o wrote at e. No key comes twice in a frame. If that is what o wrote, and is
// written, so many writes up to it are claimed with it.
func (f *frame) entry(o *origin, e entry, claims uint64) (claimed bool) {
	f.entries++
	rec, by := e.ks.rec, o
	if rec.Seq != e.seq || !o.wroteLast(e.ks) {
		f.b = wire.AppendStandin(f.b, wire.Standin{
			Key: rec.Key, NodeID: o.id.node, Incarnation: f.ref(o), Seq: e.seq, Keep: f.c.guard(e.ks),
		})
		if by = f.c.origin(originID{rec.Node, rec.Incarnation}); f.l.of(by).known >= rec.Seq {
			return false
		}
		claims = 0
	}
	if f.keys[rec.Key] {
		return false
	}
	if by != o || e.seq > o.hw { // it may be met again
		if f.keys == nil {
			f.keys = map[string]bool{}
		}
		f.keys[rec.Key] = true
	}
	f.info(rec, by, claims)
	return claims > 0
}

// guard returns for how much longer older infos of the key have to be kept out.
func (c *Core) guard(ks *keyState) int64 {
	if ks.hold == never {
		return never
	}
	return max(0, ks.hold-c.now.Mono)
}

func (f *frame) info(rec *Record, by *origin, claims uint64) {
	inc := f.ref(by)
	f.b = wire.AppendClaimingInfo(f.b, &rec.Body, inc, rec.Hops+1, max(0, f.c.now.Mono-rec.Born), claims, f.l.of(by).is(asRepair))
}

// advertSize is the most bytes that an advert takes.
const advertSize = 50

// adverts writes how far the origins are covered that were to be advertised: all of them, now that a frame goes anyway.
func (f *frame) adverts() {
	l := f.l
	l.advertAt = 0
	done, adverts := 0, f.c.adverts[:0]
	for _, o := range l.adverts {
		if f.over() || f.size()+advertSize*len(adverts) >= f.c.fullFrame() {
			f.full = true
			l.advertAt = max(f.c.now.Mono, 1)
			break
		}
		done++
		p := l.of(o)
		p.put(inAdverts, false)
		if p.mode() == wire.Eager || p.mode() == wire.Mute && !o.nears(p) || max(p.known, p.told()) >= o.hw {
			continue
		}
		p.tell(o.hw)
		if p.hops() == 0 || p.hops() > o.hops { // else it asks to be pushed to
			p.setHops(o.hops)
		}
		adverts = append(adverts, wire.Advert{
			NodeID: o.id.node, Incarnation: f.ref(o), To: o.hw, Hops: o.hops, Pull: !o.tree && o.updates <= 1, Held: f.c.heldFor(o),
		})
	}
	f.b = wire.AppendAdverts(f.b, adverts...)
	f.c.adverts = adverts[:0]
	l.adverts = slices.Delete(l.adverts, 0, done)
}

// prunes writes the changes of trees: prunes first, since a graft of the same origin is meant to win. What was taken back is passed over.
func (f *frame) prunes() {
	l := f.l
	done := 0
	for _, o := range l.prunes {
		if f.over() {
			break
		}
		p := l.of(o)
		mode, _ := p.pruning()
		f.b = wire.AppendPrune(f.b, wire.Prune{NodeID: o.id.node, Incarnation: f.ref(o), Mode: mode})
		p.setPruned()
		if p.is(asking) {
			p.setPruning(-1)
		}
		done++
	}
	l.prunes = slices.Delete(l.prunes, 0, done)
	done = 0
	for _, o := range l.grafts {
		if f.over() {
			break
		}
		p := l.of(o)
		if p.is(asking) {
			f.b = wire.AppendGraft(f.b, wire.Graft{NodeID: o.id.node, Incarnation: f.ref(o), From: o.hw, Mode: wire.Eager})
		}
		p.put(inGrafts|asking, false)
		done++
	}
	l.grafts = slices.Delete(l.grafts, 0, done)
}

// marks writes as many marks as fit, the last of them with a full stop.
func (f *frame) marks() {
	c, m := f.c, &f.l.marks
	if m.at == 0 {
		f.l.strays = c.allStrays()
	}
	for ; m.at < c.heard; m.at++ {
		if f.over() {
			return
		}
		o := c.touched(int32(m.at))
		if o == nil {
			o = c.base.origins[m.at]
		}
		if o.hw > 0 {
			f.b = wire.AppendMark(f.b, wire.Mark{NodeID: o.id.node, Incarnation: o.id.inc, Seq: o.hw, Sponsor: o.sponsor})
		}
	}
	f.b = wire.AppendMarksEnd(f.b)
	*m = marksOut{}
}

// strays writes the infos that no claim speaks of. They go without one.
func (f *frame) strays() {
	l := f.l
	if f.entries > 0 && len(l.strays) > 0 {
		f.full = true // another frame's, whose keys are theirs alone
		return
	}
	done := 0
	for _, ks := range l.strays {
		if f.over() || !f.room(ks) {
			f.full = true
			break
		}
		done++
		if ks.stray != 0 {
			f.entries++
			f.info(ks.rec, ks.strayIn, 0)
		}
	}
	l.strays = slices.Delete(l.strays, 0, done)
}
