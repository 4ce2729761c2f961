package serial

import (
	"fmt"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/internal/simnet"
)

// Log is everything that has happened in a World, in order. It keeps little of each step, so that two runs can be compared, and names of
// tasks where there are some.
type Log struct {
	steps []simnet.Happened
	hash  uint64
	names map[int]string // of steps
	next  string         // name of the step that is about to happen
}

// note takes note of a step.
func (l *Log) note(h simnet.Happened) {
	l.hash = simnet.Mix(simnet.Mix(simnet.Mix(simnet.Mix(l.hash, uint64(h.At)), h.Key[0]), h.Key[1]), h.Sum)
	l.steps = append(l.steps, h)
}

// Mix has what a core was given and did count in the hash.
func (l *Log) mix(v uint64) { l.hash = simnet.Mix(l.hash, v) }

// Hash is of everything that has happened.
func (l *Log) Hash() uint64 { return l.hash }

// Len is how many steps there were.
func (l *Log) Len() int { return len(l.steps) }

// Diff describes the first step in which two runs differ, "" if there is none.
func (l *Log) Diff(m *Log) string {
	for i := 0; i < max(len(l.steps), len(m.steps)); i++ {
		a, b := l.step(i), m.step(i)
		if a != b {
			return fmt.Sprintf("step %d: first %s\n%*s then %s", i+1, a, len(fmt.Sprintf("step %d: first ", i+1))-6, "", b)
		}
	}
	if l.hash != m.hash {
		return "a node did something else with the same"
	}
	return ""
}

// step describes a step.
func (l *Log) step(i int) string {
	if i >= len(l.steps) {
		return "nothing"
	}
	h := l.steps[i]
	s := fmt.Sprintf("%v %v", time.Duration(h.At), h)
	if name := l.names[i]; name != "" {
		s += " " + name
	}
	return s
}

// tail describes the last steps.
func (l *Log) tail(n int) string {
	var b strings.Builder
	for i := max(len(l.steps)-n, 0); i < len(l.steps); i++ {
		b.WriteString("\n  " + l.step(i))
	}
	return b.String()
}
