// Package search looks for schedules of writes and faults under which a network breaks a promise of the protocol.
//
// A [Schedule] is data: it is made from a seed ([Generate]) or read from a text ([Parse]), and [Run] simulates it with every
// rule of package check on, beside a flood that has to end in the same state. [Seeds] does so for many seeds.
//
// A fault or a write more or less changes nothing about the others: each says its own time, and what a network draws follows
// from its seed and from where it is drawn.
package search
