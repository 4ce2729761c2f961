package gossiptest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
)

var brokenResolvers = []brokenResolverKind{
	{
		caughtBy: "answer", how: "leaves one out",
		resolver: func(d *directory, _ <-chan struct{}) resolver.Func {
			return func(context.Context) ([]transport.Addr, error) { return slices.Clone(d.look()[1:]), nil }
		},
	},
	{
		caughtBy: "answer", how: "answers once",
		resolver: func(d *directory, _ <-chan struct{}) resolver.Func {
			asked := false
			return func(ctx context.Context) ([]transport.Addr, error) {
				if asked {
					return nil, nil
				}
				asked = true
				return d.answer(ctx)
			}
		},
	},
	{
		caughtBy: "slice", how: "returns its own",
		resolver: func(d *directory, _ <-chan struct{}) resolver.Func {
			return func(context.Context) ([]transport.Addr, error) { return d.look(), nil }
		},
	},
	{
		caughtBy: "slice", how: "has one buffer for all",
		resolver: func(d *directory, _ <-chan struct{}) resolver.Func {
			var buf []transport.Addr
			return func(context.Context) ([]transport.Addr, error) {
				buf = append(buf[:0], d.look()...)
				return buf, nil
			}
		},
	},
	{
		caughtBy: "concurrent", how: "one call at a time",
		resolver: func(d *directory, _ <-chan struct{}) resolver.Func {
			var busy sync.Mutex
			return func(ctx context.Context) ([]transport.Addr, error) {
				if !busy.TryLock() {
					return nil, errors.New("busy")
				}
				defer busy.Unlock()
				pause()
				return d.answer(ctx)
			}
		},
	},
	{
		caughtBy: "ended-context", how: "knows nobody then",
		resolver: func(d *directory, _ <-chan struct{}) resolver.Func {
			return func(ctx context.Context) ([]transport.Addr, error) {
				addrs, _ := d.answer(ctx)
				return addrs, nil
			}
		},
	},
	{
		caughtBy: "ended-context", how: "remembers the error",
		resolver: func(d *directory, _ <-chan struct{}) resolver.Func {
			var failed error
			return func(ctx context.Context) ([]transport.Addr, error) {
				if failed == nil {
					_, failed = d.answer(ctx)
				}
				return slices.Clone(d.look()), failed
			}
		},
	},
	{
		caughtBy: "context-ends", how: "hides the error of the context",
		resolver: func(d *directory, _ <-chan struct{}) resolver.Func {
			return func(ctx context.Context) ([]transport.Addr, error) {
				pause()
				addrs, err := d.answer(ctx)
				if err != nil {
					err = fmt.Errorf("look up: %v", err)
				}
				return addrs, err
			}
		},
	},
	{
		caughtBy: "context-ends", how: "one's end is everybody's",
		resolver: func(d *directory, _ <-chan struct{}) resolver.Func {
			var mu sync.Mutex // guards asking and all
			asking := 0
			var all context.Context
			return func(ctx context.Context) ([]transport.Addr, error) {
				mu.Lock()
				if asking++; asking == 1 {
					all = ctx // of whoever is first
				}
				shared := all
				mu.Unlock()
				defer func() {
					mu.Lock()
					defer mu.Unlock()
					asking--
				}()
				pause()
				addrs, err := d.answer(shared)
				if err == nil {
					return d.answer(ctx)
				}
				return addrs, err
			}
		},
	},
	{
		caughtBy: "silent", how: "goes on after the end of the context",
		resolver: func(_ *directory, over <-chan struct{}) resolver.Func {
			return func(context.Context) ([]transport.Addr, error) {
				<-over
				return nil, errBroken
			}
		},
	},
	{
		caughtBy: "silent", how: "keeps the deadline by a timer of its own",
		resolver: func(d *directory, _ <-chan struct{}) resolver.Func {
			return func(ctx context.Context) ([]transport.Addr, error) {
				if deadline, ok := ctx.Deadline(); ok {
					<-time.After(time.Until(deadline))
					return nil, errNoAnswer
				}
				return d.answer(ctx)
			}
		},
	},
	{
		caughtBy: "silent", how: "waits for its turn",
		resolver: func(d *directory, over <-chan struct{}) resolver.Func {
			turn := make(chan struct{}, 1)
			return func(ctx context.Context) ([]transport.Addr, error) {
				select {
				case turn <- struct{}{}:
				case <-over:
					return nil, errBroken
				}
				<-ctx.Done()
				select { // and keeps it for a while
				case <-over:
				case <-time.After(time.Minute):
				}
				<-turn
				return d.answer(ctx)
			}
		},
	},
	{
		caughtBy: "nobody", how: "takes it for an error",
		resolver: func(d *directory, _ <-chan struct{}) resolver.Func {
			return func(ctx context.Context) ([]transport.Addr, error) {
				addrs, err := d.answer(ctx)
				if err == nil && len(addrs) == 0 {
					err = errNoAnswer
				}
				return addrs, err
			}
		},
	},
	{
		caughtBy: "failing", how: "says that there is nobody",
		resolver: func(d *directory, _ <-chan struct{}) resolver.Func {
			return func(ctx context.Context) ([]transport.Addr, error) {
				addrs, err := d.answer(ctx)
				if errors.Is(err, errNoAnswer) {
					err = nil
				}
				return addrs, err
			}
		},
	},
	{
		caughtBy: "failing", how: "guesses",
		resolver: func(d *directory, _ <-chan struct{}) resolver.Func {
			return func(ctx context.Context) ([]transport.Addr, error) {
				_, err := d.answer(ctx)
				return someAddrs(1), err
			}
		},
	},
	{
		caughtBy: "of-the-moment", how: "remembers its first answer",
		resolver: func(d *directory, _ <-chan struct{}) resolver.Func {
			var once sync.Once
			var first []transport.Addr
			return func(context.Context) ([]transport.Addr, error) {
				once.Do(func() { first = d.look() })
				return slices.Clone(first), nil
			}
		},
	},
	{
		caughtBy: "of-the-moment", how: "keeps who has gone",
		resolver: func(d *directory, _ <-chan struct{}) resolver.Func {
			seen := map[transport.Addr]bool{}
			return func(context.Context) (addrs []transport.Addr, _ error) {
				for _, a := range d.look() {
					seen[a] = true
				}
				for a := range seen {
					addrs = append(addrs, a)
				}
				return addrs, nil
			}
		},
	},
	{
		caughtBy: "one-answers", how: "fails with any of its sources",
		resolver: func(d *directory, _ <-chan struct{}) resolver.Func {
			return func(ctx context.Context) ([]transport.Addr, error) {
				addrs, err := d.answer(ctx)
				for _, o := range d.others {
					_, failed := o.answer(ctx)
					err = errors.Join(err, failed)
				}
				return addrs, err
			}
		},
	},
}

type brokenResolverKind struct {
	caughtBy, how string
	resolver      breakResolver
}
