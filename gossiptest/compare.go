package gossiptest

import (
	"cmp"
	"reflect"
	"slices"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/members"
)

// InfoOptions returns options for go-cmp under which what two nodes say is the same if they have been told the same, at whatever time and
// over whatever way:
//
//   - of a gossip.Info, the value, the lifetime and the origin count; not its stamp, its age, when it expires here, nor its hops;
//   - of a gossip.Event, the key, the kind and the info count; not whether it is a replay, nor how many were dropped. Events in a slice
//     are compared by key, those of one key in their order;
//   - of a gossip.Explanation, not over whose link the info came, when, and how long that took;
//   - a members.Member is the same if its ID, address, state and descriptor are, whenever it entered that state;
//   - messages of protobuf, descriptors and the system config among them, are the same if proto.Equal says so;
//   - a value without bytes is the same as nil.
//
// [Cluster.Converged] has them by default. They do for cmp.Diff, too:
//
//	if diff := cmp.Diff(want, maps.Collect(g.Infos("order/")), gossiptest.InfoOptions()); diff != "" {
//		t.Errorf("infos differ (-want +got):\n%s", diff)
//	}
//
// Do not put them beside another comparer or transformer for the same types, such as protocmp.Transform, which is one of them: where two
// apply, go-cmp panics.
func InfoOptions() gocmp.Option {
	return gocmp.Options{
		cmpopts.IgnoreFields(gossip.Info{}, "Stamp", "Expires", "Hops", "Age"),
		cmpopts.IgnoreFields(gossip.Event{}, "Replay", "Dropped"),
		cmpopts.IgnoreFields(gossip.Explanation{}, "Pending", "Peer", "Taken", "Delay"),
		cmpopts.AcyclicTransformer("SortByKey", func(events []gossip.Event) []gossip.Event {
			return slices.SortedStableFunc(slices.Values(events), func(a, b gossip.Event) int { return cmp.Compare(a.Key, b.Key) })
		}),
		gocmp.Transformer("Member", func(m members.Member) shownMember {
			return shownMember{m.NodeID, m.Network, m.Address, m.State, m.Descriptor()}
		}),
		gocmp.FilterPath(isValue, cmpopts.EquateEmpty()),
		protocmp.Transform(),
	}
}

// shownMember is what counts of a members.Member.
type shownMember struct {
	NodeID           gossip.NodeID
	Network, Address string
	State            members.State
	Descriptor       *gossip.NodeDescriptor
}

// isValue reports whether a path leads to the value of an info.
func isValue(p gocmp.Path) bool {
	field, ok := p.Last().(gocmp.StructField)
	if !ok || field.Name() != "Value" {
		return false
	}
	return p.Index(-2).Type() == reflect.TypeFor[gossip.Info]()
}
