package gossipfake

import (
	"context"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/storage"
	"github.com/grapevine-go/grapevine/transport"
)

// Resolver is a resolver.Resolver of a function. Without Base, a nil function knows nobody, and has no error.
type Resolver struct {
	ResolveFunc func(ctx context.Context) ([]transport.Addr, error) // Resolve

	// Base does what a nil function is for; nil: nobody does.
	Base resolver.Resolver
}

var _ resolver.Resolver = (*Resolver)(nil)

// Resolve calls ResolveFunc.
func (r *Resolver) Resolve(ctx context.Context) ([]transport.Addr, error) {
	switch {
	case r.ResolveFunc != nil:
		return r.ResolveFunc(ctx)
	case r.Base != nil:
		return r.Base.Resolve(ctx)
	}
	return nil, nil
}

// Clock is a clock.Clock of functions. Without Base, a nil function is that of clock.System.
type Clock struct {
	NowFunc       func() time.Time                                // Now
	AfterFuncFunc func(d time.Duration, f func()) (t clock.Timer) // AfterFunc

	// Base does what a nil function is for; nil: clock.System.
	Base clock.Clock
}

var _ clock.Clock = (*Clock)(nil)

func (c *Clock) base() clock.Clock {
	if c.Base != nil {
		return c.Base
	}
	return clock.System()
}

// Now calls NowFunc.
func (c *Clock) Now() time.Time {
	if c.NowFunc != nil {
		return c.NowFunc()
	}
	return c.base().Now()
}

// AfterFunc calls AfterFuncFunc.
func (c *Clock) AfterFunc(d time.Duration, f func()) clock.Timer {
	if c.AfterFuncFunc != nil {
		return c.AfterFuncFunc(d, f)
	}
	return c.base().AfterFunc(d, f)
}

// Timer is a clock.Timer of functions. Without Base, a nil function is that of a timer which is not pending and never will be: it returns
// false.
type Timer struct {
	StopFunc  func() bool                // Stop
	ResetFunc func(d time.Duration) bool // Reset

	// Base does what a nil function is for; nil: nobody does.
	Base clock.Timer
}

var _ clock.Timer = (*Timer)(nil)

// Stop calls StopFunc.
func (t *Timer) Stop() bool {
	switch {
	case t.StopFunc != nil:
		return t.StopFunc()
	case t.Base != nil:
		return t.Base.Stop()
	}
	return false
}

// Reset calls ResetFunc.
func (t *Timer) Reset(d time.Duration) bool {
	switch {
	case t.ResetFunc != nil:
		return t.ResetFunc(d)
	case t.Base != nil:
		return t.Base.Reset(d)
	}
	return false
}

// Store is a storage.Store of functions. Without Base, a nil function is that of a storage.Memory which the Store has for itself.
type Store struct {
	GetFunc    func(ctx context.Context, key string) ([]byte, error)     // Get
	PutFunc    func(ctx context.Context, key string, value []byte) error // Put
	DeleteFunc func(ctx context.Context, key string) error               // Delete

	// Base does what a nil function is for; nil: a storage.Memory. It is not changed.
	Base storage.Store

	memory storage.Memory
}

var _ storage.Store = (*Store)(nil)

func (s *Store) base() storage.Store {
	if s.Base != nil {
		return s.Base
	}
	return &s.memory
}

// Get calls GetFunc.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	if s.GetFunc != nil {
		return s.GetFunc(ctx, key)
	}
	return s.base().Get(ctx, key)
}

// Put calls PutFunc.
func (s *Store) Put(ctx context.Context, key string, value []byte) error {
	if s.PutFunc != nil {
		return s.PutFunc(ctx, key, value)
	}
	return s.base().Put(ctx, key, value)
}

// Delete calls DeleteFunc.
func (s *Store) Delete(ctx context.Context, key string) error {
	if s.DeleteFunc != nil {
		return s.DeleteFunc(ctx, key)
	}
	return s.base().Delete(ctx, key)
}
