package gossip

import (
	"cmp"
	"log/slog"
	"slices"
	"strings"

	"github.com/grapevine-go/grapevine/internal/core"
)

// batch is what one goroutine, or several after one another, tell a Callback.
type batch struct {
	recs   []*core.Record
	next   int
	called bool           // a call has begun and not returned
	told   []*core.Record // by key: what a replay has told; not again, nor anything older
}

// take returns what waits as a batch, nil if nothing does.
func (r *registration) take() *batch {
	if r.holes > 0 {
		r.compact()
	}
	recs := r.waiting
	r.waiting, r.places, r.placed = nil, nil, 0
	if len(recs) == 0 {
		return nil
	}
	return &batch{recs: recs}
}

// run starts a goroutine for what the Callback has not been told, unless one is at work.
func (r *registration) run(l *loop) {
	if r.busy || r.gone.Load() {
		return
	}
	switch {
	case r.batch != nil: // was interrupted
	case r.replay:
		r.batch = new(batch)
	default:
		r.batch = r.take()
	}
	if r.batch == nil {
		return
	}
	r.busy = true
	g, b, replay := l.g, r.batch, r.replay
	r.replay = false
	l.spawn(r.name, func() {
		defer g.inbox.put(message{kind: inBatch, body: r})
		if replay {
			b.recs = g.records.pick(g.now().Mono, r.pattern.match)
			b.told = b.recs
		}
		g.tell(r, b)
	})
}

// tell calls the Callback for what is left of b.
func (g *Gossip) tell(r *registration, b *batch) {
	for b.next < len(b.recs) && !r.gone.Load() && !g.stopping.Load() {
		rec := b.recs[b.next]
		b.next++
		b.called = true
		g.stats.callbacks.Add(1)
		err := guard(func() error { r.method(rec.Key, []byte(rec.Value)); return nil })
		b.called = false
		if err != nil {
			g.stats.callbackPanics.Add(1)
			g.report(event{level: slog.LevelError, text: "callback panicked", key: rec.Key, err: err})
		}
	}
}

// ended takes the end of a batch in.
func (r *registration) ended(l *loop) {
	b := r.batch
	if r.busy = false; b.called {
		b.called = false
		l.g.stats.callbackPanics.Add(1)
		l.report(event{level: slog.LevelError, text: "callback panicked", key: b.recs[b.next-1].Key, err: errExited})
	}
	if b.next == len(b.recs) { // otherwise the call that has ended its goroutine has left some
		r.skip(b.told)
		r.batch = nil
		r.told(l)
	}
	if r.run(l); !r.busy {
		r.caughtUp(l)
	}
}

// skip forgets what waits and is not newer than what a replay has told: the replay read what changed beside it, too.
func (r *registration) skip(told []*core.Record) {
	if len(told) == 0 {
		return
	}
	for i, rec := range r.waiting {
		if rec == nil {
			continue
		}
		j, found := slices.BinarySearchFunc(told, rec.Key, func(t *core.Record, key string) int { return strings.Compare(t.Key, key) })
		if found && order(rec, told[j]) <= 0 {
			r.waiting[i] = nil
		}
	}
	r.compact()
}

// order compares a and b in the order of infos: positive says that a is newer.
func order(a, b *core.Record) int {
	return cmp.Or(
		cmp.Compare(a.Stamp.Wall, b.Stamp.Wall),
		cmp.Compare(a.Stamp.Logical, b.Stamp.Logical),
		cmp.Compare(a.Node, b.Node),
		cmp.Compare(a.Incarnation, b.Incarnation),
		cmp.Compare(a.Seq, b.Seq),
	)
}
