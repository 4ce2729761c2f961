package gossiptest

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
)

// looks is how often the time allowed is looked at, and endless how often it has to pass for a goroutine that runs to do so for ever.
const looks, endless = 5, 6

// watch has the process end if a run does not get on: no step for a while, and a goroutine of the bubble that waits for something that no
// bubble knows of, a mutex above all; or one that runs, for much longer. The test itself cannot end then.
func (r *runner) watch(a attempt) (stop func()) {
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(r.patience / looks)
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
			if still++; still < looks {
				continue
			}
			if why := hang(still >= looks*endless); why != "" {
				fmt.Fprintf(os.Stderr, "gossiptest: %s hangs with seed %d after %d steps. %s\nreplay: GOSSIPTEST_SEED=%d go test %s-run '%s' .\n",
					r.name, a.seed, n, why, a.seed, tags(), pattern(r.name))
				os.Exit(2)
			}
		}
	}()
	return func() { close(done) }
}

// hang says what holds up a run that does not get on, "" if it may still; late that a goroutine which runs has had its time.
func hang(late bool) string {
	stuck, busy := blocked()
	switch {
	case len(stuck) > 0:
		text := "What a bubble cannot wait for holds up:\n\n" + strings.Join(stuck, "\n\n") +
			"\n\nNo mutex is to be held while its holder waits for something else: time stands still for as long as somebody waits for the mutex.\n"
		if holders := holders(stuck[0]); len(holders) > 0 {
			text += "What waits on the same host, and may hold it:\n\n" + strings.Join(holders, "\n\n") + "\n"
		}
		return text
	case late && len(busy) > 0:
		return "These come to no end, and to no point where they wait:\n\n" + strings.Join(busy, "\n\n") + "\n"
	}
	return ""
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

// blocked returns the stacks of goroutines of a bubble that are blocked, and not by something of the bubble; or those of goroutines that
// run, if there are any.
func blocked() (stuck, busy []string) {
	for _, g := range dump() {
		head, _, _ := strings.Cut(g, "\n")
		switch {
		case !strings.Contains(head, "synctest bubble"), strings.Contains(head, "(durable)"), strings.Contains(head, "synctest.Wait"):
		case strings.Contains(head, "[running"), strings.Contains(head, "[runnable"):
			busy = append(busy, g)
		default:
			stuck = append(stuck, g)
		}
	}
	if len(busy) > 0 {
		return nil, busy
	}
	return stuck, nil
}

// holders returns the stacks of goroutines that may hold what another one waits for: they wait in the same package, on the same host.
func holders(stuck string) (list []string) {
	head, _, _ := strings.Cut(stuck, "\n")
	_, host, _ := strings.Cut(head, ", synctest bubble ")
	pkg := ofPackage(stuck)
	for _, g := range dump() {
		head, _, _ := strings.Cut(g, "\n")
		if strings.Contains(head, "(durable)") && strings.HasSuffix(head, ", synctest bubble "+host) && pkg != "" && ofPackage(g) == pkg {
			list = append(list, g)
		}
	}
	return list
}

// ofPackage returns the package of the first function of a stack that belongs neither to the standard library nor, but for tests, to
// this module; "" if there is none.
func ofPackage(stack string) string {
	for line := range strings.Lines(stack) {
		if strings.HasPrefix(line, "created by") {
			break
		}
		i := strings.LastIndexByte(line, '/') + 1
		dir, name := line[:i], line[i:]
		pkg, _, ok := strings.Cut(name, ".")
		host, _, _ := strings.Cut(dir, "/")
		ours := strings.HasPrefix(dir, "github.com/grapevine-go/grapevine/") && !strings.HasSuffix(pkg, "_test")
		if ok && strings.Contains(host, ".") && !ours && line[0] != '\t' {
			return dir + pkg
		}
	}
	return ""
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
	stacks := inBubble(bubble)
	for _, g := range stacks {
		_, stack, _ := strings.Cut(g, "\n")
		place := place(stack)
		if count[place]++; count[place] == 1 {
			first = append(first, g)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d goroutines are left after the end of the run, at %d places:", len(stacks), len(first))
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

// inBubble returns the stacks of the goroutines of a bubble, but that of synctest itself.
func inBubble(bubble string) (stacks []string) {
	for _, g := range dump() {
		if head, _, _ := strings.Cut(g, "\n"); bubbleOf(head) == bubble && !strings.Contains(head, "synctest.Run") {
			stacks = append(stacks, g)
		}
	}
	return stacks
}

// drain lets time pass for goroutines that end by themselves, in the bubble of the caller: when that has ended, no time passes. If there
// are no more goroutines than others, none of them is left.
func drain(others int) {
	self := bubbleOf(ownStack())
	for wait := time.Duration(0); wait < endLimit && runtime.NumGoroutine() > others && len(inBubble(self)) > 1; wait += 10 * time.Millisecond {
		time.Sleep(10 * time.Millisecond)
	}
}
