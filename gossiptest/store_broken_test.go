package gossiptest_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/storage"
)

// TestStoreBroken shows that each case catches what it is there for.
func TestStoreBroken(t *testing.T) {
	testBroken(t, gossiptest.StoreCases(baseStores(nil)), func(c gossiptest.StoreCase) string { return c.Name },
		slices.Concat(brokenStores, brokenDisks), func(b brokenStoreKind) (caughtBy, how string) { return b.caughtBy, b.how },
		func(t *testing.T, c gossiptest.StoreCase, b brokenStoreKind) error {
			return inBubble(t, func(t *testing.T) error { return c.Run(t, baseStores(b.store)) })
		})
}

type brokenStoreKind struct {
	caughtBy, how string
	store         breakStore
}

// renamed is a store that gives keys other names.
func renamed(name func(key string) string) breakStore {
	return func(d *baseDisk) brokenStore {
		s := baseStore{d}
		return brokenStore{
			baseStore: s,
			get:       func(ctx context.Context, key string) ([]byte, error) { return s.Get(ctx, name(key)) },
			put:       func(ctx context.Context, key string, value []byte) error { return s.Put(ctx, name(key), value) },
			del:       func(ctx context.Context, key string) error { return s.Delete(ctx, name(key)) },
		}
	}
}

// putting is a store with another Put.
func putting(put func(ctx context.Context, s baseStore, key string, value []byte) error) breakStore {
	return func(d *baseDisk) brokenStore {
		s := baseStore{d}
		return brokenStore{baseStore: s, put: func(ctx context.Context, key string, value []byte) error {
			return put(ctx, s, key, value)
		}}
	}
}

// getting is a store with another Get.
func getting(get func(ctx context.Context, s baseStore, key string) ([]byte, error)) breakStore {
	return func(d *baseDisk) brokenStore {
		s := baseStore{d}
		return brokenStore{baseStore: s, get: func(ctx context.Context, key string) ([]byte, error) { return get(ctx, s, key) }}
	}
}

// deleting is a store with another Delete.
func deleting(del func(ctx context.Context, s baseStore, key string) error) breakStore {
	return func(d *baseDisk) brokenStore {
		s := baseStore{d}
		return brokenStore{baseStore: s, del: func(ctx context.Context, key string) error { return del(ctx, s, key) }}
	}
}

var brokenStores = []brokenStoreKind{
	{
		caughtBy: "missing", how: "no error",
		store: getting(func(_ context.Context, s baseStore, key string) ([]byte, error) {
			value, _ := s.disk.read(key)
			return value, nil
		}),
	},
	{
		caughtBy: "missing", how: "an error of its own",
		store: getting(func(ctx context.Context, s baseStore, key string) ([]byte, error) {
			value, err := s.Get(ctx, key)
			if errors.Is(err, storage.ErrNotFound) {
				err = errBroken
			}
			return value, err
		}),
	},
	{
		caughtBy: "put", how: "keeps the first value",
		store: putting(func(ctx context.Context, s baseStore, key string, value []byte) error {
			if _, ok := s.disk.read(key); ok {
				return nil
			}
			return s.Put(ctx, key, value)
		}),
	},
	{
		caughtBy: "put", how: "writes over the beginning of a longer value",
		store: putting(func(ctx context.Context, s baseStore, key string, value []byte) error {
			if old, _ := s.disk.read(key); len(old) > len(value) {
				value = append(bytes.Clone(value), old[len(value):]...)
			}
			return s.Put(ctx, key, value)
		}),
	},
	{
		caughtBy: "values", how: "trims space",
		store: putting(func(ctx context.Context, s baseStore, key string, value []byte) error {
			return s.Put(ctx, key, bytes.TrimSpace(value))
		}),
	},
	{
		caughtBy: "values", how: "takes an empty value for none",
		store: getting(func(ctx context.Context, s baseStore, key string) ([]byte, error) {
			value, err := s.Get(ctx, key)
			if err == nil && len(value) == 0 {
				return nil, storage.ErrNotFound
			}
			return value, err
		}),
	},
	{
		caughtBy: "keys", how: "refuses the empty key",
		store: putting(func(ctx context.Context, s baseStore, key string, value []byte) error {
			if key == "" {
				return errBroken
			}
			return s.Put(ctx, key, value)
		}),
	},
	{caughtBy: "keys-differ", how: "takes keys for paths", store: renamed(path.Clean)},
	{caughtBy: "keys-differ", how: "ignores case", store: renamed(strings.ToLower)},
	{caughtBy: "keys-differ", how: "keeps keys as UTF-8", store: renamed(func(key string) string {
		return strings.ToValidUTF8(key, "\ufffd")
	})},
	{caughtBy: "keys-differ", how: "ends keys at a zero byte", store: renamed(func(key string) string {
		key, _, _ = strings.Cut(key, "\x00")
		return key
	})},
	{
		caughtBy: "keys-differ", how: "deletes whatever begins so",
		store: deleting(func(_ context.Context, s baseStore, key string) error {
			s.disk.mu.Lock()
			defer s.disk.mu.Unlock()
			maps.DeleteFunc(s.disk.values, func(k string, _ []byte) bool { return strings.HasPrefix(k, key) })
			return nil
		}),
	},
	{caughtBy: "too-long", how: "cuts long keys", store: renamed(func(key string) string { return key[:min(len(key), 200)] })},
	{
		caughtBy: "too-long", how: "cuts long values",
		store: putting(func(ctx context.Context, s baseStore, key string, value []byte) error {
			return s.Put(ctx, key, value[:min(len(value), 1<<16)])
		}),
	},
	{
		caughtBy: "too-long", how: "keeps half of what it refuses",
		store: putting(func(ctx context.Context, s baseStore, key string, value []byte) error {
			err := s.Put(ctx, key, value)
			if err != nil {
				s.disk.write(key, bytes.Clone(value[:1000]))
			}
			return err
		}),
	},
	{
		caughtBy: "delete", how: "sets an empty value",
		store: deleting(func(ctx context.Context, s baseStore, key string) error { return s.Put(ctx, key, nil) }),
	},
	{
		caughtBy: "delete-missing", how: "says that nothing was there",
		store: deleting(func(ctx context.Context, s baseStore, key string) error {
			if _, ok := s.disk.read(key); !ok {
				return storage.ErrNotFound
			}
			return s.Delete(ctx, key)
		}),
	},
	{
		caughtBy: "atomic", how: "writes in two pieces",
		store: putting(inTwo),
	},
	{
		caughtBy: "atomic", how: "writes in two pieces, without a pause",
		store: putting(func(ctx context.Context, s baseStore, key string, value []byte) error {
			if err := s.Put(ctx, key, value[:len(value)/2]); err != nil {
				return err
			}
			runtime.Gosched()
			return s.Put(ctx, key, value)
		}),
	},
	{
		caughtBy: "atomic", how: "deletes before it writes",
		store: putting(func(ctx context.Context, s baseStore, key string, value []byte) error {
			s.disk.remove(key)
			pause()
			return s.Put(ctx, key, value)
		}),
	},
	{
		caughtBy: "sees-put", how: "writes behind the caller's back",
		store: putting(func(_ context.Context, s baseStore, key string, value []byte) error {
			value = bytes.Clone(value)
			go func() {
				pause()
				s.disk.write(key, value)
			}()
			return nil
		}),
	},
	{
		caughtBy: "concurrent", how: "writes back all that it has read",
		store: putting(func(_ context.Context, s baseStore, key string, value []byte) error {
			all := s.disk.image()
			pause()
			all.values[key] = bytes.Clone(value)
			s.disk.mu.Lock()
			defer s.disk.mu.Unlock()
			s.disk.values = all.values
			return nil
		}),
	},
	{
		caughtBy: "given-bytes", how: "keeps them",
		store: putting(func(_ context.Context, s baseStore, key string, value []byte) error {
			s.disk.write(key, value)
			return nil
		}),
	},
	{
		caughtBy: "given-bytes", how: "encrypts in place",
		store: putting(func(ctx context.Context, s baseStore, key string, value []byte) error {
			err := s.Put(ctx, key, value)
			for i := range value {
				value[i] ^= 0xff
			}
			return err
		}),
	},
	{
		caughtBy: "given-bytes", how: "appends a check sum",
		store: putting(func(ctx context.Context, s baseStore, key string, value []byte) error {
			return s.Put(ctx, key, append(value, 1, 2, 3, 4)[:len(value)])
		}),
	},
	{
		caughtBy: "returned-bytes", how: "returns its own",
		store: getting(func(_ context.Context, s baseStore, key string) ([]byte, error) {
			value, _ := s.disk.read(key)
			return value, nil
		}),
	},
	{
		caughtBy: "returned-bytes", how: "has one buffer for all",
		store: func(d *baseDisk) brokenStore {
			var buf []byte
			return getting(func(ctx context.Context, s baseStore, key string) ([]byte, error) {
				value, err := s.Get(ctx, key)
				buf = append(buf[:0], value...)
				return buf, err
			})(d)
		},
	},
}

// inTwo writes a value in two pieces.
func inTwo(ctx context.Context, s baseStore, key string, value []byte) error {
	if err := s.Put(ctx, key, value[:len(value)/2]); err != nil {
		return err
	}
	pause()
	return s.Put(context.WithoutCancel(ctx), key, value)
}

// cache is what a store holds in memory and has not written.
type cache struct {
	mu     sync.Mutex // guards values
	values map[string][]byte
}

func (c *cache) get(key string) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	value, ok := c.values[key]
	return value, ok
}

func (c *cache) put(key string, value []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values[key] = bytes.Clone(value)
}
