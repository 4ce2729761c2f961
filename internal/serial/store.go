package serial

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/storage"
	"github.com/grapevine-go/grapevine/transport"
)

// store is what a host keeps. World.mu guards it.
type store struct {
	values map[string][]byte
	synced map[string][]byte // what a crash goes back to, while a fault.StoreLost lasts; nil: to values
}

func newStore() *store { return &store{values: make(map[string][]byte)} }

// write is a value that is being written.
type write struct {
	call  *call // that waits for it; one that is over writes nothing any more
	key   string
	value []byte
}

// crash makes of the run's store what a crash leaves.
func (r *Run) crash() {
	s := r.host.store
	if s.synced != nil {
		s.values, s.synced = s.synced, maps.Clone(s.synced)
	}
	if !r.w.faults.Has(fault.StoreTorn, r.host.id) {
		return
	}
	for _, w := range r.writes {
		if !w.call.over {
			s.values[w.key] = w.value[:len(w.value)/2]
		}
	}
}

// Wipe empties the store of a host that is down.
func (h *Host) Wipe() {
	h.w.mu.Lock()
	defer h.w.mu.Unlock()
	h.wipe()
}

func (h *Host) wipe() {
	lost := h.store.synced != nil
	h.store = newStore()
	if lost {
		h.store.synced = make(map[string][]byte)
	}
}

// Store is the store of a run's host.
type Store struct{ r *Run }

var _ storage.Store = Store{}

// Store returns the store of the run's host, as the run sees it.
func (r *Run) Store() Store { return Store{r} }

var errStore = errors.New("the disk has failed")

// call has f happen in the store, after the time that it takes, at the call's turn. What it writes, if it is not nil, is being written meanwhile.
func (s Store) call(ctx context.Context, what, key string, wr *write, f func(*store)) error {
	r, w := s.r, s.r.w
	err := ctx.Err()
	if err == nil {
		err = r.turn(ctx, simnet.Out, what+" "+key, 0, func(k *call) bool {
			if wr != nil {
				wr.call = k
				r.writes = append(r.writes, wr)
			}
			wait := time.Duration(w.faults.Most(fault.StoreSlow, r.host.id) * float64(time.Second))
			r.later(wait, simnet.Stored, what+" "+key, func() {
				r.writes = slices.DeleteFunc(r.writes, func(other *write) bool { return other == wr })
				switch {
				case k.over:
				case w.faults.Has(fault.StoreError, r.host.id):
					k.finish(errStore)
				default:
					f(r.host.store)
					k.finish(nil)
				}
			})
			return false
		})
	}
	if err != nil {
		return fmt.Errorf("%s %q: %w", what, key, err)
	}
	return nil
}

func (s Store) Get(ctx context.Context, key string) (value []byte, err error) {
	found := false
	err = s.call(ctx, "get", key, nil, func(t *store) {
		value, found = t.values[key]
		value = slices.Clone(value)
	})
	if err == nil && !found {
		err = fmt.Errorf("get %q: %w", key, storage.ErrNotFound)
	}
	return value, err
}

func (s Store) Put(ctx context.Context, key string, value []byte) error {
	value = append([]byte{}, value...)
	return s.call(ctx, "put", key, &write{key: key, value: value}, func(t *store) { t.values[key] = value })
}

func (s Store) Delete(ctx context.Context, key string) error {
	return s.call(ctx, "delete", key, nil, func(t *store) { delete(t.values, key) })
}

var errResolver = errors.New("the name server does not answer")

// Resolver returns the resolver of the run.
func (r *Run) Resolver() resolver.Resolver { return resolver.Func(r.resolve) }

func (r *Run) resolve(ctx context.Context) (addrs []transport.Addr, err error) {
	w, host := r.w, r.host.id
	if err = ctx.Err(); err == nil {
		err = r.turn(ctx, simnet.Out, "resolve", 0, func(k *call) bool {
			wait := time.Duration(w.faults.Most(fault.ResolverSlow, host) * float64(time.Second))
			r.later(wait, simnet.Resolved, "resolve", func() {
				switch {
				case k.over:
				case w.faults.Has(fault.ResolverError, host):
					k.finish(errResolver)
				case w.faults.Has(fault.ResolverEmpty, host), w.faults.Has(fault.ResolverFlap, host):
					k.finish(nil)
				default:
					for _, i := range w.seeds(host) {
						addrs = append(addrs, Addr(i))
					}
					k.finish(nil)
				}
			})
			return false
		})
	}
	if err != nil {
		return nil, fmt.Errorf("resolve at %s: %w", Name(host), err)
	}
	return addrs, nil
}

// seeds returns the hosts that the resolver of a host names. mu is held.
func (w *World) seeds(host int) []int {
	if w.faults.Has(fault.ResolverStale, host) {
		return w.stale
	}
	return w.opts.Seeds()
}
