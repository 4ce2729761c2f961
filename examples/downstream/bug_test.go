package flags_test

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/flags"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// A server that has crashed hears from the others what it had set itself. This is what is left of a failure of TestFlagsConverge: the
// fault is pasted from its message, and the rest made as simple as it gets.
func TestRestart(t *testing.T) {
	gossiptest.Run(t, func(s *gossiptest.Sim) {
		c := gossiptest.NewCluster(s, 5, newServer)
		s.Faults(fault.Fault{Kind: fault.Silence, At: 10650 * time.Millisecond, For: 10 * time.Millisecond, Nodes: []int{4}})
		s.RunFor(4 * time.Second)
		if err := c.App(4).Set("feature4", flags.Flag{On: true, Percent: 4}); err != nil {
			s.Fatal(err)
		}
		c.Converged(10*time.Second, func(s *server) any { return s.seen() })
	})
}

// The package once had a bug: see own_bug.go. With it, the tests fail, and say why.
func TestHistoricalBug(t *testing.T) {
	text := withBug(t, "^TestFlagsConverge$", "GOSSIPTEST_SAVE=0")
	t.Logf("with the bug:\n%s", text)
	for _, part := range []string{
		`--- FAIL: TestFlagsConverge`,
		`seed \d+ \(run \d+ of 100\), \d+ steps, trace [0-9a-f]{16}\n`,
		`not converged 10s after the last fault: \d different states on 5 hosts\n`,
		`n\d( n\d)*: - is what they show, \+ is n\d\n`, // who
		`\n *-.*(feature\d+|Dark).*{On: true, .*},?\n`, // what it lacks
		`the last \d of \d+ frames to n\d`,
		`the fewest faults with which it fails \([12] of 12 are left, \d+ replays in `,
		`\n +(crash|silence|restart) at \S+( for \S+)? nodes \d`,
		`as Go:\n +s\.Faults\(\s*fault\.Fault\{Kind: fault\.`,
		`replay: GOSSIPTEST_SEED=\d+ go test -tags historicalbug -run '\^TestFlagsConverge\$' \.\n`,
	} {
		if !regexp.MustCompile(part).MatchString(text) {
			t.Errorf("no %s", part)
		}
	}

	seed := regexp.MustCompile(`GOSSIPTEST_SEED=\d+`).FindString(text)
	again := withBug(t, "^TestFlagsConverge$", seed, "GOSSIPTEST_SHRINK=0")
	trace := regexp.MustCompile(`\d different states on 5 hosts`)
	if got, want := trace.FindString(again), trace.FindString(text); got == "" || got != want {
		t.Errorf("%s gives %q, want %q:\n%s", seed, got, want, again)
	}

	if text := withBug(t, "^TestRestart$", "GOSSIPTEST_SAVE=0", "GOSSIPTEST_SHRINK=0"); !strings.Contains(text, "--- FAIL: TestRestart") {
		t.Errorf("the test made of the failure does not fail:\n%s", text)
	}
}

// withBug runs a test of this package with the bug, which is to fail, and returns what it prints.
func withBug(t *testing.T, test string, env ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-tags", "historicalbug", "-count=1", "-timeout=5m", "-run", test, ".")
	clean := slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "GOSSIPTEST_") })
	cmd.Env = append(clean, env...)
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		t.Fatalf("go test -tags historicalbug -run %s: %v, want a failure\n%s", test, err, out)
	}
	return string(out)
}
