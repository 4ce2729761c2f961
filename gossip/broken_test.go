package gossip_test

import (
	"context"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/storage"
	"github.com/grapevine-go/grapevine/transport"
)

// brokenTransport dials as it is told.
type brokenTransport struct {
	transport.Transport
	dial func(ctx context.Context, to transport.Addr) (transport.Link, error)
}

func (b *brokenTransport) Dial(ctx context.Context, to transport.Addr) (transport.Link, error) {
	return b.dial(ctx, to)
}

// brokenStore does what it is told, where it is told something.
type brokenStore struct {
	get   func() ([]byte, error)
	put   func() error
	first int // puts that work before put is asked
}

func (b *brokenStore) Get(context.Context, string) ([]byte, error) {
	if b.get == nil {
		return nil, storage.ErrNotFound
	}
	return b.get()
}

func (b *brokenStore) Put(context.Context, string, []byte) error {
	if b.first > 0 || b.put == nil {
		b.first--
		return nil
	}
	return b.put()
}

func (b *brokenStore) Delete(context.Context, string) error { return nil }

// frozenClock shows one time for ever. Its timers fire.
type frozenClock struct{ at time.Time }

func (c frozenClock) Now() time.Time { return c.at }

func (c frozenClock) AfterFunc(d time.Duration, f func()) clock.Timer {
	return clock.System().AfterFunc(d, f)
}
