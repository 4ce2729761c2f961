package gossiptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/grapevine-go/grapevine/storage"
)

// fill gives some keys values: new ones, and others in place of old ones. One key is deleted.
func (tr *storeTrial) fill(ctx context.Context, round int) error {
	for i, key := range storeKeys {
		if err := putValue(ctx, tr.s, key, fmt.Appendf(nil, "%d of %d", round, i)); err != nil {
			return err
		}
	}
	return errors.Join(
		putValue(ctx, tr.s, "empty", nil),
		putValue(ctx, tr.s, "large", testFrame(round, 5000+round)),
		putValue(ctx, tr.s, "deleted", []byte("value")),
		deleteKey(ctx, tr.s, "deleted"),
		putValue(ctx, tr.s, "deleted before", nil),
		deleteKey(ctx, tr.s, "deleted before"),
		putValue(ctx, tr.s, "deleted before", fmt.Append(nil, round)))
}

// filled checks that what fill has left is there.
func (tr *storeTrial) filled(ctx context.Context, round int) error {
	for i, key := range storeKeys {
		if err := wantValue(ctx, tr.s, key, fmt.Appendf(nil, "%d of %d", round, i)); err != nil {
			return err
		}
	}
	return errors.Join(
		wantValue(ctx, tr.s, "empty", nil),
		wantValue(ctx, tr.s, "large", testFrame(round, 5000+round)),
		wantMissing(ctx, tr.s, "deleted"),
		wantValue(ctx, tr.s, "deleted before", fmt.Append(nil, round)))
}

func tryReopen(ctx context.Context, tr *storeTrial) error {
	for round := range 3 {
		if err := tr.fill(ctx, round); err != nil {
			return err
		}
		for range 2 { // once with what was put, once as it was found
			if err := tr.reopen(ctx); err != nil {
				return err
			}
			if err := tr.filled(ctx, round); err != nil {
				return fmt.Errorf("after the store was opened again: %w", err)
			}
		}
	}
	return nil
}

func tryCrashAfterPut(ctx context.Context, tr *storeTrial) error {
	for round := range 3 {
		if err := tr.fill(ctx, round); err != nil {
			return err
		}
		for range 2 {
			if err := tr.crash(ctx); err != nil {
				return err
			}
			if err := tr.filled(ctx, round); err != nil {
				return fmt.Errorf("after a crash: %w", err)
			}
		}
		value := fmt.Append(nil, round)
		if err := putValue(ctx, tr.s, "last", value); err != nil { // nothing comes after it that could complete it
			return err
		}
		if err := tr.crash(ctx); err != nil {
			return err
		}
		if err := wantValue(ctx, tr.s, "last", value); err != nil {
			return fmt.Errorf("after a crash: %w", err)
		}
	}
	return nil
}

func tryCrashAfterDelete(ctx context.Context, tr *storeTrial) error {
	for range 3 {
		if err := errors.Join(putValue(ctx, tr.s, "key", []byte("value")), putValue(ctx, tr.s, "other", nil)); err != nil {
			return err
		}
		if err := tr.crash(ctx); err != nil {
			return err
		}
		if err := deleteKey(ctx, tr.s, "key"); err != nil {
			return err
		}
		if err := tr.crash(ctx); err != nil {
			return err
		}
		if err := errors.Join(wantMissing(ctx, tr.s, "key"), wantValue(ctx, tr.s, "other", nil)); err != nil {
			return fmt.Errorf("after a crash: %w", err)
		}
	}
	return nil
}

// tryCrashDuringPut crashes at various moments while values with numbers are put, one after the other.
func tryCrashDuringPut(ctx context.Context, tr *storeTrial) error {
	value := func(n int64) []byte {
		return append(fmt.Appendf(nil, "%d:", n), testFrame(int(n), 2000+int(n)*37%6000)...)
	}
	if err := putValue(ctx, tr.s, "key", value(0)); err != nil {
		return err
	}
	var n int64
	for moment := range 24 {
		var begun, over atomic.Int64 // numbers of the values whose Put has begun, and has returned
		begun.Store(n)
		over.Store(n)
		s := tr.s
		first := make(chan struct{})
		writing, stop := context.WithCancel(ctx)
		defer stop()
		wrote := background(func() error {
			for i := n + 1; writing.Err() == nil; i++ {
				begun.Store(i)
				if i == n+1 {
					close(first)
				}
				if err := s.Put(writing, "key", value(i)); err != nil {
					return nil // the crash
				}
				over.Store(i)
			}
			return nil
		})
		<-first
		for range moment {
			runtime.Gosched()
		}
		oldest := over.Load()
		if err := tr.crash(ctx); err != nil {
			return err
		}
		newest := begun.Load()
		stop()
		<-wrote

		got, err := getValue(ctx, tr.s, "key")
		if err != nil {
			return fmt.Errorf("after a crash during Put: %w", err)
		}
		if _, err := fmt.Sscanf(string(got), "%d:", &n); err != nil || !bytes.Equal(got, value(n)) {
			return fmt.Errorf("after a crash during Put, Get returned %s, which is no value that was put", showValue(got))
		}
		if n < oldest || n > newest {
			return fmt.Errorf("after a crash during Put, Get returned value %d, though the Put of value %d had returned before "+
				"the crash, and that of %d was the last to begin", n, oldest, newest)
		}
	}
	return nil
}

// trySecondProcess opens the store a second time. If the store allows that, both see the same.
func trySecondProcess(ctx context.Context, tr *storeTrial) error {
	if err := errors.Join(putValue(ctx, tr.s, "key", []byte("first")), putValue(ctx, tr.s, "gone", nil)); err != nil {
		return err
	}
	var second storage.Store
	var refused error
	if err := tr.onTest(ctx, func() { second, refused = tr.harness.Second(tr.t, tr.dirs[len(tr.dirs)-1]) }); err != nil {
		return err
	}
	if refused == nil {
		if err := errors.Join(wantValue(ctx, second, "key", []byte("first")), deleteKey(ctx, second, "gone")); err != nil {
			return fmt.Errorf("in a second process: %w", err)
		}
		stores, names := []storage.Store{tr.s, second}, []string{"first", "second"}
		for i := range 6 {
			key, value := fmt.Sprint("key", i%2), fmt.Append(nil, i)
			if err := putValue(ctx, stores[i/2%2], key, value); err != nil {
				return fmt.Errorf("in the %s process: %w", names[i/2%2], err)
			}
			for k, s := range stores {
				if err := wantValue(ctx, s, key, value); err != nil {
					return fmt.Errorf("in the %s process, after a Put in the %s one: %w", names[k], names[i/2%2], err)
				}
			}
		}
		return wantMissing(ctx, tr.s, "gone")
	}
	if err := errors.Join(
		wantValue(ctx, tr.s, "key", []byte("first")),
		putValue(ctx, tr.s, "key", []byte("again")),
		wantValue(ctx, tr.s, "key", []byte("again")),
		wantValue(ctx, tr.s, "gone", nil),
	); err != nil {
		return fmt.Errorf("after a second process was refused: %w", err)
	}
	return nil
}
