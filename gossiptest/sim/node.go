package sim

import (
	"fmt"
	"strconv"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// node is a core with what surrounds it. All but the core outlives a crash.
type node struct {
	core   machine
	seen   inspected // the core, if it shows itself
	id     int32
	boots  uint32 // runs so far; tells what belongs to the current one
	group  int32  // of a partition
	out    uint64 // one-way cuts that it is before
	in     uint64 // one-way cuts that it is behind
	clock  clock
	slow   float64 // latencies of all that it sends and gets are times as long, if it is not 0
	up     bool
	silent bool // not to be heard and hearing nothing
	refs   []linkRef
	last   core.LinkID // given out

	dials    uint32 // in all runs
	commands uint64
	stored   uint64 // the incarnation in its store
	next     int64  // deadline the core asked for, by its clock
	armed    int64  // earliest deadline event of it; 0: none
	trace    uint64
	wrote    map[uint64]uint64 // by incarnation, the last write that observers were told of

	base  []*core.Record         // by index of key: what it has held alive from the start; shared
	over  map[int32]*core.Record // by index of key: what it holds of these in their place
	held  []*core.Record         // by index of key beyond those: what it holds alive
	count int                    // of them
	sum   uint64                 // of their identities
}

// linkRef is how a node knows a link.
type linkRef struct {
	id   core.LinkID
	link int32
	side uint8
}

func (n *node) ref(id core.LinkID) (linkRef, bool) {
	for i := len(n.refs) - 1; i >= 0; i-- {
		if n.refs[i].id == id {
			return n.refs[i], true
		}
	}
	return linkRef{}, false
}

func address(i int) wire.Addr { return wire.Addr{Network: "sim", Address: "n" + strconv.Itoa(i)} }

// nodeAt returns the node with the given address.
func (s *Sim) nodeAt(a wire.Addr) (int32, bool) {
	if a.Network != "sim" || len(a.Address) < 2 {
		return 0, false
	}
	i, err := strconv.Atoi(a.Address[1:])
	if err != nil || i < 0 || i >= len(s.nodes) || a != address(i) {
		return 0, false
	}
	return int32(i), true
}

func (s *Sim) addresses() []wire.Addr {
	out := make([]wire.Addr, len(s.seeds))
	for i, n := range s.seeds {
		out[i] = address(int(n))
	}
	return out
}

// Start starts the nodes, now and in this order. A node that runs is left alone.
func (s *Sim) Start(nodes ...int) {
	for _, i := range nodes {
		if n := &s.nodes[i]; !n.up {
			s.boot(n)
		}
	}
}

// StartAll starts all nodes, each at a random instant between now and within from now.
func (s *Sim) StartAll(within time.Duration) {
	for i := range s.nodes {
		at := s.now
		if within > 0 {
			at += below(hash(s.opts.Seed, saltStart, uint64(i)), int64(within)+1)
		}
		s.at(newEvent(at, evStart, int32(i), 0, 0, -1))
	}
}

// Running reports whether the node runs: started, and neither crashed nor silent.
func (s *Sim) Running(node int) bool { return s.nodes[node].up }

// boot starts a node that does not run, empty but for its incarnation.
func (s *Sim) boot(n *node) {
	n.boots++
	n.up, n.silent, n.last = true, false, 0
	n.core = s.newCore(s.opts.config(int(n.id), n.boots))
	n.seen, _ = n.core.(inspected)
	s.logLife(n, NodeUp, "")
	s.step(n, core.Input{Kind: core.InStart, Incarnation: n.stored})
	err := s.command(n, core.Command{
		Op: core.OpDescriptor, Node: uint64(n.id) + 1, Key: descriptorKey(int(n.id)), Value: s.descriptor(int(n.id)),
		TTL: int64(s.opts.DescriptorTTL),
	})
	if err != nil {
		s.fail(fmt.Errorf("start n%d: %w", n.id, err))
	}
}

func descriptorKey(i int) string { return "node:" + strconv.Itoa(i+1) }

// halt ends a node's run. Its links are the caller's.
func (s *Sim) halt(n *node) {
	n.up, n.core, n.seen, n.refs, n.wrote = false, nil, nil, nil, nil
	n.next, n.armed = 0, 0
	n.base, n.over, n.held, n.count, n.sum = nil, nil, nil, 0, 0
}

// command has the node's core do c and returns the problem it had with that.
func (s *Sim) command(n *node, c core.Command) error {
	if !n.up {
		return fmt.Errorf("n%d does not run", n.id)
	}
	n.commands++
	c.N = n.commands
	out := s.step(n, core.Input{Kind: core.InCommand, Command: &c})
	for _, r := range out.Replies {
		if r.N == c.N && r.Err != core.OK {
			return problem(r.Err)
		}
	}
	return nil
}

func problem(p core.Problem) error {
	switch p {
	case core.NoNodeID:
		return fmt.Errorf("the node has no ID")
	case core.NodeIDSet:
		return fmt.Errorf("the node has another ID")
	case core.LimitReached:
		return fmt.Errorf("the node holds no more infos")
	case core.OtherCluster:
		return fmt.Errorf("the cluster has another ID")
	case core.Left:
		return fmt.Errorf("the node has left")
	}
	return fmt.Errorf("problem %d", p)
}

// step puts an input into the node's core and does what comes out. The outputs hold until the node's next step.
func (s *Sim) step(n *node, in core.Input) *core.Outputs { return s.stepRaw(n, in, nil) }

// stepRaw is step for an input that came as raw bytes.
func (s *Sim) stepRaw(n *node, in core.Input, raw []byte) *core.Outputs {
	mono := n.clock.now(s.now)
	now := core.Now{Mono: mono, Wall: epoch + mono + n.clock.offset}
	out := n.core.Step(now, in)
	n.trace = mixOutputs(mixInput(n.trace, now, &in, raw), out)
	s.stats.Steps++
	if out.Persist != 0 {
		n.stored = out.Persist
		s.later(s.now, evPersisted, n, out.Persist, load{num: out.Persist})
	}
	s.logRemarks(n, out.Events)
	for i := range out.Changes { // nobody hears of that but onlookers, who want to know what a frame has before it goes
		s.changed(n, &out.Changes[i])
	}
	for i := range out.Sends {
		s.send(n, out.Sends[i])
	}
	for i := range out.Dials {
		s.dial(n, out.Dials[i])
	}
	for i := range out.Closes {
		s.close(n, out.Closes[i].Link)
	}
	if out.Resolve {
		s.later(s.now, evResolved, n, 0, load{})
	}
	n.next = out.Next
	s.arm(n)
	s.observe(n, &in, out)
	if out.Fatal != 0 {
		s.fail(fmt.Errorf("n%d gave up: refusal %d", n.id, out.Fatal))
	}
	return out
}

// later has something happen to the node alone, unless its run has ended by then.
func (s *Sim) later(at int64, c class, n *node, key uint64, l load) {
	l.boot = n.boots
	s.at(newEvent(at, c, n.id, 0, key, s.loads.put(l)))
}

// arm sees to it that there is an event at the node's deadline or before. Events that turn out to be too early or
// one too many do nothing.
func (s *Sim) arm(n *node) {
	if n.next == 0 {
		return
	}
	if at := max(n.clock.when(n.next), s.now); n.armed == 0 || at < n.armed {
		n.armed = at
		s.at(newEvent(at, evDeadline, n.id, 0, 0, -1))
	}
}

func (s *Sim) deadline(n *node, at int64) {
	if at != n.armed {
		return
	}
	n.armed = 0
	if n.next != 0 && n.next <= n.clock.now(at) {
		n.next = 0
		s.step(n, core.Input{Kind: core.InDeadline})
		return
	}
	s.arm(n)
}
