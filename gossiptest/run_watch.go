package gossiptest

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
)

// watch has the process end if a run does not get on: no step for a while, and a goroutine of the bubble that waits for something that no
// bubble knows of, a mutex above all; or one that runs, for much longer. The test itself cannot end then.
func (r *runner) watch(a attempt) (stop func()) {
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(r.patience)
		defer tick.Stop()
		last, still := -1, 0
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
				last, still = n, 0
				continue
			}
			still++
			stuck, busy := blocked()
			why := "What a bubble cannot wait for holds up"
			if still >= endless && stuck == "" {
				stuck, why = busy, "These come to no end, and to no point where they wait"
			}
			if stuck != "" {
				fmt.Fprintf(os.Stderr, "gossiptest: %s hangs with seed %d after %d steps. %s:\n\n%s\n", r.name, a.seed, n, why, stuck)
				os.Exit(2)
			}
		}
	}()
	return func() { close(done) }
}

// labels has stacks show the labels of goroutines from now on, those of a panic above all.
var labels = sync.OnceFunc(func() {
	const setting = "tracebacklabels="
	if old := os.Getenv("GODEBUG"); !strings.Contains(old, setting) {
		os.Setenv("GODEBUG", strings.TrimPrefix(old+","+setting+"1", ","))
	}
})

// dump returns the stacks of all goroutines, with the labels of hosts.
func dump() []string {
	labels()
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			return strings.Split(strings.TrimSpace(string(buf[:n])), "\n\n")
		}
		buf = make([]byte, 2*len(buf))
	}
}

// endless is how often the time allowed has to pass for a goroutine that runs to do so for ever.
const endless = 6

// blocked returns the stacks of goroutines of a bubble that are blocked, and not by something of the bubble; or those of goroutines that
// run, if there are any.
func blocked() (stuck, busy string) {
	var waiting, running []string
	for _, g := range dump() {
		head, _, _ := strings.Cut(g, "\n")
		switch {
		case !strings.Contains(head, "synctest bubble"), strings.Contains(head, "(durable)"), strings.Contains(head, "synctest.Wait"):
		case strings.Contains(head, "[running"), strings.Contains(head, "[runnable"):
			running = append(running, g)
		default:
			waiting = append(waiting, g)
		}
	}
	if len(running) > 0 {
		return "", strings.Join(running, "\n\n")
	}
	return strings.Join(waiting, "\n\n"), ""
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

// ownStack returns the stack of the calling goroutine.
func ownStack() string {
	buf := make([]byte, 1<<10)
	return string(buf[:runtime.Stack(buf, false)])
}

// bubbleOf returns how the stack of a goroutine names its bubble.
func bubbleOf(stack string) string {
	head, _, _ := strings.Cut(stack, "\n")
	_, rest, _ := strings.Cut(head, "synctest bubble ")
	return "synctest bubble " + rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
}

// leaks says which goroutines of a bubble are left, those of one place together.
func leaks(bubble string) string {
	const shown = 5
	var first []string
	count := map[string]int{}
	total := 0
	for _, g := range dump() {
		head, stack, _ := strings.Cut(g, "\n")
		if bubbleOf(head) != bubble || strings.Contains(head, "synctest.Run") {
			continue
		}
		total++
		place := place(stack)
		if count[place]++; count[place] == 1 {
			first = append(first, g)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d goroutines are left after the end of the run, at %d places:", total, len(first))
	for i, g := range first {
		if i == shown {
			fmt.Fprintf(&b, "\nand %d places more", len(first)-i)
			break
		}
		_, stack, _ := strings.Cut(g, "\n")
		fmt.Fprintf(&b, "\n\n%d of them:\n%s", count[place(stack)], g)
	}
	return b.String()
}

// place returns the functions of a stack, without their arguments.
func place(stack string) string {
	var b strings.Builder
	for line := range strings.Lines(stack) {
		if !strings.HasPrefix(line, "\t") {
			name, _, _ := strings.Cut(line, "(0x")
			name, _, _ = strings.Cut(name, " in goroutine ")
			b.WriteString(name + "\n")
		}
	}
	return b.String()
}
