package members

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
)

const (
	nodePrefix    = gossip.KeyNodeIDPrefix + ":"
	suspectPrefix = gossip.KeySuspectPrefix + ":"
)

// change is a change of what the node holds under a key.
type change struct {
	kind   gossip.EventKind
	key    string
	value  string // of what is not gone
	origin gossip.NodeID
	stamp  time.Time
}

// reducer makes members of changes of infos and of time that passes. It has neither a clock nor a lock.
type reducer struct {
	forget  time.Duration
	entries map[gossip.NodeID]*entry
	waiting map[gossip.NodeID]*entry // those with a deadline
	next    time.Time                // the earliest of these, or one before; zero: none
}

// entry is what is known of a node.
type entry struct {
	member     Member
	listed     bool                // it is or was a member; otherwise there are suspicions only
	described  bool                // its descriptor is live
	stamp      int64               // of the descriptor, in nanoseconds
	suspicions map[int64]time.Time // the live ones, void or not: by the stamp that is suspected, until when there is time to answer
	deadline   time.Time           // zero: none
}

func newReducer(forget time.Duration) *reducer {
	return &reducer{forget: forget, entries: map[gossip.NodeID]*entry{}, waiting: map[gossip.NodeID]*entry{}}
}

// member returns a node as it is listed, nil if it is not.
func (r *reducer) member(id gossip.NodeID) *Member {
	if e := r.entries[id]; e != nil && e.listed {
		m := e.member
		return &m
	}
	return nil
}

// take takes a change in and returns whose member may have changed, 0 for nobody's.
func (r *reducer) take(now time.Time, c change) gossip.NodeID {
	gone := c.kind == gossip.Deleted || c.kind == gossip.Expired
	if text, ok := strings.CutPrefix(c.key, nodePrefix); ok {
		id := parseID(text)
		if id == 0 || r.entries[id] == nil && gone {
			return 0
		}
		r.describe(now, r.entry(id), id, c)
		return id
	}
	text, ok := strings.CutPrefix(c.key, suspectPrefix)
	node, text, _ := strings.Cut(text, ":")
	id := parseID(node)
	of, err := strconv.ParseInt(text, 10, 64)
	if !ok || id == 0 || err != nil || r.entries[id] == nil && gone {
		return 0
	}
	e := r.entry(id)
	_, known := e.suspicions[of]
	time, err := parseDuration(c.value)
	switch {
	case gone:
		delete(e.suspicions, of)
	case !known && err == nil:
		e.suspicions[of] = now.Add(time)
	}
	r.settle(now, id, e)
	return id
}

// parseID returns the ID that text is, 0 if it is none.
func parseID(text string) gossip.NodeID {
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil || strconv.FormatUint(id, 10) != text {
		return 0
	}
	return gossip.NodeID(id)
}

// parseDuration returns the time that a suspicion gives its node to answer.
func parseDuration(text string) (time.Duration, error) {
	ns, err := strconv.ParseInt(text, 10, 64)
	return min(max(time.Duration(ns), 0), time.Hour), err
}

func (r *reducer) entry(id gossip.NodeID) *entry {
	e := r.entries[id]
	if e == nil {
		e = &entry{member: Member{NodeID: id}, suspicions: map[int64]time.Time{}}
		r.entries[id] = e
	}
	return e
}

// describe takes in what has become of the descriptor of e.
func (r *reducer) describe(now time.Time, e *entry, id gossip.NodeID, c change) {
	d := decode(c.value)
	switch {
	case c.kind == gossip.Expired:
		r.lose(now, e, StateFailed)
	case c.kind == gossip.Deleted || c.origin != id || d == nil || d.GetNodeId() != uint64(id):
		r.lose(now, e, StateLeft)
	default:
		if !e.listed || !e.described {
			e.member.State, e.member.Since = StateAlive, now
		}
		e.listed, e.described, e.stamp = true, true, c.stamp.UnixNano()
		m := &e.member
		m.Network, m.Address, m.descriptor = d.GetAddress().GetNetwork(), d.GetAddress().GetAddress(), c.value
	}
	r.settle(now, id, e)
}

// lose is the end of a descriptor.
func (r *reducer) lose(now time.Time, e *entry, s State) {
	if !e.described {
		return
	}
	e.described = false
	e.deadline = now.Add(r.forget)
	e.enter(now, s)
}

func (e *entry) enter(now time.Time, s State) {
	if e.member.State != s {
		e.member.State, e.member.Since = s, now
	}
}

// settle makes e what it is now, and sets its next deadline.
func (r *reducer) settle(now time.Time, id gossip.NodeID, e *entry) {
	if e.described {
		ends, suspected := e.suspicions[e.stamp]
		e.deadline = time.Time{}
		switch {
		case !suspected:
			e.enter(now, StateAlive)
		case now.Before(ends):
			e.deadline = ends
			e.enter(now, StateSuspect)
		default:
			e.enter(now, StateFailed)
		}
	} else if e.listed && !now.Before(e.deadline) {
		e.listed, e.deadline = false, time.Time{}
	}
	if !e.listed && len(e.suspicions) == 0 {
		delete(r.entries, id)
	}
	if e.deadline.IsZero() {
		delete(r.waiting, id)
		return
	}
	r.waiting[id] = e
	if r.next.IsZero() || e.deadline.Before(r.next) {
		r.next = e.deadline
	}
}

// advance takes in that it is now, and returns whose members may have changed, by ID.
func (r *reducer) advance(now time.Time) []gossip.NodeID {
	if r.next.IsZero() || now.Before(r.next) {
		return nil
	}
	var due []gossip.NodeID
	for id, e := range r.waiting {
		if !now.Before(e.deadline) {
			due = append(due, id)
		}
	}
	slices.Sort(due)
	for _, id := range due {
		r.settle(now, id, r.waiting[id])
	}
	r.next = time.Time{}
	for _, e := range r.waiting {
		if r.next.IsZero() || e.deadline.Before(r.next) {
			r.next = e.deadline
		}
	}
	return due
}

// listed returns the IDs of all who are listed, sorted.
func (r *reducer) listed() []gossip.NodeID {
	ids := make([]gossip.NodeID, 0, len(r.entries))
	for id, e := range r.entries {
		if e.listed {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
