package simnet

import (
	"fmt"
	"math"
	"math/bits"
)

// Spread says how the latencies of a link's frames scatter about the link's own, how far being said by Jitter of [Options].
type Spread uint8

// The spreads. Their mean is the link's latency.
const (
	Uniform     Spread = iota // evenly, up to Jitter times the latency more or less
	Exponential               // by a tail above the least, 1-Jitter times the latency; the deviation is Jitter times the latency
	LogNormal                 // by a heavier tail, from 0 on; the deviation is Jitter times the latency, and Jitter may be above 1
)

// distance returns the mean latency from one host to another.
func (n *Net) distance(from, to int32) int64 {
	if n.opts.Distance == nil {
		return int64(n.opts.Latency)
	}
	d := n.opts.Distance(int(from), int(to))
	if d < 0 {
		panic(fmt.Sprintf("simnet: Options.Distance from n%d to n%d is %v, want no negative one", from, to, d))
	}
	return int64(d)
}

// toDial returns how long a dial from one host to the other takes.
func (n *Net) toDial(from, to int32) int64 {
	d := int64(n.opts.DialLatency)
	if n.opts.Distance == nil {
		return d
	}
	return int64(float64(d) * (float64(n.distance(from, to)) / float64(n.opts.Latency)))
}

// path is what draws belong to: one direction of a link.
type path struct {
	pair uint64 // who dialled whom
	dial uint64 // which time, and the direction
}

func (l *link) path(side uint8) path {
	return pathOf(l.ends[0].host, l.ends[1].host, l.dial, side)
}

func pathOf(from, to int32, dial uint32, side uint8) path {
	return path{pair: uint64(from)<<32 | uint64(to), dial: uint64(dial)<<1 | uint64(side)}
}

// latency draws the latency of the k-th frame of a path, its mean given. Not a bit of it depends on the machine: where
// the functions of package math may differ in the last one, others are used.
func (n *Net) latency(mean int64, p path, k uint32) int64 {
	d, wide := mean, int64(n.opts.Jitter*float64(mean))
	switch n.opts.Spread {
	case Uniform:
		d += Below(Hash(n.opts.Seed, saltLatency, p.pair, p.dial, uint64(k)), 2*wide+1) - wide
	case Exponential:
		h := Hash(n.opts.Seed, saltLatency, p.pair, p.dial, uint64(k)) | 1
		d += int64(float64(wide)*(float64(64<<32-log2(h))*(math.Ln2/(1<<32)))) - wide
	case LogNormal:
		d = int64(float64(mean) * n.normal.factor(n.opts.Seed, p, k))
	}
	if n.opts.Instant {
		return max(d, 0)
	}
	return max(d, 1)
}

// resent draws how often the k-th frame of a path is lost before it comes through.
func (n *Net) resent(p path, k uint32) (times int64) {
	for times < maxResent && chance(Hash(n.opts.Seed, saltLoss, p.pair, p.dial, uint64(k), uint64(times)), n.opts.Loss) {
		times++
	}
	return times
}

const (
	maxResent  = 64 // nothing is lost more often
	resendTime = 4  // mean latencies until a frame that was lost has been sent again
)

// dropped draws whether the k-th frame of a path is lost for good.
func (n *Net) dropped(p path, k uint32) bool {
	return chance(Hash(n.opts.Seed, saltDatagram, p.pair, p.dial, uint64(k)), n.opts.DatagramLoss)
}

// chance makes a yes, with the given probability, or a no of the random number h.
func chance(h uint64, probability float64) bool { return h>>11 < uint64(probability*(1<<53)) }

// logNormal draws factors whose logarithm is normally distributed, with mean 1.
type logNormal struct {
	sigma float64     // deviation of the logarithm to base 2
	shift float64     // its mean
	roots [33]float64 // 2 to the power of 1/2, 1/4, 1/8, ...
}

// newLogNormal returns one whose factors have the given deviation.
func newLogNormal(deviation float64) *logNormal {
	square := min(1+float64(deviation*deviation), 1<<20)
	variance := math.Ln2 * (float64(log2(uint64(square*(1<<40))))/(1<<32) - 40) // of the natural logarithm
	l := &logNormal{sigma: math.Sqrt(variance) * math.Log2E, shift: -variance / 2 * math.Log2E}
	l.roots[0] = 2
	for i := 1; i < len(l.roots); i++ {
		l.roots[i] = math.Sqrt(l.roots[i-1])
	}
	return l
}

// factor draws the factor of the k-th frame of a path, by the polar method.
func (l *logNormal) factor(seed uint64, p path, k uint32) float64 {
	for i := uint64(0); ; i++ {
		h := Hash(seed, saltLatency, p.pair, p.dial, uint64(k), i)
		x, y := float64(int32(h))/(1<<31), float64(int32(h>>32))/(1<<31)
		q := float64(x*x) + float64(y*y)
		if q == 0 || q >= 1 {
			continue
		}
		ln := math.Ln2 * (float64(log2(uint64(q*(1<<62))|1))/(1<<32) - 62)
		z := x * math.Sqrt(-2*ln/q)
		return l.exp2(float64(l.sigma*z) + l.shift)
	}
}

// exp2 returns 2 to the power of x.
func (l *logNormal) exp2(x float64) float64 {
	whole := math.Floor(x)
	f, part := 1.0, uint64((x-whole)*(1<<32))
	for i := 1; i < len(l.roots); i++ {
		if part>>(32-i)&1 != 0 {
			f *= l.roots[i]
		}
	}
	return math.Ldexp(f, int(whole))
}

// log2 returns the logarithm of h, which is not 0, to base 2, times 1<<32.
func log2(h uint64) uint64 {
	whole := bits.Len64(h) - 1
	m, r := h<<(63-whole), uint64(whole)
	for range 32 {
		m, _ = bits.Mul64(m, m)
		r <<= 1
		if m>>63 != 0 {
			r |= 1
		} else {
			m <<= 1
		}
	}
	return r
}
