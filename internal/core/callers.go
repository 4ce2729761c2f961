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
	in, _ := c.counts()
	return in + len(c.callers)
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

// hurry has the exchange answered that has waited for longest, if more wait than there are places: nodes that want to link
// need the room.
func (c *Core) hurry() {
	var first *link
	waiting := 0
	for _, l := range c.links {
		if x := l.exchange; x != nil && x.bye == nil && x.until > c.now.Mono && l.closeAt == 0 && !l.closing {
			if waiting++; first == nil {
				first = l
			}
		}
	}
	if waiting > c.cfg.MaxPeers {
		first.exchange.until = c.now.Mono
	}
}

// elsewhere names neighbours that node can go to, if there are any.
func (c *Core) elsewhere(node uint64) []wire.Member {
	if ls := c.neighbours(node); len(ls) > 0 {
		return c.alternates(ls)
	}
	return nil
}
