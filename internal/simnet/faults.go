package simnet

import "time"

// SetLoss sets what the network loses from now on, as shares of all frames. What a stream loses is sent again: it comes four mean
// latencies later, or eight if that is lost too and so on, and whatever follows on that link in that direction waits for it. What a
// datagram loses is gone while the link stays.
func (n *Net) SetLoss(stream, datagram float64) { n.opts.Loss, n.opts.DatagramLoss = stream, datagram }

// Slow has everything that is sent from now on to the host, or by it, take factor times as long as it would. Dials take no longer,
// and 1 is as before.
func (n *Net) Slow(host int, factor float64) {
	if factor == 1 {
		factor = 0
	}
	n.hosts[host].slow = factor
}

// Partition has the network cut into parts: the i-th host is in the part of number part(i). It replaces the partition there was, and
// leaves one-way cuts.
func (n *Net) Partition(part func(host int) int) {
	for i := range n.hosts {
		n.hosts[i].group = int32(part(i))
	}
}

// OneWay cuts the way from each of the first hosts to each of the others, and leaves the way back. It adds to earlier cuts and to a
// partition.
func (n *Net) OneWay(from, to []int) {
	for _, i := range from {
		n.hosts[i].out.add(n.cuts)
	}
	for _, i := range to {
		n.hosts[i].in.add(n.cuts)
	}
	n.cuts++
}

// cutSet is a set of one-way cuts, a bit each.
type cutSet []uint64

func (c *cutSet) add(n int) {
	for len(*c) <= n/64 {
		*c = append(*c, 0)
	}
	(*c)[n/64] |= 1 << (n % 64)
}

// share reports whether two sets have a cut in common.
func (c cutSet) share(other cutSet) bool {
	for i := range min(len(c), len(other)) {
		if c[i]&other[i] != 0 {
			return true
		}
	}
	return false
}

// Heal ends the partition and all one-way cuts. Links that lost something meanwhile stay dead: both ways if nothing came through
// either way, else the way that was cut.
func (n *Net) Heal() {
	for i := range n.hosts {
		h := &n.hosts[i]
		h.group, h.out, h.in = 0, h.out[:0], h.in[:0]
	}
	n.cuts = 0
}

// Reset has both ends of each link that has lost something to a cut, and over which frames come through again both ways, told that it has
// ended: as hosts are told that send again what got lost, and are answered that nobody knows of that.
func (n *Net) Reset() {
	for i := range n.links {
		l := &n.links[i]
		if l.uses > 0 && (l.ends[0].lost || l.ends[1].lost) && n.carries(l, 0) && n.carries(l, 1) {
			n.hangUp(int32(i), 0, true)
			n.hangUp(int32(i), 1, true)
		}
	}
}

// Passes reports whether anything can come from one host to the other, both of which are up.
func (n *Net) Passes(from, to int) bool {
	a, b := &n.hosts[from], &n.hosts[to]
	return a.up && b.up && n.passes(a, b)
}

// Strange is what links do that keep no contract, as shares of all frames.
type Strange struct {
	Duplicate float64 // come twice
	Reorder   float64 // come one latency later, and others before them
}

// SetStrange sets what links do to frames that are sent from now on.
func (n *Net) SetStrange(s Strange) { n.opts.strange = s }

// burst is how long streams lose all that they have, if SetBursts says that they do.
const burst = 50 * time.Millisecond

// SetBursts has streams lose everything that is sent, for 50 ms on end, in the given share of all time. It is sent again.
func (n *Net) SetBursts(share float64) { n.opts.bursts = share }

// bursting reports whether streams lose everything now.
func (n *Net) bursting() bool {
	return n.opts.bursts > 0 && chance(Hash(n.opts.Seed, saltBurst, uint64(n.now/int64(burst))), n.opts.bursts)
}

// SetBandwidth has what is sent from now on leave the host at so many bytes a second, one frame after the other; 0 is no limit.
func (n *Net) SetBandwidth(host int, rate float64) {
	h := &n.hosts[host]
	h.rate, h.free = rate, max(h.free, n.now)
}

// leaves returns when a frame has left its host.
func (n *Net) leaves(h *host, bytes int) int64 {
	if h.rate == 0 {
		return n.now
	}
	h.free = max(h.free, n.now) + int64(float64(bytes)/h.rate*float64(time.Second))
	return h.free
}

// Pause has a host stand still: whatever is to happen there does so at Resume.
func (n *Net) Pause(host int) { n.hosts[host].paused = true }

// Resume ends a pause.
func (n *Net) Resume(host int) {
	h := &n.hosts[host]
	h.paused = false
	stash := h.stash
	h.stash = nil
	for _, e := range stash {
		if e.class() == evDeadline && e.at == h.armed {
			h.armed = n.now
		}
		n.at(e)
	}
}
