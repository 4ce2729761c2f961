package members

import (
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
)

// State says how a member is.
type State uint8

// The states of a member.
const (
	StateAlive   State = iota // it is there, as far as anybody knows
	StateSuspect              // somebody cannot reach it
	StateFailed               // it was suspected and has not answered, or its descriptor has expired
	StateLeft                 // it has said that it leaves
)

// String returns the name of s, in lower case.
func (s State) String() string {
	switch s {
	case StateAlive:
		return "alive"
	case StateSuspect:
		return "suspect"
	case StateFailed:
		return "failed"
	case StateLeft:
		return "left"
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// Member is a node as a View sees it, a value of the caller's. Members can be compared.
type Member struct {
	NodeID  gossip.NodeID // 0 only in the zero Member
	Network string        // of the address: "tcp"
	Address string        // where it is dialled, by its newest descriptor
	State   State         // as this View sees it
	Since   time.Time     // when this View saw it enter State, by the node's clock

	descriptor string // encoded
}

// Descriptor returns the newest descriptor of the member, the caller's own copy. That of one that has left is the last
// it had. It is nil for the zero Member.
func (m Member) Descriptor() *gossip.NodeDescriptor {
	if m.NodeID == 0 {
		return nil
	}
	return decode(m.descriptor)
}

func decode(text string) *gossip.NodeDescriptor {
	d := new(gossip.NodeDescriptor)
	if err := d.UnmarshalVT([]byte(text)); err != nil {
		return nil
	}
	return d
}

// String returns a form for logs: "node 3 at 10.0.0.1:7946, suspect".
func (m Member) String() string {
	return fmt.Sprintf("node %d at %s, %v", m.NodeID, m.Address, m.State)
}

// EventKind says what has happened to a member.
type EventKind uint8

// The kinds of an [Event].
const (
	Joined         EventKind = iota // it is new, or back after it had left
	Suspected                       // somebody cannot reach it
	Recovered                       // it was suspected or had failed, and is alive
	Failed                          // it has not answered a suspicion, or its descriptor has expired
	Left                            // it has said that it leaves
	AddressChanged                  // it is to be reached elsewhere
	Updated                         // something else in its descriptor has changed
	Forgotten                       // it is not listed any more
)

// String returns the name of k, in lower case.
func (k EventKind) String() string {
	switch k {
	case Joined:
		return "joined"
	case Suspected:
		return "suspected"
	case Recovered:
		return "recovered"
	case Failed:
		return "failed"
	case Left:
		return "left"
	case AddressChanged:
		return "address changed"
	case Updated:
		return "updated"
	case Forgotten:
		return "forgotten"
	}
	return fmt.Sprintf("EventKind(%d)", uint8(k))
}

// Event is something that has happened to a member.
type Event struct {
	Kind   EventKind // what has happened
	Replay bool      // it had happened when the watch began
	Member Member    // now; for Forgotten, at last
	Was    Member    // as the last event of the member had it; zero if there was none
}

// String returns a form for logs: "node 3 failed", "node 3 address changed from 10.0.0.1:7946 to 10.0.0.2:7946".
func (e Event) String() string {
	if e.Kind == AddressChanged {
		return fmt.Sprintf("node %d %v from %s to %s", e.Member.NodeID, e.Kind, e.Was.Address, e.Member.Address)
	}
	return fmt.Sprintf("node %d %v", e.Member.NodeID, e.Kind)
}

// compare returns what has happened to a member that was told as was and is now now, either nil if it is not listed.
// told is what is to be compared with next time.
func compare(was, now *Member) (events []Event, told *Member) {
	add := func(k EventKind) { events = append(events, Event{Kind: k, Member: *now, Was: *was}) }
	switch {
	case was == nil && now == nil:
		return nil, nil
	case was == nil && now.State == StateLeft: // came and went between two looks
		return nil, nil
	case now == nil:
		return []Event{{Kind: Forgotten, Member: *was, Was: *was}}, nil
	case was == nil:
		was = &Member{}
		add(Joined)
	case was.State == StateLeft && now.State != StateLeft:
		add(Joined)
	case was.State != now.State && now.State == StateAlive:
		add(Recovered)
	case was.State != now.State && now.State == StateLeft:
		add(Left)
		return events, now
	}
	if was.State != now.State && now.State == StateSuspect {
		add(Suspected)
	}
	if was.State != now.State && now.State == StateFailed {
		add(Failed)
	}
	if len(events) > 0 && events[0].Kind == Joined {
		return events, now
	}
	switch {
	case was.Network != now.Network || was.Address != now.Address:
		add(AddressChanged)
	case was.descriptor != now.descriptor:
		add(Updated)
	}
	return events, now
}
