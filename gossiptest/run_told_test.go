package gossiptest

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
)

// RunSeeds tries as many seeds as it is told, unless the environment says something else.
func TestRunSeeds(t *testing.T) {
	for _, c := range []struct {
		env  string
		n    int
		want int // runs: the first seed is run twice
	}{{"", 3, 4}, {"", 1, 2}, {"5", 3, 6}} {
		t.Setenv("GOSSIPTEST_RUNS", c.env)
		if c.env == "" {
			os.Unsetenv("GOSSIPTEST_RUNS")
		}
		runs := 0
		RunSeeds(t, c.n, func(*Sim) { runs++ })
		if runs != c.want {
			t.Errorf("with %d seeds and GOSSIPTEST_RUNS=%q: %d runs, want %d", c.n, c.env, runs, c.want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("RunSeeds with no seeds does not panic")
		}
	}()
	RunSeeds(t, 0, func(*Sim) {})
}

// A number of seeds that makes no sense is said to, and not taken for nothing to do.
func TestRunsMakeNoSense(t *testing.T) {
	const child = "GOSSIPTEST_CHILD"
	if os.Getenv(child) != "" {
		Run(t, func(*Sim) {})
		return
	}
	for _, runs := range []string{"0", "-1", "many", "9223372036854775808"} {
		if text, code := again(t, child+"=1", "GOSSIPTEST_RUNS="+runs); code != 1 || !strings.Contains(text, "gossiptest: GOSSIPTEST_RUNS: ") {
			t.Errorf("with %s runs, the process ends with %d:\n%s", runs, code, text)
		}
	}
}

// Of the frames to a host that is behind, those are shown which may have something to do with it.
func TestPingsAside(t *testing.T) {
	text := failing(t, func(s *Sim) {
		c := NewCluster(s, 3, newMember)
		s.RunFor(20 * time.Second)
		c.Converged(time.Second, func(m member) any { return m.GetNodeID() == 2 })
	})
	if !regexp.MustCompile(`the last 6 of \d+ frames to n1, pings aside:\n`).MatchString(text) || strings.Contains(text, "  ping\n") {
		t.Errorf("pings are not left aside:\n%s", text)
	}
}

// What cmp has to be told about a view shows before anything differs.
func TestConvergedPanics(t *testing.T) {
	Run(t, func(s *Sim) {
		c := NewCluster(s, 2, newMember)
		defer func() {
			if recover() == nil {
				s.Errorf("Converged takes what cmp cannot compare")
			}
		}()
		c.Converged(time.Second, func(member) any { return struct{ unexported int }{} })
	})
}

// A cluster of which no host runs has not converged, until one does.
func TestConvergedWithoutHosts(t *testing.T) {
	view := func(appFunc) any { return 0 }
	for name, body := range map[string]func(s *Sim){
		"of one that is down": func(s *Sim) {
			c := NewCluster(s, 1, newIdle)
			c.Crash(0)
			c.Converged(time.Second, view)
		},
		"at all": func(s *Sim) { NewCluster(s, 0, newIdle).Converged(time.Second, view) },
	} {
		if text, want := failing(t, body), "at 1s: not converged 1s after the last fault: no host runs\n"; !strings.Contains(text, want) {
			t.Errorf("without hosts %s, no %q in\n%s", name, want, text)
		}
	}
	attempts(t, 1, func(s *Sim) {
		c := NewCluster(s, 1, newIdle)
		c.Crash(0)
		s.At(time.Second, func() { c.Start(0) })
		if c.Converged(2*time.Second, view); s.Now() != time.Second {
			s.Errorf("it takes until %v, want 1s", s.Now())
		}
	})
}

// A host may fail before it has an application.
func TestFailureInTheMaking(t *testing.T) {
	text := failing(t, func(s *Sim) {
		NewCluster(s, 2, func(h *Host) *gossip.Gossip {
			if h.Index() == 1 {
				s.Fatalf("no luck")
			}
			g, err := gossip.New(h.Config())
			if err != nil {
				s.Fatal(err)
			}
			return g
		})
	})
	if !strings.Contains(text, "at 0s: no luck\n") {
		t.Errorf("it fails with\n%s", text)
	}
}
