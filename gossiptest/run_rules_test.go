package gossiptest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/transport"
)

// realNow is the time of the machine, which bubbles do not show.
func realNow() int64 {
	var tv syscall.Timeval
	if err := syscall.Gettimeofday(&tv); err != nil {
		return 0
	}
	return tv.Nano()
}

var counted atomic.Int64 // in all runs

// Code that a seed does not repeat is reported as such, with the first step that differs and the rules it has to keep.
func TestUnrepeatable(t *testing.T) {
	add := func(s *Sim, m member, key string, value any) {
		if err := m.AddInfo(key, fmt.Append(nil, value), 0); err != nil {
			s.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		body func(s *Sim, m member)
		want string // the step
	}{
		{"order of a map", func(s *Sim, m member) {
			keys := map[int]bool{}
			for i := range 30 {
				keys[i] = true
			}
			for i := range keys {
				add(s, m, fmt.Sprint("order/", i), "paid")
			}
		}, `n0: enter "add order/`},
		{"time of the machine", func(s *Sim, m member) { add(s, m, "now", realNow()) }, `n0: enter "add now `},
		{"global randomness", func(s *Sim, m member) { add(s, m, fmt.Sprint("order/", rand.Uint64()), "") }, `n0: enter "add order/`},
		{"time of the machine, waited for", func(s *Sim, m member) {
			time.Sleep(time.Duration(realNow()%1e6) + 1)
			add(s, m, "k", "")
		}, `n0: enter "add k`},
		{"what an earlier run has left behind", func(s *Sim, m member) { add(s, m, fmt.Sprint("order/", counted.Add(1)), "") }, `n0: enter "add order/`},
		{"a failure without a step", func(s *Sim, m member) {
			if counted.Add(1)%2 == 0 {
				s.Errorf("every other time")
			}
		}, "every step is the same, but only one of them fails\nwhat failed, in one of them or both:\n  at 1s: every other time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := failing(t, func(s *Sim) {
				c := NewCluster(s, 3, newMember)
				s.RunFor(time.Second)
				tt.body(s, c.App(0))
				s.RunFor(time.Second)
			})
			for _, part := range []string{"gives two different runs: ", tt.want, rules} {
				if !strings.Contains(text, part) {
					t.Errorf("no %q in\n%s", part, text)
				}
			}
			if strings.Contains(text, "replay:") {
				t.Errorf("what cannot be replayed is reported as if it could:\n%s", text)
			}
		})
	}
}

// Which runs are made twice.
func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		check string
		fails int // the run that does, from 1 on
		want  int // runs
	}{
		{"", 0, 4 + 1},
		{"", 3, 1 + 1 + 1 + 1 + 1},
		{"all", 0, 4 + 4},
		{"all", 3, 3 + 3},
		{"none", 0, 4},
		{"none", 3, 3},
	} {
		runs, seeds := 0, map[uint64]bool{}
		r := &runner{t: t, name: "TestOfUser", env: env{runs: 4, check: tt.check}, dir: t.TempDir(), patience: hangLimit, fail: func(string) {}}
		r.body = func(s *Sim) {
			runs++
			seeds[s.Seed()] = true
			if len(seeds) == tt.fails {
				s.Fail()
			}
		}
		r.all()
		if runs != tt.want {
			t.Errorf("GOSSIPTEST_CHECK=%s, with a failure in run %d: %d runs, want %d", tt.check, tt.fails, runs, tt.want)
		}
	}
}

// Calls that race though the contract of transports forbids it are reported; so is what comes to no end.
func TestMisuse(t *testing.T) {
	linked := func(f func(l transport.Link)) func(s *Sim) {
		return func(s *Sim) {
			NewCluster(s, 2, func(h *Host) appFunc {
				return func(ctx context.Context) error {
					defer h.Transport().Close()
					if h.Index() == 0 {
						l, err := h.Transport().Accept()
						if err == nil {
							defer l.Close()
						}
						<-ctx.Done()
						return err
					}
					l, err := h.Transport().Dial(ctx, addrOf(0))
					if err == nil {
						defer l.Close()
						go f(l)
						go f(l)
					}
					<-ctx.Done()
					return err
				}
			})
			s.RunFor(time.Second)
		}
	}
	for _, tt := range []struct {
		name string
		body func(s *Sim)
		want []string
	}{
		{"two Sends", linked(func(l transport.Link) { _ = l.Send(nil) }), []string{"two goroutines of n1 are in Send of one link with n0, and one at a time may be", `n1: out "send"`}},
		{"two Recvs", linked(func(l transport.Link) { _, _ = l.Recv() }), []string{"two goroutines of n1 are in Recv of one link with n0"}},
		{"two Accepts", func(s *Sim) {
			NewCluster(s, 1, func(h *Host) appFunc {
				return func(ctx context.Context) error {
					go h.Transport().Accept()
					_, err := h.Transport().Accept()
					return err
				}
			})
			s.RunFor(time.Second)
		}, []string{"two goroutines of n0 are in Accept of one transport"}},
		{"no end of an instant", func(s *Sim) {
			c, n := NewCluster(s, 1, newMember), 0
			c.App(0).RegisterCallback("k", func(string, []byte) {
				if n++; n == 30_000 {
					s.Errorf("nobody has stopped it")
					return
				}
				_ = c.App(0).AddInfo("k", fmt.Append(nil, n), 0)
			})
			_ = c.App(0).AddInfo("k", nil, 0)
			s.RunFor(time.Second)
		}, []string{"\n  at 0s: events without end at one instant", `n0: begin "callback`, `n0: enter "add k `}},
		{"no end", func(s *Sim) {
			s.MaxSteps(1000)
			c, n := NewCluster(s, 2, newMember), 0
			c.App(1).RegisterCallback("k", func(string, []byte) {
				if n++; n == 1000 {
					s.Errorf("nobody has stopped it")
					return
				}
				_ = c.App(1).AddInfo("l", fmt.Append(nil, s.Now()), 0)
			})
			c.App(0).RegisterCallback("l", func(string, []byte) { _ = c.App(0).AddInfo("k", fmt.Append(nil, s.Now()), 0) })
			_ = c.App(0).AddInfo("k", nil, 0)
			s.RunFor(time.Minute)
		}, []string{"it takes no end: 1001 steps\n", `n1: enter "add l `}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := failing(t, tt.body)
			for _, part := range tt.want {
				if !strings.Contains(text, part) {
					t.Errorf("no %q in\n%s", part, text)
				}
			}
		})
	}
}

func addrOf(host int) transport.Addr {
	a, _ := transport.ParseAddr(fmt.Sprintf("sim:n%d", host))
	return a
}

// Panics on goroutines that the kit has started are failures like others, with what is needed to see them again.
func TestPanics(t *testing.T) {
	for name, tt := range map[string]struct {
		body func(s *Sim)
		want string
	}{
		"the test":       {func(s *Sim) { s.RunFor(time.Second); _ = os.Args[len(os.Args)] }, "at 1s: the test panics: runtime error: index out of range"},
		"a function, at": {func(s *Sim) { s.At(time.Second, func() { panic("lost") }); s.RunFor(time.Hour) }, "at 1s: a function given to At panics: lost\n"},
		"an app": {func(s *Sim) {
			NewCluster(s, 2, func(*Host) appFunc { return func(context.Context) error { panic("lost") } })
			s.RunFor(time.Hour)
		}, "at 0s: n0 panics: lost\n"},
		"an app that is being made": {func(s *Sim) { NewCluster(s, 2, func(h *Host) appFunc { panic("lost") }) }, "at 0s: n0 panics: lost\n"},
	} {
		t.Run(name, func(t *testing.T) {
			text := failing(t, tt.body)
			for _, part := range []string{tt.want, "gossiptest.TestPanics.func", "run_rules_test.go:", "replay: GOSSIPTEST_SEED="} {
				if !strings.Contains(text, part) {
					t.Errorf("no %q in\n%s", part, text)
				}
			}
		})
	}
}

// A panic on a goroutine of the application's own ends the process, and the trace names the host and the seed.
func TestPanicNamesHost(t *testing.T) {
	const child = "GOSSIPTEST_PANICS"
	if how := os.Getenv(child); how != "" {
		map[string]func(*testing.T, func(*Sim)){"Run": Run, "Bubble": Bubble}[how](t, func(s *Sim) {
			NewCluster(s, 2, func(h *Host) appFunc {
				return func(ctx context.Context) error {
					go func() {
						time.Sleep(time.Second)
						if h.Index() == 1 {
							panic("lost")
						}
					}()
					<-ctx.Done()
					return nil
				}
			})
			s.RunFor(time.Hour)
		})
		return
	}
	for _, how := range []string{"Run", "Bubble"} {
		text, code := again(t, child+"="+how)
		for _, part := range []string{"panic: lost", `"node": "n1.1"`, fmt.Sprintf(`"seed": "%d"`, seedOf(t.Name(), 0))} {
			if code != 2 || !strings.Contains(text, part) {
				t.Errorf("%s: the process ends with %d; no %q in\n%s", how, code, part, text)
			}
		}
	}
}

// A goroutine that never waits for anything is shown, with its host, and ends the process.
func TestEndless(t *testing.T) {
	const child = "GOSSIPTEST_ENDLESS"
	if os.Getenv(child) != "" {
		r := &runner{t: t, name: t.Name(), env: env{runs: 1}, dir: t.TempDir(), patience: 20 * time.Millisecond, fail: func(s string) { t.Error(s) }}
		r.body = func(s *Sim) {
			n, mu := 0, sync.Mutex{}
			NewCluster(s, 2, func(h *Host) appFunc {
				return func(ctx context.Context) error {
					for h.Index() == 1 {
						mu.Lock()
						n++
						mu.Unlock()
					}
					return nil
				}
			})
		}
		r.all()
		return
	}
	text, code := again(t, child+"=1")
	for _, part := range []string{"gossiptest: TestEndless hangs with seed ", "These come to no end", `"node": "n1.1"`, "run_rules_test.go:"} {
		if code != 2 || !strings.Contains(text, part) {
			t.Errorf("the process ends with %d; no %q in\n%s", code, part, text)
		}
	}
}
