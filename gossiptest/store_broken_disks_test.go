package gossiptest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/storage"
)

// reading is a store that reads once what is on its disk, and then goes by its memory. What it puts it gives to write.
func reading(d *baseDisk, write func(key string, value []byte), end func(c *cache)) brokenStore {
	c := &cache{values: d.image().values}
	s := baseStore{d}
	return brokenStore{
		baseStore: s,
		get: func(_ context.Context, key string) ([]byte, error) {
			value, ok := c.get(key)
			if !ok {
				return nil, storage.ErrNotFound
			}
			return bytes.Clone(value), nil
		},
		put: func(_ context.Context, key string, value []byte) error {
			c.put(key, value)
			write(key, bytes.Clone(value))
			return nil
		},
		del: func(_ context.Context, key string) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			delete(c.values, key)
			d.remove(key)
			return nil
		},
		end: func() { end(c) },
	}
}

func nothing(*cache) {}

var brokenDisks = []brokenStoreKind{
	{
		caughtBy: "ended-context", how: "does not look",
		store: putting(func(_ context.Context, s baseStore, key string, value []byte) error {
			return s.Put(context.Background(), key, value)
		}),
	},
	{
		caughtBy: "ended-context", how: "looks when it has written",
		store: putting(func(ctx context.Context, s baseStore, key string, value []byte) error {
			s.disk.write(key, bytes.Clone(value))
			return ctx.Err()
		}),
	},
	{
		caughtBy: "ended-context", how: "says that nothing is there",
		store: getting(func(ctx context.Context, s baseStore, key string) ([]byte, error) {
			value, err := s.Get(ctx, key)
			if ctx.Err() != nil {
				err = errors.Join(err, storage.ErrNotFound)
			}
			return value, err
		}),
	},
	{
		caughtBy: "context-ends", how: "hides the error of the context",
		store: putting(func(ctx context.Context, s baseStore, key string, value []byte) error {
			if pause(); ctx.Err() != nil {
				return fmt.Errorf("put: %v", ctx.Err())
			}
			return s.Put(ctx, key, value)
		}),
	},
	{
		caughtBy: "context-ends", how: "stops in the middle of a value",
		store: putting(func(ctx context.Context, s baseStore, key string, value []byte) error {
			if err := s.Put(context.WithoutCancel(ctx), key, value[:len(value)/2]); err != nil {
				return err
			}
			pause()
			return s.Put(ctx, key, value)
		}),
	},
	{
		caughtBy: "context-ends", how: "empties before it deletes",
		store: deleting(func(ctx context.Context, s baseStore, key string) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			s.disk.write(key, nil)
			pause()
			return s.Delete(ctx, key)
		}),
	},
	{
		caughtBy: "waiting", how: "has a limit of its own instead",
		store: func(d *baseDisk) brokenStore {
			return withStore(baseStore{d}, func(context.Context) error {
				select {
				case <-time.After(time.Hour):
				case <-d.over:
				}
				return errBroken
			})
		},
	},
	{
		caughtBy: "waiting", how: "goes on for ever",
		store: func(d *baseDisk) brokenStore {
			return withStore(baseStore{d}, func(context.Context) error {
				<-d.over
				return nil
			})
		},
	},
	{
		caughtBy: "failing", how: "takes what it cannot read for missing",
		store: func(d *baseDisk) brokenStore {
			s := withStore(baseStore{d}, func(context.Context) error { return errBroken })
			s.get = baseStore{d}.Get
			return s
		},
	},
	{
		caughtBy: "failing", how: "drops what it cannot write",
		store: func(d *baseDisk) brokenStore {
			s := withStore(baseStore{d}, func(context.Context) error { return errBroken })
			s.put = func(context.Context, string, []byte) error { return nil }
			return s
		},
	},
	{
		caughtBy: "reopen", how: "writes nothing",
		store: func(d *baseDisk) brokenStore { return reading(d, func(string, []byte) {}, nothing) },
	},
	{
		caughtBy: "reopen", how: "finds the old value",
		store: func(d *baseDisk) brokenStore {
			return reading(d, func(key string, value []byte) {
				if _, ok := d.read(key); !ok {
					d.write(key, value)
				}
			}, nothing)
		},
	},
	{
		caughtBy: "reopen", how: "finds what was deleted",
		store: func(d *baseDisk) brokenStore {
			s := reading(d, d.write, nothing)
			del := s.del
			s.del = func(ctx context.Context, key string) error {
				value, ok := d.read(key)
				err := del(ctx, key)
				if ok {
					d.write(key, value)
				}
				return err
			}
			return s
		},
	},
	{
		caughtBy: "crash-after-put", how: "writes when it is closed",
		store: func(d *baseDisk) brokenStore {
			return reading(d, func(string, []byte) {}, func(c *cache) {
				for key, value := range c.values {
					d.write(key, value)
				}
			})
		},
	},
	{
		caughtBy: "crash-after-put", how: "writes each value with the next one",
		store: func(d *baseDisk) brokenStore {
			var late func()
			return reading(d, func(key string, value []byte) {
				if late != nil {
					late()
				}
				late = func() { d.write(key, value) }
			}, func(*cache) {
				if late != nil {
					late()
				}
			})
		},
	},
	{
		caughtBy: "crash-after-delete", how: "deletes when it is closed",
		store: func(d *baseDisk) brokenStore {
			gone := &cache{values: map[string][]byte{}}
			s := brokenStore{baseStore: baseStore{d}}
			s.get = func(ctx context.Context, key string) ([]byte, error) {
				if _, ok := gone.get(key); ok {
					return nil, storage.ErrNotFound
				}
				return s.baseStore.Get(ctx, key)
			}
			s.del = func(_ context.Context, key string) error {
				gone.put(key, nil)
				return nil
			}
			s.end = func() {
				for key := range gone.values {
					d.remove(key)
				}
			}
			return s
		},
	},
	{caughtBy: "crash-during-put", how: "leaves a torn value", store: putting(inTwo)},
	{
		caughtBy: "crash-during-put", how: "deletes before it writes",
		store: putting(func(ctx context.Context, s baseStore, key string, value []byte) error {
			s.disk.remove(key)
			pause()
			return s.Put(ctx, key, value)
		}),
	},
	{
		caughtBy: "crash-during-put", how: "loses a value it has said to keep",
		store: putting(func(ctx context.Context, s baseStore, key string, value []byte) error {
			if old, ok := s.disk.read(key); ok && len(old) > 0 && old[0] != '0' { // it has values that are written late
				late := bytes.Clone(value)
				time.AfterFunc(time.Second, func() { s.disk.write(key, late) })
				return nil
			}
			return s.Put(ctx, key, value)
		}),
	},
	{
		caughtBy: "second-process", how: "goes by its memory",
		store: func(d *baseDisk) brokenStore { return reading(d, d.write, nothing) },
	},
}
