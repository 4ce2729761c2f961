// Package check answers whether a simulated network keeps what the protocol promises: [Watch] holds every step of every
// node against the rules that hold always, [Checker.Quiet] the network against those that hold once nothing is under way.
//
// What the nodes have is compared with a log of all writes, which no node has.
package check
