package gossiptest

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
)

// What goroutines leave behind is said beside what failed, and those that end by themselves are given the time.
func TestGoroutinesLeft(t *testing.T) {
	cause := errors.New("the cause")
	leaky := func(*Host) appFunc {
		return func(context.Context) error {
			c := make(chan int)
			go func() { <-c }()
			return cause
		}
	}
	text := failing(t, func(s *Sim) {
		NewCluster(s, 1, leaky)
		s.RunFor(time.Second)
	})
	for _, part := range []string{"n0: Run: the cause", "1 goroutines are left after the end of the run", "TestGoroutinesLeft.func", "replay: GOSSIPTEST_SEED="} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
	polls := func(*Host) appFunc {
		return func(ctx context.Context) error {
			go func() {
				for ctx.Err() == nil {
					time.Sleep(50 * time.Millisecond)
				}
			}()
			<-ctx.Done()
			return nil
		}
	}
	attempts(t, 2, func(s *Sim) {
		NewCluster(s, 2, polls)
		s.RunFor(time.Second)
	})
	text = failing(t, func(s *Sim) {
		NewCluster(s, 2, polls)
		s.RunFor(time.Second)
		s.Fatal(cause)
	})
	if !strings.Contains(text, "at 1s: the cause") || strings.Contains(text, "left") {
		t.Errorf("where goroutines end by themselves:\n%s", text)
	}
}

// A run may end at any instant, that in which nodes start goroutines included.
func TestEndAnywhere(t *testing.T) {
	for seed := range uint64(60) {
		r := &runner{t: t, name: t.Name(), patience: hangLimit, body: func(s *Sim) {
			heard := [3]bool{}
			NewCluster(s, 3, func(h *Host) appFunc {
				return func(ctx context.Context) error {
					g, err := gossip.New(h.Config())
					if err != nil {
						return err
					}
					stop := g.Start(ctx)
					if _, err := g.RegisterCallback("x", func(string, []byte) { heard[h.Index()] = true }); err != nil {
						return errors.Join(err, stop())
					}
					if err := g.AddInfo("x", nil, 0); err != nil {
						return errors.Join(err, stop())
					}
					<-ctx.Done()
					return stop()
				}
			})
			s.Never("heard", func() (bool, any) { return heard != [3]bool{}, heard })
			s.RunFor(time.Second)
		}}
		if o := r.run(attempt{seed: seed, explore: true}); len(o.failures) != 1 {
			t.Fatalf("seed %d: %v; want one failure", seed, o.failures)
		}
	}
}

// A test that fails without the Sim is told so, once.
func TestFailedWithoutSim(t *testing.T) {
	const child = "GOSSIPTEST_FAILS_WITHOUT_SIM"
	if os.Getenv(child) != "" {
		Run(t, func(*Sim) { t.Errorf("by itself") })
		return
	}
	text, code := again(t, child+"=1", "GOSSIPTEST_CHECK=none")
	if code != 1 || strings.Count(text, "by itself") != 1 || !strings.Contains(text, "(run 1 of 10) has failed the test without the Sim") {
		t.Errorf("the process ends with %d:\n%s", code, text)
	}
}

// GOSSIPTEST_BASE gives other seeds, and the same ones each time.
func TestBase(t *testing.T) {
	seeds := func(base string) (list []uint64) {
		t.Setenv("GOSSIPTEST_BASE", base)
		t.Setenv("GOSSIPTEST_CHECK", "none")
		RunSeeds(t, 3, func(s *Sim) { list = append(list, s.Seed()) })
		return list
	}
	a, b, c := seeds("1"), seeds("2"), seeds("1")
	if len(a) != 3 || a[1] == a[2] || a[1] == b[1] || a[2] == b[2] || a[1] != c[1] || a[0]%2 != 1 {
		t.Errorf("seeds %d, %d and %d of bases 1, 2 and 1", a, b, c)
	}
}
