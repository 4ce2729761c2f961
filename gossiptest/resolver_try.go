package gossiptest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/transport"
)

func tryAnswer(ctx context.Context, tr *resolverTrial) error {
	want, err := tr.want(ctx)
	if err != nil {
		return err
	}
	for range 3 {
		if err := wantAddrs(ctx, tr.r, want); err != nil {
			return err
		}
	}
	return nil
}

// trySlice spoils answers, and looks at others.
func trySlice(ctx context.Context, tr *resolverTrial) error {
	want, err := tr.want(ctx)
	if err != nil {
		return err
	}
	held, err := resolve(ctx, tr.r)
	if err != nil {
		return err
	}
	as := slices.Clone(held)
	for range 3 {
		spoiled, err := resolve(ctx, tr.r)
		if err != nil {
			return err
		}
		if err := sameAddrs(spoiled, want); err != nil {
			return fmt.Errorf("with the slices changed that were returned before: %w", err)
		}
		if !slices.Equal(held, as) {
			return fmt.Errorf("later calls have changed the slice that was returned first: it is %s, and was %s", showAddrs(held), showAddrs(as))
		}
		clear(spoiled[:cap(spoiled)])
	}
	if !slices.Equal(held, as) {
		return errors.New("two calls returned the same memory")
	}
	return nil
}

func tryResolveConcurrently(ctx context.Context, tr *resolverTrial) error {
	want, err := tr.want(ctx)
	if err != nil {
		return err
	}
	ask := func() error {
		for range 20 {
			addrs, err := resolve(ctx, tr.r)
			if err != nil {
				return fmt.Errorf("beside others: %w", err)
			}
			if err := sameAddrs(addrs, want); err != nil {
				return fmt.Errorf("beside others: %w", err)
			}
			clear(addrs)
		}
		return nil
	}
	return together(ask, ask, ask, ask, ask, ask, ask, ask)
}

func tryResolveEnded(ctx context.Context, tr *resolverTrial) error {
	want, err := tr.want(ctx)
	if err != nil {
		return err
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	past, cancel := context.WithDeadline(ctx, time.Time{})
	defer cancel()
	for _, ended := range []context.Context{cancelled, past} {
		addrs, err := tr.r.Resolve(ended)
		if err := cutOrSame(ended, addrs, err, want); err != nil {
			return fmt.Errorf("with an ended context: %w", err)
		}
		if err := wantAddrs(ctx, tr.r, want); err != nil { // the error was that of one call
			return fmt.Errorf("after a call with an ended context: %w", err)
		}
	}
	return nil
}

func tryResolveContextEnds(ctx context.Context, tr *resolverTrial) error {
	want, err := tr.want(ctx)
	if err != nil {
		return err
	}
	for range 20 {
		ends, cancel := context.WithCancel(ctx)
		go cancel()
		others := background(func() error { return wantAddrs(ctx, tr.r, want) })
		addrs, err := tr.r.Resolve(ends)
		cancel()
		if err := cutOrSame(ends, addrs, err, want); err != nil {
			return fmt.Errorf("with a context that ended meanwhile: %w", err)
		}
		if err := <-others; err != nil {
			return fmt.Errorf("beside a call whose context ended: %w", err)
		}
	}
	return nil
}

func tryResolveSilent(ctx context.Context, tr *resolverTrial) error {
	check := func(ctx context.Context, want error) error {
		addrs, err := tr.r.Resolve(ctx)
		if ctx.Err() == nil && !errors.Is(err, want) {
			return fmt.Errorf("the resolver returned %s and error %v before its context ended, though its source never answers",
				showAddrs(addrs), err)
		}
		if len(addrs) > 0 || !errors.Is(err, want) {
			return fmt.Errorf("the resolver, on the end of its context, returned %s and error %v, want no address and one that wraps %v",
				showAddrs(addrs), err, want)
		}
		return nil
	}
	var ends []context.CancelFunc
	var asking []<-chan error
	for range 3 { // one beside the other
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		ends = append(ends, cancel)
		asking = append(asking, background(func() error { return check(ctx, context.Canceled) }))
	}
	tr.quiet(ctx)
	for i, end := range ends {
		end()
		if err := <-asking[i]; err != nil {
			return err
		}
	}
	for range 10 { // a deadline that others watch, too, is sometimes seen by them first
		ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
		err := check(ctx, context.DeadlineExceeded)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

func tryNobody(ctx context.Context, tr *resolverTrial) error {
	for range 3 {
		addrs, err := tr.r.Resolve(ctx)
		if len(addrs) > 0 || err != nil {
			return fmt.Errorf("the resolver returned %s and error %v, want no address and nil", showAddrs(addrs), err)
		}
	}
	return nil
}

func tryResolveFailing(ctx context.Context, tr *resolverTrial) error {
	for range 3 {
		addrs, err := tr.r.Resolve(ctx)
		if len(addrs) > 0 || err == nil {
			return fmt.Errorf("the resolver returned %s and error %v, want no address and an error", showAddrs(addrs), err)
		}
	}
	return nil
}

func tryOfTheMoment(ctx context.Context, tr *resolverTrial) error {
	for n := range 4 {
		var want []transport.Addr
		if err := tr.onTest(ctx, func() { want = tr.change() }); err != nil {
			return err
		}
		for range 2 {
			if err := wantAddrs(ctx, tr.r, want); err != nil {
				return fmt.Errorf("after %d changes: %w", n+1, err)
			}
		}
	}
	return nil
}

func tryOneAnswers(ctx context.Context, tr *resolverTrial) error {
	for range 3 {
		addrs, err := tr.r.Resolve(ctx)
		if len(addrs) == 0 || err != nil {
			return fmt.Errorf("the resolver, of whose sources one answers, returned %s and error %v, want addresses and nil",
				showAddrs(addrs), err)
		}
	}
	return nil
}
