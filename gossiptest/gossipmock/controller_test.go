package gossipmock_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/gossiptest/gossipmock"
	"github.com/grapevine-go/grapevine/storage"
)

// child says, to a process that a test has started, which of the tests below it is to fail.
const child = "GOSSIPMOCK_CHILD"

// forgetful is a store of which the test forgot that a node writes to it, too.
func forgetful(t gossipmock.T) storage.Store { return forgetfulOf(gossipmock.NewController(t)) }

func forgetfulOf(ctrl *gomock.Controller) storage.Store {
	s := gossipmock.NewMockStore(ctrl)
	s.EXPECT().Get(gomock.Any(), gomock.Any()).Return(nil, storage.ErrNotFound).AnyTimes()
	return s
}

// waiting waits for what a goroutine was to do that has ended.
func waiting(t *testing.T, s storage.Store) {
	done := make(chan struct{})
	go func() {
		_ = s.Put(context.Background(), "k", nil)
		close(done)
	}()
	<-done
}

// node starts a node and waits for what nobody writes.
func node(t *testing.T) {
	store := forgetful(t)
	n := gossiptest.NewNode(t, &gossiptest.NodeOptions{Configure: func(c *gossip.Config) { c.Store = store }})
	_, _ = n.WaitFor(t.Context(), "feature:dark", nil)
}

// children are tests in which an unexpected call comes, and what each prints besides that call.
var children = map[string]struct {
	test  func(t *testing.T)
	code  int // exit status: 1 if the test ends, 2 if the process has to
	lines []string
	not   string // what it does not print
}{
	"on the test's own goroutine": {
		test: func(t *testing.T) {
			s := forgetfulOf(gossipmock.NewPatientController(t))
			t.Cleanup(func() { t.Log("the cleanup is called") })
			_ = s.Put(t.Context(), "k", nil)
		},
		code: 1, lines: []string{"--- FAIL: TestChild", "the cleanup is called"},
	},
	"beside a test that ends": {
		test: func(t *testing.T) {
			s := forgetfulOf(gossipmock.NewPatientController(t))
			var wg sync.WaitGroup
			wg.Go(func() { _ = s.Put(t.Context(), "k", nil) })
			wg.Go(func() { _ = s.Put(t.Context(), "k again", nil) })
			wg.Wait()
			t.Log("the test goes on")
		},
		code: 1, lines: []string{"--- FAIL: TestChild", "the test goes on"}, not: "has not ended",
	},
	"while the test waits": {
		test: func(t *testing.T) { waiting(t, forgetful(t)) },
		code: 2, lines: []string{"gossipmock: TestChild: Unexpected call", "has not ended within 500ms of that. It is here:\n\ngoroutine", "chan receive", "gossipmock_test.waiting("},
	},
	"while a cleanup waits": {
		test: func(t *testing.T) {
			s := forgetfulOf(gossipmock.NewHastyController(t))
			t.Cleanup(func() { waiting(t, s) })
		},
		code: 2, lines: []string{"gossipmock: TestChild: Unexpected call", "has not ended within 1s of that", "gossipmock_test.waiting("},
	},
	"of a node": {
		test: node,
		code: 2, lines: []string{"gossipmock: TestChild: Unexpected call", "gossipmock_test.node("},
	},
	"in a bubble": {
		test: func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { waiting(t, forgetfulOf(gossipmock.NewPatientController(t))) })
		},
		code: 2, lines: []string{"--- FAIL: TestChild", "deadlock"}, not: "has not ended",
	},
	"of a node in a bubble, whose time goes on": {
		test: func(t *testing.T) { synctest.Test(t, node) },
		code: 2, lines: []string{"gossipmock: TestChild: Unexpected call", "gossipmock_test.node("},
	},
	"in a bubble whose time stands still": {
		test: func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := forgetful(t)
				var mu sync.Mutex
				go func() {
					mu.Lock()
					_ = s.Put(context.Background(), "k", nil)
					mu.Unlock()
				}()
				synctest.Wait()
				mu.Lock()
			})
		},
		code: 2, lines: []string{"gossipmock: TestChild: Unexpected call", "sync.Mutex.Lock"},
	},
	"on a host of a Sim": {
		test: func(t *testing.T) {
			gossiptest.Run(t, func(s *gossiptest.Sim) {
				store := forgetfulOf(gossipmock.NewPatientController(s))
				gossiptest.NewCluster(s, 2, func(h *gossiptest.Host) *gossip.Gossip {
					cfg := h.Config()
					cfg.Store = store
					g, err := gossip.New(cfg)
					if err != nil {
						s.Fatal(err)
					}
					return g
				})
				s.RunFor(time.Hour)
			})
		},
		code: 1, lines: []string{"--- FAIL: TestChild", "seed ", "replay: GOSSIPTEST_SEED="}, not: "FailNow",
	},
}

// TestChild does nothing but in a process that TestController starts.
func TestChild(t *testing.T) {
	if c, ok := children[os.Getenv(child)]; ok {
		c.test(t)
	}
}

// A test ends soon after an unexpected call, wherever it comes, and says which it was.
func TestController(t *testing.T) {
	for name, c := range children {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestChild$", "-test.timeout=50s")
			cmd.Env = append(os.Environ(), child+"="+name, "GOSSIPTEST_SAVE=0", "GOSSIPTEST_RUNS=1")
			out, err := cmd.CombinedOutput()
			text := string(out)
			if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != c.code {
				t.Errorf("the process ends with %v, want status %d", err, c.code)
			}
			if n := strings.Count(text, "Unexpected call to *gossipmock.MockStore.Put("); n != 1 {
				t.Errorf("it says %d times what was unexpected, want once", n)
			}
			for _, line := range c.lines {
				if !strings.Contains(text, line) {
					t.Errorf("no %q", line)
				}
			}
			if c.not != "" && strings.Contains(text, c.not) {
				t.Errorf("there is %q", c.not)
			}
			if t.Failed() {
				t.Logf("it prints:\n%s", text)
			}
		})
	}
}
