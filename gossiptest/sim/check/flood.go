package check

import (
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// Grace is how long a node has to be linked to one that has a write which it lacks, before the write may not be lost with the
// nodes that have it.
const Grace = 10 * time.Second

// Flood is what the simplest network of all would have: without trees, ranges and links, every node has at once what any
// node has that it can reach, over others and there and back. It sees the same writes and faults as a [Checker], to which it belongs.
type Flood struct {
	c     *Checker
	nodes []map[string]sim.Version // what each has; nil if it does not run
	open  map[string]exposure
	lost  map[string][]loss
	at    time.Duration // of the last Spread
}

// exposure says how long a version of a key was one link away from a node that lacked it.
type exposure struct {
	version sim.Version
	time    time.Duration
}

// loss is a version of a key that was gone with the last node that had it.
type loss struct {
	exposure
	left sim.Version // the newest one that another node had then; zero: none
}

// Flood begins a flood. No node has started yet.
func (c *Checker) Flood() *Flood {
	f := &Flood{c: c, nodes: make([]map[string]sim.Version, c.s.Len()), open: map[string]exposure{}, lost: map[string][]loss{}}
	c.s.Observe(func(st sim.Step) {
		if f.nodes[st.Node] == nil {
			f.nodes[st.Node] = map[string]sim.Version{}
		}
		for i := range st.Wrote {
			f.take(st.Node, st.Wrote[i].Key, st.Wrote[i].Version)
		}
	})
	return f
}

func (f *Flood) take(node int, key string, v sim.Version) {
	if old, ok := f.nodes[node][key]; !ok || v.Compare(old) > 0 {
		f.nodes[node][key] = v
	}
}

// Spread lets everything come to whom it can reach. Call it before anything changes who that is, and each second.
func (f *Flood) Spread() {
	s, met := f.c.s, make([]bool, len(f.nodes))
	since := s.Now() - f.at
	f.at = s.Now()
	for i := range f.nodes {
		if met[i] || f.nodes[i] == nil {
			continue
		}
		met[i] = true
		group := []int{i}
		for k := 0; k < len(group); k++ {
			for j := range f.nodes {
				if !met[j] && f.nodes[j] != nil && s.Reaches(group[k], j) && s.Reaches(j, group[k]) {
					met[j] = true
					group = append(group, j)
				}
			}
		}
		for _, j := range group[1:] {
			for key, v := range f.nodes[j] {
				f.take(i, key, v)
			}
		}
		for _, j := range group[1:] {
			for key, v := range f.nodes[i] {
				f.nodes[j][key] = v
			}
		}
		f.expose(group, since)
	}
}

// expose takes note of what some of a group of nodes lack that others have to which they are linked.
func (f *Flood) expose(group []int, d time.Duration) {
	first := group[0]
	if !slices.ContainsFunc(group, func(j int) bool { return f.c.s.Digest(j) != f.c.s.Digest(first) }) {
		return // they claim the same, and have that
	}
	links := make([][]int, len(f.nodes))
	for _, j := range group {
		links[j] = f.c.s.Links(j)
	}
	has := make([]bool, len(f.nodes))
	for key, v := range f.nodes[first] {
		for _, j := range group {
			e, ok := f.c.s.Entry(j, key)
			has[j] = ok && e.Version.Compare(v) >= 0
		}
		if slices.ContainsFunc(group, func(j int) bool {
			return has[j] && slices.ContainsFunc(links[j], func(k int) bool { return slices.Contains(group, k) && !has[k] })
		}) {
			x := f.open[key]
			if x.version != v {
				x = exposure{version: v}
			}
			x.time += d
			f.open[key] = x
		}
	}
}

// Down ends a node that runs. Call it right before the Sim's own does.
func (f *Flood) Down(node int) {
	if !f.c.s.Running(node) {
		return
	}
	f.Spread()
	for key := range f.nodes[node] {
		e, ok := f.c.s.Entry(node, key)
		left := f.left(node, key)
		if !ok || left.Compare(e.Version) >= 0 {
			continue
		}
		x := exposure{version: e.Version}
		if o := f.open[key]; o.version == e.Version {
			x = o
		}
		f.lost[key] = append(f.lost[key], loss{x, left})
	}
	f.nodes[node] = nil
}

// left returns the newest version of a key that a node has but for one, zero if none has any.
func (f *Flood) left(but int, key string) (newest sim.Version) {
	for j := range f.nodes {
		if j == but || f.nodes[j] == nil {
			continue
		}
		if o, ok := f.c.s.Entry(j, key); ok && o.Version.Compare(newest) > 0 {
			newest = o.Version
		}
	}
	return newest
}

// Compare holds what the nodes have against what they would have after a flood. It belongs behind [Checker.Quiet], and
// returns the first [Violation].
func (f *Flood) Compare() error {
	f.Spread()
	for i := range f.nodes {
		if f.nodes[i] == nil {
			continue
		}
		all := make([]string, 0, len(f.nodes[i]))
		for key := range f.nodes[i] {
			all = append(all, key)
		}
		slices.Sort(all)
		for _, key := range all {
			f.compare(i, key, f.nodes[i][key])
		}
		break // the others have the same
	}
	return f.c.err
}

// compare holds what the node has under a key against what a flood would have brought there, or what was left where that was lost before it could be
// passed on.
func (f *Flood) compare(i int, key string, want sim.Version) {
	for x := f.excuse(key, want); x != nil; x = f.excuse(key, want) {
		want = x.left
	}
	w := f.c.log.find(want)
	if w == nil {
		return
	}
	now := f.c.s.Now()
	end := w.at + w.entry.TTL
	live := !w.entry.Deleted && (w.entry.TTL == 0 || now < end)
	e, ok := f.c.s.Entry(i, key)
	switch {
	case !ok && live:
		f.c.fail(Survival, "n%d has nothing of %s, written at %v", i, show(&w.entry), w.at)
	case !ok:
	case e.Version.Compare(want) < 0:
		f.c.fail(Survival, "n%d has %s, and not %s, written at %v", i, show(&e), show(&w.entry), w.at)
	case e.Version == want && e.Live != live && (w.entry.TTL == 0 || now < end || now > end+Slack):
		f.c.fail(Survival, "n%d has %s, written at %v to last for %v", i, show(&e), w.at, w.entry.TTL)
	}
}

// excuse returns how a write was lost with the nodes that had it, or a newer one of its key instead, before they had the time to pass that on: nil if it
// was not. Of several losses, it is the one that left least.
func (f *Flood) excuse(key string, want sim.Version) (least *loss) {
	for i := range f.lost[key] {
		x := &f.lost[key][i]
		if x.version.Compare(want) >= 0 && x.left.Compare(want) < 0 && x.time < Grace && (least == nil || x.left.Compare(least.left) < 0) {
			least = x
		}
	}
	return least
}
