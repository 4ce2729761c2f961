// Package simnet is a network of hosts in virtual time: a queue of events, links between hosts, and what goes wrong with both.
// What runs at a host is a [Driver]'s to know: a state machine that is stepped, or goroutines that wait.
//
// A Net belongs to one goroutine at a time. It is deterministic: events that are due at one instant happen in the order of their
// keys, or, if [Options.Explore] says so, in another one that follows from the seed; never in the order in which they were put in.
// What is drawn for a frame follows from the seed, the two hosts, which of their links it is, and the frame's number on it.
package simnet
