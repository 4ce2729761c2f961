package gossiptest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/storage"
)

func TestStoreSound(t *testing.T) { gossiptest.TestStore(t, baseStores(nil)) }

func TestStoreSoundInBubble(t *testing.T) {
	h := baseStores(nil)
	for _, c := range gossiptest.StoreCases(h) {
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if err := c.Run(t, h); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestStoreWithoutTest runs the cases as a program would that is no test.
func TestStoreWithoutTest(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	h := baseStores(nil)
	for _, c := range gossiptest.StoreCases(h) {
		if err := c.Run(nil, h); err != nil {
			t.Error(err)
		}
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) > 0 {
		t.Errorf("in the directory for temporary files is %v, %v, want nothing", left, err)
	}
}

// TestMemory: what package storage has.
func TestMemory(t *testing.T) {
	gossiptest.TestStore(t, gossiptest.StoreHarness{
		Open: func(*testing.T, string) storage.Store { return &storage.Memory{} },
	})
}

func TestStoreCasesFollowTheHarness(t *testing.T) {
	names := func(h gossiptest.StoreHarness) string {
		var b strings.Builder
		for _, c := range gossiptest.StoreCases(h) {
			fmt.Fprintf(&b, "%s ", c.Name)
		}
		return b.String()
	}
	all := baseStores(nil)
	for _, c := range []struct {
		optional string
		with     gossiptest.StoreHarness
	}{
		{optional: "reopen", with: gossiptest.StoreHarness{Reopen: all.Reopen}},
		{optional: "crash-after-put crash-after-delete crash-during-put", with: gossiptest.StoreHarness{Crash: all.Crash}},
		{optional: "second-process", with: gossiptest.StoreHarness{Second: all.Second}},
		{optional: "waiting", with: gossiptest.StoreHarness{Waiting: all.Waiting}},
		{optional: "failing", with: gossiptest.StoreHarness{Failing: all.Failing}},
	} {
		if got := names(gossiptest.StoreHarness{}); strings.Contains(got, c.optional) {
			t.Errorf("cases of an empty harness: %s, want none named %s", got, c.optional)
		}
		if got := names(c.with); !strings.Contains(got, c.optional) {
			t.Errorf("cases: %s, want one named %s", got, c.optional)
		}
	}
}

func TestStoreRules(t *testing.T) {
	testRules(t, "../storage/storage.go", gossiptest.StoreCases(baseStores(nil)),
		func(c gossiptest.StoreCase) (name, rule string) { return c.Name, c.Rule })
}

// TestStoreHang runs a case that hangs in a bubble, where the clock goes on to the watchdog when all else waits.
func TestStoreHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := baseStores(func(d *baseDisk) brokenStore {
			return withStore(baseStore{d}, func(context.Context) error {
				<-d.over
				return errBroken
			})
		})
		h.Timeout = time.Hour
		err := gossiptest.StoreCases(h)[0].Run(t, h)
		for _, want := range []string{"missing: hangs: not over after 1h0m0s", "brokenStore.Get", "\nrule: nil and an error"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("no %q in: %v", want, err)
			}
		}
	})
}

func TestStoreErrorIsWrapped(t *testing.T) {
	h := baseStores(putting(func(context.Context, baseStore, string, []byte) error { return errBroken }))
	for _, c := range gossiptest.StoreCases(h) {
		if c.Name == "put" {
			if err := c.Run(t, h); !errors.Is(err, errBroken) {
				t.Errorf("Run with a Put that fails: %v, want an error wrapping its error", err)
			}
		}
	}
}

// TestHostStore: the store of a simulated host, which crashes with it.
func TestHostStore(t *testing.T) {
	t.Setenv("GOSSIPTEST_CHECK", "none") // some cases have calls race with the ends of their contexts, and with crashes
	for _, c := range gossiptest.StoreCases(gossiptest.StoreHarness{Crash: baseStores(nil).Crash}) {
		t.Run(c.Name, func(t *testing.T) {
			gossiptest.Run(t, func(s *gossiptest.Sim) {
				hosts := gossiptest.NewCluster(s, 1, func(h *gossiptest.Host) idle { return idle{} })
				h := gossiptest.StoreHarness{
					Open: func(*testing.T, string) storage.Store { return hosts.Host(0).Store() },
					Crash: func(*testing.T, storage.Store, string, string) storage.Store {
						hosts.Crash(0)
						hosts.Start(0)
						return hosts.Host(0).Store()
					},
				}
				if err := c.Run(nil, h); err != nil {
					s.Error(err)
				}
			})
		})
	}
}

// idle is an application that does nothing.
type idle struct{}

func (idle) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// What will be tried of a store that ends with its process, and what of one that does not.
func ExampleStoreCases() {
	memory := gossiptest.StoreHarness{Open: func(*testing.T, string) storage.Store { return &storage.Memory{} }}
	fmt.Println(len(gossiptest.StoreCases(memory)), "cases")
	for _, c := range gossiptest.StoreCases(memory) {
		if err := c.Run(nil, memory); err != nil {
			fmt.Println(err)
		}
	}

	disk := memory
	disk.Crash = func(_ *testing.T, _ storage.Store, _, image string) storage.Store { return &fileStore{dir: image} }
	for _, c := range gossiptest.StoreCases(disk) {
		if strings.HasPrefix(c.Name, "crash-during") {
			fmt.Printf("%s: %s\n", c.Name, c.Rule)
		}
	}
	// Output:
	// 15 cases
	// crash-during-put: A crash during Put leaves the old value or the new one.
}
