// Package sim answers what the gossip protocol does in a network of 10 to 10,000 nodes, without running one: a
// discrete-event engine drives the protocol core of every node, frames travel as the bytes that real nodes
// exchange, and time is virtual.
//
// A [Sim] is deterministic. What happens in it follows from its [Options] and the calls made on it, whatever the
// machine and however busy it is; [Sim.Trace] proves it with one number over everything that went into and came out
// of every core. Ten seconds of a hundred nodes take milliseconds.
//
// # A node
//
// Node i of a Sim is numbered from 0. It has the NodeID i+1, the address "n<i>" of the network "sim" and, from its
// start on, a descriptor under the key "node:<i+1>", where <i+1> is its NodeID. Its resolver names the first
// [Options.Seeds] nodes.
//
// # The network
//
// A link delivers frames whole and in order, in each direction, one [Options.Latency] after they were sent, give or
// take what [Options.Spread] and [Options.Jitter] say; [Options.Distance] gives each pair of nodes a latency of its own,
// [Zones] one to each pair of zones. Opening a link takes [Options.DialLatency] at the node that dials; the other one
// hears of it a latency later, together with the first frame. The end of a link travels as a frame does, behind those
// under way.
//
// # Faults
//
// A node that crashed refuses dials, and its peers see their links end: [Sim.Crash], [Sim.Churn] for many. A silent one
// ([Sim.Silence]), or one across a [Sim.Partition] or behind a [Sim.OneWay] cut, is just not heard of: its peers have to
// notice, and dials to it time out. A link that has lost a frame to silence or to a cut carries nothing in that direction
// any more, not even once the cut is healed, and nothing in the other one either if that was cut as well.
//
// A node that starts again ([Sim.Restart]) is empty. It remembers the incarnation it ran under, unless [Sim.Wipe] took
// that, too.
//
// [Sim.SetLoss] has frames be lost as a stream loses them, which delays them and all behind, or as datagrams are, for
// good. [Sim.Slow] makes a node's links slow. [Sim.SetClock] makes the clocks of a node wrong, and fast or slow. [Sim.After] has faults happen at their time.
//
// # Chance
//
// What is drawn for a frame follows from the seed, the two nodes, which of their links it is, and the frame's number on
// it: a fault more or less somewhere else does not change what the others draw. The cores have a source of randomness
// each, which is theirs.
//
// # Use
//
// Make a Sim, start its nodes, do something to them, and let time pass:
//
//	s := sim.New(sim.Options{Nodes: 100, Seed: 7})
//	s.StartAll(10 * time.Millisecond)
//	s.RunFor(10 * time.Second)
//	err := s.Add(42, "motto", []byte("pass it on"), 0)
//	s.RunFor(time.Second)
//	value, ok := s.Get(99, "motto")
//
// Methods that change something take effect at the current instant, and their consequences happen when time is let
// pass: [Sim.RunFor], [Sim.RunUntil]. A network takes up to 20 latencies to assemble at a hundred nodes, and its trees grow with
// each node's first updates: what is to be measured comes after that.
//
// A Sim belongs to one goroutine. It panics if a node is named that it does not have; whatever else goes wrong while it
// runs ends up in [Sim.Err], which is to be asked in the end.
//
// # Looking on
//
//   - What nodes have, now: [Sim.Get], [Sim.Keys], [Sim.Count], [Sim.Converged]; [Sim.Entry] shows deletions, too.
//   - What became of a write: [Sim.Update], [Sim.Updates]. Of everything together: [Sim.Stats].
//   - How they are linked: [Sim.Links], [Sim.Degree], [Sim.Ring]. Where they have infos from: [Sim.Origins].
//   - What happens meanwhile: [Options.OnLearn], for each info that comes to a node; [Options.OnChange], for each change of what
//     a node shows to its application; [Options.OnEvent], for each frame, link and start; [Sim.Observe], for each step of a node,
//     to hold it against what was promised.
//
// An origin, in all of this, is one life of a node as a writer: the node and its incarnation, which is greater each time
// it starts.
//
// Package measure takes figures of simulated networks, package check tells whether they keep what the protocol promises,
// and package search looks for faults under which they do not.
package sim
