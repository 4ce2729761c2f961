package gossiptest_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/storage"
)

// fileStore is a store with a file for each key. It is here to show that the suite holds for what is on a disk.
type fileStore struct {
	dir string

	mu sync.RWMutex // held for writing while files are
}

var _ storage.Store = (*fileStore)(nil)

// path returns the name of the file of a key.
func (s *fileStore) path(key string) string {
	return filepath.Join(s.dir, fmt.Sprintf("%x", sha256.Sum256([]byte(key))))
}

func (s *fileStore) Get(ctx context.Context, key string) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("get %q: %w", key, ctx.Err())
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	value, err := os.ReadFile(s.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		if _, gone := os.Stat(s.dir); gone == nil {
			return nil, fmt.Errorf("get %q: %w", key, storage.ErrNotFound)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("get %q: %w", key, err)
	}
	return value, nil
}

func (s *fileStore) Put(ctx context.Context, key string, value []byte) error {
	if ctx.Err() != nil {
		return fmt.Errorf("put %q: %w", key, ctx.Err())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.put(s.path(key), value); err != nil {
		return fmt.Errorf("put %q: %w", key, err)
	}
	return nil
}

func (s *fileStore) put(path string, value []byte) error {
	f, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	_, err = f.Write(value)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return s.sync()
}

// sync makes what the directory says durable.
func (s *fileStore) sync() error {
	d, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (s *fileStore) Delete(ctx context.Context, key string) error {
	if ctx.Err() != nil {
		return fmt.Errorf("delete %q: %w", key, ctx.Err())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := os.Remove(s.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		if _, gone := os.Stat(s.dir); gone == nil {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("delete %q: %w", key, err)
	}
	return s.sync()
}

func TestFileStore(t *testing.T) {
	gossiptest.TestStore(t, gossiptest.StoreHarness{
		Open:   func(_ *testing.T, dir string) storage.Store { return &fileStore{dir: dir} },
		Reopen: func(_ *testing.T, _ storage.Store, dir string) storage.Store { return &fileStore{dir: dir} },
		Crash: func(t *testing.T, _ storage.Store, dir, image string) storage.Store {
			files, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				data, err := os.ReadFile(filepath.Join(dir, f.Name()))
				if errors.Is(err, fs.ErrNotExist) {
					continue // renamed or removed meanwhile
				}
				if err := errors.Join(err, os.WriteFile(filepath.Join(image, f.Name()), data, 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			return &fileStore{dir: image}
		},
		Second: func(_ *testing.T, dir string) (storage.Store, error) { return &fileStore{dir: dir}, nil },
		Failing: func(t *testing.T, dir string) storage.Store {
			file := filepath.Join(dir, "file")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return &fileStore{dir: file}
		},
	})
}
