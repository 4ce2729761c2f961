package core

import "slices"

// What was advertised and is not here: how long it is waited for, and whom it is asked of then.

// missing notes that l has what is not here, and waits delay for somebody to push it before it asks.
func (c *Core) missing(l *link, o *origin, to uint64, hops uint32, delay, due int64) {
	if o.want <= o.hw {
		o.wantSince, o.advs = c.now.Mono, o.advs[:0]
	}
	o.want = max(o.want, to)
	if o.hw > 0 && !c.up(o.parent) {
		delay = 0 // nobody is going to push it
	} else if delay > 0 {
		delay = max(delay, c.graftDelay(o, to))
	}
	if i := slices.IndexFunc(o.advs, func(a advert) bool { return a.link == l.id }); i >= 0 {
		o.advs[i].to, o.advs[i].due = to, due
	} else {
		o.advs = append(o.advs, advert{link: l.id, to: to, hops: hops, due: due})
	}
	if at := max(c.now.Mono+delay, c.patience(o, to), 1); o.graftAt == 0 || at < o.graftAt {
		o.graftAt = at
		c.grafts.push(at, o.idx)
	}
}

// patience returns until when the answer to the last graft is waited for, where somebody else has what o wrote up to to: not for what
// nobody else says that there is.
func (c *Core) patience(o *origin, to uint64) int64 {
	if o.asked == 0 {
		return 0
	}
	return o.asked + 2*c.graftDelay(o, to) + 2*c.overlay.latency(c)
}

// graftDelay is how long what o wrote up to to is waited for, once it is advertised.
func (c *Core) graftDelay(o *origin, to uint64) int64 {
	g := c.cfg.Timers.Graft
	switch {
	case o.updates == 0:
		g *= 2
	case o.updates < settledUpdates:
		g *= 3
	}
	g = min(max(g, c.skew.mean+4*c.skew.dev), 20*c.cfg.Timers.Graft)
	if o.updates >= settledUpdates && c.hurriedFor(o) {
		g = min(g, 2*c.haste.usual)
	}
	if to > o.hw+1 {
		// Much takes long: a hundredth for each info, of which ten thousand count.
		g += int64(min(to-o.hw, 1e4)) * (c.cfg.Timers.Graft / 100)
	}
	return g
}

// skew is how long a push is behind the first advert of what it brings, or the part before it; exponentially weighted
// (RFC 6298, section 2).
type skew struct{ mean, dev int64 }

// arrived takes in that hw of o has moved, over a push or as the answer to a graft. A push that comes before any advert counts
// for the skew, too. Trees that are still learned do not: where they break, they are mended step by step, and nodes that took the wait
// of those before them for the way of a push would wait longer each time.
func (c *Core) arrived(o *origin, was uint64, pushed bool) {
	late := o.want > was
	if !late {
		o.wantSince = 0 // that of an earlier update
	}
	if pushed && o.updates >= settledUpdates {
		c.overdue(o)
		d := int64(0)
		if late {
			d = c.now.Mono - max(o.wantSince, o.pushed)
			o.pushed = c.now.Mono
		}
		c.haste.push(d, c.cfg.Timers.Graft)
		d = min(d, 2*max(c.cfg.Timers.Graft, c.skew.mean+4*c.skew.dev))
		c.skew.dev += (abs(d-c.skew.mean) - c.skew.dev) / 4
		c.skew.mean += (d - c.skew.mean) / 8
	}
	if late && o.hw >= o.want {
		o.want, o.asked, o.graftAt, o.advs = 0, 0, 0, o.advs[:0]
	}
}

func abs(d int64) int64 { return max(d, -d) }

// graftDue asks for what was advertised and did not come.
func (c *Core) graftDue() {
	for {
		at, idx, ok := c.grafts.pop(c.now.Mono)
		if !ok {
			return
		}
		o := c.touched(idx)
		if o.graftAt != at {
			continue
		}
		o.graftAt = 0
		lost := c.dropAdverts(o)
		if len(o.advs) == 0 {
			o.want, o.asked = 0, 0
			if lost {
				c.replaceParent(o)
			}
			continue
		}
		if at := o.progress + c.graftDelay(o, o.want); at > c.now.Mono && c.up(o.parent) {
			o.graftAt = at // it is coming
			c.grafts.push(at, o.idx)
			continue
		}
		best := 0
		for i, a := range o.advs {
			if b := o.advs[best]; a.asked < b.asked || a.asked == b.asked && a.hops < b.hops {
				best = i
			}
		}
		a := &o.advs[best]
		if old := o.parent; old != a.link && c.up(old) {
			c.letGo(old, o)
		}
		a.asked++
		c.graft(c.link(a.link), o)
	}
}

// maxAsked is how often a peer is asked for what it says it has, and does not send.
const maxAsked = 2

// dropAdverts forgets the adverts of o that are settled, or that nothing is behind. Whoever made such a one is no parent any more; lost says that somebody was.
func (c *Core) dropAdverts(o *origin) (lost bool) {
	o.want = 0
	o.advs = slices.DeleteFunc(o.advs, func(a advert) bool {
		if a.to <= o.hw || !c.up(a.link) {
			return true
		}
		parent := a.link == o.parent
		if a.asked >= maxAsked && !(parent && o.progress >= o.asked) {
			if parent {
				lost = c.unparent(a.link, o)
			}
			return true
		}
		o.want = max(o.want, a.to)
		return false
	})
	return lost
}
