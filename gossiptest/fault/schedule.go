package fault

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Schedule is a list of faults, in any order.
type Schedule []Fault

// End returns when the last fault is over, 0 if there is none.
func (s Schedule) End() (end time.Duration) {
	for i := range s {
		end = max(end, s[i].End())
	}
	return end
}

// Check returns an error that says what of the schedule makes no sense in a network of so many nodes.
func (s Schedule) Check(nodes int) error {
	var errs []error
	for i := range s {
		errs = append(errs, s[i].Check(nodes))
	}
	return errors.Join(errs...)
}

// String returns the schedule as text, a line for each fault, which [Parse] reads.
func (s Schedule) String() string {
	var b strings.Builder
	for i := range s {
		fmt.Fprintln(&b, &s[i])
	}
	return b.String()
}

// GoString returns the schedule as a literal of Go, for %#v.
func (s Schedule) GoString() string {
	var b strings.Builder
	b.WriteString("fault.Schedule{\n")
	for i := range s {
		fmt.Fprintf(&b, "\t%s,\n", strings.TrimPrefix(s[i].GoString(), "fault.Fault"))
	}
	return b.String() + "}"
}

// Parse reads the text of a schedule. Empty lines, and those that begin with "#", are skipped. The error names the line. What
// the faults say is not checked: see [Schedule.Check].
func Parse(text string) (Schedule, error) {
	var s Schedule
	n := 0
	for line := range strings.Lines(text) {
		n++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		f, err := ParseFault(fields)
		if err != nil {
			return nil, fmt.Errorf("fault: line %d: %w", n, err)
		}
		s = append(s, f)
	}
	return s, nil
}

// ParseFault reads one fault from the fields of its line: its kind, and then names with values.
func ParseFault(fields []string) (Fault, error) {
	var f Fault
	if len(fields) == 0 {
		return f, errors.New("no fault")
	}
	if err := f.Kind.UnmarshalText([]byte(fields[0])); err != nil {
		return f, err
	}
	for rest := fields[1:]; len(rest) > 0; rest = rest[2:] {
		if len(rest) == 1 {
			return f, fmt.Errorf("%q has no value", rest[0])
		}
		if err := f.set(rest[0], rest[1]); err != nil {
			return f, fmt.Errorf("%s: %w", rest[0], err)
		}
	}
	return f, nil
}

func (f *Fault) set(name, value string) (err error) {
	switch name {
	case "at":
		f.At, err = time.ParseDuration(value)
	case "for":
		f.For, err = time.ParseDuration(value)
	case "every":
		f.Every, err = time.ParseDuration(value)
	case "nodes":
		f.Nodes, err = numbers(value)
	case "to":
		f.To, err = numbers(value)
	case "amount":
		f.Amount, err = strconv.ParseFloat(value, 64)
	default:
		err = errors.New("no such thing")
	}
	return err
}

func numbers(value string) (list []int, err error) {
	for v := range strings.SplitSeq(value, ",") {
		n, err := strconv.Atoi(v)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}
