package fault

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Chaos describes schedules that are made at random. The zero value of a field is its default.
type Chaos struct {
	Count  int           // how many faults; zero means 8
	From   time.Duration // the first begins then or later
	Within time.Duration // and all are over when so much more has passed; zero means 20s
	Min    time.Duration // a fault lasts at least so long; zero means 500ms
	Max    time.Duration // and at most so long; zero means 6s, or Within if that is less

	// Kinds are those to choose from, nil [DefaultKinds]. As long as there are enough faults, there is one of each.
	Kinds []Kind
}

// DefaultKinds returns the kinds that everything has to survive which goes over reliable links and keeps what it needs in a
// store: partitions, one-way cuts, slow links, losses, crashes, restarts, silence and pauses.
func DefaultKinds() []Kind {
	return []Kind{Partition, OneWay, Slow, Loss, Crash, Restart, Silence, Pause}
}

// Schedule makes a schedule for so many nodes: the same one of the same seed. It panics if c makes no sense.
//
// The draws of a fault follow from the seed and its place in the schedule: one more in Count changes no other.
func (c Chaos) Schedule(nodes int, seed uint64) Schedule {
	c = c.withDefaults(nodes)
	order := rand.New(rand.NewPCG(seed, 0x6b696e6473)).Perm(len(c.Kinds))
	s := make(Schedule, 0, c.Count)
	for i := range c.Count {
		g := draws{rand.New(rand.NewPCG(seed, 0x6661756c74<<16|uint64(i))), nodes}
		kind := c.Kinds[order[i%len(order)]]
		if i >= len(order) {
			kind = c.Kinds[g.IntN(len(c.Kinds))]
		}
		f := g.fault(kind)
		if !specs[kind].instant {
			f.For = g.between(c.Min, c.Max)
		}
		f.At = c.From + g.between(0, c.Within-f.For)
		s = append(s, f)
	}
	slices.SortStableFunc(s, func(a, b Fault) int { return int(a.At - b.At) })
	return s
}

func (c Chaos) withDefaults(nodes int) Chaos {
	set := func(d *time.Duration, unset time.Duration) {
		if *d == 0 {
			*d = unset
		}
	}
	if c.Count == 0 {
		c.Count = 8
	}
	if c.Kinds == nil {
		c.Kinds = DefaultKinds()
	}
	set(&c.Within, 20*time.Second)
	set(&c.Min, min(500*time.Millisecond, c.Within))
	set(&c.Max, min(6*time.Second, c.Within))
	if c.Count < 0 || len(c.Kinds) == 0 || c.From < 0 || c.Min < 0 || c.Min > c.Max || c.Max > c.Within {
		panic(fmt.Sprintf("fault: Chaos makes no sense: %+v", c))
	}
	if nodes < 2 {
		panic(fmt.Sprintf("fault: Chaos for %d nodes, want 2 at least", nodes))
	}
	for _, k := range c.Kinds {
		if !k.valid() {
			panic(fmt.Sprintf("fault: Chaos with kind %d", uint8(k)))
		}
	}
	return c
}

// draws makes faults.
type draws struct {
	*rand.Rand
	nodes int
}

// between returns a time from a to b, in whole steps of 10 ms if it is not shorter.
func (g draws) between(a, b time.Duration) time.Duration {
	d := a + time.Duration(g.Int64N(int64(b-a)+1))
	if step := 10 * time.Millisecond; d.Truncate(step) >= a {
		d = d.Truncate(step)
	}
	return d
}

// some returns n nodes, in order.
func (g draws) some(n int) []int {
	some := g.Perm(g.nodes)[:n]
	slices.Sort(some)
	return some
}

// few returns one node or some more, but no more than a third of all.
func (g draws) few() []int { return g.some(1 + g.IntN(max(g.nodes/3, 1))) }

// fault makes a fault of a kind, but for its time.
func (g draws) fault(k Kind) Fault {
	f := Fault{Kind: k}
	switch k {
	case Partition:
		f.Nodes = g.some(1 + g.IntN(max(g.nodes/2, 1)))
	case OneWay:
		all := g.Perm(g.nodes)
		n := 1 + g.IntN(max(g.nodes/2, 1))
		m := n + 1 + g.IntN(g.nodes-n)
		f.Nodes, f.To = all[:n], all[n:m]
		slices.Sort(f.Nodes)
		slices.Sort(f.To)
	case Flap, ResolverFlap:
		f.Nodes, f.Every = g.few(), time.Duration(100+g.IntN(900))*time.Millisecond
	case Slow:
		f.Nodes, f.Amount = g.few(), float64(2+g.IntN(9))
	case Loss, Burst, Datagrams, Duplicate, Reorder:
		f.Amount = float64(1+g.IntN(20)) / 100
	case Bandwidth:
		f.Nodes, f.Amount = g.few(), float64(int(10_000)<<g.IntN(8))
	case Clock:
		f.Nodes, f.Amount = g.few(), float64(2-4*g.IntN(2))
	case Drift:
		f.Nodes, f.Amount = g.few(), float64(1-2*g.IntN(2))/100
	case Crash, Wipe, Restart, Silence, Pause:
		f.Nodes = g.few()
	case ResolverSlow, StoreSlow:
		f.Nodes, f.Amount = g.few(), float64(1+g.IntN(20))/10
	default:
		f.Nodes = g.few()
	}
	return f
}
