package members

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
)

// Options are the knobs of a View. nil is the zero value.
type Options struct {
	// Forget is how long members are still listed that have left, or whose descriptor has expired. 0 means an hour.
	Forget time.Duration
}

// View is the list of members as one node sees it. It is kept while Run runs. All methods may be called at any time
// and by any number of goroutines.
type View struct {
	g    *gossip.Gossip
	ran  atomic.Bool
	done chan struct{} // closed when Run ends

	mu      sync.Mutex // guards what follows
	reducer *reducer
	watches map[*watch]bool
	timer   interface{ Stop() bool }
	ended   bool
}

// New returns a View of the members that g knows. It starts nothing: [View.Run] does. The error wraps gossip.ErrConfig
// for a nil g or a negative option.
func New(g *gossip.Gossip, opts *Options) (*View, error) {
	forget := time.Hour
	if opts != nil && opts.Forget != 0 {
		forget = opts.Forget
	}
	if g == nil || forget < 0 {
		return nil, fmt.Errorf("members: %w: node %p, Forget %v", gossip.ErrConfig, g, forget)
	}
	return &View{g: g, done: make(chan struct{}), reducer: newReducer(forget), watches: map[*watch]bool{}}, nil
}

// Run follows the node until ctx ends or the node stops; then it returns nil, and the members stay as they were last
// seen. It may begin before the node runs. A View runs once: the error of a second Run wraps gossip.ErrAlreadyRun. One
// wraps gossip.ErrStopped if the node has stopped before Run, or gossip.ErrLimit as that of gossip.Gossip.AddInfo does.
func (v *View) Run(ctx context.Context) error {
	if v.ran.Swap(true) {
		return fmt.Errorf("members: %w", gossip.ErrAlreadyRun)
	}
	defer v.end()
	events, err := v.g.Watch(ctx, "^(?:node|suspect):", &gossip.WatchOptions{Redundant: true})
	if err != nil {
		return fmt.Errorf("members: %w", err)
	}
	for e := range events {
		v.take(e)
	}
	return nil
}

func (v *View) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ended = true
	if v.timer != nil {
		v.timer.Stop()
	}
	close(v.done)
}

// take takes in an event of the node.
func (v *View) take(e gossip.Event) {
	now := v.g.Clock().Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	id := v.reducer.take(now, change{
		kind: e.Kind, key: e.Key, value: string(e.Info.Value), origin: e.Info.NodeID, stamp: e.Info.Stamp,
	})
	v.changed(id)
	v.advance(now)
}

// tick is called when the next deadline has come.
func (v *View) tick() {
	now := v.g.Clock().Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.advance(now)
}

// advance has time pass until now, and sees to it that tick is called when there is more to do. v.mu is held.
func (v *View) advance(now time.Time) {
	if v.ended {
		return
	}
	for _, id := range v.reducer.advance(now) {
		v.changed(id)
	}
	if v.timer != nil {
		v.timer.Stop()
		v.timer = nil
	}
	if next := v.reducer.next; !next.IsZero() {
		v.timer = v.g.Clock().AfterFunc(next.Sub(now), v.tick)
	}
}

// changed has the watches look at a member. v.mu is held.
func (v *View) changed(id gossip.NodeID) {
	if id == 0 {
		return
	}
	for w := range v.watches {
		w.mark(id, false)
	}
}

// Members returns all who are listed, by ID: also those that have failed, and for a while those that have left. The
// node itself is one of them once it has described itself. The slice is the caller's.
func (v *View) Members() []Member {
	v.mu.Lock()
	defer v.mu.Unlock()
	ids := v.reducer.listed()
	all := make([]Member, len(ids))
	for i, id := range ids {
		all[i] = *v.reducer.member(id)
	}
	return all
}

// Member returns the member with that ID, and whether one is listed.
func (v *View) Member(id gossip.NodeID) (Member, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if m := v.reducer.member(id); m != nil {
		return *m, true
	}
	return Member{}, false
}

// Watch yields what happens to members: first, marked as Replay, that they have joined, and how they are if they are not
// alive; then each event, those of one member in the order in which they happened.
//
// The watch begins at the call. It ends when ctx does, when the loop over it is left, or, with the last event told, when
// Run has returned. It can be iterated once. Of one that is never iterated, something remains until Run ends or ctx does.
//
// The consumer may take its time; nobody waits for it. Of each member that changes meanwhile, it is told what that comes
// to, compared with what it was told last: a suspicion that is refuted meanwhile is not mentioned. So what waits is
// bounded by the number of members.
func (v *View) Watch(ctx context.Context) iter.Seq[Event] {
	w := &watch{wake: make(chan struct{}, 1), told: map[gossip.NodeID]*Member{}, marked: map[gossip.NodeID]bool{}}
	v.mu.Lock()
	for _, id := range v.reducer.listed() {
		w.mark(id, true)
	}
	v.watches[w] = true
	v.mu.Unlock()
	release := func() {
		v.mu.Lock()
		delete(v.watches, w)
		v.mu.Unlock()
	}
	forget := context.AfterFunc(ctx, release)
	return func(yield func(Event) bool) {
		defer func() { forget(); release() }()
		for {
			e, ok := v.wait(ctx, w)
			if !ok || !yield(e) {
				return
			}
		}
	}
}
