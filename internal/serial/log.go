package serial

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/internal/simnet"
)

// Log is everything that has happened in a World, in order. It keeps little of each step, so that two runs can be compared, and names of
// tasks where there are some.
type Log struct {
	steps []simnet.Happened
	names []string // of steps, "" if there is none
	done  []uint64 // what the cores did in a step, as a hash
	hash  uint64
	n     atomic.Int64 // len(steps), for those who watch
}

// note takes note of a step.
func (l *Log) note(h simnet.Happened) {
	l.hash = simnet.Mix(simnet.Mix(simnet.Mix(simnet.Mix(l.hash, uint64(h.At)), h.Key[0]), h.Key[1]), h.Sum)
	l.steps = append(l.steps, h)
	l.names = append(l.names, "")
	l.done = append(l.done, 0)
	l.n.Store(int64(len(l.steps)))
}

// name gives the step that happens a name.
func (l *Log) name(name string) { l.names[len(l.names)-1] = name }

// core takes note of what a core was given and did.
func (l *Log) core(hash uint64) {
	l.hash = simnet.Mix(l.hash, hash)
	if n := len(l.done); n > 0 {
		l.done[n-1] = simnet.Mix(l.done[n-1], hash)
	}
}

// Hash is of everything that has happened.
func (l *Log) Hash() uint64 { return l.hash }

// Steps is Len, and may be called at any time.
func (l *Log) Steps() int { return int(l.n.Load()) }

// Len is how many steps there were.
func (l *Log) Len() int { return len(l.steps) }

// Diff describes the first step in which two runs differ, "" if there is none.
func (l *Log) Diff(m *Log) string {
	for i := 0; i < max(len(l.steps), len(m.steps)); i++ {
		a, b := l.step(i), m.step(i)
		switch {
		case a != b:
			return fmt.Sprintf("step %d was %s, and then %s", i+1, a, b)
		case l.steps[i].Sum != m.steps[i].Sum:
			return fmt.Sprintf("step %d, %s: the frame has other bytes the second time", i+1, a)
		case l.steps[i] != m.steps[i]:
			return fmt.Sprintf("step %d, %s: it is another of these the second time", i+1, a)
		case l.done[i] != m.done[i]:
			return fmt.Sprintf("step %d, %s: a node did something else the second time", i+1, a)
		}
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
		s += fmt.Sprintf(" %q", strings.ReplaceAll(strings.TrimRight(name, "\x00"), "\x00", " "))
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
