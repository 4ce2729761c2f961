package sim

import (
	"fmt"
	"strconv"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/internal/tracing"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// node is a core with what surrounds it. All but the core outlives a crash.
type node struct {
	core machine   // nil: it does not run
	seen inspected // the core, if it shows itself
	id   int32

	commands uint64
	stored   uint64 // the incarnation in its store
	trace    uint64
	wrote    map[uint64]uint64 // by incarnation, the last write that observers were told of

	base  []*core.Record         // by index of key: what it has held alive from the start; shared
	over  map[int32]*core.Record // by index of key: what it holds of these in their place
	held  []*core.Record         // by index of key beyond those: what it holds alive
	count int                    // of them
	sum   uint64                 // of their identities
}

func (n *node) up() bool { return n.core != nil }

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
		if n := &s.nodes[i]; !n.up() {
			s.boot(n)
		}
	}
}

// StartAll starts all nodes, each at a random instant between now and within from now.
func (s *Sim) StartAll(within time.Duration) { s.net.StartAll(within) }

// Running reports whether the node runs: started, and neither crashed nor silent.
func (s *Sim) Running(node int) bool { return s.nodes[node].up() }

// boot starts a node that does not run, empty but for its incarnation.
func (s *Sim) boot(n *node) {
	s.net.Boot(int(n.id))
	n.core = s.newCore(s.opts.config(int(n.id), s.net.Boots(int(n.id))))
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

// halt ends a node's run.
func (s *Sim) halt(n *node) {
	n.core, n.seen, n.wrote = nil, nil, nil
	n.base, n.over, n.held, n.count, n.sum = nil, nil, nil, 0, 0
}

// command has the node's core do c and returns the problem it had with that.
func (s *Sim) command(n *node, c core.Command) error {
	if !n.up() {
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
	now := s.clock(n)
	out := n.core.Step(now, in)
	n.trace = tracing.Outputs(tracing.Input(n.trace, epoch, now, &in, raw), out)
	s.stats.Steps++
	if out.Persist != 0 {
		n.stored = out.Persist
		incarnation := out.Persist
		s.net.Task(0, simnet.Stored, int(n.id), incarnation, func() {
			s.step(n, core.Input{Kind: core.InPersisted, Incarnation: incarnation})
		})
	}
	s.logRemarks(n, out.Events)
	for i := range out.Changes { // nobody hears of that but onlookers, who want to know what a frame has before it goes
		s.changed(n, &out.Changes[i])
	}
	for i := range out.Sends {
		s.net.Send(int(n.id), simnet.ID(out.Sends[i].Link), out.Sends[i].Frame)
	}
	for _, d := range out.Dials {
		s.dial(n, d)
	}
	for i := range out.Closes {
		s.net.Close(int(n.id), simnet.ID(out.Closes[i].Link))
	}
	if out.Resolve {
		s.net.Task(0, simnet.Resolved, int(n.id), 0, func() {
			s.step(n, core.Input{Kind: core.InResolved, Addrs: s.addresses()})
		})
	}
	s.net.Wake(int(n.id), out.Next)
	s.observe(n, &in, out)
	if out.Fatal != 0 {
		s.fail(fmt.Errorf("n%d gave up: refusal %d", n.id, out.Fatal))
	}
	return out
}

// clock returns what the clocks of a node show.
func (s *Sim) clock(n *node) core.Now {
	mono := s.net.Mono(int(n.id))
	return core.Now{Mono: mono, Wall: epoch + mono + s.net.Offset(int(n.id))}
}

// dial begins a dial. Those of one step begin in the order in which goroutines that dial would have their turns, see package serial.
func (s *Sim) dial(n *node, d core.Dial) {
	to, ok := s.nodeAt(d.Addr)
	if !ok {
		to = -1
	}
	host := int(n.id)
	s.net.Task(0, simnet.Out, host, simnet.NameKey("dial "+d.Addr.Address, 0), func() { s.net.Dial(host, uint64(d.ID), int(to)) })
}
