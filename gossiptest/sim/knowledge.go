package sim

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/tracing"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// knowledge is what an onlooker knows who sees every write and every copy.
type knowledge struct {
	keys    map[string]int32
	names   []string     // of the keys
	last    []*Update    // of each key, the write seen last
	bodies  []*wire.Body // of that write
	count   int          // of writes
	writers [][]run      // by node
}

// run is what a node wrote under one incarnation, in order.
type run []written

type written struct {
	stamp wire.Stamp // tells it from the write with the same Seq in another run
	key   int32
	*Update
}

// Update is what became of one write of an info.
type Update struct {
	N       int           // it is the n-th write of the Sim, counted from 1
	Key     string        // of the info
	Node    int           // that wrote it
	Seq     uint64        // n-th write of that run of the node
	At      time.Duration // when it was written, since New
	Deleted bool          // it was a deletion
	Copies  int           // times it arrived at a node, be it known there or not
	Nodes   int           // other nodes that took it in
	Hops    int           // links it crossed to come to the farthest of them
	Last    time.Duration // when the last of them took it in, since New
	Total   time.Duration // how long it took to come to each of them, added up
}

// Learned says that a node has taken an info in.
type Learned struct {
	Node    int           // that has taken it in
	N       int           // number of the write, see [Update]
	Key     string        // of the info
	From    int           // node that wrote it
	Seq     uint64        // n-th write of that run of From
	Hops    int           // links it crossed
	Written time.Duration // when, since New
	At      time.Duration // when Node took it in, since New
	Deleted bool          // it is a deletion
}

func newKnowledge(nodes int) knowledge {
	return knowledge{keys: make(map[string]int32, nodes), writers: make([][]run, nodes)}
}

func (k *knowledge) key(name string) int32 {
	i, ok := k.keys[name]
	if !ok {
		i = int32(len(k.names))
		k.keys[name] = i
		k.names, k.last, k.bodies = append(k.names, name), append(k.last, nil), append(k.bodies, nil)
	}
	return i
}

// find returns the write that an info stems from, nil if it is nobody's.
func (k *knowledge) find(b *wire.Body) *written {
	if b.Node == 0 || b.Node > uint64(len(k.writers)) {
		return nil
	}
	runs := k.writers[b.Node-1]
	for i := len(runs) - 1; i >= 0; i-- {
		j, ok := slices.BinarySearchFunc(runs[i], b.Seq, func(w written, seq uint64) int { return cmp.Compare(w.Seq, seq) })
		if ok && runs[i][j].stamp == b.Stamp {
			return &runs[i][j]
		}
	}
	return nil
}

// copies counts the infos of a frame that has arrived. Those that were written last of their keys become the ones which their
// writers hold, byte for byte the same, so that all nodes share them.
func (k *knowledge) copies(f *wire.Frame) {
	for i := range f.Infos {
		body := &f.Infos[i].Body
		w := k.find(body)
		if w == nil {
			continue
		}
		w.Copies++
		if b := k.bodies[w.key]; b != nil && *b == *body {
			*body = *b
		}
	}
}

// changed takes note of a change of what a node holds.
func (s *Sim) changed(n *node, c *core.Change) {
	r := c.Record
	w := s.known.find(&r.Body)
	if w == nil && r.Node == uint64(n.id)+1 && r.From == 0 {
		w = s.wrote(n, r)
	}
	var key int32
	if w != nil {
		key = w.key
	} else {
		key = s.known.key(r.Key)
	}
	s.note(n, c)
	if r.State == wire.Live {
		n.hold(key, r)
	} else {
		n.hold(key, nil)
	}
	if w == nil || w.Node == int(n.id) || c.Kind == core.Moved || c.Kind == core.Expired {
		return
	}
	w.Nodes++
	w.Hops = max(w.Hops, int(r.Hops))
	w.Last = s.Now()
	w.Total += s.Now() - w.At
	s.stats.Hops = max(s.stats.Hops, int(r.Hops))
	s.logUpdate(InfoLearned, n, w.Update, int(r.Hops))
	if s.opts.OnLearn != nil {
		s.learned = append(s.learned, Learned{
			Node: int(n.id), N: w.N, Key: w.Key, From: w.Node, Seq: w.Seq, Hops: int(r.Hops), Written: w.At, At: s.Now(), Deleted: w.Deleted,
		})
	}
}

// wrote takes note of a write of a node.
func (s *Sim) wrote(n *node, r *core.Record) *written {
	k := &s.known
	key := k.key(r.Key)
	k.count++
	u := &Update{N: k.count, Key: k.names[key], Node: int(n.id), Seq: r.Seq, At: s.Now(), Last: s.Now(), Deleted: r.State == wire.Tombstone}
	k.last[key], k.bodies[key] = u, &r.Body
	s.logUpdate(InfoWritten, n, u, 0)
	runs := k.writers[n.id]
	last := len(runs) - 1
	if last < 0 || runs[last][len(runs[last])-1].Seq >= r.Seq {
		runs = append(runs, nil)
		last++
	}
	runs[last] = append(runs[last], written{stamp: r.Stamp, key: key, Update: u})
	k.writers[n.id] = runs
	return &runs[last][len(runs[last])-1]
}

// hold makes r, or nothing, what the node holds of a key.
func (n *node) hold(key int32, r *core.Record) {
	if old := n.get(key); old != nil {
		n.count--
		n.sum -= tracing.Identity(old)
	}
	if r != nil {
		n.count++
		n.sum += tracing.Identity(r)
	}
	i := int(key) - len(n.base)
	if i < 0 {
		if n.over == nil {
			n.over = map[int32]*core.Record{}
		}
		n.over[key] = r
		return
	}
	for i >= len(n.held) {
		n.held = append(n.held, nil)
	}
	n.held[i] = r
}

func (n *node) get(key int32) *core.Record {
	if i := int(key) - len(n.base); i >= 0 {
		if i >= len(n.held) {
			return nil
		}
		return n.held[i]
	}
	if r, ok := n.over[key]; ok {
		return r
	}
	return n.base[key]
}

// Add has the node write an info that lives for ttl; zero means for ever. The
// error says the seed; there is one if the node does not run.
func (s *Sim) Add(node int, key string, value []byte, ttl time.Duration) error {
	return s.write(node, "add", core.Command{Op: core.OpAdd, Key: key, Value: string(value), TTL: int64(ttl)})
}

// Delete has the node delete an info. Its errors are those of Add.
func (s *Sim) Delete(node int, key string) error {
	return s.write(node, "delete", core.Command{Op: core.OpDelete, Key: key})
}

func (s *Sim) write(node int, what string, c core.Command) error {
	err := s.command(&s.nodes[node], c)
	if err != nil {
		return fmt.Errorf("sim: seed %d, at %v: %s %q at n%d: %w", s.opts.Seed, s.Now(), what, c.Key, node, err)
	}
	return s.err
}

// Get returns the value of the key's info at the node, and whether there is one. The caller may keep the slice.
func (s *Sim) Get(node int, key string) ([]byte, bool) {
	if i, ok := s.known.keys[key]; ok {
		if r := s.nodes[node].get(i); r != nil {
			return []byte(r.Value), true
		}
	}
	return nil, false
}

// Keys returns the keys of the infos at the node, sorted.
func (s *Sim) Keys(node int) []string {
	n := &s.nodes[node]
	keys := make([]string, 0, n.count)
	for i, name := range s.known.names {
		if n.get(int32(i)) != nil {
			keys = append(keys, name)
		}
	}
	slices.Sort(keys)
	return keys
}

// Count returns the number of infos at the node.
func (s *Sim) Count(node int) int { return s.nodes[node].count }

// Update returns what became of the newest write of the key so far, and whether there was one.
func (s *Sim) Update(key string) (Update, bool) {
	if i, ok := s.known.keys[key]; ok && s.known.last[i] != nil {
		return *s.known.last[i], true
	}
	return Update{}, false
}

// Updates returns what became of every write so far, in order of their nodes and then of time.
func (s *Sim) Updates() []Update {
	var all []Update
	for _, runs := range s.known.writers {
		for _, r := range runs {
			for i := range r {
				all = append(all, *r[i].Update)
			}
		}
	}
	return all
}

// Converged reports whether all nodes that run hold the same infos: it is true where none runs, or only one. It costs next to
// nothing.
func (s *Sim) Converged() bool {
	_, _, differ := s.differing()
	return !differ
}

// differing returns two running nodes that differ, one of them the first that runs.
func (s *Sim) differing() (a, b *node, differ bool) {
	for i := range s.nodes {
		switch n := &s.nodes[i]; {
		case !n.up():
		case a == nil:
			a = n
		case n.sum != a.sum || n.count != a.count:
			return a, n, true
		}
	}
	return nil, nil, false
}

// Diverged describes the first difference between the first running node and another: the least node, and its least
// key. It is "" if Converged.
func (s *Sim) Diverged() string {
	a, b, differ := s.differing()
	if !differ {
		return ""
	}
	first := int32(math.MaxInt32)
	for i := range int32(len(s.known.names)) {
		ra, rb := a.get(i), b.get(i)
		same := ra == rb || ra != nil && rb != nil && tracing.Identity(ra) == tracing.Identity(rb)
		if !same && (first == math.MaxInt32 || s.known.names[i] < s.known.names[first]) {
			first = i
		}
	}
	return fmt.Sprintf("%q is %s at n%d and %s at n%d", s.known.names[first], describe(a.get(first)), a.id, describe(b.get(first)), b.id)
}

// describe says what a node holds of a key.
func describe(r *core.Record) string {
	if r == nil {
		return "missing"
	}
	v := strconv.Quote(r.Value)
	if len(v) > 40 {
		v = fmt.Sprintf("%d bytes", len(r.Value))
	}
	return fmt.Sprintf("%s (write %d of n%d in its run from %v, at %v)",
		v, r.Seq, int64(r.Node)-1, time.Duration(int64(r.Incarnation)-epoch), time.Duration(r.Stamp.Wall-epoch))
}
