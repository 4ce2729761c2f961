package core

import (
	"iter"
	"maps"
	"slices"
	"sort"
	"strconv"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// baseState is what a core knows of the base it began with.
type baseState struct {
	base   *Base           // nil: there was none
	shift  int64           // from the times of the base to this node's, on the monotonic clock
	inBase int             // keys of which only the base knows
	gone   map[string]bool // keys of the base that were forgotten
	lapsed int             // how many entries of its expiry are over
}

// begin takes up the base, if there is one. What has expired since it was made, the next step finds.
func (c *Core) begin() {
	b := c.cfg.Base
	if b == nil {
		return
	}
	c.base, c.inBase, c.heard = b, len(b.keys), len(b.origins)
	c.hash, c.marks = b.hash, b.marks
	c.shift = c.now.Mono - b.at.Mono - max(0, c.now.Wall-b.at.Wall)
	if b.clock.Wall-c.wall() <= c.cfg.Timers.MaxSkew {
		c.clock = b.clock
	}
	for _, key := range b.strays {
		c.fresh = append(c.fresh, c.key(key))
		rec := c.key(key).rec
		c.origin(originID{rec.Node, rec.Incarnation})
	}
	c.tidy()
	c.overlay.begin(c, b)
	if rec := c.record(keyClusterID); rec != nil && rec.State == wire.Live {
		c.adoptCluster(rec.Value)
	}
	switch rec := c.record(keySentinel); {
	case rec == nil:
	case rec.State == wire.Live:
		c.sentinel.changed(c, Added, rec)
	default:
		c.sentinel.buried()
	}
}

// begin takes up the members of a base, as if they had just been heard of.
func (o *overlay) begin(c *Core, b *Base) {
	if b.ring.n == 0 {
		return
	}
	o.ring, o.lostMembers = b.ring.share(), b.suspects
	if c.node != 0 {
		o.remove(c, c.node) // an earlier life of its own, or the one that goes on
	}
	o.lastLearned = c.now.Mono
	now := max(c.now.Mono, 1) // 0 says that nobody has come
	o.firstNew, o.born, o.lastNew = now, now, now
	o.wakeMaintain(c, o.quiet(c))
}

// resume goes on with a life that the base knows everything of.
func (c *Core) resume(inc uint64) {
	c.started, c.durable, c.inc = true, true, inc
	c.begin()
	c.self = c.origin(originID{c.node, inc})
	key := nodeKeyPrefix + strconv.FormatUint(c.node, 10)
	if rec := c.record(key); rec != nil && rec.State == wire.Live && rec.Node == c.node && rec.Incarnation == inc {
		c.descriptor = keep{Keep: Keep{Key: key, Value: rec.Value}, at: c.now.Mono + descriptorPeriod(c.overlay.size()), wrote: rec.Born}
		if rec.TTL != 0 {
			c.descriptor.at = rec.Born + rec.TTL/2
		}
	}
	for i := range c.keeps {
		c.keeps[i].at = c.now.Mono
	}
	c.overlay.young, c.overlay.joined = false, true
	c.overlay.ready(c)
	c.sentinel.wake(c)
}

// resumed takes in a link of a node that was resumed.
func (c *Core) resumed(id LinkID, f *wire.Frame) {
	l, h := c.addLink(id), f.Hello
	l.dialed, l.reason = h.Verdict == wire.Admitted, h.Reason
	l.introduce(f)
	c.admit(l)
	c.shows(l, h.Wall)
	if h.Digest == c.digest() {
		c.equal(l)
	} else {
		l.compareAt = c.now.Mono + 4*c.cfg.Timers.Graft
	}
}

// later returns when a time of the base is on this node's clock. Zero and never are no times.
func (c *Core) later(at int64) int64 {
	if c.shift == 0 || at == 0 || at == never {
		return at
	}
	return max(at+c.shift, 1)
}

// aged returns a record of the base, or of this core, as this node has it.
func (c *Core) aged(rec *Record) *Record {
	own := rec.Node == c.node && rec.Incarnation == c.inc // of the life that goes on
	if rec.From != FromBase || c.shift == 0 && !own {
		return rec
	}
	x := *rec
	x.Born += c.shift
	x.Taken += c.shift
	x.Expires = c.later(x.Expires)
	if own {
		x.From, x.Hops = 0, 0
	}
	return &x
}

// touched returns the origin of that idx, nil if the core has no state of its own of it.
func (c *Core) touched(idx int32) *origin {
	if c.base == nil {
		return c.origins[idx]
	}
	i := sort.Search(len(c.origins), func(i int) bool { return c.origins[i].idx >= idx })
	if i == len(c.origins) || c.origins[i].idx != idx {
		return nil
	}
	return c.origins[i]
}

// untouched returns what the base knows of an origin, if that is all that is known of it, else nil.
func (c *Core) untouched(id originID) *origin {
	if c.base == nil || c.life(id) != nil {
		return nil
	}
	return c.base.byID[id]
}

// touchNode makes the core have state of its own of all lives of a node: on a link, what names one of them depends on
// the others.
func (c *Core) touchNode(node uint64) {
	if c.base == nil || c.nodes[node] != nil {
		return
	}
	n := c.base.nodes[node]
	if n == nil {
		return
	}
	for _, b := range n.lives {
		o := *b
		o.gaps, o.index = slices.Clone(b.gaps), nil
		c.register(&o)
		for _, e := range b.index {
			if ks := c.key(e.ks.key); ks != nil && ks.lastSeq(&o) == e.seq {
				o.index = append(o.index, entry{e.seq, ks})
			}
		}
		for _, l := range c.links {
			known := l.shown[o.idx]
			if l.based {
				known = o.hw
			}
			if known > 0 {
				l.of(&o).known = known
			}
		}
	}
}

// touch makes the core have state of its own of an origin of the base, and returns it.
func (c *Core) touch(idx int32) *origin {
	c.touchNode(c.base.origins[idx].id.node)
	return c.touched(idx)
}

// touchAll leaves nothing that only the base knows.
func (c *Core) touchAll() {
	for i := range int32(c.heard) {
		if c.touched(i) == nil {
			c.touch(i)
		}
	}
}

// untouchedKey returns what the base knows of a key, if that is all that is known of it, else nil.
func (c *Core) untouchedKey(key string) *keyState {
	if c.base == nil || c.keys[key] != nil || c.gone[key] {
		return nil
	}
	return c.base.keys[key]
}

// touchKey makes the core have state of its own of a key that only the base knows, and returns it; nil if that does not.
func (c *Core) touchKey(key string) *keyState {
	b := c.untouchedKey(key)
	if b == nil {
		return nil
	}
	ks := *b
	ks.rec, ks.hold, ks.forget, ks.writers = c.aged(b.rec), c.later(b.hold), c.later(b.forget), slices.Clone(b.writers)
	ks.table = maps.Clone(b.table)
	c.inBase--
	c.keys[key] = &ks
	return &ks
}

// forget drops a key.
func (c *Core) forget(key string) {
	delete(c.keys, key)
	if c.base != nil && c.base.keys[key] != nil {
		if c.gone == nil {
			c.gone = map[string]bool{}
		}
		c.gone[key] = true
	}
}

// allKeys iterates over the keys in no order, those that only the base knows included. These are not to be changed, and
// have the times of the base.
func (c *Core) allKeys() iter.Seq[*keyState] {
	return func(yield func(*keyState) bool) {
		for _, ks := range c.keys { // order: none, as it says
			if !yield(ks) {
				return
			}
		}
		if c.base == nil {
			return
		}
		for key, ks := range c.base.keys { // order: none, as it says
			if c.untouchedKey(key) != nil && !yield(ks) {
				return
			}
		}
	}
}

// nextLapse returns the next entry of the base's expiry.
func (c *Core) nextLapse() (timed[string], bool) {
	if c.base == nil || c.lapsed == len(c.base.expiry) {
		return timed[string]{}, false
	}
	e := c.base.expiry[c.lapsed]
	return timed[string]{c.later(e.at), e.v}, true
}

// firstExpiry returns when popExpiry has something.
func (c *Core) firstExpiry() int64 {
	at := c.expiry.first()
	if e, ok := c.nextLapse(); ok {
		at = min(at, e.at)
	}
	return at
}

// popExpiry takes the earliest of what is due out of the heap and the base's list.
func (c *Core) popExpiry() (at int64, key string, ok bool) {
	if e, ok := c.nextLapse(); ok && e.at <= c.now.Mono && (len(c.expiry) == 0 || e.less(c.expiry[0])) {
		c.lapsed++
		return e.at, e.v, true
	}
	return c.expiry.pop(c.now.Mono)
}
