package gossiptest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/transport"
)

var brokenNodes = []broken{
	{
		caughtBy: "slow-link", how: "all links of a transport share a lock",
		transport: func(n *baseNet, b *baseTransport) transport.Transport {
			turn := make(chan struct{}, 1) // holds a token while a frame is sent
			return brokenTransport{baseTransport: b, link: func(l transport.Link) transport.Link {
				return brokenLink{Link: l, send: func(frame []byte) error {
					select {
					case turn <- struct{}{}:
					case <-n.over:
						return transport.ErrClosed
					}
					defer func() { <-turn }()
					return l.Send(frame)
				}}
			}}
		},
	},
	{
		caughtBy: "addresses", how: "no address after Close",
		transport: func(_ *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, addr: func() transport.Addr {
				if isClosed(b.closed) {
					return transport.Addr{}
				}
				return b.addr
			}}
		},
	},
	{
		caughtBy: "addresses", how: "an address that nobody can dial",
		transport: func(_ *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, addr: func() transport.Addr {
				return transport.MakeAddr("base", "bound to "+b.addr.String())
			}}
		},
	},
	{
		caughtBy: "dial-context", how: "does not look at a context that has ended",
		transport: func(_ *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, dial: func(_ context.Context, to transport.Addr) (transport.Link, error) {
				return b.Dial(context.Background(), to)
			}}
		},
	},
	{
		caughtBy: "dial-context", how: "hides the error of the context",
		transport: func(_ *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, dial: func(ctx context.Context, to transport.Addr) (transport.Link, error) {
				l, err := b.Dial(ctx, to)
				if err != nil {
					err = fmt.Errorf("dial: %v", err)
				}
				return l, err
			}}
		},
	},
	{
		caughtBy: "dial-context", how: "leaves half a link behind",
		transport: func(_ *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, dial: func(ctx context.Context, to transport.Addr) (transport.Link, error) {
				l, err := b.Dial(context.WithoutCancel(ctx), to)
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				return l, err
			}}
		},
	},
	{
		caughtBy: "link-outlives-context", how: "ends the link with the context",
		transport: func(_ *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, dial: func(ctx context.Context, to transport.Addr) (transport.Link, error) {
				l, err := b.Dial(ctx, to)
				if err == nil {
					context.AfterFunc(ctx, func() { l.Close() })
				}
				return l, err
			}}
		},
	},
	{
		caughtBy: "dial-silent", how: "goes on after the end of the context",
		transport: func(n *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, dial: func(ctx context.Context, to transport.Addr) (transport.Link, error) {
				if to != baseSilent {
					return b.Dial(ctx, to)
				}
				select {
				case <-n.over:
				case <-b.closed:
				}
				return nil, transport.ErrClosed
			}}
		},
	},
	{
		caughtBy: "dial-silent", how: "keeps the deadline by a timer of its own",
		transport: func(_ *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, dial: func(ctx context.Context, to transport.Addr) (transport.Link, error) {
				if deadline, ok := ctx.Deadline(); ok && to == baseSilent {
					<-time.After(time.Until(deadline))
					return nil, os.ErrDeadlineExceeded
				}
				return b.Dial(ctx, to)
			}}
		},
	},
	{
		caughtBy: "dial-silent", how: "goes on after Close",
		transport: func(n *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, dial: func(ctx context.Context, to transport.Addr) (transport.Link, error) {
				if to != baseSilent {
					return b.Dial(ctx, to)
				}
				select {
				case <-n.over:
				case <-ctx.Done():
				}
				return nil, ctx.Err()
			}}
		},
	},
	{
		caughtBy: "dial-nobody", how: "says that the transport itself is closed",
		transport: func(_ *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, dial: func(ctx context.Context, to transport.Addr) (transport.Link, error) {
				l, err := b.Dial(ctx, to)
				if err != nil {
					err = errors.Join(err, transport.ErrClosed)
				}
				return l, err
			}}
		},
	},
	{
		caughtBy: "dial-nobody", how: "returns a link that stays open",
		transport: func(n *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, dial: func(ctx context.Context, to transport.Addr) (transport.Link, error) {
				if far := n.node(to); far != nil && !isClosed(far.closed) {
					return b.Dial(ctx, to)
				}
				l, _ := newBaseLink(b, to)
				return b.own(l)
			}}
		},
	},
	{
		caughtBy: "closed-transport", how: "Accept does not notice Close",
		transport: func(n *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, accept: func() (transport.Link, error) {
				select {
				case l := <-b.incoming:
					return b.own(l)
				case <-n.over:
					return nil, transport.ErrClosed
				}
			}}
		},
	},
	{
		caughtBy: "closed-transport", how: "Accept has an error of its own",
		transport: func(_ *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, accept: func() (transport.Link, error) {
				l, err := b.Accept()
				if err != nil {
					err = errBroken
				}
				return l, err
			}}
		},
	},
	{
		caughtBy: "closed-transport", how: "Dial works after Close",
		transport: func(n *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, dial: func(ctx context.Context, to transport.Addr) (transport.Link, error) {
				if !isClosed(b.closed) {
					return b.Dial(ctx, to)
				}
				l, _ := newBaseLink(b, to)
				return l, nil
			}}
		},
	},
	{
		caughtBy: "closed-transport", how: "a second Close is an error",
		transport: func(_ *baseNet, b *baseTransport) transport.Transport {
			var mu sync.Mutex // guards closing
			closing := 0
			return brokenTransport{baseTransport: b, close: func() error {
				mu.Lock()
				defer mu.Unlock()
				if closing++; closing > 1 {
					return errBroken
				}
				return b.Close()
			}}
		},
	},
	{
		caughtBy: "transport-close-ends-links", how: "keeps the links it accepted",
		transport: func(_ *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, accept: func() (transport.Link, error) {
				l, err := b.Accept()
				if err == nil {
					b.disown()
				}
				return l, err
			}}
		},
	},
	{
		caughtBy: "transport-close-ends-links", how: "keeps the links it dialled",
		transport: func(_ *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, dial: func(ctx context.Context, to transport.Addr) (transport.Link, error) {
				l, err := b.Dial(ctx, to)
				if err == nil {
					b.disown()
				}
				return l, err
			}}
		},
	},
	{
		caughtBy: "transport-close-ends-links", how: "keeps the links that nobody accepted",
		transport: func(n *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, dial: func(ctx context.Context, to transport.Addr) (transport.Link, error) {
				far := n.node(to)
				if far == nil || isClosed(far.closed) || isClosed(b.closed) || ctx.Err() != nil {
					return b.Dial(ctx, to)
				}
				near, end := newBaseLink(b, to)
				go func() {
					select {
					case far.incoming <- end:
					case <-n.over:
					}
				}()
				return b.own(near)
			}}
		},
	},
	{
		caughtBy: "many-links", how: "has room for 999 links",
		transport: func(_ *baseNet, b *baseTransport) transport.Transport {
			var dialled atomic.Int32
			return brokenTransport{baseTransport: b, dial: func(ctx context.Context, to transport.Addr) (transport.Link, error) {
				if dialled.Add(1) > 999 {
					return nil, errBroken
				}
				return b.Dial(ctx, to)
			}}
		},
	},
	{
		caughtBy: "many-links", how: "closes all links to an address with one",
		transport: func(_ *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, link: func(l transport.Link) transport.Link {
				return brokenLink{Link: l, close: b.closeLinks}
			}}
		},
	},
	{
		caughtBy: "goroutines", how: "a goroutine for each link outlives it",
		transport: func(n *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, link: func(l transport.Link) transport.Link {
				go func() { <-n.over }()
				return l
			}}
		},
	},
	{
		caughtBy: "goroutines", how: "Close does not wait for what it starts",
		transport: func(n *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, close: func() error {
				go func() {
					<-n.over
					b.Close()
				}()
				return b.Close()
			}}
		},
	},
}

// disown makes the newest link of b outlive it.
func (b *baseTransport) disown() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.links = b.links[:len(b.links)-1]
}

// closeLinks closes all links of b.
func (b *baseTransport) closeLinks() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.links {
		l.Close()
	}
	return nil
}
