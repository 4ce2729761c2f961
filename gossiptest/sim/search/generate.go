package search

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// What Generate makes.
const (
	nodes   = 20
	writes  = 100
	keys    = 30
	running = time.Minute
	margin  = 2 * time.Second // at the beginning and at the end, without faults
)

// Generate makes a schedule of a seed: 20 nodes, a minute, 100 writes and at least 8 faults of at least 4 kinds, each of which
// begins while another one lasts. A third of the keys has several writers. Odd seeds lose no datagrams: more is promised then.
// Of eight seeds, in one all nodes have two parents in each tree, and in one some.
func Generate(seed uint64) Schedule {
	g := generator{rand.New(rand.NewPCG(seed, 0x736561726368))}
	s := Schedule{Seed: seed, Nodes: nodes, For: running}
	if g.IntN(2) == 0 {
		s.Sentinel = 10 * time.Second
	}
	s.Faults = g.faults(seed%2 == 0)
	s.Writes = g.writes(s.Faults)
	switch g.IntN(8) {
	case 0:
		s.Doubled = nodes
	case 1:
		s.Doubled = 1 + g.IntN(nodes-1)
	}
	return s
}

type generator struct{ *rand.Rand }

// between returns a time from a to b, in whole milliseconds.
func (g generator) between(a, b time.Duration) time.Duration {
	return (a + time.Duration(g.Int64N(int64(b-a)+1))).Truncate(time.Millisecond)
}

// some returns n nodes, in order.
func (g generator) some(n int) []int {
	some := g.Perm(nodes)[:n]
	slices.Sort(some)
	return some
}

func (g generator) faults(datagrams bool) fault.Schedule {
	var order []fault.Kind
	for _, k := range g.Perm(len(kinds)) {
		if kind := kinds[k]; kind != fault.Datagrams || datagrams {
			order = append(order, kind)
		}
	}
	if order[0] == fault.Restart { // nothing else can begin while it lasts
		order[0], order[1] = order[1], order[0]
	}
	var faults fault.Schedule
	at := g.between(margin, 10*time.Second)
	for i := range 8 + g.IntN(6) {
		kind := order[i%len(order)]
		if i >= 4 {
			kind = order[g.IntN(len(order))]
		}
		f := g.fault(kind)
		f.At = at + time.Duration(i)*time.Microsecond // no node lives twice at one instant
		faults = append(faults, f)
		// The next one begins before all that have begun are over.
		end := at
		for _, f := range faults {
			end = max(end, (f.At + f.For).Truncate(time.Millisecond))
		}
		at = g.between(at, min(end-time.Millisecond, at+8*time.Second, running-margin))
	}
	return faults
}

// fault makes a fault of a kind, but for its time.
func (g generator) fault(k fault.Kind) fault.Fault {
	f := fault.Fault{Kind: k, For: g.between(time.Second, 15*time.Second)}
	switch k {
	case fault.Partition:
		f.Nodes = g.some(1 + g.IntN(nodes/2))
	case fault.OneWay:
		some := g.Perm(nodes)
		n, m := 1+g.IntN(nodes/2), 1+g.IntN(nodes/2)
		f.Nodes, f.To = some[:n], some[n:n+m]
		slices.Sort(f.Nodes)
		slices.Sort(f.To)
	case fault.Crash, fault.Wipe, fault.Silence:
		f.Nodes = g.some(1 + g.IntN(6))
	case fault.Restart:
		f.Nodes, f.For = g.some(1+g.IntN(6)), 0
	case fault.Loss:
		f.Amount = float64(1+g.IntN(20)) / 100
	case fault.Datagrams:
		f.Amount = float64(1+g.IntN(20)) / 100
	case fault.Slow:
		f.Nodes, f.Amount = g.some(1+g.IntN(6)), float64(2+g.IntN(9))
	case fault.Clock:
		f.Nodes, f.Amount = g.some(1), float64(2-4*g.IntN(2))
	}
	return f
}

func (g generator) writes(faults fault.Schedule) []Write {
	writers := make([][]int, keys)
	for i := range writers {
		n := 1
		if i%3 == 0 {
			n = 2 + g.IntN(3)
		}
		writers[i] = g.some(n)
	}
	all := make([]Write, 0, writes)
	for i := range writes {
		key := i % keys // each key is written twice, at least
		w := Write{Node: writers[key][i/keys%len(writers[key])], At: g.between(margin, running-margin)}
		switch g.IntN(5) {
		case 0: // right before something goes wrong
			w.At = faults[g.IntN(len(faults))].At - g.between(0, 100*time.Millisecond)
		case 1, 2: // while another write of the key is under way
			if i >= 2*keys {
				last := &all[g.IntN(i)]
				key = number(last.Key)
				w.Node, w.At = writers[key][g.IntN(len(writers[key]))], last.At+g.between(0, 60*time.Millisecond)
			}
		}
		w.Key = fmt.Sprint("k", key)
		switch g.IntN(10) {
		case 0, 1:
			w.Delete = true
		case 2, 3, 4, 5:
			w.TTL = g.between(100*time.Millisecond, 20*time.Second)
		case 6:
			w.TTL = time.Hour
		}
		all = append(all, w)
	}
	slices.SortStableFunc(all, func(a, b Write) int { return cmp.Compare(a.At, b.At) })
	return all
}

func number(key string) (n int) {
	fmt.Sscanf(key, "k%d", &n)
	return n
}
