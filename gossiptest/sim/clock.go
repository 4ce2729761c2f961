package sim

import (
	"fmt"
	"math/bits"
	"time"
)

// clock is a node's: it shows mono at the instant at, and goes on from there at its own rate.
type clock struct {
	at, mono int64
	rate     int64 // ns it gains each second
	offset   int64 // its wall clock is ahead by
}

const perSecond = int64(time.Second)

// now returns what the clock shows.
func (c *clock) now(at int64) int64 {
	d := at - c.at
	if c.rate != 0 {
		d += d/perSecond*c.rate + d%perSecond*c.rate/perSecond
	}
	return c.mono + d
}

// when returns the first instant at which the clock shows mono or more.
func (c *clock) when(mono int64) int64 {
	d := mono - c.mono
	if c.rate == 0 || d <= 0 {
		return c.at + d
	}
	hi, lo := bits.Mul64(uint64(d), uint64(perSecond))
	q, _ := bits.Div64(hi, lo, uint64(perSecond+c.rate))
	at := c.at + int64(q)
	for c.now(at) < mono {
		at++
	}
	for c.now(at-1) >= mono {
		at--
	}
	return at
}

// SetClock sets the node's clock: from now on its wall clock is ahead of the time of the Sim by offset, or behind if
// that is negative, and the clocks of the node gain drift seconds each second. So its wall clock jumps, and its
// monotonic clock does not. A node keeps its clock over crashes. It panics unless drift is from -0.5 to 1.
func (s *Sim) SetClock(node int, offset time.Duration, drift float64) {
	if !(drift >= -0.5 && drift <= 1) {
		panic(fmt.Sprintf("sim: SetClock: drift of n%d is %v, want -0.5 to 1", node, drift))
	}
	n := &s.nodes[node]
	mono := n.clock.now(s.now)
	n.clock = clock{at: s.now, mono: mono, rate: int64(drift * float64(perSecond)), offset: s.now - mono + int64(offset)}
	if n.up {
		s.arm(n)
	}
}

// Clock returns by how much the node's wall clock is ahead of the time of the Sim.
func (s *Sim) Clock(node int) time.Duration {
	c := &s.nodes[node].clock
	return time.Duration(c.now(s.now) + c.offset - s.now)
}
