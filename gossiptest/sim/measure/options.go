package measure

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// Options say what to measure. At most one of Cold, Join, Sponsor, Kill, Churn, Partition, Skew and Rate is given,
// but Cold and Kill go together; without any of them, what is measured is a settled network without faults.
type Options struct {
	Nodes    int           // zero means 100
	Seed     uint64        // of the first trial; each further one has the next seed
	Trials   int           // zero means 1
	Updates  int           // how many are measured; zero means 20, with Kill 2
	Latency  time.Duration // one way; zero means 10ms
	Jitter   float64       // as in sim.Options: zero means 0.1, negative none
	Dial     float64       // latencies that a dial costs besides Hello and answer
	MaxPeers int           // as in sim.Options: zero means 10
	Zones    int           // the nodes are in so many zones: a tenth of Latency within, three between; zero means 1
	Loss     float64       // share of frames lost, as soon as the network has settled; in a cold start from the beginning
	Datagram bool          // what is lost is lost for good
	Virtual  time.Duration // how long Churn and Rate last; zero means 30s and 10s

	Cold      bool          // only the cold start is measured
	Kill      int           // so many nodes crash at once: 1.5 latencies behind half of the updates, and just before the others; in a cold start after 6 latencies
	Silent    bool          // they fall silent instead
	Restart   bool          // nodes that were killed start again after 2s; those that Join are members that have crashed
	Churn     float64       // share of nodes that crash each second and come back empty after 2s
	Partition time.Duration // how long two halves are cut off from each other
	Skew      time.Duration // by how much one node's clock is wrong: ahead, and in a second run behind
	Rate      float64       // updates that each node writes each second
	Join      int           // how many nodes join the settled network, one after another
	Sponsor   string        // "known" or "dead": Updates nodes join, and what the node is by which they do
	Placed    bool          // the network is placed instead of assembled, see sim.Sim.Place: it is not idle before it is measured, and all origins warm up at once
	Eager     int           // links that each node gets the infos of a node on at once, 1 or 2, see [sim.Options.Parents]; zero means 1

	Events   io.Writer                    // if there is one, every event is written to it, see AppendEvent; one trial only
	Progress func(trial int, what string) // if there is one, it is called when something new begins
	Done     func(s *sim.Sim)             // if there is one, it is called with each network at the end
}

// withDefaults returns o with every default written out.
func (o Options) withDefaults() Options {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&o.Nodes, 100)
	def(&o.Trials, 1)
	if o.Kill > 0 {
		def(&o.Updates, 2)
	}
	def(&o.Updates, 20)
	def(&o.MaxPeers, 10)
	def(&o.Zones, 1)
	def(&o.Eager, 1)
	if o.Latency == 0 {
		o.Latency = 10 * time.Millisecond
	}
	if o.Virtual == 0 && o.Churn > 0 {
		o.Virtual = 30 * time.Second
	}
	if o.Virtual == 0 && o.Rate > 0 {
		o.Virtual = 10 * time.Second
	}
	return o
}

// check returns everything that is wrong with o, whose defaults are written out.
func (o Options) check() error {
	var errs []error
	wrong := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	wrong(o.Nodes < 1 || o.Nodes > 100_000, "nodes: %d, want 1 to 100,000", o.Nodes)
	wrong(o.Trials < 1, "trials: %d, want at least 1", o.Trials)
	wrong(o.Updates < 1, "updates: %d, want at least 1", o.Updates)
	wrong(o.Latency < time.Microsecond, "latency: %v, want at least 1µs", o.Latency)
	wrong(o.Jitter > 1, "jitter: %v, want at most 1", o.Jitter)
	wrong(o.Dial < 0, "dial: %v, want no negative one", o.Dial)
	wrong(o.MaxPeers < 1, "maxpeers: %d, want at least 1", o.MaxPeers)
	wrong(o.Zones < 1 || o.Zones > o.Nodes, "zones: %d of %d nodes", o.Zones, o.Nodes)
	wrong(o.Loss < 0 || o.Loss > 0.9, "loss: %v, want 0 to 0.9", o.Loss)
	wrong(o.Datagram && o.Loss == 0, "datagram: there is no loss")
	wrong(o.Virtual < 0, "virtual: %v, want no negative one", o.Virtual)
	wrong(o.Virtual > 0 && o.Churn == 0 && o.Rate == 0, "virtual: there is neither churn nor rate")
	wrong(o.Kill < 0 || o.Kill > 0 && o.Kill+o.Updates > o.Nodes, "kill: %d of %d nodes, and %d have to write", o.Kill, o.Nodes, o.Updates)
	wrong(o.Silent && o.Kill == 0, "silent: nobody is killed")
	wrong(o.Restart && o.Kill == 0 && o.Join == 0, "restart: nobody is killed, and nobody joins")
	wrong(o.Restart && o.Cold, "restart: not in a cold start")
	wrong(o.Restart && o.Join > o.Nodes, "restart: %d of %d nodes", o.Join, o.Nodes)
	wrong(o.Churn < 0 || o.Churn > 0.5, "churn: %v, want 0 to 0.5", o.Churn)
	wrong(o.Partition < 0, "partition: %v, want no negative one", o.Partition)
	wrong(o.Rate < 0, "rate: %v, want no negative one", o.Rate)
	wrong(o.Join < 0, "join: %d, want no negative one", o.Join)
	wrong(o.Sponsor != "" && o.Sponsor != "known" && o.Sponsor != "dead", "sponsor: %q, want known or dead", o.Sponsor)
	wrong(o.Placed && (o.Cold || o.Sponsor != "" || o.Join > 0 && !o.Restart), "placed: nobody can start cold or join who was not there, without restart")
	wrong(o.Eager < 1 || o.Eager > 2, "eager: %d, want 1 or 2", o.Eager)
	wrong(o.Events != nil && o.Trials > 1, "events: of one trial only")
	wrong(o.Skew != 0 && o.Nodes < 2, "skew: one node alone")
	wrong((o.Partition > 0 || o.Kill > 0 || o.Churn > 0) && o.Nodes < 3, "nodes: %d, want at least 3 if there are faults", o.Nodes)
	given := 0
	for _, g := range []bool{
		o.Cold || o.Kill > 0, o.Join > 0, o.Sponsor != "", o.Churn > 0, o.Partition > 0, o.Skew != 0, o.Rate > 0,
	} {
		if g {
			given++
		}
	}
	wrong(given > 1, "cold, join, sponsor, kill, churn, partition, skew, rate: only cold and kill go together")
	if len(errs) > 0 {
		return fmt.Errorf("measure: %w", errors.Join(errs...))
	}
	return nil
}
