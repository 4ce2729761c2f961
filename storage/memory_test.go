package storage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/grapevine-go/grapevine/storage"
)

// get checks what a Get returns; nil means that key is not in the store.
func get(t *testing.T, s storage.Store, key string, want []byte) {
	t.Helper()
	got, err := s.Get(t.Context(), key)
	switch {
	case want == nil && (got != nil || !errors.Is(err, storage.ErrNotFound)):
		t.Errorf("Get(%q) = %q, %v, want nil, ErrNotFound", key, got, err)
	case want != nil && (err != nil || !bytes.Equal(got, want)):
		t.Errorf("Get(%q) = %q, %v, want %q", key, got, err, want)
	}
}

func put(t *testing.T, s storage.Store, key string, value []byte) {
	t.Helper()
	if err := s.Put(t.Context(), key, value); err != nil {
		t.Errorf("Put(%q, %q): %v", key, value, err)
	}
}

func del(t *testing.T, s storage.Store, key string) {
	t.Helper()
	if err := s.Delete(t.Context(), key); err != nil {
		t.Errorf("Delete(%q): %v", key, err)
	}
}

func TestMemory(t *testing.T) {
	for _, key := range []string{"a", "", "a/b", "../a", "a\x00b", "\xff\xfe", "A", "ä", strings.Repeat("k", 10_000)} {
		t.Run(fmt.Sprintf("%.20q", key), func(t *testing.T) {
			var s storage.Memory
			put(t, &s, "neighbour", []byte("x"))
			get(t, &s, key, nil)
			del(t, &s, key)
			put(t, &s, key, []byte("one"))
			get(t, &s, key, []byte("one"))
			put(t, &s, key, []byte{0, 0xff, '\n'})
			get(t, &s, key, []byte{0, 0xff, '\n'})
			put(t, &s, key, nil)
			get(t, &s, key, []byte{})
			del(t, &s, key)
			get(t, &s, key, nil)
			get(t, &s, "neighbour", []byte("x"))
		})
	}
}

func TestMemoryOwnsItsBytes(t *testing.T) {
	var s storage.Memory
	value := []byte("value")
	put(t, &s, "key", value)
	clear(value)
	got, err := s.Get(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	clear(got)
	get(t, &s, "key", []byte("value"))
}

func TestMemoryContext(t *testing.T) {
	var s storage.Memory
	put(t, &s, "key", []byte("old"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Get(ctx, "key")
	for _, c := range []struct {
		name string
		err  error
	}{
		{name: "Get", err: err},
		{name: "Put", err: s.Put(ctx, "key", []byte("new"))},
		{name: "Delete", err: s.Delete(ctx, "key")},
	} {
		if !errors.Is(c.err, context.Canceled) || errors.Is(c.err, storage.ErrNotFound) {
			t.Errorf("%s with an ended context: %v, want an error wrapping context.Canceled", c.name, c.err)
		}
	}
	get(t, &s, "key", []byte("old"))
}

// TestMemoryConcurrently is for the race detector, and checks that no value is torn.
func TestMemoryConcurrently(t *testing.T) {
	var s storage.Memory
	values := [][]byte{bytes.Repeat([]byte("a"), 100), bytes.Repeat([]byte("b"), 200)}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 200 {
				put(t, &s, "shared", values[i%2])
				got, err := s.Get(t.Context(), "shared")
				if err == nil && !bytes.Equal(got, values[0]) && !bytes.Equal(got, values[1]) {
					t.Errorf("Get returned %q, which nobody put", got)
				}
				if i == 0 {
					del(t, &s, "shared")
				}
			}
		})
	}
	wg.Wait()
}
