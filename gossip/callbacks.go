package gossip

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/grapevine-go/grapevine/internal/core"
)

// Callback is told of an info: what now stands under key. It owns content.
type Callback func(key string, content []byte)

// registration is a Callback and what it has not been told yet, or a watch. It belongs to the loop; a batch under way
// belongs to its goroutine, of which there is at most one.
type registration struct {
	pattern pattern
	method  Callback
	watch   *watch      // told of every change, instead of method; nil: a Callback
	name    string      // of its goroutines
	gone    atomic.Bool // unregistered
	system  bool        // told of the system config, and of nothing by its key

	indexed bool // taken in
	busy    bool
	replay  bool // the infos known at registration are still to be told
	batch   *batch
	waiting []*core.Record // the latest of each key, in the order in which the keys changed; nil: nothing any more
	holes   int            // how many of waiting are nil
	places  map[string]int // of the keys in waiting[:placed]; nil while nobody asked
	placed  int
	syncs   []syncing // calls of Sync that wait for it
}

// RegisterCallback has method called with the infos whose key pattern matches: first those that are known, by key, then
// each new one. pattern is a regular expression, which has to match a part of the key; it is cheapest if it is a literal,
// anchored at its beginning, as those of [MakePrefixPattern] are, or at both ends.
//
// Calls for one registration are made one after the other, on a goroutine of their own: method may take its
// time, call any method of the Gossip and even block for ever, without delaying the node or other callbacks. Of each
// key, it sees newer and newer infos. It does not see all of them: of those that come while it is at work, it is told the
// latest of each key. It is not called for infos that are refreshed with the same bytes, deleted, or expire. A call
// that panics is logged and counted; the next one is made.
//
// unregister ends it, and may be called any number of times and from anywhere, from method too. After it has returned, no
// further call is made. It does not wait for the one call that may be under way, if only by a hair, at that moment: what
// method uses has to outlive that. The end of Run ends it as well: once the node has heard that the context of Run has ended,
// no further call is made.
//
// The error wraps ErrConfig for a bad pattern or a nil method, ErrStopped, or ErrLimit as that of AddInfo does.
// RegisterCallback waits for nothing; before Run, nothing is called.
func (g *Gossip) RegisterCallback(pattern string, method Callback) (unregister func(), err error) {
	if method == nil {
		return nil, fmt.Errorf("register callback %s: %w: no method", shown(pattern), ErrConfig)
	}
	p, err := parsePattern(pattern)
	if err != nil {
		return nil, fmt.Errorf("register callback: %w: %w", ErrConfig, err)
	}
	r := &registration{pattern: p, method: method, name: "callback " + shown(pattern), replay: true}
	if err := g.register(r, pattern); err != nil {
		return nil, fmt.Errorf("register callback %s: %w", shown(pattern), err)
	}
	return g.unregister(r), nil
}

// unregister returns what ends r.
func (g *Gossip) unregister(r *registration) func() {
	return sync.OnceFunc(func() {
		r.gone.Store(true)
		g.inbox.put(message{kind: inUnregister, body: r})
	})
}

// register hands r to the loop.
func (g *Gossip) register(r *registration, pattern string) error {
	q := &g.commands
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return ErrStopped
	case q.count >= g.cfg.Limits.Commands:
		return fmt.Errorf("%w: %d calls wait for the node", ErrLimit, q.count)
	}
	q.count++
	put := func() { g.inbox.put(message{kind: inRegister, body: r}) }
	if g.sched == nil {
		put()
	} else {
		g.sched.Post("register", pattern, "", put)
	}
	return nil
}

// registered takes r in, which may be gone already.
func (l *loop) registered(r *registration) {
	l.g.commands.taken(0)
	if r.gone.Load() {
		return
	}
	r.indexed = true
	switch {
	case r.system:
		l.registerSystem(r)
	case r.watch != nil:
		l.index.add(r)
		l.watches++
		r.watch.begin(l)
	default:
		l.index.add(r)
		r.run(l)
	}
}

// unregistered forgets r.
func (l *loop) unregistered(r *registration) {
	if !r.indexed {
		return
	}
	switch {
	case r.system:
		l.unregisterSystem(r)
	case r.watch != nil:
		l.index.remove(r)
		l.watches--
	default:
		l.index.remove(r)
	}
	r.caughtUp(l)
	r.waiting, r.holes, r.places, r.placed = nil, 0, nil, 0
}

// notify tells the registrations of a change that is published.
func (l *loop) notify(c core.Change) {
	if c.Kind == core.Moved || c.Kind == core.Refreshed && l.watches == 0 {
		return
	}
	l.matched = l.index.match(c.Record.Key, l.matched[:0])
	for _, r := range l.matched {
		switch {
		case r.watch != nil:
			r.watch.put(c)
		case c.Kind == core.Added || c.Kind == core.Updated:
			if r.add(c.Record, c.Kind == core.Added) {
				l.g.stats.callbacksCoalesced.Add(1)
			}
			l.told = append(l.told, r)
		case c.Kind != core.Refreshed:
			r.drop(c.Record.Key)
		}
	}
	clear(l.matched) // they may be forgotten
}

// few is how many records may wait before a map helps to find their keys.
const few = 16

// place returns where the record of key waits, -1 if none does.
func (r *registration) place(key string) int {
	if len(r.waiting) <= few {
		return slices.IndexFunc(r.waiting, func(rec *core.Record) bool { return rec != nil && rec.Key == key })
	}
	if r.places == nil {
		r.places = make(map[string]int, len(r.waiting))
	}
	for ; r.placed < len(r.waiting); r.placed++ {
		if rec := r.waiting[r.placed]; rec != nil {
			r.places[rec.Key] = r.placed
		}
	}
	if i, ok := r.places[key]; ok {
		return i
	}
	return -1
}

// add has the Callback told of rec, instead of an older record of its key that waits: then it reports true. If rec is
// the first live one of its key, none does.
func (r *registration) add(rec *core.Record, first bool) (instead bool) {
	if !first {
		if i := r.place(rec.Key); i >= 0 {
			r.waiting[i] = rec
			return true
		}
	}
	r.waiting = append(r.waiting, rec)
	return false
}

// drop forgets the record of key: it is gone before the Callback could be told. What waits is thereby bounded by what is live.
func (r *registration) drop(key string) {
	i := r.place(key)
	if i < 0 {
		return
	}
	r.waiting[i] = nil
	delete(r.places, key)
	if r.holes++; r.holes > len(r.waiting)/2 {
		r.compact()
	}
}

// compact closes the holes.
func (r *registration) compact() {
	r.waiting = slices.DeleteFunc(r.waiting, func(rec *core.Record) bool { return rec == nil })
	r.holes, r.places, r.placed = 0, nil, 0
}
