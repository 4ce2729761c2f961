package gossip

import (
	"fmt"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

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
		{name: "only the deletion", before: changes{change(core.Deleted, "a", 3)}},
		{name: "back, read", before: changes{change(core.Deleted, "a", 2), change(core.Added, "a", 3)}, read: []*core.Record{record("a", 3)},
			latest: "replay added a3 ", every: "replay added a3 "},
		{name: "added meanwhile", before: changes{change(core.Added, "a", 1), change(core.Updated, "a", 2)}, latest: "added a2 ", every: "added a1 updated a2 "},
	} {
		for _, every := range []bool{false, true} {
			g := &Gossip{inbox: newInbox()}
			w := &watch{g: g, reg: &registration{}, opts: WatchOptions{Every: every, Buffer: 8}, wake: make(chan struct{}, 1)}
			if !every {
				w.places = make(map[string]*novelty)
			}
			for _, c := range tt.before {
				w.put(c)
			}
			var e Event
			if n := w.pop(&e); n != nil {
				t.Errorf("%s: told of %s before the replay", tt.name, n.rec.Key)
			}
			w.fill(tt.read)
			var got string
			for n := w.pop(&e); n != nil; n = w.pop(&e) {
				if n.replay {
					got += "replay "
				}
				got += fmt.Sprintf("%v %s%d ", n.kind, n.rec.Key, n.rec.Stamp.Wall)
			}
			want := tt.latest
			if every {
				want = tt.every
			}
			if got != want {
				t.Errorf("%s, every %v: told %q, want %q", tt.name, every, got, want)
			}
			if len(w.places) != 0 || w.live.count != 0 || w.replay.count != 0 {
				t.Errorf("%s, every %v: told all, and %d, %d and %d are left", tt.name, every, len(w.places), w.live.count, w.replay.count)
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
	for _, m := range l.g.inbox.close() {
		l.handle(m)
	}
	if l.watches != 0 || len(l.index.match("k", nil)) != 0 || w.live.head != nil || w.places != nil {
		t.Errorf("after release, %d watches, %d registered, %v waits", l.watches, len(l.index.match("k", nil)), w.live.head)
	}
}
