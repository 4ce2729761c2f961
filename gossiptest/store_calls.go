package gossiptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/storage"
)

func tryAtomic(ctx context.Context, tr *storeTrial) error {
	values := [][]byte{bytes.Repeat([]byte("a"), 100), bytes.Repeat([]byte("b"), 5000), bytes.Repeat([]byte("c"), 1)}
	if err := putValue(ctx, tr.s, "key", values[0]); err != nil {
		return err
	}
	var over atomic.Bool
	write := func() error {
		defer over.Store(true)
		for i := range 100 {
			if err := putValue(ctx, tr.s, "key", values[i%len(values)]); err != nil {
				return err
			}
			// Without a pause, most stores have much to do at a time; with pauses readers come in between, in a bubble too, where
			// they go on only once the writers pause.
			switch {
			case i < 50:
			case i%2 == 0:
				runtime.Gosched()
			default:
				time.Sleep(time.Nanosecond)
			}
		}
		return nil
	}
	read := func() error {
		for n := 0; n < 1000 && !over.Load(); n++ {
			if n%10 == 0 {
				time.Sleep(time.Nanosecond) // a writer begins, or goes on from wherever it waits
			}
			got, err := getValue(ctx, tr.s, "key")
			if err != nil {
				return err
			}
			if err := oneOf("key", got, values...); err != nil {
				return err
			}
		}
		return nil
	}
	return together(write, write, read, read)
}

func trySeesPut(ctx context.Context, tr *storeTrial) error {
	for i := range 20 {
		want := testFrame(i, 10+i)
		if err := <-background(func() error { return putValue(ctx, tr.s, "key", want) }); err != nil {
			return err
		}
		see := func() error { return wantValue(ctx, tr.s, "key", want) }
		if err := together(see, see, see); err != nil {
			return err
		}
	}
	if err := <-background(func() error { return deleteKey(ctx, tr.s, "key") }); err != nil {
		return err
	}
	miss := func() error { return wantMissing(ctx, tr.s, "key") }
	return together(miss, miss, miss)
}

// tryConcurrent has some goroutines do everything, each with keys of its own, which nobody else may spoil.
func tryConcurrent(ctx context.Context, tr *storeTrial) error {
	const writers, rounds = 8, 10
	key := func(w int) string { return fmt.Sprintf("key/%d", w) }
	var fs []func() error
	for w := range writers {
		fs = append(fs, func() error {
			for i := range rounds {
				value := testFrame(w*rounds+i, 100+w)
				passing := fmt.Sprintf("passing/%d/%d", w, i)
				if err := errors.Join(
					putValue(ctx, tr.s, key(w), value),
					wantValue(ctx, tr.s, key(w), value),
					putValue(ctx, tr.s, passing, value),
					putValue(ctx, tr.s, "shared", value),
					deleteKey(ctx, tr.s, passing),
					wantMissing(ctx, tr.s, passing),
				); err != nil {
					return fmt.Errorf("beside calls for other keys: %w", err)
				}
			}
			return nil
		})
	}
	if err := together(fs...); err != nil {
		return err
	}
	for w := range writers {
		if err := wantValue(ctx, tr.s, key(w), testFrame(w*rounds+rounds-1, 100+w)); err != nil {
			return fmt.Errorf("after calls for other keys: %w", err)
		}
	}
	return nil
}

// wantCut checks that err, of a call that returned value, is that of ctx, which has ended.
func wantCut(ctx context.Context, call string, value []byte, err error) error {
	if value != nil || !errors.Is(err, ctx.Err()) || errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("%s returned %s and error %v, want nil and one that wraps %v, of its context, and not ErrNotFound",
			call, showValue(value), err, ctx.Err())
	}
	return nil
}

func tryEndedContext(ctx context.Context, tr *storeTrial) error {
	if err := putValue(ctx, tr.s, "key", []byte("old")); err != nil {
		return err
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	past, cancel := context.WithDeadline(ctx, time.Time{})
	defer cancel()
	for _, ended := range []context.Context{cancelled, past} {
		for _, key := range []string{"key", "other"} {
			value, err := tr.s.Get(ended, key)
			if err := errors.Join(
				wantCut(ended, "Get of "+showKey(key), value, err),
				wantCut(ended, "Put of "+showKey(key), nil, tr.s.Put(ended, key, []byte("new"))),
				wantCut(ended, "Delete of "+showKey(key), nil, tr.s.Delete(ended, key)),
			); err != nil {
				return fmt.Errorf("with an ended context: %w", err)
			}
		}
		if err := errors.Join(wantValue(ctx, tr.s, "key", []byte("old")), wantMissing(ctx, tr.s, "other")); err != nil {
			return fmt.Errorf("after calls with an ended context: %w", err)
		}
	}
	return nil
}

// tryContextEnds ends contexts during calls. What a call does then is its own choice, but it does it or not.
func tryContextEnds(ctx context.Context, tr *storeTrial) error {
	old := testFrame(0, 3000)
	if err := putValue(ctx, tr.s, "key", old); err != nil {
		return err
	}
	for i := range 20 {
		ends, cancel := context.WithCancel(ctx)
		go cancel()
		value := testFrame(i+1, 3000+i)
		err := tr.s.Put(ends, "key", value)
		if cancel(); err != nil {
			if err := wantCut(ends, "Put, on the end of its context,", nil, err); err != nil {
				return err
			}
		}
		got, getErr := getValue(ctx, tr.s, "key")
		switch {
		case getErr != nil:
			return fmt.Errorf("after a Put whose context ended: %w", getErr)
		case err == nil:
			err = sameValue("key", got, value)
		default:
			err = oneOf("key", got, old, value)
		}
		if err != nil {
			return fmt.Errorf("after a Put whose context ended: %w", err)
		}
		old = got

		ends, cancel = context.WithCancel(ctx)
		go cancel()
		got, err = tr.s.Get(ends, "key")
		if cancel(); err != nil {
			err = wantCut(ends, "Get, on the end of its context,", got, err)
		} else {
			err = sameValue("key", got, old)
		}
		if err != nil {
			return err
		}

		if err := cutDelete(ctx, tr.s); err != nil {
			return err
		}
	}
	return nil
}

// cutDelete ends a context during a Delete.
func cutDelete(ctx context.Context, s storage.Store) error {
	value := []byte("value")
	if err := putValue(ctx, s, "passing", value); err != nil {
		return err
	}
	ends, cancel := context.WithCancel(ctx)
	defer cancel()
	go cancel()
	if err := s.Delete(ends, "passing"); err != nil {
		cancel()
		if err := wantCut(ends, "Delete, on the end of its context,", nil, err); err != nil {
			return err
		}
		if wantMissing(ctx, s, "passing") == nil {
			return nil
		}
		if err := wantValue(ctx, s, "passing", value); err != nil {
			return fmt.Errorf("after a Delete whose context ended: %w", err)
		}
		return nil
	}
	if err := wantMissing(ctx, s, "passing"); err != nil {
		return fmt.Errorf("after a Delete whose context ended: %w", err)
	}
	return nil
}

func tryWaiting(ctx context.Context, tr *storeTrial) error {
	var s storage.Store
	if err := tr.onTest(ctx, func() { s = tr.harness.Waiting(tr.t, tr.newDir()) }); err != nil {
		return err
	}
	if tr.err != nil {
		return tr.err
	}
	for _, c := range []struct {
		name string
		call func(ctx context.Context) ([]byte, error)
	}{
		{"Get", func(ctx context.Context) ([]byte, error) { return s.Get(ctx, "key") }},
		{"Put", func(ctx context.Context) ([]byte, error) { return nil, s.Put(ctx, "key", []byte("value")) }},
		{"Delete", func(ctx context.Context) ([]byte, error) { return nil, s.Delete(ctx, "key") }},
	} {
		ends, cancel := context.WithCancel(ctx)
		defer cancel()
		calling := background(func() error {
			value, err := c.call(ends)
			if ends.Err() == nil {
				return fmt.Errorf("%s returned error %v and does not wait, though the harness says so", c.name, err)
			}
			return wantCut(ends, c.name+", on the end of its context,", value, err)
		})
		tr.quiet(ctx)
		cancel()
		if err := <-calling; err != nil {
			return err
		}
	}
	return nil
}
