package search

import (
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/gossiptest/sim"
	"github.com/grapevine-go/grapevine/gossiptest/sim/check"
	"github.com/grapevine-go/grapevine/internal/lasting"
)

// Limit is how long a network may take to become quiet once all is well.
const Limit = 30 * time.Second

// Result says what a run came to.
type Result struct {
	Trace uint64        // of the Sim
	Steps int           // of its cores
	Quiet time.Duration // how long it took at most until all had the same, once all was well and after the last write

	// Of the nodes whose updates are counted in the end, as many found no time for that, since links came and went, parents changed, or they wrote something else.
	Restless int
}

// Run simulates a schedule. The error says what is wrong with it, or is the first thing that went wrong: a
// [check.Violation], or what [sim.Sim.Err] says.
func Run(s Schedule) (Result, error) {
	if err := s.check(); err != nil {
		return Result{}, fmt.Errorf("search: %w", err)
	}
	return RunOn(sim.New(s.Options()), s)
}

// RunOn is Run with a Sim that the caller has made with the schedule's Options, and not started.
func RunOn(network *sim.Sim, s Schedule) (Result, error) {
	r := &run{Schedule: s, s: network, down: make([]int, s.Nodes), active: lasting.New(s.Faults), checker: check.Watch(network)}
	r.flood = r.checker.Flood()
	if r.datagrams() {
		r.checker.Datagrams()
	}
	err := r.run()
	return Result{Trace: network.Trace(), Steps: network.Stats().Steps, Quiet: r.quiet, Restless: r.restless}, err
}

// run is a schedule while it happens.
type run struct {
	Schedule
	s       *sim.Sim
	checker *check.Checker
	flood   *check.Flood
	active  *lasting.Faults
	down    []int // of each node, by how many faults
	quiet   time.Duration
	changes int   // of links, once all is quiet
	wrote   []int // how many writes each node has made since
	updates int   // written then

	restless int // nodes that found no calm time for them
}

func (r *run) run() error {
	r.s.StartAll(r.s.Latency())
	for i := range r.Writes {
		r.s.After(r.Writes[i].At, func() { r.write(&r.Writes[i]) })
	}
	for i := range r.Faults {
		f := &r.Faults[i]
		if f.At >= r.For {
			continue
		}
		r.s.After(f.At, func() { r.begin(i) })
		r.s.After(min(f.End(), r.For), func() { r.end(i) })
	}
	for end := r.For; r.s.Now() < end; {
		r.s.RunFor(min(time.Second, end-r.s.Now()))
		r.flood.Spread()
		if err := r.err(); err != nil {
			return err
		}
	}
	if err := r.settle(); err != nil {
		return err
	}
	return r.afterwards()
}

// settle waits until all have the same, and holds that against what was written.
func (r *run) settle() error {
	since := r.s.Now()
	err := r.s.RunUntil(r.same, Limit)
	if err := r.err(); err != nil {
		return err
	}
	r.quiet = max(r.quiet, r.s.Now()-since)
	if err := r.checker.Quiet(); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	return r.flood.Compare()
}

// err returns what has gone wrong so far.
func (r *run) err() error {
	if err := r.checker.Err(); err != nil {
		return err
	}
	return r.s.Err()
}

// same reports whether all nodes have the same and say so.
func (r *run) same() bool {
	if r.checker.Err() != nil {
		return true
	}
	for i := range r.s.Len() {
		if r.s.Digest(i) != r.s.Digest(0) {
			return false
		}
	}
	return r.s.Converged()
}

func (r *run) write(w *Write) {
	// Who does not run writes nothing. Any other error is in Sim.Err, too.
	if w.Delete {
		_ = r.s.Delete(w.Node, w.Key)
	} else {
		_ = r.s.Add(w.Node, w.Key, w.value(), w.TTL)
	}
}

// begin has a fault begin.
func (r *run) begin(i int) {
	r.flood.Spread()
	f := &r.Faults[i]
	r.active.Begin(i)
	switch f.Kind {
	case fault.Crash, fault.Wipe, fault.Silence, fault.Restart:
		for _, n := range f.Nodes {
			r.down[n]++
			r.flood.Down(n)
			if f.Kind == fault.Silence {
				r.s.Silence(n)
			} else {
				r.s.Crash(n)
			}
			if f.Kind == fault.Wipe {
				r.s.Wipe(n)
			}
		}
		if f.Kind == fault.Restart {
			r.end(i)
		}
	default:
		r.weather(f.Kind)
	}
}

// end has a fault end, once.
func (r *run) end(i int) {
	r.flood.Spread()
	f := &r.Faults[i]
	if !r.active.End(i) {
		return
	}
	switch f.Kind {
	case fault.Crash, fault.Wipe, fault.Silence, fault.Restart:
		for _, n := range f.Nodes {
			if r.down[n]--; r.down[n] == 0 {
				r.s.Start(n)
			}
		}
	default:
		r.weather(f.Kind)
	}
}

// weather makes the network what all active faults of a kind together make it.
func (r *run) weather(k fault.Kind) {
	switch k {
	case fault.Partition, fault.OneWay:
		r.cuts()
	case fault.Loss, fault.Datagrams:
		r.s.SetLoss(r.active.Most(fault.Loss, -1), r.active.Most(fault.Datagrams, -1))
	case fault.Slow:
		for n := range r.Nodes {
			r.s.Slow(n, max(r.active.Most(fault.Slow, n), 1))
		}
	case fault.Clock:
		for n := range r.Nodes {
			if offset := time.Duration(r.active.Sum(fault.Clock, n) * float64(time.Second)); offset != r.s.Clock(n) {
				r.s.SetClock(n, offset, 0)
			}
		}
	}
}
