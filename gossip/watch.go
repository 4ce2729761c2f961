package gossip

import (
	"context"
	"fmt"
	"iter"
	"math"
	"sync"
	"sync/atomic"
)

// EventKind says what became of the info under a key.
type EventKind uint8

// The kinds of an [Event].
const (
	Added     EventKind = iota // there was none
	Updated                    // there is another value
	Refreshed                  // the same bytes were written again; only with WatchOptions.Redundant
	Expired                    // it has outlived its TTL
	Deleted                    // somebody has deleted it
)

// String returns the name of k, in lower case.
func (k EventKind) String() string {
	switch k {
	case Added:
		return "added"
	case Updated:
		return "updated"
	case Refreshed:
		return "refreshed"
	case Expired:
		return "expired"
	case Deleted:
		return "deleted"
	}
	return fmt.Sprintf("EventKind(%d)", uint8(k))
}

// gone reports whether nothing stands under the key any more.
func (k EventKind) gone() bool { return k == Expired || k == Deleted }

// Event is what [Gossip.Watch] tells of one key.
type Event struct {
	Kind    EventKind // what has happened
	Replay  bool      // part of what was known when the watch began; Kind is Added
	Dropped uint64    // with WatchOptions.Every: how many events were dropped since the one before, to stay within Buffer
	Key     string    // of the info
	Info    Info      // what stands there now. Of what is gone, Stamp, Hops, NodeID and Age are left: for Deleted, those of the deleting
}

// WatchOptions are the knobs of [Gossip.Watch]. nil is the zero value.
type WatchOptions struct {
	Prefix    bool // the pattern is not a regular expression but text that the keys begin with
	Redundant bool // tell of infos that were written again with the same bytes, too
	Every     bool // tell of every change, not only of the latest of each key
	Buffer    int  // with Every: how many changes may wait for the consumer, the replay aside; 0: 1,024
}

// check returns the options with their defaults.
func (o *WatchOptions) check() (WatchOptions, error) {
	var opts WatchOptions
	if o != nil {
		opts = *o
	}
	switch {
	case opts.Buffer < 0:
		return opts, fmt.Errorf("%w: negative Buffer %d", ErrConfig, opts.Buffer)
	case opts.Buffer == 0:
		opts.Buffer = 1024
	}
	return opts, nil
}

// Watch yields what happens to the infos whose key pattern matches: first those that are known, by key, marked as Replay;
// then each change, those of one key in the order of their stamps. pattern is what that of [Gossip.RegisterCallback] is,
// or, with WatchOptions.Prefix, text that the keys begin with.
//
// The watch begins at the call, not at the first iteration: what this node takes in between is not missed, though the first
// of it may come as part of the replay. It ends, and the iteration with it, when ctx ends, the loop over it is left, or the
// node stops, before Run has returned; what waits then is not told any more. It can be iterated once; a second iteration
// yields nothing. If it is never iterated, it costs what waits for it, until ctx ends.
//
// The consumer may take its time; nobody waits for it. Of each key that changes meanwhile, it is told what that comes to
// compared with what it was told last: an info that was added and is gone is not mentioned, one that is gone and back is
// Updated. So what waits is bounded by the keys that are live and those that the consumer believes to be. With
// WatchOptions.Every, it is told each change, of which Buffer wait; if more come, the oldest are dropped, and the next
// event that is not of the replay says how many, those included that the replay tells in their place: then read again
// with [Gossip.Infos] what must not be missed.
//
// The error wraps ErrConfig for a bad pattern or option, ErrStopped, or ErrLimit as that of AddInfo does. Watch itself
// waits for nothing, the iteration for events: before Run there are none.
func (g *Gossip) Watch(ctx context.Context, pattern string, opts *WatchOptions) (iter.Seq[Event], error) {
	w, err := g.watch(ctx, pattern, opts)
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", shown(pattern), err)
	}
	return w.iterate(ctx), nil
}

// iterate is the iteration over w, whose ctx is that of Watch.
func (w *watch) iterate(ctx context.Context) iter.Seq[Event] {
	forget := context.AfterFunc(ctx, w.release)
	var begun atomic.Bool
	return func(yield func(Event) bool) {
		if begun.Swap(true) {
			return
		}
		defer func() {
			forget()
			w.release()
		}()
		for {
			e, ok := w.wait(ctx)
			if !ok || !yield(e) {
				return
			}
		}
	}
}

// watch is what a consumer of events has not been told yet. The loop puts changes in, the consumer takes events out.
type watch struct {
	g     *Gossip
	reg   *registration
	opts  WatchOptions
	wake  chan struct{} // holds a token while there may be news
	known knownInfos    // as begin has read them; the loop's from ended on

	mu      sync.Mutex // guards what follows
	gone    bool       // released
	ready   bool       // replay is filled
	replay  news
	live    news
	places  map[string]*novelty // all of them, by key; not with Every
	dropped uint64
}

func (g *Gossip) watch(ctx context.Context, text string, options *WatchOptions) (*watch, error) {
	opts, err := options.check()
	if err != nil {
		return nil, err
	}
	p := pattern{form: prefixed, text: text}
	if !opts.Prefix {
		if p, err = parsePattern(text); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrConfig, err)
		}
	}
	return g.watchPattern(p, text, opts)
}

// watchPattern registers a watch of the keys that p matches.
func (g *Gossip) watchPattern(p pattern, text string, opts WatchOptions) (*watch, error) {
	w := newWatch(g, p, text, opts)
	if err := g.register(w.reg, text); err != nil {
		return nil, err
	}
	return w, nil
}

// newWatch returns a watch that is not registered yet.
func newWatch(g *Gossip, p pattern, text string, opts WatchOptions) *watch {
	w := &watch{g: g, opts: opts, wake: make(chan struct{}, 1)}
	if !opts.Every {
		w.places = make(map[string]*novelty)
	}
	w.reg = &registration{pattern: p, watch: w, name: "watch " + shown(text)}
	return w
}

// begin reads what is known, beside the loop.
func (w *watch) begin(l *loop) {
	l.spawn(w.reg.name, func() {
		defer w.g.inbox.put(message{kind: inBatch, body: w})
		// Those whose time is over are told, too: the loop has not said yet that they are gone.
		w.known = readInfos(w.g.records.pick(math.MinInt64, w.reg.pattern.match))
	})
}

// ended takes in that what is known has been read. The loop shows a change to readers before it tells the watches: only
// here is it sure that w has been told of all that could be read, and is told of nothing of it once more.
func (w *watch) ended(*loop) {
	w.fill(w.known)
	w.known = knownInfos{}
}

// release ends w. It may be called any number of times.
func (w *watch) release() {
	if w.reg.gone.Swap(true) {
		return
	}
	w.mu.Lock()
	w.gone = true
	w.replay, w.live, w.places = news{}, news{}, nil
	w.mu.Unlock()
	w.g.inbox.put(message{kind: inUnregister, body: w.reg})
}

// wait returns the next event, or false if there will be none.
func (w *watch) wait(ctx context.Context) (e Event, ok bool) {
	for {
		if ctx.Err() != nil || w.g.stopping.Load() {
			return Event{}, false
		}
		if e, ok = w.take(); ok {
			return e, true
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
		case <-w.g.stopped:
		}
		if w.g.sched != nil {
			w.g.sched.Gate(w.reg.name, "", "")
		}
	}
}

// signal wakes the consumer.
func (w *watch) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// take returns the next event, if there is one by now.
func (w *watch) take() (e Event, ok bool) {
	w.mu.Lock()
	n := w.pop(&e)
	w.mu.Unlock()
	if n == nil {
		return Event{}, false
	}
	e.Kind, e.Replay, e.Key = n.kind, n.replay, n.rec.Key
	e.Info = makeInfo(n.rec, w.g.now())
	if n.kind.gone() {
		e.Info = Info{Stamp: e.Info.Stamp, Hops: e.Info.Hops, NodeID: e.Info.NodeID, Age: e.Info.Age}
	}
	return e, true
}
