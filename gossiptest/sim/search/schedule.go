package search

import (
	"fmt"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// Schedule says what happens in a network: who writes what, and what goes wrong. [Schedule.String] prints it.
type Schedule struct {
	Seed     uint64        // of what the network draws
	Nodes    int           // how many there are; they start at once
	For      time.Duration // then all is well again
	Sentinel time.Duration // as in [sim.Options]
	MaxTTL   time.Duration // as in [sim.Timers]
	Faults   []Fault       // in any order
	Writes   []Write       // in any order
}

// Kind is a kind of fault.
type Kind uint8

// The kinds of a [Fault].
const (
	Partition Kind = iota + 1 // the nodes are cut off from the others
	OneWay                    // nothing comes from the nodes to those in To
	Crash                     // the nodes crash, and start again at the end
	Wipe                      // so do they, without knowing their incarnation
	Silence                   // the nodes fall silent, and start again at the end
	Restart                   // the nodes crash and start again at once
	Loss                      // streams lose a share of Amount of their frames
	Datagrams                 // such a share of frames is lost for good
	Slow                      // frames from and to the nodes take Amount times as long
	Clock                     // the clocks of the nodes are ahead by Amount seconds
	lastKind  = Clock
)

var kinds = [...]string{
	Partition: "partition", OneWay: "oneway", Crash: "crash", Wipe: "wipe", Silence: "silence", Restart: "restart",
	Loss: "loss", Datagrams: "datagrams", Slow: "slow", Clock: "clock",
}

// String returns the name of k, in lower case.
func (k Kind) String() string {
	if k > 0 && k <= lastKind {
		return kinds[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Fault is something that goes wrong for a time.
type Fault struct {
	Kind    Kind          // what goes wrong
	At, For time.Duration // from when on, since the start, and how long
	Nodes   []int         // to which, where Kind speaks of nodes
	To      []int         // of OneWay
	Amount  float64       // of Loss, Datagrams, Slow and Clock
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
	return sim.Options{Nodes: s.Nodes, Seed: s.Seed, Sentinel: s.Sentinel, Timers: sim.Timers{MaxTTL: s.MaxTTL}}
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
	for i := range s.Faults {
		fmt.Fprintln(&b, s.Faults[i].String())
	}
	for i := range s.Writes {
		fmt.Fprintln(&b, s.Writes[i].String())
	}
	return b.String()
}

// String returns the fault's line of a schedule.
func (f *Fault) String() string {
	line := fmt.Sprintf("%v at %v for %v", f.Kind, f.At, f.For)
	if len(f.Nodes) > 0 {
		line += " nodes " + list(f.Nodes)
	}
	if len(f.To) > 0 {
		line += " to " + list(f.To)
	}
	if f.Amount != 0 {
		line += fmt.Sprintf(" amount %v", f.Amount)
	}
	return line
}

// String returns the write's line of a schedule.
func (w *Write) String() string {
	if w.Delete {
		return fmt.Sprintf("delete at %v node %d key %s", w.At, w.Node, w.Key)
	}
	return fmt.Sprintf("write at %v node %d key %s ttl %v", w.At, w.Node, w.Key, w.TTL)
}

func list(nodes []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(nodes), "[]"), " ", ",")
}
