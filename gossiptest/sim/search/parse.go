package search

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// Parse reads the text of a schedule. Empty lines, and those that begin with "#", are skipped. The error names the line,
// or says what of the schedule makes no sense.
func Parse(text string) (Schedule, error) {
	var s Schedule
	for n, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if err := s.line(fields); err != nil {
			return Schedule{}, fmt.Errorf("search: line %d: %w", n+1, err)
		}
	}
	if err := s.check(); err != nil {
		return Schedule{}, fmt.Errorf("search: %w", err)
	}
	return s, nil
}

// line takes in a line, split into its fields.
func (s *Schedule) line(fields []string) error {
	word, rest := fields[0], fields[1:]
	switch word {
	case "write", "delete":
		s.Writes = append(s.Writes, Write{Delete: word == "delete"})
		return named(rest, s.Writes[len(s.Writes)-1].field)
	}
	if kind := new(fault.Kind); kind.UnmarshalText([]byte(word)) == nil {
		f, err := fault.ParseFault(fields)
		s.Faults = append(s.Faults, f)
		return err
	}
	return named(fields, s.field)
}

// named has set called for each name and the value behind it.
func named(fields []string, set func(name, value string) error) error {
	if len(fields)%2 != 0 {
		return fmt.Errorf("%q has no value", fields[len(fields)-1])
	}
	for ; len(fields) > 0; fields = fields[2:] {
		if err := set(fields[0], fields[1]); err != nil {
			return fmt.Errorf("%s: %w", fields[0], err)
		}
	}
	return nil
}

var errName = errors.New("no such thing")

func (s *Schedule) field(name, value string) (err error) {
	switch name {
	case "seed":
		s.Seed, err = strconv.ParseUint(value, 10, 64)
	case "nodes":
		s.Nodes, err = strconv.Atoi(value)
	case "for":
		s.For, err = time.ParseDuration(value)
	case "sentinel":
		s.Sentinel, err = time.ParseDuration(value)
	case "maxttl":
		s.MaxTTL, err = time.ParseDuration(value)
	case "doubled":
		s.Doubled, err = strconv.Atoi(value)
	default:
		err = errName
	}
	return err
}

func (w *Write) field(name, value string) (err error) {
	switch {
	case name == "at":
		w.At, err = time.ParseDuration(value)
	case name == "node":
		w.Node, err = strconv.Atoi(value)
	case name == "key":
		w.Key = value
	case name == "ttl" && !w.Delete:
		w.TTL, err = time.ParseDuration(value)
	default:
		err = errName
	}
	return err
}

// Limits of a schedule, for what it takes to run one.
const (
	maxNodes = 10_000
	maxFor   = 24 * time.Hour
)

// check returns everything that makes no sense.
func (s *Schedule) check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if s.Nodes < 1 || s.Nodes > maxNodes {
		wrong("%d nodes, want 1 to %d", s.Nodes, maxNodes)
	}
	if s.For < 0 || s.For > maxFor || s.Sentinel < 0 || s.MaxTTL < 0 {
		wrong("a time of %v, %v or %v, want none negative, and the first up to %v", s.For, s.Sentinel, s.MaxTTL, maxFor)
	}
	if s.Doubled < 0 || s.Doubled > s.Nodes {
		wrong("%d of %d nodes doubled", s.Doubled, s.Nodes)
	}
	for i := range s.Faults {
		f := &s.Faults[i]
		if err := f.Check(s.Nodes); err != nil {
			errs = append(errs, err)
		} else if !slices.Contains(kinds, f.Kind) {
			wrong("%v: no fault of a sim.Sim", f)
		}
	}
	for i := range s.Writes {
		if w := &s.Writes[i]; w.At < 0 || w.TTL < 0 || w.Node < 0 || w.Node >= s.Nodes || w.Key == "" {
			wrong("%v: numbers out of range", w)
		}
	}
	return errors.Join(errs...)
}
