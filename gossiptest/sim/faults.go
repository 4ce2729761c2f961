package sim

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/internal/simnet"
)

// Crash ends the process of the node: all that it holds is gone, and its peers see their links end. A node that
// does not run is left alone.
func (s *Sim) Crash(node int) {
	n := &s.nodes[node]
	if !n.up() {
		return
	}
	s.logLife(n, NodeDown, "crash")
	s.net.Crash(node)
	s.halt(n)
}

// Silence ends the node and its host with it: nobody is told anything, and dials to it are not answered.
func (s *Sim) Silence(node int) {
	n := &s.nodes[node]
	if n.up() {
		s.logLife(n, NodeDown, "silence")
		s.halt(n)
	}
	s.net.Silence(node)
}

// Restart starts the node anew: empty, and knowing nothing but the incarnation it ran under. A node that runs
// crashes first. Whoever still has a link with an earlier run is told so when the next frame comes from there.
func (s *Sim) Restart(node int) {
	s.Crash(node)
	s.boot(&s.nodes[node])
}

// Wipe empties the node's store: its next run will not even know the incarnation of this one.
func (s *Sim) Wipe(node int) { s.nodes[node].stored = 0 }

// Churn has nodes crash for the time d: of all nodes the given share each second, spread over that second and chosen
// at random among those that run. Each of them starts again, empty, when the pause is over. The draws of a node follow
// from it and the second, counted from the call: other faults change them as little as they change others.
func (s *Sim) Churn(share float64, pause, d time.Duration) {
	if share < 0 || share > 1 {
		panic(fmt.Sprintf("sim: Churn: share is %v, want 0 to 1", share))
	}
	s.churn(share, pause, s.Now()+d, 0)
}

// churn is Churn for one second, the n-th, and then for the next one.
func (s *Sim) churn(share float64, pause time.Duration, end time.Duration, n uint64) {
	if s.Now() >= end {
		return
	}
	per := share * float64(len(s.nodes))
	whole := int(per*float64(n+1)+1e-9) - int(per*float64(n)+1e-9)
	type draw struct {
		node int32
		h    uint64
	}
	var draws []draw
	for i := range s.nodes {
		if s.nodes[i].up() {
			draws = append(draws, draw{int32(i), simnet.Hash(s.opts.Seed, saltChurn, n, uint64(i))})
		}
	}
	slices.SortFunc(draws, func(a, b draw) int { return cmp.Compare(a.h, b.h) })
	for _, v := range draws[:min(whole, len(draws))] {
		at := time.Duration(simnet.Below(simnet.Hash(s.opts.Seed, saltChurn, n, uint64(v.node), 1), int64(time.Second)))
		if s.Now()+at >= end {
			continue
		}
		s.After(at, func() {
			if !s.nodes[v.node].up() {
				return
			}
			s.Crash(int(v.node))
			s.After(pause, func() { s.Start(int(v.node)) })
		})
	}
	s.After(time.Second, func() { s.churn(share, pause, end, n+1) })
}

// SetLoss sets what the network loses from now on, as shares of all frames. What a stream loses is sent again: it comes
// four mean latencies later, or eight if that is lost too and so on, and whatever follows on that link in that direction
// waits for it. What a datagram loses is gone while the link stays, which the contract of a link does not allow: so it
// goes over a transport that breaks it. It panics unless stream is from 0 to 0.9 and datagram from 0 to 1.
func (s *Sim) SetLoss(stream, datagram float64) {
	checkLoss(stream, datagram)
	s.net.SetLoss(stream, datagram)
}

func checkLoss(stream, datagram float64) {
	if !(stream >= 0 && stream <= 0.9 && datagram >= 0 && datagram <= 1) {
		panic(fmt.Sprintf("sim: losses of %v and %v, want at most 0.9 for streams and 1 for datagrams", stream, datagram))
	}
}

// Slow has everything that is sent from now on to the node, or by it, take factor times as long as it would. Dials take
// no longer, and 1 is as before. It panics unless factor is from 1 to 1000.
func (s *Sim) Slow(node int, factor float64) {
	if !(factor >= 1 && factor <= 1000) {
		panic(fmt.Sprintf("sim: Slow: factor of n%d is %v, want 1 to 1000", node, factor))
	}
	s.net.Slow(node, factor)
}

// Partition cuts the network into the given groups of nodes; the nodes that are in none make up one more. It
// replaces the partition there was, and leaves one-way cuts.
func (s *Sim) Partition(groups ...[]int) {
	part := make([]int, len(s.nodes))
	for g, nodes := range groups {
		for _, i := range nodes {
			part[i] = g + 1
		}
	}
	s.net.Partition(func(node int) int { return part[node] })
}

// OneWay cuts the way from each of the first nodes to each of the others, and leaves the way back. It adds to earlier
// cuts and to a partition. A dial in either direction times out, since its answer has to come back.
func (s *Sim) OneWay(from, to []int) { s.net.OneWay(from, to) }

// Heal ends the partition and all one-way cuts. Links that lost something meanwhile stay dead, and the nodes have to
// find out: both ways if nothing came through either way, else the way that was cut.
func (s *Sim) Heal() { s.net.Heal() }

// SetClock sets the node's clock: from now on its wall clock is ahead of the time of the Sim by offset, or behind if
// that is negative, and the clocks of the node gain drift seconds each second. So its wall clock jumps, and its
// monotonic clock does not. A node keeps its clock over crashes. It panics unless drift is from -0.5 to 1.
func (s *Sim) SetClock(node int, offset time.Duration, drift float64) {
	if !(drift >= -0.5 && drift <= 1) {
		panic(fmt.Sprintf("sim: SetClock: drift of n%d is %v, want -0.5 to 1", node, drift))
	}
	s.net.SetClock(node, offset, drift)
}

// Clock returns by how much the node's wall clock is ahead of the time of the Sim.
func (s *Sim) Clock(node int) time.Duration { return s.net.Clock(node) }
