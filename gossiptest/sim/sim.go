package sim

import (
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/simnet"
)

// Sim is a network of nodes and the virtual time they live in. Make one with [New]. It belongs to one goroutine.
type Sim struct {
	opts    Options
	newCore func(core.Config) machine
	net     *simnet.Net
	nodes   []node
	seeds   []int32

	known     knowledge
	observers []func(Step)
	told      Step // the last one they were told of: its slices are used again

	learned []Learned
	changes []Change
	telling bool
	writes  []int // those of the frame OnEvent is told of

	stats Stats
	err   error
}

// machine is what a Sim drives: [core.Core].
type machine interface {
	Step(now core.Now, in core.Input) *core.Outputs
	Links() []core.LinkInfo
}

var _ machine = (*core.Core)(nil)

// New returns a Sim at time 0. No node of it has started. It panics if the options make no sense.
func New(opts Options) *Sim {
	return newSim(opts, func(c core.Config) machine { return core.New(c) })
}

func newSim(opts Options, newCore func(core.Config) machine) *Sim {
	opts = opts.withDefaults()
	s := &Sim{
		opts:    opts,
		newCore: newCore,
		nodes:   make([]node, opts.Nodes),
		known:   newKnowledge(opts.Nodes),
	}
	s.net = simnet.New(opts.network(s))
	for i := range s.nodes {
		s.nodes[i].id = int32(i)
	}
	for i := range opts.Seeds {
		s.seeds = append(s.seeds, int32(i))
	}
	return s
}

// Seed returns the seed of the Sim.
func (s *Sim) Seed() uint64 { return s.opts.Seed }

// Latency returns the latency of a frame, one way, in the mean.
func (s *Sim) Latency() time.Duration { return s.opts.Latency }

// MaxPeers returns the cap of a node's links, dialled and accepted each.
func (s *Sim) MaxPeers() int { return s.opts.MaxPeers }

// Parents returns how many parents the node may have in each tree: 1, or what [Options.Parents] says.
func (s *Sim) Parents(node int) int { return s.opts.parents(node) }

// Len returns the number of nodes, started or not.
func (s *Sim) Len() int { return len(s.nodes) }

// Now returns how much virtual time has passed since [New].
func (s *Sim) Now() time.Duration { return s.net.Now() }

// Err returns the first thing that went wrong in the Sim itself, with the seed and the time: a core broke the rules
// of its driver, a frame could not be decoded, a node gave up, or events follow each other without end at one instant.
// After that, time stands still. What the protocol merely did not achieve is no error.
func (s *Sim) Err() error { return s.err }

// RunFor lets d pass.
func (s *Sim) RunFor(d time.Duration) { s.run(s.Now() + max(d, 0)) }

// RunUntil lets time pass until cond returns true, which it asks now, and again every tenth of [Options.Latency]. It
// returns an error, with the seed and the first difference between two nodes, if that takes longer than limit, and
// [Sim.Err] if there is one.
func (s *Sim) RunUntil(cond func() bool, limit time.Duration) error {
	end, step := s.Now()+limit, max(s.opts.Latency/10, 1)
	for s.err == nil && !cond() {
		if s.Now() >= end {
			text := ""
			if d := s.Diverged(); d != "" {
				text = ": " + d
			}
			return fmt.Errorf("sim: seed %d: not within %v, at %v%s", s.opts.Seed, limit, s.Now(), text)
		}
		next := s.Now() + step
		if at, ok := s.net.Next(); ok { // nothing changes before the next event
			next = max(next, at)
		}
		s.run(min(next, end))
	}
	return s.err
}

// After has f called once d has passed, before anything else happens at that instant. It may call any method but RunFor
// and RunUntil. Functions that are due at one instant are called in the order in which they were given to After.
func (s *Sim) After(d time.Duration, f func()) { s.net.After(d, f) }

// run lets time pass until the given instant, the events of which are included.
func (s *Sim) run(until time.Duration) {
	s.tell()
	s.net.Refill()
	for s.err == nil && s.net.Step(until) {
		s.tell()
	}
	if err := s.net.Err(); err != nil {
		s.fail(err)
	}
}

// fail records what went wrong, the first time.
func (s *Sim) fail(err error) {
	if s.err == nil {
		s.err = fmt.Errorf("sim: seed %d, at %v: %w", s.opts.Seed, s.Now(), err)
	}
}

// tell passes on what nodes have learned and what has changed there. Meanwhile more may happen.
func (s *Sim) tell() {
	if s.telling || len(s.learned) == 0 && len(s.changes) == 0 {
		return
	}
	s.telling = true
	for i := 0; i < len(s.learned); i++ {
		s.opts.OnLearn(s.learned[i])
	}
	for i := 0; i < len(s.changes); i++ {
		s.opts.OnChange(s.changes[i])
	}
	s.learned, s.changes, s.telling = s.learned[:0], s.changes[:0], false
}

// Trace returns a hash of every input and every output of every core so far, in order and with their times. Two
// runs with equal Options and calls have equal traces.
func (s *Sim) Trace() uint64 {
	h := uint64(len(s.nodes))
	for i := range s.nodes {
		h = simnet.Mix(h, s.nodes[i].trace)
	}
	return h
}
