package core_test

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// deliver takes the next thing that is on its way from a side of a link to its other end: a frame, or the end of the
// link. It reports whether there was one.
func (w *world) deliver(k, side int) bool {
	c := &w.conns[k]
	from, to := &c.ends[side], &c.ends[1-side]
	if len(from.out) == 0 {
		if !from.fin || !to.up {
			return false
		}
		w.cut(k, side)
		return true
	}
	frame := from.out[0]
	from.out = from.out[1:]
	fromNode, fromID, slow := from.node, from.id, w.slowSends && from.up
	if to.up {
		f, err := w.decode(frame)
		if err != nil {
			w.wrong = append(w.wrong, err)
			return true
		}
		w.do(to.node, core.Input{Kind: core.InFrame, Link: to.id, Frame: f})
	}
	if slow {
		w.do(fromNode, core.Input{Kind: core.InSent, Link: fromID})
	}
	return true
}

// cut tells the other end that the link has ended; what was on its way is lost.
func (w *world) cut(k, side int) {
	from, to := &w.conns[k].ends[side], &w.conns[k].ends[1-side]
	from.out, from.fin, from.up = nil, true, false
	if to.up {
		to.up, to.fin, to.out = false, true, nil
		w.do(to.node, core.Input{Kind: core.InDown, Link: to.id})
	}
}

// sever breaks a link for both ends at once.
func (w *world) sever(a, b int) {
	for k := range w.conns {
		e := w.conns[k].ends
		if e[0].up && e[1].up && (e[0].node == a && e[1].node == b || e[0].node == b && e[1].node == a) {
			w.cut(k, 0)
			w.do(e[0].node, core.Input{Kind: core.InDown, Link: e[0].id})
		}
	}
}

// settle has everything arrive that is on its way and not held, and what follows from it, without time passing.
func (w *world) settle() {
	for more := true; more; {
		more = false
		for k := 0; k < len(w.conns); k++ {
			for s := range 2 {
				if !w.conns[k].ends[s].hold && w.conns[k].ends[1-s].node != 0 {
					more = w.deliver(k, s) || more
				}
			}
		}
	}
}

// run lets d pass: frames need w.latency, deadlines fire.
func (w *world) run(d int64) {
	end := w.now + d
	for {
		at := end
		for i := range w.nodes {
			if n := &w.nodes[i]; n.up && n.next != 0 {
				at = min(at, n.next)
			}
		}
		if w.underway() {
			at = min(at, w.now+w.latency)
		}
		if at > w.now {
			w.now, w.steps = at, 0
		}
		w.round()
		fired := false
		for i := range w.nodes {
			if n := &w.nodes[i]; n.up && n.next != 0 && n.next <= w.now {
				fired = true
				w.do(i, core.Input{Kind: core.InDeadline})
			}
		}
		if w.now >= end && !fired {
			return
		}
	}
}

// underway reports whether a round would have something arrive.
func (w *world) underway() bool {
	for k := range w.conns {
		for s := range 2 {
			e, to := &w.conns[k].ends[s], &w.conns[k].ends[1-s]
			if !e.hold && to.node != 0 && (len(e.out) > 0 || e.fin && to.up) {
				return true
			}
		}
	}
	return false
}

// round has everything arrive that is on its way, but not what is sent in answer.
func (w *world) round() {
	type due struct{ k, side, n int }
	var all []due
	for k := range w.conns {
		for s := range 2 {
			if e := &w.conns[k].ends[s]; !e.hold && w.conns[k].ends[1-s].node != 0 {
				n := len(e.out)
				if e.fin {
					n++
				}
				all = append(all, due{k, s, n})
			}
		}
	}
	for _, d := range all {
		for range d.n {
			w.deliver(d.k, d.side)
		}
	}
}

// command has a node do something and returns the problem it has with that.
func (w *world) command(i int, c core.Command) core.Problem {
	n := &w.nodes[i]
	c.N = uint64(len(n.replies)) + 1_000_000
	w.do(i, core.Input{Kind: core.InCommand, Command: &c})
	for _, r := range n.replies {
		if r.N == c.N {
			return r.Err
		}
	}
	return core.OK
}

// add writes an info that lives for ttl, 0 for ever.
func (w *world) add(i int, key, value string, ttl int64) core.Problem {
	return w.command(i, core.Command{Op: core.OpAdd, Key: key, Value: value, TTL: ttl})
}

func (w *world) remove(i int, key string) core.Problem {
	return w.command(i, core.Command{Op: core.OpDelete, Key: key})
}

// describe has a node gossip its descriptor.
func (w *world) describe(i int) core.Problem {
	id := uint64(i)
	return w.command(i, core.Command{
		Op: core.OpDescriptor, Node: id, Key: "node:" + strconv.FormatUint(id, 10), Value: descriptor(id),
	})
}

// linkOf returns the link of node a to node b that is up and admitted at a, 0 if there is none.
func (w *world) linkOf(a, b int) core.LinkID {
	for _, l := range w.nodes[a].core.Links() {
		if c, s := w.find(a, l.Link); l.Admitted && c != nil && c.ends[1-s].node == b {
			return l.Link
		}
	}
	return 0
}

// wire returns what node a has on its way to node b, over the newest link that has ever been between them.
func (w *world) wire(a, b int) *end {
	for k := len(w.conns) - 1; k >= 0; k-- {
		for s := range 2 {
			if e := &w.conns[k].ends[s]; e.node == a && w.conns[k].ends[1-s].node == b {
				return e
			}
		}
	}
	panic(fmt.Sprintf("core_test: no link from %d to %d", a, b))
}

// pass delivers one thing from node a to node b.
func (w *world) pass(a, b int) bool {
	e := w.wire(a, b)
	for k := range w.conns {
		for s := range 2 {
			if &w.conns[k].ends[s] == e {
				return w.deliver(k, s)
			}
		}
	}
	return false
}

// check returns everything that is wrong with the world: what a node did that it must not, marks hashes that are off,
// and P2: whatever a node covers, it holds, or something newer.
func (w *world) check() []error {
	errs := slices.Clone(w.wrong)
	for i := range w.nodes {
		n := &w.nodes[i]
		if !n.up {
			continue
		}
		if got, want := n.core.Digest(), n.core.DigestAnew(); got != want {
			errs = append(errs, fmt.Errorf("node %d: digest %x, want %x", i, got, want))
		}
		if counted, are := n.core.Lost(); counted != are {
			errs = append(errs, fmt.Errorf("node %d counts %d lost members, and there are %d", i, counted, are))
		}
		for o := range n.core.Marks() {
			if p, s := n.core.Parent(o), n.core.Second(o); s != 0 && (p == 0 || p == s) {
				errs = append(errs, fmt.Errorf("node %d's parents for node %d's infos are links %d and %d", i, o.Node, p, s))
			}
			for _, l := range []core.LinkID{n.core.Parent(o), n.core.Second(o)} {
				if m := n.core.Mode(l, o); m != wire.Lazy {
					errs = append(errs, fmt.Errorf("node %d sends node %d's infos as %d to one it has them from", i, o.Node, m))
				}
			}
		}
		marks := n.core.Marks()
		for _, wr := range w.wrote {
			if wr.seq > marks[wr.origin] {
				continue
			}
			rec := n.core.Record(wr.rec.Key)
			if rec == nil && w.now >= wr.rec.Expires { // it is nowhere any more
				continue
			}
			if rec == nil || compare(rec, wr.rec) < 0 {
				errs = append(errs, fmt.Errorf("node %d covers %d of node %d, %s, but has %s", i, wr.seq, wr.origin.Node, show(wr.rec), show(rec)))
			}
		}
		for _, k := range n.core.Keys() {
			rec, seen := n.core.Record(k), n.view[k]
			live, shown := rec.State == wire.Live, seen != nil && seen.State == wire.Live
			if live != shown || live && (compare(rec, seen) != 0 || rec.Value != seen.Value) {
				errs = append(errs, fmt.Errorf("node %d holds %s, but its Changes say %s", i, show(rec), show(seen)))
			}
		}
	}
	return errs
}

// differ returns how the stores of two running nodes differ in what they show, "" if they do not.
func (w *world) differ(a, b int) string {
	x, y := w.nodes[a].core, w.nodes[b].core
	keys := append(x.Keys(), y.Keys()...)
	slices.Sort(keys)
	for _, k := range slices.Compact(keys) {
		r, s := live(x.Record(k)), live(y.Record(k))
		if (r == nil) != (s == nil) || r != nil && (compare(r, s) != 0 || r.Value != s.Value) {
			return fmt.Sprintf("node %d has %s, node %d has %s", a, show(x.Record(k)), b, show(y.Record(k)))
		}
	}
	return ""
}

func live(r *core.Record) *core.Record {
	if r == nil || r.State != wire.Live {
		return nil
	}
	return r
}
