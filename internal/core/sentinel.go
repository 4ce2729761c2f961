package core

import (
	"math/bits"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// DefaultSentinel is the value of a sentinel that is kept because nobody chose to.
const DefaultSentinel = "by default"

// sentinel is what a node knows of the sentinel, and what it does about it.
//
// Where nobody chose to keep one, the live node with the lowest ID does, and the cluster ID with it. Nobody knows who
// is alive: a node takes its turn after those with lower IDs have had theirs, and is quiet as soon as one of them was.
// A sentinel that somebody chose to keep is nobody else's: once it has expired, it is missing.
type sentinel struct {
	seen   bool // a live one has been here, or what is left of one
	chosen bool // the last one was somebody's choice
	alive  bool // it is here now
	keeper uint64
	since  int64 // Mono at which it came to be as it is, as far as turns go
	at     int64 // Mono of the next look at whose turn it is; 0: it is not for this node to keep one
	askAt  int64 // Mono at which the resolvers are asked again, because it is missing; 0: not
	asked  int   // times they were
}

// Parts of the lifetime of a sentinel.
const (
	graceParts = 10 // so long nobody takes anything over: whoever chose to keep one comes first
	turnParts  = 20 // so much later each next node does, the second, the fourth, the eighth
)

// longestAsk is the longest pause between two times that resolvers are asked because the sentinel is missing, before chance adds up to as much.
const longestAsk = 60e9

// changed is told of each change of the sentinel.
func (s *sentinel) changed(c *Core, kind ChangeKind, rec *Record) {
	s.seen = true
	switch kind {
	case Deleted, Expired:
		s.alive, s.since = false, c.now.Mono
		if kind == Expired {
			s.missing(c)
		}
	case Added, Updated, Refreshed:
		chosen := rec.Value != DefaultSentinel
		if !s.alive || s.keeper != rec.Node || s.chosen != chosen {
			s.since = c.now.Mono
		}
		s.alive, s.keeper, s.chosen = true, rec.Node, chosen
		s.askAt, s.asked = 0, 0
		if !chosen && rec.From != 0 {
			c.insist()
		}
	}
	s.look(c)
}

// buried is told that what is left of a sentinel came from a peer, and none was here. Whose it was cannot be told any more:
// it counts as somebody's choice.
func (s *sentinel) buried() { s.chosen, s.seen = s.chosen || !s.seen, true }

// insist has a node that chose to keep the sentinel say so at once, where another one does by default.
func (c *Core) insist() {
	for i := range c.keeps {
		if k := &c.keeps[i]; k.Key == keySentinel {
			k.at = c.now.Mono
		}
	}
}

// missing has the resolvers asked: soon, and then after longer and longer pauses. There may be somebody who still sees it.
func (s *sentinel) missing(c *Core) {
	pause := min(int64(500e6)<<min(s.asked, 8), longestAsk)
	s.asked++
	s.askAt = c.now.Mono + pause + c.rng.Int64N(pause)
}

// keepsByDefault reports whether the sentinel is any business of this node.
func (c *Core) keepsByDefault() bool {
	return c.cfg.Sentinel != 0 && c.self != nil && !c.left && !c.sentinel.chosen && (c.resolvers == 0 || c.degree() > 0)
}

// turn returns when this node writes the sentinel, if nothing changes and no node has a lower ID.
func (s *sentinel) turn(c *Core) int64 {
	life := c.cfg.Sentinel
	switch {
	case s.alive && s.keeper == c.node:
		return c.record(keySentinel).Expires - life/2
	case s.alive && s.keeper < c.node:
		return c.record(keySentinel).Expires - life/4
	}
	return s.since + life/graceParts
}

// look sets the time at which due looks again.
func (s *sentinel) look(c *Core) {
	s.at = 0
	if c.keepsByDefault() {
		s.at = max(s.turn(c), c.now.Mono, 1)
	}
}

// wake is told that something has changed by which a node that had no business with the sentinel may have some.
func (s *sentinel) wake(c *Core) {
	if s.at == 0 {
		if !s.alive {
			s.since = c.now.Mono
		}
		s.look(c)
	}
}

// stagger returns how much later than the first a node takes its turn that has so many before it.
func stagger(before int, step int64) int64 {
	n := uint64(before) + 1
	log := bits.Len64(n) - 1
	return int64(log)*step + int64((n-1<<log)*uint64(step)>>log)
}

// due writes the sentinel if it is this node's turn, and the cluster ID if that has lived half its life.
func (s *sentinel) due(c *Core) {
	if s.askAt != 0 && c.now.Mono >= s.askAt {
		s.missing(c)
		if c.resolvers > 0 {
			c.overlay.resolveAt = c.now.Mono
		}
	}
	if s.at == 0 || c.now.Mono < s.at {
		return
	}
	if !c.keepsByDefault() {
		s.at = 0
		return
	}
	at := s.turn(c)
	if !s.alive || s.keeper != c.node {
		at += stagger(c.overlay.below(c.node), c.cfg.Sentinel/turnParts)
	}
	if at > c.now.Mono {
		s.at = at
		return
	}
	c.write(keySentinel, DefaultSentinel, c.cfg.Sentinel, wire.Live)
	if c.cluster != "" && c.remaining(keyClusterID) <= c.cfg.ClusterLife/2 {
		c.write(keyClusterID, c.cluster, c.cfg.ClusterLife, wire.Live)
	}
}

// next returns when due has something to do.
func (s *sentinel) next() int64 {
	at := int64(never)
	if s.at != 0 {
		at = s.at
	}
	if s.askAt != 0 {
		at = min(at, s.askAt)
	}
	return at
}

// remaining returns how long what stands under key will live, 0 if nothing does.
func (c *Core) remaining(key string) int64 {
	rec := c.record(key)
	switch {
	case rec == nil || rec.State != wire.Live:
		return 0
	case rec.Expires == never:
		return never
	}
	return rec.Expires - c.now.Mono
}

// below counts the members with lower IDs that are there.
func (o *overlay) below(node uint64) int {
	n := 0
	for m := range o.ring.all() {
		if m.node < node && !m.lost {
			n++
		}
	}
	return n
}
