package storage

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// Memory is a [Store] in memory: it survives the restart of a node, and ends with the process. The zero value is an
// empty store, ready to use. It must not be copied after first use.
type Memory struct {
	mu     sync.RWMutex // guards values
	values map[string][]byte
}

var _ Store = (*Memory)(nil)

// Get returns a copy of the value of key. Its error wraps [ErrNotFound] if key is not in the store, or ctx.Err() if ctx
// has ended.
func (m *Memory) Get(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("get %q: %w", key, err)
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	value, ok := m.values[key]
	if !ok {
		return nil, fmt.Errorf("get %q: %w", key, ErrNotFound)
	}
	return slices.Clone(value), nil
}

// Put sets the value of key to a copy of value. Its only error is that ctx has ended, in which case it does nothing.
func (m *Memory) Put(ctx context.Context, key string, value []byte) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("put %q: %w", key, err)
	}
	value = slices.Clone(value)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values == nil {
		m.values = map[string][]byte{}
	}
	m.values[key] = value
	return nil
}

// Delete removes key. Its only error is that ctx has ended, in which case it does nothing.
func (m *Memory) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("delete %q: %w", key, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return nil
}
