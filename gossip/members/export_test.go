package members

import (
	"time"

	"github.com/grapevine-go/grapevine/gossip"
)

// What the tests in members_test see of the state machine.

// Reducer is the state machine of a View, and one watch of it that is never behind.
type Reducer struct {
	r *reducer
	w watch
}

// Change is what a Reducer takes in.
type Change struct {
	Kind       gossip.EventKind
	Key, Value string
	Origin     gossip.NodeID
	Stamp      time.Time
}

// NewReducer returns a Reducer that knows nobody.
func NewReducer(forget time.Duration) *Reducer {
	return &Reducer{newReducer(forget), watch{
		wake: make(chan struct{}, 1), told: map[gossip.NodeID]*Member{}, marked: map[gossip.NodeID]bool{},
	}}
}

// Take takes a change in and returns what has happened.
func (r *Reducer) Take(now time.Time, c Change) []Event {
	if id := r.r.take(now, change{kind: c.Kind, key: c.Key, value: c.Value, origin: c.Origin, stamp: c.Stamp}); id != 0 {
		r.w.mark(id, false)
	}
	return r.events()
}

// Advance has time pass and returns what has happened.
func (r *Reducer) Advance(now time.Time) []Event {
	for _, id := range r.r.advance(now) {
		r.w.mark(id, false)
	}
	return r.events()
}

func (r *Reducer) events() (events []Event) {
	for {
		e, ok := r.w.pop(r.r)
		if !ok {
			return events
		}
		events = append(events, e)
	}
}

// Next returns when Advance has something to do again; zero: never.
func (r *Reducer) Next() time.Time { return r.r.next }

// Members returns all who are listed.
func (r *Reducer) Members() []Member {
	var all []Member
	for _, id := range r.r.listed() {
		all = append(all, *r.r.member(id))
	}
	return all
}

// Entries returns of how many nodes something is remembered.
func (r *Reducer) Entries() int { return len(r.r.entries) }

// Waiting returns how many nodes have a deadline.
func (r *Reducer) Waiting() int { return len(r.r.waiting) }

// Watches returns how many watches v knows.
func Watches(v *View) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.watches)
}
