// Package fault is about what goes wrong in a network of nodes, as data: a [Fault] is one thing that does, for a time, and a
// [Schedule] a list of them. Schedules can be made at random ([Chaos]), printed and parsed, kept as text or JSON, pasted into a
// program as a literal, and made smaller while they still do harm ([Schedule.Shrink]).
//
// Whoever simulates a network has faults begin and end, and asks an [Active] what those that last come to together: faults
// may overlap, and the same thing may go wrong twice.
package fault
