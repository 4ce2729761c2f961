package gossip

import (
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
)

// helpers counts the goroutines of a node, by name.
type helpers struct {
	mu      sync.Mutex // guards what follows
	running map[string]int
	total   int
	idle    chan struct{} // closed when the last has ended; nil: nobody waits
}

func (h *helpers) begin(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running[name]++
	h.total++
}

func (h *helpers) end(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running[name]--; h.running[name] == 0 {
		delete(h.running, name)
	}
	if h.total--; h.total == 0 && h.idle != nil {
		close(h.idle)
		h.idle = nil
	}
}

// wait returns when no goroutine runs, or when expired is closed; then it names those that do. No other may begin
// while it waits.
func (h *helpers) wait(expired <-chan struct{}) (running string) {
	idle := make(chan struct{})
	h.mu.Lock()
	if h.total > 0 {
		h.idle = idle
	} else {
		close(idle)
	}
	h.mu.Unlock()
	select {
	case <-idle:
	case <-expired:
	}
	return h.String()
}

// String names what runs, sorted: "callback \"a\", dial 10.0.0.1:7946 (2)".
func (h *helpers) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var names []string
	for _, name := range slices.Sorted(maps.Keys(h.running)) {
		if n := h.running[name]; n > 1 {
			name = fmt.Sprintf("%s (%d)", name, n)
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// spawn starts a goroutine that Run waits for. Only the loop calls it, so the n-th goroutine of a name is always
// the same one.
func (l *loop) spawn(name string, f func()) {
	h := &l.g.helpers
	h.begin(name)
	run := func() {
		defer h.end(name)
		f()
	}
	if l.g.sched == nil {
		go run()
		return
	}
	l.spawned[name]++
	l.g.sched.Go(name, l.spawned[name], run)
}

// errExited is the error of code that is not ours and ended its goroutine.
var errExited = errors.New("called runtime.Goexit")

// panicError is a panic of code that is not ours.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.value, e.stack) }

// guard calls f, which is or calls code that is not ours, and returns its panic as an error.
func guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, debug.Stack()}
		}
	}()
	return f()
}
