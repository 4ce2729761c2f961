package gossiptest

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// watch has the process end if a run does not get on: no step for a while, and a goroutine of the bubble that waits for something that no
// bubble knows of, a mutex above all. The test itself cannot end then.
func (r *runner) watch(a attempt) (stop func()) {
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(r.patience)
		defer tick.Stop()
		last := -1
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			n := 0
			if log := r.progress.Load(); log != nil {
				n = log.Steps()
			}
			if n != last {
				last = n
				continue
			}
			if stuck := blocked(); stuck != "" {
				fmt.Fprintf(os.Stderr, "gossiptest: %s hangs with seed %d after %d steps. What a bubble cannot wait for holds up:\n\n%s\n", r.name, a.seed, n, stuck)
				os.Exit(2)
			}
		}
	}()
	return func() { close(done) }
}

// dump returns the stacks of all goroutines, with the labels of hosts.
func dump() []string {
	old := os.Getenv("GODEBUG")
	os.Setenv("GODEBUG", strings.TrimPrefix(old+",tracebacklabels=1", ","))
	defer os.Setenv("GODEBUG", old)
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			return strings.Split(strings.TrimSpace(string(buf[:n])), "\n\n")
		}
		buf = make([]byte, 2*len(buf))
	}
}

// blocked returns the stacks of goroutines of a bubble that are blocked, and not by something of the bubble; "" if there is none, or
// one that runs.
func blocked() string {
	var stuck []string
	for _, g := range dump() {
		head, _, _ := strings.Cut(g, "\n")
		switch {
		case !strings.Contains(head, "synctest bubble"), strings.Contains(head, "(durable)"), strings.Contains(head, "synctest.Wait"):
		case strings.Contains(head, "[running"), strings.Contains(head, "[runnable"):
			return ""
		default:
			stuck = append(stuck, g)
		}
	}
	return strings.Join(stuck, "\n\n")
}

// stacks returns the stacks of the goroutines of a host, behind a line break; "" if there are none.
func stacks(host string) string {
	var list []string
	for _, g := range dump() {
		head, _, _ := strings.Cut(g, "\n")
		if strings.Contains(head, "synctest bubble") && strings.Contains(head, `"node": "`+host+".") {
			list = append(list, g)
		}
	}
	if len(list) == 0 {
		return ""
	}
	return ":\n" + strings.Join(list, "\n\n")
}
