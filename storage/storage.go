// Package storage keeps the little a gossip node wants to remember across restarts.
//
// [Store] is for others to implement; its comment is the whole contract. [Memory] is a store for tests, and for nodes
// that have nothing to remember.
package storage

import (
	"context"
	"errors"
)

// ErrNotFound is wrapped by the error of a Get of a key that is not in the store.
var ErrNotFound = errors.New("storage: not found")

// Store maps keys to values, and still does so after a crash.
//
// A store belongs to one node: two nodes with the same store would take each other's memory for their own. Whoever
// opened it closes it, after the node has stopped.
//
// Every string is a key: the empty one, and ones that hold slashes, zero bytes or no valid UTF-8, too. Keys that differ
// in any byte, if only in case, are different. Every sequence of bytes is a value, the empty one included; an empty
// value is not the same as none. What is too long for a store, it refuses with an error. (A node needs a
// few short keys, with values of up to some kilobytes; today one, for a number.)
//
// A store is safe for concurrent use. Each call is atomic: of a Get beside a Put, the Get returns either the old value
// or the new one, whole. A Get that begins after a Put has returned sees its value.
//
// No call changes or keeps the bytes it is given, and the bytes it returns are the caller's, to keep and to change.
//
// A call whose ctx ended before it does nothing, and its error wraps ctx.Err(). One whose ctx ends during it may be cut
// short, and is where waiting is all it does; a write to a disk may run to its end and return what came of it.
type Store interface {
	// Get returns the value of key.
	//
	// Outcomes:
	//  1. The value and nil. An empty value may be nil or not.
	//  2. nil and an error wrapping ErrNotFound: key is not in the store.
	//  3. nil and an error that does not: it is not known whether key is in the store. If ctx cut the call
	//     short, the error wraps ctx.Err().
	Get(ctx context.Context, key string) ([]byte, error)

	// Put sets the value of key.
	//
	// Outcomes:
	//  1. nil: the value is durable. A crash from now on, of the process or of the machine, leaves it in the store, as
	//     far as the kind of store survives a crash at all.
	//  2. An error: key has either its old value or the new one, whole, and it is not known which; nor is it known
	//     whether a crash would change that. If ctx cut the call short, the error wraps
	//     ctx.Err().
	//
	// A crash during Put leaves the old value or the new one.
	Put(ctx context.Context, key string, value []byte) error

	// Delete removes key. That key is not in the store is no error.
	//
	// Outcomes:
	//  1. nil: key is not in the store, durably, as after a Put.
	//  2. An error: key has either its value or none. If ctx cut the call short, the error wraps ctx.Err().
	Delete(ctx context.Context, key string) error
}
