// Package measure answers what the gossip protocol costs and how fast it is, in a simulated network that has assembled
// itself, with a fault or without one.
//
// [Run] lets a network of [sim.Sim] assemble itself from a cold start through three seeds, settle for a minute, and
// grow the trees of the nodes that will write. Then it does what its [Options] ask for, and returns the figures as a
// [Result]. A trial is deterministic: equal Options have equal figures, but for those of real time and memory.
//
// Times are in one-way latencies, so that they say the same of a data centre and of a planet. Control bytes are 16 for
// each frame and all of it that is neither key nor value nor 24 for each info. An update is 100 bytes of key and value.
// A node counts for an update if it has run from half a second before the write until the end of the trial; one that
// started later has to have it in the end all the same.
package measure
