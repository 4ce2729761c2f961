package simnet

import (
	"math/bits"
	"time"
)

// clock is a host's: it shows mono at the instant at, and goes on from there at its own rate.
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

// SetClock sets the host's clock: from now on its wall clock is ahead of the time of the Net by offset, and its clocks gain drift
// seconds each second. So its wall clock jumps, and its monotonic clock does not.
func (n *Net) SetClock(host int, offset time.Duration, drift float64) {
	h := &n.hosts[host]
	mono := h.clock.now(n.now)
	h.clock = clock{at: n.now, mono: mono, rate: int64(drift * float64(perSecond)), offset: n.now - mono + int64(offset)}
	if h.up {
		n.arm(h)
	}
}

// Clock returns by how much the host's wall clock is ahead of the time of the Net.
func (n *Net) Clock(host int) time.Duration {
	c := &n.hosts[host].clock
	return time.Duration(c.now(n.now) + c.offset - n.now)
}
