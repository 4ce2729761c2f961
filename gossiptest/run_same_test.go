package gossiptest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// fails25 is set for processes in which TestOrdersConverge is to run, and to fail.
const fails25 = "GOSSIPTEST_ORDERS"

// The test of a user, in 25 lines, of a service that has a bug.
func TestOrdersConverge(t *testing.T) {
	if os.Getenv(fails25) == "" {
		return // it is for TestSameFailure
	}
	Run(t, func(s *Sim) {
		c := NewCluster(s, 5, newOrders(5))
		s.Network(NetworkModel{Latency: 10 * time.Millisecond, Jitter: 0.8, Loss: 0.02})
		s.Chaos(fault.Chaos{
			Count: 12, Within: 20 * time.Second,
			Kinds: []fault.Kind{fault.Partition, fault.OneWay, fault.Crash, fault.Pause},
		})
		for i := range 10 {
			s.At(time.Duration(i)*2*time.Second, func() {
				c.App(i%5).Put(fmt.Sprint("order/", i), "paid")
			})
		}
		s.RunFor(30 * time.Second)
		c.Converged(10*time.Second, func(o *orders) any {
			return o.Snapshot()
		})
	})
}

// A failure is told in the same words, wall times aside, with one processor, with two, and with the race detector; and in less than a
// second, shrinking included. The race detector has its turn with GRAPEVINE_FULL=1, as its build takes long.
func TestSameFailure(t *testing.T) {
	if os.Getenv(fails25) != "" {
		return
	}
	plain, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	children := []struct{ binary, procs string }{{plain, "1"}, {plain, "2"}}
	if os.Getenv("GRAPEVINE_FULL") == "1" {
		race := filepath.Join(t.TempDir(), "race.test")
		if out, err := exec.Command("go", "test", "-race", "-c", "-o", race, ".").CombinedOutput(); err != nil {
			t.Fatalf("go test -race -c: %v\n%s", err, out)
		}
		children = append(children, struct{ binary, procs string }{race, "1"}, struct{ binary, procs string }{race, "2"})
	}
	walls := regexp.MustCompile(`replays in [0-9a-zµ.]+\)|^--- FAIL: TestOrdersConverge \([0-9.]+s\)`)
	var first string
	for i, c := range children {
		cmd := exec.Command(c.binary, "-test.run=^TestOrdersConverge$")
		cmd.Dir = t.TempDir() // what is kept is kept there
		cmd.Env = append(os.Environ(), fails25+"=1", "GOMAXPROCS="+c.procs)
		out, err := cmd.Output()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 {
			t.Fatalf("child %d: %v, want exit status 1:\n%s", i+1, err, out)
		}
		if cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(); c.binary == plain && !raceEnabled && cpu > time.Second {
			t.Errorf("child %d took %v of processor time, want at most a second", i+1, cpu)
		} else {
			t.Logf("child %d: %v of processor time", i+1, cpu)
		}
		text := walls.ReplaceAllString(string(out), "(wall time)")
		if first == "" {
			first = text
			t.Log(string(out))
		}
		if d := cmp.Diff(strings.Split(first, "\n"), strings.Split(text, "\n")); d != "" {
			t.Errorf("GOMAXPROCS=%s %s (+) tells it otherwise than GOMAXPROCS=1 (-) on %s:\n%s", c.procs, filepath.Base(c.binary), runtime.GOARCH, d)
		}
	}
	docs, err := os.ReadFile(filepath.Join("..", "docs", "testing.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(docs), "```\n--- FAIL: TestOrdersConverge")
	shown, _, _ = strings.Cut("--- FAIL: TestOrdersConverge"+shown, "```")
	for line := range strings.Lines(walls.ReplaceAllString(shown, "(wall time)")) {
		if line = strings.TrimSpace(line); line != "..." && !strings.Contains(first, line) {
			t.Errorf("docs/testing.md shows this line, which is not printed: %s", line)
		}
	}
	for _, part := range []string{"not converged 10s after the last fault", "the fewest faults with which it fails (1 of 12 are left", "s.Faults(fault.Fault{", "replay: GOSSIPTEST_SEED=", "kept, and tried first from now on: testdata"} {
		if !strings.Contains(first, part) {
			t.Errorf("no %q in\n%s", part, first)
		}
	}
}
