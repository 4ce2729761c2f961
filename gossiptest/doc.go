// Package gossiptest answers how to test what is built with this module, without waiting: it simulates clusters of an
// application under faults, from a seed; and it has a clock that moves only when told to, and a network in memory that
// fails when told to.
//
// # Clusters
//
// [Run] runs a test in simulated networks, seed after seed. A [Cluster] has the application, with goroutines of its own,
// on each of some hosts. [Sim.Chaos] and [Sim.Faults] have hosts crash, stand still, or be cut off.
// [Cluster.Converged], [Sim.Eventually] and [Sim.Always] say what must hold. A seed gives the same run every time. A
// test that fails says which faults are needed for that, and no others, and how to see it again.
//
// [Bubble] is Run over connections, for gRPC and TLS as they are. [Wrap] puts the faults between transports of any kind.
//
// # Time
//
// Nothing here needs real time to pass, and there are two ways to do without it.
//
// In a bubble of testing/synctest, every goroutine of a test lives in virtual time: give nodes and the network
// clock.System(), and a wait of an hour is over as soon as every goroutine of the bubble waits. This is the way for
// whole nodes, whose goroutines have to be let run between two points in time, and it covers contexts, tickers and
// whatever else uses package time.
//
// The manual [Clock] is for code that takes a clock.Clock and does its work in the functions it gives to AfterFunc.
// [Clock.Advance] calls them on the test's own goroutine and returns when they have, so that the next line of the
// test sees what they did.
//
// # Network
//
// [NewNetwork] makes a network whose transports keep the whole contract of package transport. Its links have a latency
// and never lose or reorder frames, because no link may; what fails is the network beneath them: partitions and one-way
// cuts hold frames back, a crash ends links, a silent death leaves them open with nobody at the far end.
//
// [NewNode] starts a node on such a network, waits until it is connected, and ends it with the test. [Start] runs an application that is
// built on one.
//
// # Plug-ins
//
// [TestTransport], [TestStore], [TestResolver] and [TestClock] hold an implementation of yours against the contract that it is to
// keep, rule by rule, and quote the rule that it breaks. What an implementation cannot do, or promises more of, is said in
// the harness. [BenchmarkTransport] and the others measure one.
//
// # One part
//
// Package gossipfake has fakes of what a node is made of, and gossipmock mocks, for the one answer that is hard to provoke.
// [InfoOptions] compare what nodes hold.
package gossiptest

import "time"

// Interval is the interval that the clusters of this kit run at: short, so that little virtual time has to pass, and
// long in comparison with what a computer does, so that tests of real transports keep to it as well.
const Interval = 10 * time.Millisecond
