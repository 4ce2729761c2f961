package core_test

import (
	"fmt"
	"maps"
	"slices"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// memory is what became of the steps that any of the worlds sharing it has taken, so that a search takes each only once.
// A world that has one never changes a core: it goes on with another.
type memory struct {
	steps  map[taken]*result
	frames map[string]*wire.Frame
}

// remembered is how many steps a memory holds before it begins anew: each is some ten kilobytes.
const remembered = 50_000

// taken is a step: which core took what in, and when.
type taken struct {
	node, life uint64
	core       uint64 // its fingerprint
	now        core.Now
	kind       core.Kind
	reason     wire.Refusal
	link       core.LinkID
	dial       core.DialID
	inc        uint64
	frame      *wire.Frame
	cmd        core.Command
	addrs      string
}

type result struct {
	core  *core.Core
	print uint64
	out   core.Outputs
}

// remember makes w a world that remembers its steps.
func (w *world) remember() {
	w.memory = &memory{steps: map[taken]*result{}, frames: map[string]*wire.Frame{}}
	for i := range w.nodes {
		if n := &w.nodes[i]; n.up {
			n.print = n.core.Fingerprint()
		}
	}
}

// clone returns a world between two steps in the same state, which shares the memory.
func (w *world) clone() *world {
	x := *w
	x.steps = 0
	x.nodes = slices.Clone(w.nodes)
	for i := range x.nodes {
		n := &x.nodes[i]
		n.events, n.changes, n.replies = slices.Clip(n.events), slices.Clip(n.changes), slices.Clip(n.replies)
		n.dials, n.saves, n.closes = slices.Clip(n.dials), slices.Clip(n.saves), slices.Clip(n.closes)
	}
	x.conns = slices.Clone(w.conns)
	x.todo, x.wrote, x.wrong = nil, slices.Clip(w.wrote), slices.Clip(w.wrong)
	return &x
}

// decode reads a frame; one that is the same as an earlier one is that one.
func (w *world) decode(b []byte) (*wire.Frame, error) {
	if w.memory == nil {
		return decode(b)
	}
	if f := w.memory.frames[string(b)]; f != nil {
		return f, nil
	}
	f, err := decode(b)
	if err == nil {
		w.memory.frames[string(b)] = f
	}
	return f, err
}

// advance has a node take a step.
func (w *world) advance(n *node, in core.Input) *core.Outputs {
	now := core.Now{Mono: w.now, Wall: epoch + w.now + n.skew}
	if w.memory == nil {
		return n.core.Step(now, in)
	}
	key := taken{
		node: n.cfg.Node, life: n.lives, core: n.print, now: now, kind: in.Kind, reason: in.Reason, link: in.Link, dial: in.Dial,
		inc: in.Incarnation, frame: in.Frame, addrs: fmt.Sprint(in.Addrs),
	}
	if in.Command != nil {
		key.cmd = *in.Command
	}
	r := w.memory.steps[key]
	if r == nil {
		r = &result{core: n.core.Clone()}
		r.out = keep(r.core.Step(now, in))
		r.print = r.core.Fingerprint()
		if len(w.memory.steps) >= remembered {
			clear(w.memory.steps)
			clear(w.memory.frames)
		}
		w.memory.steps[key] = r
	}
	n.core, n.print = r.core, r.print
	if len(r.out.Changes) > 0 {
		n.view = maps.Clone(n.view)
	}
	return &r.out
}

// keep copies outputs, which hold until the next step only.
func keep(out *core.Outputs) core.Outputs {
	o := *out
	o.Sends, o.Dials, o.Closes = slices.Clone(o.Sends), slices.Clone(o.Dials), slices.Clone(o.Closes)
	o.Changes, o.Events, o.Replies = slices.Clone(o.Changes), slices.Clone(o.Events), slices.Clone(o.Replies)
	return o
}
