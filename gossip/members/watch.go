package members

import (
	"context"

	"github.com/grapevine-go/grapevine/gossip"
)

// watch is what a consumer of events has been told, and whom it has to be told of. View.mu guards it, but for wake.
type watch struct {
	wake   chan struct{} // holds a token while there may be news
	told   map[gossip.NodeID]*Member
	queue  []gossip.NodeID        // in the order in which they changed first
	marked map[gossip.NodeID]bool // those in queue; true: of the replay
	events []Event                // of the one before queue
}

// mark has the consumer look at a member.
func (w *watch) mark(id gossip.NodeID, replay bool) {
	if _, ok := w.marked[id]; !ok {
		w.marked[id] = replay
		w.queue = append(w.queue, id)
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// pop returns the next event, if there is one.
func (w *watch) pop(r *reducer) (e Event, ok bool) {
	for len(w.events) == 0 && len(w.queue) > 0 {
		id := w.queue[0]
		w.queue = w.queue[1:]
		replay := w.marked[id]
		delete(w.marked, id)
		var told *Member
		w.events, told = compare(w.told[id], r.member(id))
		if w.told[id] = told; told == nil {
			delete(w.told, id)
		}
		for i := range w.events {
			w.events[i].Replay = replay
		}
	}
	if len(w.events) == 0 {
		return Event{}, false
	}
	e, w.events = w.events[0], w.events[1:]
	return e, true
}

// wait returns the next event of w, or false if there will be none.
func (v *View) wait(ctx context.Context, w *watch) (e Event, ok bool) {
	for {
		if ctx.Err() != nil {
			return Event{}, false
		}
		v.mu.Lock()
		_, live := v.watches[w]
		e, ok = w.pop(v.reducer)
		ended := v.ended
		v.mu.Unlock()
		if !live {
			return Event{}, false
		}
		if ok || ended {
			return e, ok
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
		case <-v.done:
		}
	}
}
