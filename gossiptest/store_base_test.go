package gossiptest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/storage"
)

// baseDisk is what stays of a store in memory when its process ends.
type baseDisk struct {
	over chan struct{} // closed at the end of the test: what a broken store left hanging waits for it

	mu     sync.Mutex // guards values
	values map[string][]byte
}

func (d *baseDisk) read(key string) ([]byte, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	value, ok := d.values[key]
	return value, ok
}

func (d *baseDisk) write(key string, value []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.values[key] = value
}

func (d *baseDisk) remove(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.values, key)
}

// image returns a disk with what is on d now.
func (d *baseDisk) image() *baseDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &baseDisk{over: d.over, values: maps.Clone(d.values)}
}

// baseStore is the simplest store that keeps the whole contract. Broken stores are built on it.
type baseStore struct{ disk *baseDisk }

var _ storage.Store = baseStore{}

func (s baseStore) Get(ctx context.Context, key string) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("get: %w", ctx.Err())
	}
	value, ok := s.disk.read(key)
	if !ok {
		return nil, fmt.Errorf("get: %w", storage.ErrNotFound)
	}
	return bytes.Clone(value), nil
}

func (s baseStore) Put(ctx context.Context, key string, value []byte) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("put: %w", ctx.Err())
	case len(key) > 1000 || len(value) > 1<<20:
		return errors.New("put: too long")
	}
	s.disk.write(key, append([]byte{}, value...))
	return nil
}

func (s baseStore) Delete(ctx context.Context, key string) error {
	if ctx.Err() != nil {
		return fmt.Errorf("delete: %w", ctx.Err())
	}
	s.disk.remove(key)
	return nil
}

// brokenStore is a base with other methods where they are not nil.
type brokenStore struct {
	baseStore
	get func(ctx context.Context, key string) ([]byte, error)
	put func(ctx context.Context, key string, value []byte) error
	del func(ctx context.Context, key string) error
	end func() // called before the store is closed, and not before it crashes
}

func (s brokenStore) Get(ctx context.Context, key string) ([]byte, error) {
	if s.get != nil {
		return s.get(ctx, key)
	}
	return s.baseStore.Get(ctx, key)
}

func (s brokenStore) Put(ctx context.Context, key string, value []byte) error {
	if s.put != nil {
		return s.put(ctx, key, value)
	}
	return s.baseStore.Put(ctx, key, value)
}

func (s brokenStore) Delete(ctx context.Context, key string) error {
	if s.del != nil {
		return s.del(ctx, key)
	}
	return s.baseStore.Delete(ctx, key)
}

// breakStore returns a store on a disk that is broken in some way.
type breakStore func(d *baseDisk) brokenStore

// withStore returns a store whose calls first wait for wait, if that is not nil.
func withStore(s baseStore, wait func(context.Context) error) brokenStore {
	return brokenStore{
		baseStore: s,
		get: func(ctx context.Context, key string) ([]byte, error) {
			if err := wait(ctx); err != nil {
				return nil, err
			}
			return s.Get(ctx, key)
		},
		put: func(ctx context.Context, key string, value []byte) error {
			return errors.Join(wait(ctx), s.Put(ctx, key, value))
		},
		del: func(ctx context.Context, key string) error { return errors.Join(wait(ctx), s.Delete(ctx, key)) },
	}
}

// baseStores returns the harness of the base, with each store broken, unless br is nil.
func baseStores(br breakStore) gossiptest.StoreHarness {
	var disk *baseDisk // of the case
	open := func(d *baseDisk) storage.Store {
		if br != nil {
			return br(d)
		}
		return baseStore{d}
	}
	return gossiptest.StoreHarness{
		Open: func(t *testing.T, _ string) storage.Store {
			disk = &baseDisk{over: make(chan struct{}), values: map[string][]byte{}}
			if t != nil {
				t.Cleanup(func() { close(disk.over) })
			}
			return open(disk)
		},
		Reopen: func(_ *testing.T, s storage.Store, _ string) storage.Store {
			if b, ok := s.(brokenStore); ok && b.end != nil {
				b.end()
			}
			return open(disk)
		},
		Crash: func(*testing.T, storage.Store, string, string) storage.Store {
			over := disk.over
			disk = disk.image()
			disk.over = over
			return open(disk)
		},
		Second: func(*testing.T, string) (storage.Store, error) { return open(disk), nil },
		Waiting: func(*testing.T, string) storage.Store {
			s, ok := open(disk).(brokenStore)
			if ok && s.get != nil {
				return s
			}
			return withStore(baseStore{disk}, func(ctx context.Context) error {
				<-ctx.Done()
				return nil
			})
		},
		Failing: func(*testing.T, string) storage.Store {
			s, ok := open(disk).(brokenStore)
			if ok && s.get != nil {
				return s
			}
			return withStore(baseStore{disk}, func(context.Context) error { return errBroken })
		},
	}
}

// pause has everybody else go on. In a bubble it takes no time.
func pause() { time.Sleep(time.Nanosecond) }
