package gossip_test

import (
	"context"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/storage"
	"github.com/grapevine-go/grapevine/transport"
)

// brokenTransport does what it is told, where it is told something.
type brokenTransport struct {
	transport.Transport
	dial     func(ctx context.Context, to transport.Addr) (transport.Link, error)
	accepted func(transport.Link) transport.Link
	close    func() error
}

func (b *brokenTransport) Dial(ctx context.Context, to transport.Addr) (transport.Link, error) {
	if b.dial == nil {
		return b.Transport.Dial(ctx, to)
	}
	return b.dial(ctx, to)
}

func (b *brokenTransport) Accept() (transport.Link, error) {
	link, err := b.Transport.Accept()
	if err != nil || b.accepted == nil {
		return link, err
	}
	return b.accepted(link), nil
}

func (b *brokenTransport) Close() error {
	err := b.Transport.Close()
	if b.close != nil {
		return b.close()
	}
	return err
}

// brokenLink does what it is told, where it is told something.
type brokenLink struct {
	transport.Link
	send func(frame []byte) error
	recv func() ([]byte, error)
}

func (b *brokenLink) Send(frame []byte) error {
	if b.send == nil {
		return b.Link.Send(frame)
	}
	return b.send(frame)
}

func (b *brokenLink) Recv() ([]byte, error) {
	if b.recv == nil {
		return b.Link.Recv()
	}
	return b.recv()
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

// aheadClock is ahead.
type aheadClock struct{ by time.Duration }

func (c aheadClock) Now() time.Time { return time.Now().Add(c.by) }

func (c aheadClock) AfterFunc(d time.Duration, f func()) clock.Timer {
	return clock.System().AfterFunc(d, f)
}
