package gossip

import (
	"context"
	"fmt"
	"slices"

	"github.com/grapevine-go/grapevine/internal/core"
)

// Sync returns when everything that was asked of this node before has been done, as far as it happens here: what earlier
// calls of AddInfo and the like have put in is what every read shows and is on its way to the peers, or was
// refused; every Callback that was registered has returned from the calls that are due to that, and to all
// that the node had heard of by then. Those that a newer info of the same key came before are not made, nor waited for,
// nor is the call under way of a Callback that was unregistered. What waits in a Watch is left to its consumer.
//
// Sync waits for the node, before Run for that too, and for callbacks, however long they take: it must not be called by one,
// nor under a lock that one needs.
//
// The error wraps context.Cause(ctx) if ctx has ended, ErrStopped if Run has, or ErrLimit as that of AddInfo does.
func (g *Gossip) Sync(ctx context.Context) error {
	if r := g.ask(ctx, core.OpSync); r.err != nil {
		return fmt.Errorf("sync: %w", r.err)
	}
	return nil
}

// syncCall is a Sync that the core has answered and that waits for callbacks.
type syncCall struct {
	c    *command
	slow int // registrations that it waits for
}

// syncing is what a Sync waits for at one registration.
type syncing struct {
	call    *syncCall
	batches int // to be told until then
}

// sync notes what c has to wait for. It reports false if there is nothing.
func (l *loop) sync(c *command) (waits bool) {
	call := &syncCall{c: c}
	for n, old := range l.asked {
		if old.Op == core.OpSync && old.abandoned.Load() {
			delete(l.asked, n)
		}
	}
	l.index.each(call.await)
	for _, r := range l.systemRegs {
		call.await(r)
	}
	return call.slow > 0
}

// await has s wait for what r has not been told.
func (s *syncCall) await(r *registration) {
	r.syncs = slices.DeleteFunc(r.syncs, func(old syncing) bool { return old.call.c.abandoned.Load() })
	if !r.busy || r.gone.Load() {
		return
	}
	batches := 1
	if len(r.waiting) > r.holes {
		batches = 2
	}
	r.syncs = append(r.syncs, syncing{s, batches})
	s.slow++
}

// told takes in that r has been told a batch.
func (r *registration) told(l *loop) {
	left := r.syncs[:0]
	for _, s := range r.syncs {
		if s.batches--; s.batches > 0 {
			left = append(left, s)
		} else {
			s.done(l)
		}
	}
	clear(r.syncs[len(left):])
	r.syncs = left
}

// caughtUp takes in that there is nothing to tell r.
func (r *registration) caughtUp(l *loop) {
	for _, s := range r.syncs {
		s.done(l)
	}
	r.syncs = nil
}

// done ends the wait for one registration, and the Sync if it was the last.
func (s syncing) done(l *loop) {
	if s.call.slow--; s.call.slow == 0 {
		delete(l.asked, s.call.c.N)
		s.call.c.reply <- response{}
	}
}

// WaitFor returns the info under key as soon as predicate holds for it; nil holds for any. It asks predicate at once, if there
// is an info, and then whenever one is written, though for the latest only of those that come while predicate is at
// work; it may be asked of the first one twice. predicate is called on the goroutine of the caller.
//
// The error wraps context.Cause(ctx) if ctx ends first, ErrStopped if Run does, or has, ErrBadKey, or ErrLimit as
// that of AddInfo does.
func (g *Gossip) WaitFor(ctx context.Context, key string, predicate func(Info) bool) (Info, error) {
	fail := func(err error) (Info, error) { return Info{}, fmt.Errorf("wait for info %s: %w", shown(key), err) }
	if err := g.checkInfo(key, 0); err != nil {
		return fail(err)
	}
	if predicate == nil {
		predicate = func(Info) bool { return true }
	}
	if info, ok := g.info(key); ok && predicate(info) {
		return info, nil
	}
	w, err := g.watchPattern(pattern{form: exact, text: key}, key, WatchOptions{Redundant: true})
	if err != nil {
		return fail(err)
	}
	for e := range w.iterate(ctx) {
		if !e.Kind.gone() && predicate(e.Info) {
			return e.Info, nil
		}
	}
	if ctx.Err() != nil {
		return fail(context.Cause(ctx))
	}
	return fail(ErrStopped)
}
