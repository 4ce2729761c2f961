package gossip

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// allNews takes all that waits in w.
func allNews(w *watch) string {
	var told string
	var e Event
	for n := w.pop(&e); n != nil; n = w.pop(&e) {
		if n.replay {
			told += "replay "
		}
		told += fmt.Sprintf("%v %s%d ", n.kind, n.rec.Key, n.rec.Stamp.Wall)
	}
	return told
}

// The replay of a watch is read beside the loop. What the loop puts in meanwhile may be older or newer than what is read;
// nothing outside decides which, so this test stands inside.
func TestWatchReplayMeetsChanges(t *testing.T) {
	change := func(kind core.ChangeKind, key string, wall int64) core.Change {
		return core.Change{Kind: kind, Record: record(key, wall)}
	}
	type changes = []core.Change
	for _, tt := range []struct {
		name   string
		before changes
		read   []*core.Record
		latest string
		every  string
	}{
		{name: "nothing"},
		{name: "read only", read: []*core.Record{record("a", 1)}, latest: "replay added a1 ", every: "replay added a1 "},
		{name: "change read", before: changes{change(core.Updated, "a", 2)}, read: []*core.Record{record("a", 2)},
			latest: "replay added a2 ", every: "replay added a2 "},
		{name: "change not read", before: changes{change(core.Updated, "a", 2)}, read: []*core.Record{record("a", 1)},
			latest: "replay added a2 ", every: "replay added a1 updated a2 "},
		{name: "deletion not read", before: changes{change(core.Deleted, "a", 2)}, read: []*core.Record{record("a", 1)},
			every: "replay added a1 deleted a2 "},
		{name: "expiry not read", before: changes{change(core.Expired, "a", 1)}, read: []*core.Record{record("a", 1)},
			every: "replay added a1 expired a1 "},
		{name: "deletion read", before: changes{change(core.Updated, "a", 2), change(core.Deleted, "a", 3)}, every: "added a2 deleted a3 "},
		{name: "addition read, deletion not", before: changes{change(core.Added, "a", 1), change(core.Deleted, "a", 2)}, read: []*core.Record{record("a", 1)},
			every: "replay added a1 deleted a2 "},
		{name: "only the deletion", before: changes{change(core.Deleted, "a", 3)}},
		{name: "back, read", before: changes{change(core.Deleted, "a", 2), change(core.Added, "a", 3)}, read: []*core.Record{record("a", 3)},
			latest: "replay added a3 ", every: "replay added a3 "},
		{name: "added meanwhile", before: changes{change(core.Added, "a", 1), change(core.Updated, "a", 2)}, latest: "added a2 ", every: "added a1 updated a2 "},
	} {
		for _, every := range []bool{false, true} {
			g := &Gossip{inbox: newInbox()}
			w := newWatch(g, pattern{}, "", WatchOptions{Every: every, Buffer: 8})
			for _, c := range tt.before {
				w.put(c)
			}
			if got := allNews(w); got != "" {
				t.Errorf("%s: told %q before the replay", tt.name, got)
			}
			w.known = readInfos(tt.read)
			w.ended(nil)
			want := tt.latest
			if every {
				want = tt.every
			}
			if got := allNews(w); got != want {
				t.Errorf("%s, every %v: told %q, want %q", tt.name, every, got, want)
			}
			if w.known.replay.head != nil || w.known.places != nil {
				t.Errorf("%s, every %v: what was known is kept", tt.name, every)
			}
			if len(w.places) != 0 || w.live.count != 0 || w.replay.count != 0 {
				t.Errorf("%s, every %v: told all, and %d, %d and %d are left", tt.name, every, len(w.places), w.live.count, w.replay.count)
			}
		}
	}
}

// TestWatchOfWhatWasNeverTold has a key be updated, go, come back and go while the consumer is told of nothing.
func TestWatchOfWhatWasNeverTold(t *testing.T) {
	w := newWatch(&Gossip{inbox: newInbox()}, pattern{}, "", WatchOptions{})
	w.put(core.Change{Kind: core.Updated, Record: record("a", 2)})
	w.put(core.Change{Kind: core.Deleted, Record: record("a", 3)})
	w.put(core.Change{Kind: core.Added, Record: record("a", 4)})
	w.fill(readInfos(nil))
	w.put(core.Change{Kind: core.Deleted, Record: record("a", 5)})
	if got := allNews(w); got != "" {
		t.Errorf("told %q of what was never told", got)
	}
}

// TestWatchReplayThenGone: what came before the replay, which did not find it any more, and is then gone, is told to nobody who
// is away.
func TestWatchReplayThenGone(t *testing.T) {
	for _, kind := range []core.ChangeKind{core.Added, core.Updated, core.Refreshed} {
		w := newWatch(&Gossip{inbox: newInbox()}, pattern{}, "", WatchOptions{Redundant: true})
		w.put(core.Change{Kind: kind, Record: record("a", 1)})
		w.fill(readInfos(nil))
		w.put(core.Change{Kind: core.Deleted, Record: record("a", 2)})
		if got := allNews(w); got != "" {
			t.Errorf("after a change of kind %d, told %q, want nothing", kind, got)
		}
	}
}

// TestWatchReplayBesideAStep has the replay be read after a step of the loop has shown its changes to readers and before
// it tells the watches of them. The consumer takes what there is at once, or is away from there on.
func TestWatchReplayBesideAStep(t *testing.T) {
	change := func(kind core.ChangeKind, wall int64) core.Change {
		return core.Change{Kind: kind, Record: record("a", wall)}
	}
	type changes = []core.Change
	for _, tt := range []struct {
		name  string
		known *core.Record
		step  changes
		then  changes
		want  string // of the consumer that is quick
		away  string // of the one that is away; with Every, it is told the same as the quick one
	}{
		{name: "added", step: changes{change(core.Added, 1)}, want: "replay added a1 ", away: "replay added a1 "},
		{name: "added and then deleted", step: changes{change(core.Added, 1)}, then: changes{change(core.Deleted, 2)},
			want: "replay added a1 deleted a2 "},
		{name: "added and then updated", step: changes{change(core.Added, 1)}, then: changes{change(core.Updated, 2)},
			want: "replay added a1 updated a2 ", away: "replay added a2 "},
		{name: "updated", known: record("a", 1), step: changes{change(core.Updated, 2)}, want: "replay added a2 ", away: "replay added a2 "},
		{name: "refreshed", known: record("a", 1), step: changes{change(core.Refreshed, 2)}, want: "replay added a2 ", away: "replay added a2 "},
		{name: "deleted", known: record("a", 1), step: changes{change(core.Deleted, 2)}},
		{name: "expired", known: record("a", 1), step: changes{change(core.Expired, 1)}},
		{name: "deleted, and then back", known: record("a", 1), step: changes{change(core.Deleted, 2)}, then: changes{change(core.Added, 3)},
			want: "added a3 ", away: "added a3 "},
	} {
		for i := range 8 {
			opts, quick := WatchOptions{Buffer: 8, Redundant: i&1 != 0, Every: i&2 != 0}, i&4 != 0
			g := &Gossip{inbox: newInbox(), records: newRecords(), helpers: helpers{running: make(map[string]int)}}
			l := &loop{g: g, watches: 1}
			w := newWatch(g, pattern{form: prefixed}, "", opts)
			l.index.add(w.reg)
			if tt.known != nil {
				g.records.set(tt.known)
			}
			for _, c := range tt.step { // as publish does
				if c.Kind == core.Deleted || c.Kind == core.Expired {
					g.records.remove(c.Record.Key)
				} else {
					g.records.set(c.Record)
				}
			}
			w.begin(l)
			if hung := g.helpers.wait(nil); hung != "" {
				t.Fatal(hung)
			}
			got := allNews(w)
			for _, c := range tt.step {
				l.notify(c)
			}
			for _, m := range g.inbox.close() {
				l.handle(m)
			}
			for _, c := range tt.then {
				if quick {
					got += allNews(w)
				}
				l.notify(c)
			}
			want := tt.want
			if !quick && !opts.Every {
				want = tt.away
			}
			if got += allNews(w); got != want {
				t.Errorf("%s, %+v, quick %v: told %q, want %q", tt.name, opts, quick, got, want)
			}
		}
	}
}

// TestWatchIsForgotten looks at what is left of a watch that was released.
func TestWatchIsForgotten(t *testing.T) {
	l := &loop{g: &Gossip{inbox: newInbox()}}
	w := &watch{g: l.g, reg: &registration{pattern: pattern{form: prefixed}, indexed: true}, places: make(map[string]*novelty)}
	w.reg.watch = w
	l.index.add(w.reg)
	l.watches = 1
	w.add(&novelty{rec: &core.Record{Body: wire.Body{Key: "k"}}})
	w.release()
	w.release()
	w.known = readInfos([]*core.Record{record("k", 1)})
	w.ended(l)
	for _, m := range l.g.inbox.close() {
		l.handle(m)
	}
	if l.watches != 0 || len(l.index.match("k", nil)) != 0 || w.live.head != nil || w.replay.head != nil || w.places != nil {
		t.Errorf("after release, %d watches, %d registered, %v waits", l.watches, len(l.index.match("k", nil)), w.live.head)
	}
}

// TestWatchIsReleased: whatever ends a watch has the node forget it, once.
func TestWatchIsReleased(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(seq iter.Seq[Event], cancel func())
	}{
		{name: "the context, before an iteration", end: func(_ iter.Seq[Event], cancel func()) { cancel() }},
		{name: "the context, while the loop waits", end: func(seq iter.Seq[Event], cancel func()) {
			for range seq {
				go cancel()
			}
		}},
		{name: "break", end: func(seq iter.Seq[Event], _ func()) {
			for range seq {
				break
			}
		}},
		{name: "break, and the context", end: func(seq iter.Seq[Event], cancel func()) {
			for range seq {
				break
			}
			cancel()
		}},
		{name: "panic", end: func(seq iter.Seq[Event], _ func()) {
			defer func() { _ = recover() }()
			for range seq {
				panic("on purpose")
			}
		}},
		{name: "Goexit", end: func(seq iter.Seq[Event], _ func()) {
			var work sync.WaitGroup
			work.Go(func() {
				for range seq {
					runtime.Goexit()
				}
			})
			work.Wait()
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := &Gossip{inbox: newInbox(), cfg: Config{Clock: clock.System()}, stopped: make(chan struct{})}
			w := newWatch(g, pattern{form: prefixed}, "", WatchOptions{})
			w.fill(readInfos([]*core.Record{record("a", 1)}))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			tt.end(w.iterate(ctx), cancel)
			synctest.Wait()
			left := g.inbox.close()
			if len(left) != 1 || left[0].kind != inUnregister || left[0].body != w.reg || !w.gone {
				t.Errorf("%s: the node is told %v, want that the watch is over", tt.name, left)
			}
		})
	}
}

// TestWatchLoopIsLeft leaves the loop over a watch in all ways: none leaves the watch behind.
func TestWatchLoopIsLeft(t *testing.T) {
	for _, tt := range []struct {
		name string
		body func() (more bool)
	}{
		{name: "break", body: func() bool { return false }},
		{name: "panic", body: func() bool { panic("on purpose") }},
		{name: "Goexit", body: func() bool { runtime.Goexit(); return false }},
	} {
		g := &Gossip{inbox: newInbox(), cfg: Config{Clock: clock.System()}}
		w := newWatch(g, pattern{form: prefixed}, "", WatchOptions{})
		w.fill(readInfos([]*core.Record{record("a", 1), record("b", 1)}))
		ctx, cancel := context.WithCancel(t.Context())
		loop := w.iterate(ctx)
		n := 0
		var running sync.WaitGroup
		running.Go(func() {
			defer func() { _ = recover() }()
			loop(func(Event) bool { n++; return tt.body() })
		})
		running.Wait()
		if n != 1 || !w.reg.gone.Load() || w.replay.head != nil {
			t.Errorf("%s: after %d events, the watch is gone: %v, and holds %v", tt.name, n, w.reg.gone.Load(), w.replay.head)
		}
		cancel()
		if left := g.inbox.close(); len(left) != 1 || left[0].kind != inUnregister {
			t.Errorf("%s: the loop of the node is told %+v, want the end of the watch, once", tt.name, left)
		}
	}
}
