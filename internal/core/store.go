package core

import (
	"cmp"
	"math"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// key returns the state of a key, for whoever may change it; nil if there is none.
func (c *Core) key(key string) *keyState {
	if ks := c.keys[key]; ks != nil || c.base == nil {
		return ks
	}
	return c.touchKey(key)
}

// record returns what stands under a key, nil if nothing does.
func (c *Core) record(key string) *Record {
	if ks := c.keys[key]; ks != nil {
		return ks.rec
	}
	if ks := c.untouchedKey(key); ks != nil {
		return c.aged(ks.rec)
	}
	return nil
}

// held returns how many keys there are.
func (c *Core) held() int { return len(c.keys) + c.inBase }

// keyState is what a node knows of one key: the record that stands for it, and who wrote it.
//
// The writers are the coverage rule's memory: a claim about what an origin wrote includes, for each key it wrote,
// the record that stands there now, whoever wrote that one.
type keyState struct {
	key     string
	rec     *Record
	hold    int64   // Mono until which a skeleton here has to stay; never: for ever
	forget  int64   // Mono at which the skeleton goes; 0: rec is live
	dead    bool    // gone from the store
	stray   uint64  // what it adds to Core.hash, because rec is beyond its origin's hw; 0: nothing
	strayIn *origin // in whose strays it is
	arrived uint64  // its place in arrivals; 0: none
	first   writer
	writers []writer        // the others
	table   map[int32]int32 // where among them an origin is, once they are many; nil: not made yet
}

// manyWriters is how many of a key are looked through.
const manyWriters = 16

// writer is who has written a key, and when last. The zero value is nobody.
type writer struct {
	o   int32 // idx of the origin
	seq uint64
}

// writer returns what is known of o as a writer of the key, nil if it is not.
func (ks *keyState) writer(o *origin) *writer {
	if ks.first.seq != 0 && ks.first.o == o.idx {
		return &ks.first
	}
	if ks.table != nil {
		if i, ok := ks.table[o.idx]; ok {
			return &ks.writers[i]
		}
		return nil
	}
	for i := range ks.writers {
		if ks.writers[i].o == o.idx {
			return &ks.writers[i]
		}
	}
	return nil
}

// wrote notes that o wrote the key at seq, and reports whether that is the newest write of o known.
func (ks *keyState) wrote(o *origin, seq uint64) bool {
	w := ks.writer(o)
	switch {
	case w != nil && w.seq >= seq:
		return false
	case w != nil:
		o.stale++
		w.seq = seq
	case ks.first.seq == 0:
		ks.first = writer{o.idx, seq}
	default:
		ks.writers = append(ks.writers, writer{o.idx, seq})
		switch n := len(ks.writers); {
		case ks.table != nil:
			ks.table[o.idx] = int32(n - 1)
		case n > manyWriters:
			ks.table = make(map[int32]int32, 2*n)
			for i, w := range ks.writers {
				ks.table[w.o] = int32(i)
			}
		}
	}
	return true
}

// lastSeq returns the newest seq at which o wrote the key, 0 if it did not.
func (ks *keyState) lastSeq(o *origin) uint64 {
	if w := ks.writer(o); w != nil {
		return w.seq
	}
	return 0
}

// compareStamp orders stamps.
func compareStamp(a, b wire.Stamp) int {
	return cmp.Or(cmp.Compare(a.Wall, b.Wall), cmp.Compare(a.Logical, b.Logical))
}

// compareOrder orders records of one key: the larger stands. The order is total, so that nodes that have taken in the
// same records agree: stamp, node, incarnation, seq.
func compareOrder(a, b *Record) int {
	return cmp.Or(
		compareStamp(a.Stamp, b.Stamp), cmp.Compare(a.Node, b.Node),
		cmp.Compare(a.Incarnation, b.Incarnation), cmp.Compare(a.Seq, b.Seq))
}

// stamp returns the hybrid clock's time for a write that replaces old, if not nil. Only that key follows a record whose
// stamp is ahead of the clock by more than MaxSkew; the clock itself does not.
func (c *Core) stamp(old *Record) wire.Stamp {
	c.clock = wire.Stamp{Wall: max(c.wall(), c.clock.Wall+1)}
	s := c.clock
	if old != nil && compareStamp(s, old.Stamp) <= 0 {
		// By its wall time: that names the descriptor of a node to those who suspect it.
		if s = (wire.Stamp{Wall: old.Stamp.Wall + 1}); old.Stamp.Wall == math.MaxInt64 {
			s = wire.Stamp{Wall: old.Stamp.Wall, Logical: old.Stamp.Logical + 1}
		}
	}
	return s
}

// write puts an own record in. Its skeleton is kept until whatever it replaces would have expired.
func (c *Core) write(key, value string, ttl int64, state wire.State) {
	o := c.self
	var old *Record
	keep := int64(0)
	ks := c.key(key)
	if ks != nil {
		old = ks.rec
		if hold := max(ks.hold, old.Expires); hold == never {
			keep = never
		} else {
			keep = max(0, hold-c.now.Mono)
		}
	}
	if state == wire.Tombstone {
		ttl, keep = max(keep, c.cfg.Timers.MaxTTL), 0
		if ttl == never {
			ttl = 0
		}
	} else if ttl == 0 || keep <= max(ttl, c.cfg.Timers.MaxTTL) {
		keep = 0 // its own life, and the time every skeleton has, are long enough
	}
	seq := o.hw + 1
	again := ks != nil && ks.lastSeq(o) > 0
	rec := &Record{
		Body:        wire.NewBody(key, value, o.id.node, seq, c.stamp(old), ttl, keep, state, again, 0),
		Incarnation: c.inc, Born: c.now.Mono, Taken: c.now.Mono, Expires: after(c.now.Mono, ttl),
	}
	c.place(rec, o)
	c.advance(o, seq)
	c.tidy()
	c.published(o)
}

// after returns the time ttl after at; 0 is for ever.
func after(at, ttl int64) int64 {
	if ttl == 0 || at > math.MaxInt64-ttl {
		return never
	}
	return at + ttl
}

// takeIn makes a record of an info that came over l and puts it in. It reports whether there was room.
func (c *Core) takeIn(in *wire.Info, o *origin, l *link) bool {
	now := c.now.Mono
	if in.Key == keyClusterID && in.State == wire.Live && !c.sameCluster(in.Value) {
		c.event(Event{Kind: InfoRefused, Link: l.id, Node: in.Node, Refusal: wire.OtherCluster, Text: in.Key})
		return true
	}
	ks := c.key(in.Key)
	if ks == nil && c.held() >= c.cfg.Limits.Infos {
		return false
	}
	if compareStamp(in.Stamp, c.clock) > 0 {
		if in.Stamp.Wall-c.wall() <= c.cfg.Timers.MaxSkew {
			c.clock = wire.Stamp{Wall: in.Stamp.Wall}
		} else if ks == nil || compareStamp(in.Stamp, ks.rec.Stamp) > 0 {
			c.event(Event{Kind: ClockAhead, Link: l.id, Node: in.Node, Text: in.Key})
		}
	}
	if ks != nil && o.id.node == ks.rec.Node && o.id.inc == ks.rec.Incarnation && in.Seq == ks.rec.Seq {
		c.closer(ks, in, l)
		return true
	}
	rec := &Record{
		Body: in.Body, Incarnation: o.id.inc, Hops: in.Hops, From: l.id,
		Born: now - in.Age, Taken: now, Expires: after(now-in.Age, in.TTL),
	}
	c.place(rec, o)
	if o.pushedBy(l.id) {
		o.progress = now
	}
	if in.Seq > o.hopsSeq {
		o.hops, o.hopsSeq = in.Hops, in.Seq
	}
	return true
}

// closer takes in that a known record also came over fewer hops.
func (c *Core) closer(ks *keyState, in *wire.Info, l *link) {
	if in.Hops >= ks.rec.Hops || ks.rec.From == 0 {
		return
	}
	rec := *ks.rec
	rec.Hops, rec.From = in.Hops, l.id
	ks.rec = &rec
	if rec.State == wire.Live { // else there is no info that could have changed
		c.out.Changes = append(c.out.Changes, Change{Moved, &rec})
	}
}

// place puts rec where it belongs in the order of its key, and notes that o wrote the key.
func (c *Core) place(rec *Record, o *origin) {
	now := c.now.Mono
	ks := c.key(rec.Key)
	fresh := ks == nil
	if fresh {
		ks = &keyState{key: rec.Key}
		c.keys[rec.Key] = ks
	}
	news := ks.wrote(o, rec.Seq)
	if news {
		c.index(o, entry{rec.Seq, ks})
		if rec.Again {
			o.lastAgain = max(o.lastAgain, rec.Seq)
		}
	}
	lost := rec
	if fresh || compareOrder(rec, ks.rec) > 0 {
		lost, ks.rec = ks.rec, rec
	}
	// Whatever lost the key must not come back while it may be alive somewhere.
	ks.hold = max(ks.hold, hold(ks.rec))
	if lost != nil {
		ks.hold = max(ks.hold, hold(lost), lost.Expires)
	}
	c.fresh = append(c.fresh, ks)
	if ks.rec != rec {
		if news {
			c.arrivals.key(ks, nil)
		}
		return
	}
	c.arrivals.key(ks, c.arrivals.via)
	if rec.State == wire.Live && rec.Expires <= now {
		rec.Body = rec.Body.Bones()
	}
	ks.forget = 0
	switch {
	case rec.State == wire.Live:
		c.schedule(rec.Expires, ks.key)
		kind := Added
		if lost != nil && lost.State == wire.Live {
			kind = Updated
			if lost.Value == rec.Value {
				kind = Refreshed
			}
		}
		c.changed(kind, ks, lost)
	default:
		c.bury(ks)
		if lost != nil && lost.State == wire.Live {
			kind := Deleted
			if rec.State == wire.Skeleton {
				kind = Expired
			}
			c.changed(kind, ks, lost)
		} else if ks.key == keySentinel {
			c.sentinel.buried()
		}
	}
}

// hold returns until when rec itself asks older records of its key to be kept out.
func hold(rec *Record) int64 {
	switch {
	case rec.State == wire.Tombstone:
		return rec.Expires
	case rec.Keep != 0:
		return after(rec.Born, rec.Keep)
	}
	return 0
}

// bury says when the key, whose record is no longer live, may be forgotten: MaxTTL after it expired, wherever that was,
// so that handing a skeleton on does not renew it.
func (c *Core) bury(ks *keyState) {
	ks.forget = max(ks.hold, 1)
	if ks.rec.State == wire.Skeleton {
		ks.forget = max(ks.forget, after(min(ks.rec.Expires, c.now.Mono), c.cfg.Timers.MaxTTL))
	}
	c.schedule(ks.forget, ks.key)
}

func (c *Core) schedule(at int64, key string) {
	if at == never {
		return
	}
	if len(c.expiry) > 2*len(c.keys)+64 {
		// Most of it is about records that newer ones have replaced, or says again what is there.
		c.expiry.keep(func(t timed[string]) bool {
			ks := c.keys[t.v]
			return ks != nil && (ks.rec.State == wire.Live && ks.rec.Expires == t.at || ks.forget == t.at)
		})
	}
	c.expiry.push(at, key)
}

// expire takes the value of what has outlived its ttl, and forgets the skeletons nothing can come back under.
func (c *Core) expire() {
	for {
		at, key, ok := c.popExpiry()
		if !ok {
			return
		}
		ks := c.key(key)
		switch {
		case ks == nil:
		case ks.rec.State == wire.Live && ks.rec.Expires == at:
			rec := *ks.rec
			rec.Body = rec.Body.Bones()
			lost := ks.rec
			ks.rec = &rec
			c.bury(ks)
			c.fresh = append(c.fresh, ks)
			c.changed(Expired, ks, lost)
		case ks.forget == at:
			if ks.hold > at {
				c.bury(ks) // another record asked for longer meanwhile
				continue
			}
			ks.dead = true
			c.arrivals.gone(ks)
			c.fresh = append(c.fresh, ks)
			c.staled(ks.first)
			for _, w := range ks.writers {
				c.staled(w)
			}
			c.forget(key)
		}
	}
}

// staled notes that what a writer's index says of a key no longer counts.
func (c *Core) staled(w writer) {
	if w.seq == 0 {
		return
	}
	if o := c.touched(w.o); o != nil {
		o.stale++
	}
}

// tidy does, once all that an input brought is there, what would cost more piece by piece.
func (c *Core) tidy() {
	for _, o := range c.unsorted {
		o.sort()
	}
	c.unsorted = c.unsorted[:0]
	c.strays()
}

// strays counts into the hash of the marks what the marks do not speak of: records that stand for their key although the
// range they belong to was not claimed, because it came in parts or another origin's did. Two nodes with equal hashes
// hold the same.
func (c *Core) strays() {
	for _, o := range c.caught {
		o.caught = false
		for { // only what hw has passed, since a peer may move it by one, frame after frame, below a million strays
			_, key, ok := o.strayAt.pop(int64(o.hw))
			if !ok {
				break
			}
			if ks := o.strays[key]; ks != nil {
				c.stray(ks)
			}
		}
	}
	c.caught = c.caught[:0]
	for _, ks := range c.fresh {
		c.stray(ks)
	}
	clear(c.fresh)
	c.fresh = c.fresh[:0]
}

func (c *Core) stray(ks *keyState) {
	was, old := ks.stray, ks.strayIn
	ks.stray, ks.strayIn = 0, nil
	if !ks.dead && ks.rec.State != wire.Skeleton {
		// An origin that only the base knows holds all that stands there.
		if o := c.life(originID{ks.rec.Node, ks.rec.Incarnation}); o != nil && ks.rec.Seq > o.hw {
			ks.stray, ks.strayIn = mix(o.id.node, o.id.inc, ks.rec.Seq, 1), o
		}
	}
	if o := ks.strayIn; o != old {
		if old != nil {
			if delete(old.strays, ks.key); len(old.strays) == 0 {
				old.strayAt = nil
			}
		}
		if o != nil && o.strays == nil {
			o.strays = map[string]*keyState{}
		}
		if o != nil {
			o.strays[ks.key] = ks
		}
	}
	if ks.stray != 0 && ks.stray != was {
		ks.strayIn.queueStray(ks)
	}
	c.hash ^= was ^ ks.stray
}

// queueStray has strays look at ks again once hw has come to its record.
func (o *origin) queueStray(ks *keyState) {
	if len(o.strayAt) > 2*len(o.strays)+64 {
		o.strayAt.keep(func(t timed[string]) bool {
			ks := o.strays[t.v]
			return ks != nil && int64(ks.rec.Seq) == t.at
		})
	}
	o.strayAt.push(int64(ks.rec.Seq), ks.key)
}

// changed tells the driver and the overlay that the record of a key is another.
func (c *Core) changed(kind ChangeKind, ks *keyState, lost *Record) {
	c.out.Changes = append(c.out.Changes, Change{kind, ks.rec})
	c.overlay.changed(c, ks.rec, lost)
	c.suspicion(ks.rec)
	switch ks.key {
	case c.descriptor.Key:
		if own := ks.rec.Node == c.node && ks.rec.Incarnation == c.inc; !own && ks.key != "" {
			// Of an earlier life, when the clock was ahead, or somebody else's word.
			c.descriptor.at = max(c.now.Mono, c.descriptor.wrote+c.cfg.Timers.Ping)
		}
	case keyClusterID:
		if ks.rec.State == wire.Live {
			c.adoptCluster(ks.rec.Value)
		}
	case keySentinel:
		c.sentinel.changed(c, kind, ks.rec)
	}
}
