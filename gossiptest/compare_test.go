package gossiptest

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/members"
)

// What is the same under InfoOptions, and what is not.
func TestInfoOptions(t *testing.T) {
	info := gossip.Info{Value: []byte("paid"), TTL: time.Minute, NodeID: 3}
	there := info
	there.Stamp, there.Expires, there.Hops, there.Age = time.Unix(1, 0), time.Unix(61, 0), 2, time.Second
	with := func(change func(*gossip.Info)) gossip.Info {
		other := info
		change(&other)
		return other
	}
	event := gossip.Event{Kind: gossip.Added, Key: "a", Info: info}
	replay := gossip.Event{Kind: gossip.Added, Key: "a", Info: there, Replay: true, Dropped: 7}
	gone, other := gossip.Event{Kind: gossip.Deleted, Key: "a"}, gossip.Event{Kind: gossip.Added, Key: "b"}
	descriptor := &gossip.NodeDescriptor{NodeId: 3}
	copied := proto.CloneOf(descriptor) // with what the first one has cached
	_ = proto.Size(copied)
	type view map[string]any

	for _, c := range []struct {
		name string
		a, b any
		same bool
	}{
		{"an info elsewhere", info, there, true},
		{"infos by key", map[string]gossip.Info{"a": info}, map[string]gossip.Info{"a": there}, true},
		{"another key", map[string]gossip.Info{"a": info}, map[string]gossip.Info{"b": info}, false},
		{"another value", info, with(func(i *gossip.Info) { i.Value = []byte("due") }), false},
		{"no value", info, with(func(i *gossip.Info) { i.Value = nil }), false},
		{"an empty value", gossip.Info{Value: []byte{}}, gossip.Info{}, true},
		{"other empty fields are not", view{"x": []byte{}}, view{"x": []byte(nil)}, false},
		{"another lifetime", info, with(func(i *gossip.Info) { i.TTL++ }), false},
		{"another origin", info, with(func(i *gossip.Info) { i.NodeID++ }), false},
		{"an event elsewhere", event, replay, true},
		{"events of other keys in another order", []gossip.Event{event, other, gone}, []gossip.Event{other, replay, gone}, true},
		{"events of a key in another order", []gossip.Event{event, gone}, []gossip.Event{gone, event}, false},
		{"one event less", []gossip.Event{event, event}, []gossip.Event{event}, false},
		{"an explanation elsewhere", gossip.Explanation{Key: "a", Info: info, Seq: 1}, gossip.Explanation{Key: "a", Info: there, Seq: 1, Taken: time.Unix(1, 0), Delay: 1}, true},
		{"another explanation", gossip.Explanation{Key: "a", Seq: 1}, gossip.Explanation{Key: "a", Seq: 2}, false},
		{"a descriptor", descriptor, copied, true},
		{"another descriptor", view{"node": descriptor}, view{"node": &gossip.NodeDescriptor{NodeId: 4}}, false},
		{"a member", []members.Member{{NodeID: 3}}, []members.Member{{NodeID: 3, Since: time.Unix(1, 0)}}, true},
		{"a member in another state", members.Member{}, members.Member{State: members.StateFailed}, false},
	} {
		if same := cmp.Equal(c.a, c.b, InfoOptions()); same != c.same {
			t.Errorf("%s: Equal = %v, want %v", c.name, same, c.same)
		}
	}
}

// Hosts whose infos differ in what depends on the host have converged, unless options say otherwise.
func TestConvergedInfos(t *testing.T) {
	body := func(opts ...cmp.Option) func(s *Sim) {
		return func(s *Sim) {
			c := NewCluster(s, 3, newMember)
			s.At(0, func() { _ = c.App(0).AddInfo("order/1", []byte("paid"), time.Hour) })
			s.RunFor(time.Second)
			c.Converged(time.Second, func(m member) any { return maps.Collect(m.Infos("order/")) }, opts...)
		}
	}
	Run(t, body())
	if text := failing(t, body(cmp.Options{})); !strings.Contains(text, "Hops:") {
		t.Errorf("with options that ignore nothing, hosts agree though hops differ:\n%s", text)
	}
}
