// Package storage keeps the little a gossip node wants to remember across restarts.
package storage

import (
	"context"
	"errors"
)

// ErrNotFound is wrapped by the error of a Get of a key that is not in the store.
var ErrNotFound = errors.New("storage: not found")

// Store maps keys to values, durably.
type Store interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Put(ctx context.Context, key string, value []byte) error
	Delete(ctx context.Context, key string) error
}
