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
// [Options.Seeds] nodes. It remembers the incarnation it ran under, and nothing else, over a crash.
//
// # The network
//
// A link delivers frames whole and in order, in each direction, one [Options.Latency] after they were sent, give or
// take [Options.Jitter]. Opening a link takes [Options.DialLatency] at the node that dials; the other one hears of it
// a latency later, together with the first frame. The end of a link travels as a frame does, behind those under way.
//
// A node that crashed refuses dials, and its peers see their links end. A silent one, or one across a partition, is
// just not heard of: its peers have to notice, and dials to it time out. A link that has lost a frame to silence or
// to a partition carries nothing any more, not even once the partition is healed.
//
// # Use
//
// Methods that change something take effect at the current instant, and their consequences happen when time is let
// pass: [Sim.RunFor], [Sim.RunUntil]. A Sim belongs to one goroutine. It panics if a node is named that it does not
// have; whatever else goes wrong while it runs ends up in [Sim.Err].
package sim
