package search

import (
	"fmt"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// Schedule says what happens in a network: who writes what, and what goes wrong. [Schedule.String] prints it.
type Schedule struct {
	Seed     uint64         // of what the network draws
	Nodes    int            // how many there are; they start at once
	For      time.Duration  // then all is well again
	Sentinel time.Duration  // as in [sim.Options]
	MaxTTL   time.Duration  // as in [sim.Timers]
	Doubled  int            // so many nodes, the first ones, have two parents in each tree, see [sim.Options.Parents]
	Faults   fault.Schedule // in any order; of the kinds that a sim.Sim has
	Writes   []Write        // in any order
}

// kinds are those of the faults that a Schedule may have, in the order in which Generate draws them.
var kinds = []fault.Kind{
	fault.Partition, fault.OneWay, fault.Crash, fault.Wipe, fault.Silence, fault.Restart,
	fault.Loss, fault.Datagrams, fault.Slow, fault.Clock,
}

// Write is a write of a node, if it runs then.
type Write struct {
	At     time.Duration // when, since the start
	Node   int           // who
	Key    string        // of the info; what is written tells this write from others
	TTL    time.Duration // zero: for ever
	Delete bool          // the node deletes it
}

// value is what is written: it tells the write from others.
func (w *Write) value() []byte { return fmt.Appendf(nil, "n%d at %v", w.Node, w.At) }

// Options returns what the network of a schedule is made of.
func (s *Schedule) Options() sim.Options {
	parents := func(node int) int {
		if node < s.Doubled {
			return 2
		}
		return 1
	}
	return sim.Options{Nodes: s.Nodes, Seed: s.Seed, Sentinel: s.Sentinel, Parents: parents, Timers: sim.Timers{MaxTTL: s.MaxTTL}}
}

// String returns the schedule as a text, which [Parse] reads.
func (s *Schedule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d\nnodes %d\nfor %v\n", s.Seed, s.Nodes, s.For)
	if s.Sentinel != 0 {
		fmt.Fprintf(&b, "sentinel %v\n", s.Sentinel)
	}
	if s.MaxTTL != 0 {
		fmt.Fprintf(&b, "maxttl %v\n", s.MaxTTL)
	}
	if s.Doubled != 0 {
		fmt.Fprintf(&b, "doubled %d\n", s.Doubled)
	}
	b.WriteString(s.Faults.String())
	for i := range s.Writes {
		fmt.Fprintln(&b, s.Writes[i].String())
	}
	return b.String()
}

// String returns the write's line of a schedule.
func (w *Write) String() string {
	if w.Delete {
		return fmt.Sprintf("delete at %v node %d key %s", w.At, w.Node, w.Key)
	}
	return fmt.Sprintf("write at %v node %d key %s ttl %v", w.At, w.Node, w.Key, w.TTL)
}
