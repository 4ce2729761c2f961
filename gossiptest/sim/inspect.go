package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// Version tells a write from all others. Of the writes of a key, the one with the greatest Version stands.
type Version struct {
	Wall        int64  // time of the writer's hybrid logical clock, in nanoseconds since 1970
	Logical     int32  // and its second part
	Node        int    // that wrote it
	Incarnation uint64 // of that node
	Seq         uint64 // n-th write of that incarnation
}

// Compare returns -1, 0 or 1 if v stands below w, is the same, or stands above it.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(v.Wall, w.Wall), cmp.Compare(v.Logical, w.Logical), cmp.Compare(v.Node, w.Node),
		cmp.Compare(v.Incarnation, w.Incarnation), cmp.Compare(v.Seq, w.Seq))
}

// Entry is what a node has under a key: an info, or what is left of one.
type Entry struct {
	Key     string        // of the info
	Value   string        // none unless Live
	Version Version       // of the write, or the deletion
	TTL     time.Duration // lifetime of the info, or how long what is left of it stays at least; zero: for ever
	Live    bool          // else it is a deletion, or has expired: only its place in the order is left
	Deleted bool          // it is a deletion
}

// Origin is what a node knows of an origin, one life of a node as a writer: how much it has of what that wrote, and where
// it comes from.
type Origin struct {
	Node        int    // that writes
	Incarnation uint64 // under which it does
	Covered     uint64 // the node has every write up to this one, or newer ones of the same keys
	Parent      int    // node from which its writes come; -1: none
	Second      int    // node from which they come too, mostly later, see [Options.Parents]; -1: none
}

// Step is something that came in at a node, and what that changed. Its slices hold during the call.
type Step struct {
	Node    int     // at which
	Run     int     // n-th run of the node, counted from 1: at its beginning it has nothing
	Wrote   []Entry // what the node wrote itself
	Changed []Entry // what stands under keys that have changed, in order; own writes included
	Links   bool    // its links have changed
	Placed  bool    // it has been placed: this has been there for as long as the versions say
}

// inspected is what a core shows of itself besides [machine].
type inspected interface {
	Origins(yield func(core.OriginInfo) bool)
	Record(key string) *core.Record
	Incarnation() uint64
	Digest() uint64
	Backlog(id core.LinkID) int
}

var _ inspected = (*core.Core)(nil)

// Observe has f called after each step of each node, from now on: after whatever came in at the node, be it a frame, a write or
// the end of a timer. It may look at the Sim, and change nothing. It adds to the functions given before.
func (s *Sim) Observe(f func(Step)) { s.observers = append(s.observers, f) }

// observe tells the observers of a step.
func (s *Sim) observe(n *node, in *core.Input, out *core.Outputs) {
	if len(s.observers) == 0 {
		return
	}
	st := Step{Node: int(n.id), Run: s.net.Boots(int(n.id)), Links: out.Links, Wrote: s.told.Wrote[:0], Changed: s.told.Changed[:0]}
	note := func(r *core.Record) {
		e := entry(r)
		st.Changed = append(st.Changed, e)
		if r.From == 0 && r.Node == uint64(n.id)+1 && r.Seq > n.wrote[r.Incarnation] {
			if n.wrote == nil {
				n.wrote = map[uint64]uint64{}
			}
			n.wrote[r.Incarnation] = r.Seq
			st.Wrote = append(st.Wrote, e)
		}
	}
	for i := range out.Changes {
		note(out.Changes[i].Record)
	}
	// Deleting what has expired changes nothing that a node shows.
	if c := in.Command; c != nil && c.Op == core.OpDelete && n.seen != nil {
		r := n.seen.Record(c.Key)
		shown := func(c core.Change) bool { return c.Record == r }
		if r != nil && r.Taken == s.net.Mono(int(n.id)) && !slices.ContainsFunc(out.Changes, shown) {
			note(r)
		}
	}
	s.told = st
	s.tellStep(st)
}

// observeWritten tells the observers who has written what is there before the nodes that are placed.
func (s *Sim) observeWritten(held []*core.Record) {
	if len(s.observers) == 0 {
		return
	}
	for _, r := range held {
		node, e := int(r.Node)-1, []Entry{entry(r)}
		s.nodes[node].wrote = map[uint64]uint64{r.Incarnation: r.Seq}
		s.tellStep(Step{Node: node, Run: 1, Wrote: e, Changed: e, Placed: true})
	}
}

// observeHeld tells the observers what a node that is placed has of others.
func (s *Sim) observeHeld(n *node, held []*core.Record) {
	if len(s.observers) == 0 {
		return
	}
	var all []Entry
	for _, r := range held {
		if int(r.Node)-1 != int(n.id) {
			all = append(all, entry(r))
		}
	}
	s.tellStep(Step{Node: int(n.id), Run: 1, Changed: all, Placed: true})
}

func (s *Sim) tellStep(st Step) {
	for _, f := range s.observers {
		f(st)
	}
}

func entry(r *core.Record) Entry {
	e := Entry{Key: r.Key, Version: version(r), TTL: time.Duration(r.TTL), Live: r.State == wire.Live, Deleted: r.State == wire.Tombstone}
	if e.Live {
		e.Value = r.Value
	}
	return e
}

func version(r *core.Record) Version {
	return Version{Wall: r.Stamp.Wall, Logical: r.Stamp.Logical, Node: int(r.Node) - 1, Incarnation: r.Incarnation, Seq: r.Seq}
}

// Entry returns what the node has under the key, what is left of infos included. It has nothing if it does not run.
func (s *Sim) Entry(node int, key string) (Entry, bool) {
	if n := &s.nodes[node]; n.seen != nil {
		if r := n.seen.Record(key); r != nil {
			return entry(r), true
		}
	}
	return Entry{}, false
}

// Origins calls yield for every incarnation that the node knows of, in the order in which it heard of them, until yield
// returns false.
func (s *Sim) Origins(node int, yield func(Origin) bool) {
	n := &s.nodes[node]
	if n.seen == nil {
		return
	}
	n.seen.Origins(func(o core.OriginInfo) bool {
		from := func(l core.LinkID) int {
			if w, ok := s.net.Way(node, simnet.ID(l)); ok {
				return w.To
			}
			return -1
		}
		return yield(Origin{
			Node: int(o.Node) - 1, Incarnation: o.Incarnation, Covered: o.Covered, Parent: from(o.Parent), Second: from(o.Second),
		})
	})
}

// Digest returns a hash of what the node covers of all origins, as it tells its peers; zero if it does not run.
func (s *Sim) Digest(node int) uint64 {
	if n := &s.nodes[node]; n.seen != nil {
		return n.seen.Digest()
	}
	return 0
}

// Incarnation returns the incarnation the node writes under; zero if it does not run.
func (s *Sim) Incarnation(node int) uint64 {
	if n := &s.nodes[node]; n.seen != nil {
		return n.seen.Incarnation()
	}
	return 0
}

// Backlog returns how many origins wait to be sent, advertised or asked for on a link of the node, where most do.
func (s *Sim) Backlog(node int) int {
	n, most := &s.nodes[node], 0
	if n.seen == nil {
		return 0
	}
	s.net.Links(node, func(l simnet.ID) { most = max(most, n.seen.Backlog(core.LinkID(l))) })
	return most
}

// Degree returns how many links the node has admitted that it dialled, and how many that others did.
func (s *Sim) Degree(node int) (dialed, accepted int) {
	n := &s.nodes[node]
	if !n.up() {
		return 0, 0
	}
	for _, l := range n.core.Links() {
		switch {
		case !l.Admitted:
		case l.Dialed:
			dialed++
		default:
			accepted++
		}
	}
	return dialed, accepted
}

// Reaches reports whether a frame sent now from one running node to the other would come there, but for losses.
func (s *Sim) Reaches(from, to int) bool { return s.net.Passes(from, to) }
