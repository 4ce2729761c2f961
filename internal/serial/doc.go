// Package serial runs the goroutines of simulated hosts one step at a time, in a bubble of testing/synctest.
//
// Each host has a transport, a store, a resolver and a clock, over one network of internal/simnet. Whatever is blocked in a call
// of theirs, or has come to a point where two goroutines of a host could take turns, waits as a task of the network. The
// World has one task or event happen, waits until every goroutine of the bubble is blocked again, and goes on with the next. So
// which goroutine comes first is never the Go scheduler's to say, and a seed gives the same run every time, on any number of
// processors, with the race detector or without, as long as the goroutines share nothing but what is handed from one to another.
//
// The technique, and what breaks it: guidobattiston.com/posts/dst-go (2026), J. Aten on golang-nuts (12 October 2025).
package serial
