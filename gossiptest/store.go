package gossiptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/storage"
)

// StoreHarness says how to try an implementation of [storage.Store]. Its functions are called on the goroutine of the test.
// They close by t.Cleanup what they opened, and end the test by t.Fatal if they cannot do what they are for.
type StoreHarness struct {
	// Open returns an empty store that keeps its files, if it has any, in dir, which is empty and the case's own. It is
	// called once for each case.
	Open func(t *testing.T, dir string) storage.Store

	// Reopen closes s, which keeps its files in dir, as a process does that ends, and opens it again. Nil, for a store that
	// ends with its process, leaves out the case reopen.
	Reopen func(t *testing.T, s storage.Store, dir string) storage.Store

	// Crash returns what s, which keeps its files in dir, would be found to be after a crash of its process, or of its
	// machine where the store promises to survive that. It does not close s, whose calls may be under way: they return
	// some time or other, whatever they return, and nothing they still do is seen in the new store. image is an empty
	// directory for the files of the new store. For a crash of the process it will do to copy them, one by one, and to leave
	// out those that have gone meanwhile. A file system that forgets what was not synced shows more. Nil leaves out the
	// cases crash-after-put, crash-after-delete and crash-during-put.
	Crash func(t *testing.T, s storage.Store, dir, image string) storage.Store

	// Second opens the store in dir again, as another process would while the first has it open. It returns an error if the
	// store refuses that. Nil leaves out the case second-process.
	Second func(t *testing.T, dir string) (storage.Store, error)

	// Waiting returns a store whose calls wait for something that does not come: a server that does not answer, a lock that
	// somebody holds. Nil, for a store whose calls wait for nothing, leaves out the case waiting.
	Waiting func(t *testing.T, dir string) storage.Store

	// Failing returns a store of which every call fails: its directory is a file, its server refuses. Nil leaves out the case
	// failing.
	Failing func(t *testing.T, dir string) storage.Store

	// Timeout is how long a case may take before it counts as hanging, as in [TransportHarness]. Zero means a minute.
	Timeout time.Duration
}

// StoreCase is one rule of the contract of package storage, with an experiment that shows whether it is kept.
type StoreCase struct {
	Name string // lower case, with hyphens
	Rule string // the sentence of the contract, as it stands in a comment of package storage

	run func(ctx context.Context, tr *storeTrial) error
}

// TestStore checks an implementation of [storage.Store] against the contract of package storage: each of [StoreCases] is a
// subtest, whose failure quotes the rule that was broken.
//
//	func TestContract(t *testing.T) {
//		gossiptest.TestStore(t, gossiptest.StoreHarness{
//			Open: func(t *testing.T, dir string) storage.Store {
//				s, err := mystore.Open(dir, nil)
//				if err != nil {
//					t.Fatal(err)
//				}
//				t.Cleanup(func() { s.Close() })
//				return s
//			},
//			Reopen: …, // without these two, nothing is known of what stays
//			Crash:  …,
//		})
//	}
//
// Run it with -race, which sees calls that get in each other's way. No case waits for time to
// pass, but for nanoseconds in which others run, and a store that is right passes however slow it is. A case that hangs is given up after the
// Timeout of the harness, and its goroutines are printed.
//
// A crash comes at a moment that the suite does not choose, so crash-during-put tries many. It writes some hundred values of some
// kilobytes.
func TestStore(t *testing.T, h StoreHarness) {
	cases := StoreCases(h)
	runSuite(t, h.Timeout, len(cases), func(i int) string { return cases[i].Name },
		func(t *testing.T, i int, timeout time.Duration) error {
			timely := h
			timely.Timeout = timeout
			return cases[i].Run(t, timely)
		})
}

// Run runs the case and returns how the store broke the rule, or nil if it did not. The test t is for the harness, and may be
// nil, outside of a test, for a harness that does without. In a bubble of testing/synctest a hang shows at once, without the
// Timeout.
func (c StoreCase) Run(t *testing.T, h StoreHarness) error {
	tr := &storeTrial{trial: newTrial(), harness: h, t: t}
	if t == nil {
		defer tr.removeDirs()
	}
	return tr.try(c.Name, c.Rule, h.Timeout, tr.open, func(ctx context.Context) error {
		if tr.err != nil {
			return tr.err
		}
		return c.run(ctx, tr)
	})
}

// storeTrial is one run of a case.
type storeTrial struct {
	trial
	harness StoreHarness
	t       *testing.T
	dirs    []string // made; the last one is that of s
	s       storage.Store
	err     error // of making a directory
}

// open opens the store of the trial.
func (tr *storeTrial) open() {
	if dir := tr.newDir(); tr.err == nil {
		tr.s = tr.harness.Open(tr.t, dir)
	}
}

func (tr *storeTrial) newDir() (dir string) {
	if tr.t != nil {
		dir = tr.t.TempDir()
	} else {
		dir, tr.err = os.MkdirTemp("", "gossiptest")
	}
	tr.dirs = append(tr.dirs, dir)
	return dir
}

func (tr *storeTrial) removeDirs() {
	for _, dir := range tr.dirs {
		os.RemoveAll(dir)
	}
}

// replace replaces the store of the trial by what f makes of it, on the goroutine of the test.
func (tr *storeTrial) replace(ctx context.Context, f func() storage.Store) error {
	return tr.onTest(ctx, func() { tr.s = f() })
}

func (tr *storeTrial) reopen(ctx context.Context) error {
	return tr.replace(ctx, func() storage.Store {
		return tr.harness.Reopen(tr.t, tr.s, tr.dirs[len(tr.dirs)-1])
	})
}

func (tr *storeTrial) crash(ctx context.Context) error {
	err := tr.replace(ctx, func() storage.Store {
		dir, image := tr.dirs[len(tr.dirs)-1], tr.newDir()
		if tr.err != nil {
			return nil
		}
		return tr.harness.Crash(tr.t, tr.s, dir, image)
	})
	return errors.Join(err, tr.err)
}

func putValue(ctx context.Context, s storage.Store, key string, value []byte) error {
	if err := s.Put(ctx, key, value); err != nil {
		return fmt.Errorf("put of %s, %d bytes: %w", showKey(key), len(value), err)
	}
	return nil
}

func deleteKey(ctx context.Context, s storage.Store, key string) error {
	if err := s.Delete(ctx, key); err != nil {
		return fmt.Errorf("delete of %s: %w", showKey(key), err)
	}
	return nil
}

func getValue(ctx context.Context, s storage.Store, key string) ([]byte, error) {
	value, err := s.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("get of %s: %w", showKey(key), err)
	}
	return value, nil
}

// wantValue checks that the value of key is want.
func wantValue(ctx context.Context, s storage.Store, key string, want []byte) error {
	got, err := getValue(ctx, s, key)
	if err != nil {
		return err
	}
	return sameValue(key, got, want)
}

func sameValue(key string, got, want []byte) error {
	if bytes.Equal(got, want) {
		return nil
	}
	return fmt.Errorf("a Get of %s returned %s, want %s", showKey(key), showValue(got), showValue(want))
}

// wantMissing checks that key is not in the store.
func wantMissing(ctx context.Context, s storage.Store, key string) error {
	value, err := s.Get(ctx, key)
	if value != nil || !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("a Get of %s, which is not there, returned %s and error %v, want nil and one that wraps ErrNotFound",
			showKey(key), showValue(value), err)
	}
	return nil
}

func showKey(key string) string {
	if len(key) > 40 {
		return fmt.Sprintf("a key of %d bytes", len(key))
	}
	return fmt.Sprintf("key %q", key)
}

func showValue(value []byte) string {
	if value == nil {
		return "nil"
	}
	if len(value) > 40 {
		return fmt.Sprintf("%d bytes that begin with %q", len(value), value[:20])
	}
	return fmt.Sprintf("%q", value)
}
