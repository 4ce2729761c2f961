package gossip

import "github.com/grapevine-go/grapevine/internal/core"

// novelty is one event to be told.
type novelty struct {
	rec        *core.Record
	kind       EventKind
	known      bool // the consumer has been told of an info of the key, and not of its end
	replay     bool
	prev, next *novelty
}

// newer reports whether n is about a later state of its key than rec.
func (n *novelty) newer(rec *core.Record) bool {
	d := order(n.rec, rec)
	return d > 0 || d == 0 && n.kind == Expired
}

// news are novelties in the order in which they are told.
type news struct {
	head, tail *novelty
	count      int
}

func (l *news) append(n *novelty) {
	if n.prev = l.tail; n.prev == nil {
		l.head = n
	} else {
		n.prev.next = n
	}
	l.tail = n
	l.count++
}

// remove takes n out. What came behind it is still found behind it.
func (l *news) remove(n *novelty) {
	if n.prev == nil {
		l.head = n.next
	} else {
		n.prev.next = n.next
	}
	if n.next == nil {
		l.tail = n.prev
	} else {
		n.next.prev = n.prev
	}
	l.count--
}

// pop takes what comes next out, and notes in e what was dropped before it. w.mu is held.
func (w *watch) pop(e *Event) *novelty {
	if !w.ready {
		return nil
	}
	n := w.replay.head
	if n == nil {
		if n = w.live.head; n == nil {
			return nil
		}
		e.Dropped, w.dropped = w.dropped, 0
	}
	w.remove(n)
	return n
}

// remove takes n out, wherever it waits. w.mu is held.
func (w *watch) remove(n *novelty) {
	if n.replay {
		w.replay.remove(n)
	} else {
		w.live.remove(n)
	}
	delete(w.places, n.rec.Key)
}

// put takes in that an info has changed.
func (w *watch) put(c core.Change) {
	n := &novelty{rec: c.Record, known: c.Kind != core.Added}
	switch c.Kind {
	case core.Added:
		n.kind = Added
	case core.Updated:
		n.kind = Updated
	case core.Refreshed:
		n.kind = Refreshed
	case core.Expired:
		n.kind = Expired
	default:
		n.kind = Deleted
	}
	w.mu.Lock()
	if !w.gone {
		w.add(n)
	}
	w.mu.Unlock()
	w.signal()
}

// add has n wait for the consumer, or what it comes to. w.mu is held.
func (w *watch) add(n *novelty) {
	if p := w.places[n.rec.Key]; p != nil {
		w.merge(p, n)
		return
	}
	if n.kind == Refreshed && !w.opts.Redundant {
		return
	}
	w.live.append(n)
	if !w.opts.Every {
		w.places[n.rec.Key] = n
		return
	}
	for w.live.count > w.opts.Buffer {
		w.live.remove(w.live.head)
		w.dropped++
		w.g.stats.watchDropped.Add(1)
	}
}

// merge makes p, which waits, what p and n come to. w.mu is held.
func (w *watch) merge(p, n *novelty) {
	p.rec = n.rec
	switch {
	case n.kind.gone() && !p.known && w.ready:
		w.remove(p)
	case n.kind.gone(): // until w is ready, what the replay finds may be older than this
		p.kind = n.kind
	case !p.known:
		p.kind = Added
	case n.kind != Refreshed || p.kind != Refreshed:
		p.kind = Updated
	}
}

// knownInfos are what a watch begins with.
type knownInfos struct {
	replay news
	places map[string]*novelty // of all of it, by key
}

// readInfos makes a replay of recs, which are sorted.
func readInfos(recs []*core.Record) knownInfos {
	known := knownInfos{places: make(map[string]*novelty, len(recs))}
	for _, rec := range recs {
		n := &novelty{rec: rec, kind: Added, replay: true}
		known.replay.append(n)
		known.places[rec.Key] = n
	}
	return known
}

// fill begins w with the infos that were known. They were read beside the loop, so what it has put in meanwhile may be
// older or newer.
func (w *watch) fill(known knownInfos) {
	w.mu.Lock()
	defer w.signal()
	defer w.mu.Unlock()
	if w.gone {
		return
	}
	for n := w.live.head; n != nil; n = n.next {
		t := known.places[n.rec.Key] // what is told of the key before n; nil: nothing
		switch {
		case t == nil && n.kind.gone(), t != nil && !n.newer(t.rec):
			w.live.remove(n)
		case t == nil:
			n.kind, n.known = Added, false
			known.places[n.rec.Key] = n
		case w.opts.Every:
		case n.kind.gone():
			known.replay.remove(t)
			delete(known.places, n.rec.Key)
			w.live.remove(n)
		default:
			t.rec = n.rec
			w.live.remove(n)
		}
	}
	if w.replay = known.replay; !w.opts.Every {
		w.places = known.places
	}
	w.ready = true
}
