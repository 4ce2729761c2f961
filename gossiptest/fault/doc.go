// Package fault is about what goes wrong in a network of nodes, as data: a [Fault] is one thing that does, for a time, and a
// [Schedule] a list of them. Schedules can be made at random ([Chaos]), printed and parsed, kept as text or JSON, pasted into a
// program as a literal, and made smaller while they still do harm ([Schedule.Shrink]).
package fault
