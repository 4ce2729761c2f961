package sim

import (
	"errors"
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
)

// Sim is a network of nodes and the virtual time they live in. Make one with [New]. It belongs to one goroutine.
type Sim struct {
	opts    Options
	newCore func(core.Config) machine
	normal  *logNormal // if that is the spread of latencies

	now   int64
	due   queue // events of later instants
	ready queue // events of this instant: they come before all that is due
	loads loads
	nodes []node
	calls uint64 // of After

	links     []link
	freeLinks []int32
	linked    uint32            // links so far
	dials     map[uint64]uint32 // links so far, by who dialled whom
	seeds     []int32
	cuts      int // one way

	known     knowledge
	observers []func(Step)
	told      Step // the last one they were told of: its slices are used again

	learned []Learned
	changes []Change
	telling bool
	writes  []int // those of the frame OnEvent is told of

	stats  Stats
	budget int // events left to this instant
	err    error
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
		dials:   make(map[uint64]uint32),
		known:   newKnowledge(opts.Nodes),
	}
	if opts.Spread == LogNormal {
		s.normal = newLogNormal(opts.Jitter)
	}
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

// Len returns the number of nodes, started or not.
func (s *Sim) Len() int { return len(s.nodes) }

// Now returns how much virtual time has passed since [New].
func (s *Sim) Now() time.Duration { return time.Duration(s.now) }

// Err returns the first thing that went wrong in the Sim itself, with the seed and the time: a core broke the rules
// of its driver, a frame could not be decoded, a node gave up, or events follow each other without end at one instant.
// After that, time stands still. What the protocol merely did not achieve is no error.
func (s *Sim) Err() error { return s.err }

// RunFor lets d pass.
func (s *Sim) RunFor(d time.Duration) { s.run(s.now + int64(max(d, 0))) }

// RunUntil lets time pass until cond returns true, which it asks now and then every tenth of [Options.Latency]. It
// returns an error, with the seed and the first difference between two nodes, if that takes longer than limit, and
// [Sim.Err] if there is one.
func (s *Sim) RunUntil(cond func() bool, limit time.Duration) error {
	start := s.now
	end, step := start+int64(limit), max(int64(s.opts.Latency)/10, 1)
	for s.err == nil && !cond() {
		if s.now >= end {
			text := ""
			if d := s.Diverged(); d != "" {
				text = ": " + d
			}
			return fmt.Errorf("sim: seed %d: not within %v, at %v%s", s.opts.Seed, limit, s.Now(), text)
		}
		next := s.now + step
		if len(s.ready) == 0 && len(s.due) > 0 { // nothing changes before the next event
			next = max(next, s.due[0].at)
		}
		s.run(min(next, end))
	}
	return s.err
}

// After has f called once d has passed, before anything else happens at that instant. It may call any method but RunFor
// and RunUntil. Functions that are due at one instant are called in the order in which they were given to After.
func (s *Sim) After(d time.Duration, f func()) {
	s.calls++
	s.at(newEvent(s.now+int64(max(d, 0)), evCall, 0, 0, s.calls, s.loads.put(load{call: f})))
}

// atOnce bounds the events of one instant.
func (s *Sim) atOnce() int { return 10_000 * (1 + len(s.nodes)) }

// run lets time pass until the given instant, the events of which are included.
func (s *Sim) run(until int64) {
	s.tell()
	s.budget = s.atOnce()
	for s.err == nil {
		var e event
		switch {
		case len(s.ready) > 0:
			e = s.ready.pop()
		case len(s.due) > 0 && s.due[0].at <= until:
			e = s.due.pop()
			if e.at != s.now {
				s.now, s.budget = e.at, s.atOnce()
			}
		default:
			s.now = until
			return
		}
		s.happen(e)
		s.tell()
		if s.budget--; s.budget == 0 {
			s.fail(errors.New("events without end at one instant"))
		}
	}
}

// at makes e happen, now or later.
func (s *Sim) at(e event) {
	if e.at <= s.now {
		e.at = s.now
		s.ready.push(e)
		return
	}
	s.due.push(e)
}

func (s *Sim) happen(e event) {
	n, l := &s.nodes[e.node()], s.loads.take(e.load)
	switch e.class() {
	case evCall:
		l.call()
	case evStart:
		if !n.up {
			s.boot(n)
		}
	case evDeadline:
		s.deadline(n, e.at)
	case evOpen:
		s.opened(n, l)
	case evFrame:
		s.arrived(n, l)
	case evEnd:
		s.ended(n, l)
	case evSent:
		s.sent(n, l)
	default: // of a node alone
		if !n.up || n.boots != l.boot {
			return
		}
		switch e.class() {
		case evDialed:
			s.dialed(n, l)
		case evDialFailed:
			s.step(n, core.Input{Kind: core.InDialFailed, Dial: core.DialID(l.num)})
		case evPersisted:
			s.step(n, core.Input{Kind: core.InPersisted, Incarnation: l.num})
		case evResolved:
			s.step(n, core.Input{Kind: core.InResolved, Addrs: s.addresses()})
		}
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
		h = mix(h, s.nodes[i].trace)
	}
	return h
}
