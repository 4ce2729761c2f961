package members_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/gossip/members"
)

// descriptor is the encoded descriptor of a node.
func descriptor(t *testing.T, id uint64, address, tag string) string {
	t.Helper()
	d := &gossip.NodeDescriptor{NodeId: id, Address: &gossippb.UnresolvedAddr{Network: "tcp", Address: address}, Build: tag}
	b, err := d.MarshalVT()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// step is what happens at a time in seconds, and what comes of it.
type step struct {
	at    int
	kind  gossip.EventKind
	key   string // "": only time passes
	value string
	by    gossip.NodeID // 0: 3
	stamp int64
	want  []string
}

func TestReducer(t *testing.T) {
	const five = "5000000000"
	here := func(at int, stamp int64, want ...string) step {
		kind := gossip.Refreshed
		if stamp == 10 {
			kind = gossip.Added
		}
		return step{at: at, kind: kind, key: "node:3", value: descriptor(t, 3, "a:1", ""), stamp: stamp, want: want}
	}
	suspicion := func(at int, of string, want ...string) step {
		return step{at: at, kind: gossip.Added, key: "suspect:3:" + of, value: five, by: 4, stamp: 100, want: want}
	}
	time := func(at int, want ...string) step { return step{at: at, want: want} }
	left := func(at int, want ...string) step {
		return step{at: at, kind: gossip.Deleted, key: "node:3", stamp: 200, want: want}
	}
	expired := func(at int, want ...string) step {
		return step{at: at, kind: gossip.Expired, key: "node:3", stamp: 10, want: want}
	}
	const joined, suspected, recovered = "node 3 joined", "node 3 suspected", "node 3 recovered"
	const failed, gone, forgotten = "node 3 failed", "node 3 left", "node 3 forgotten"

	tests := []struct {
		name  string
		steps []step
		end   string // of the list of members
		rest  int    // nodes of which something is remembered
	}{
		{name: "joins", steps: []step{here(0, 10, joined), time(9)}, end: "[node 3 at a:1, alive]", rest: 1},
		{name: "refreshes", steps: []step{here(0, 10, joined), here(1, 11)}, end: "[node 3 at a:1, alive]", rest: 1},
		{name: "fails", steps: []step{here(0, 10, joined), suspicion(1, "10", suspected), time(5), time(6, failed), time(99)},
			end: "[node 3 at a:1, failed]", rest: 1},
		{name: "refutes", steps: []step{here(0, 10, joined), suspicion(1, "10", suspected), here(2, 11, recovered), time(9)},
			end: "[node 3 at a:1, alive]", rest: 1},
		{name: "suspicion of one that is still to come", steps: []step{here(0, 10, joined), suspicion(1, "11"), here(2, 11, suspected), time(6, failed)},
			end: "[node 3 at a:1, failed]", rest: 1},
		{name: "an old suspicion", steps: []step{here(0, 10, joined), suspicion(1, "9"), time(9)}, end: "[node 3 at a:1, alive]", rest: 1},
		{name: "a suspicion that no descriptor is newer than", steps: []step{here(0, 10, joined), suspicion(1, "9223372036854775807"), here(2, 11), time(9)},
			end: "[node 3 at a:1, alive]", rest: 1},
		{name: "an old suspicion besides", steps: []step{here(0, 10, joined), suspicion(1, "10", suspected), suspicion(2, "9"), time(6, failed)},
			end: "[node 3 at a:1, failed]", rest: 1},
		{name: "suspected again, no extra time", steps: []step{here(0, 10, joined), suspicion(1, "10", suspected),
			{at: 4, kind: gossip.Refreshed, key: "suspect:3:10", value: five, by: 5, stamp: 101}, time(6, failed)}, end: "[node 3 at a:1, failed]", rest: 1},
		{name: "a newer suspicion, no extra time", steps: []step{here(0, 10, joined), suspicion(1, "10", suspected), suspicion(4, "12"), time(6, failed)},
			end: "[node 3 at a:1, failed]", rest: 1},
		{name: "comes back", steps: []step{here(0, 10, joined), suspicion(1, "10", suspected), time(6, failed), here(9, 11, recovered)},
			end: "[node 3 at a:1, alive]", rest: 1},
		{name: "fails twice", steps: []step{here(0, 10, joined), suspicion(1, "10", suspected), here(2, 11, recovered), suspicion(3, "11", suspected), time(8, failed)},
			end: "[node 3 at a:1, failed]", rest: 1},
		{name: "suspicion first", steps: []step{suspicion(0, "10"), here(1, 10, joined, suspected), time(5, failed)}, end: "[node 3 at a:1, failed]", rest: 1},
		{name: "suspicion long before", steps: []step{suspicion(0, "10"), here(7, 10, joined, failed)}, end: "[node 3 at a:1, failed]", rest: 1},
		{name: "void suspicion first", steps: []step{suspicion(0, "9"), here(1, 10, joined), time(9)}, end: "[node 3 at a:1, alive]", rest: 1},
		{name: "suspicion only", steps: []step{suspicion(0, "10"), time(99)}, end: "[]", rest: 1},
		{name: "suspicion goes", steps: []step{here(0, 10, joined), suspicion(1, "10", suspected),
			{at: 2, kind: gossip.Deleted, key: "suspect:3:10", stamp: 300, want: []string{recovered}}, time(9)}, end: "[node 3 at a:1, alive]", rest: 1},
		{name: "leaves", steps: []step{here(0, 10, joined), left(1, gone), time(60), time(61, forgotten)}, end: "[]"},
		{name: "leaves, listed", steps: []step{here(0, 10, joined), left(1, gone), time(60)}, end: "[node 3 at a:1, left]", rest: 1},
		{name: "leaves while suspect", steps: []step{here(0, 10, joined), suspicion(1, "10", suspected), left(2, gone), time(9)},
			end: "[node 3 at a:1, left]", rest: 1},
		{name: "leaves and is suspected", steps: []step{here(0, 10, joined), left(1, gone), suspicion(2, "10"), time(9)}, end: "[node 3 at a:1, left]", rest: 1},
		{name: "leaves and joins", steps: []step{here(0, 10, joined), left(1, gone), here(2, 300, joined), time(99)}, end: "[node 3 at a:1, alive]", rest: 1},
		{name: "leaves unknown", steps: []step{left(1), time(99)}, end: "[]"},
		{name: "descriptor expires", steps: []step{here(0, 10, joined), expired(1, failed), time(60), time(61, forgotten)}, end: "[]"},
		{name: "descriptor expires late", steps: []step{here(0, 10, joined), suspicion(1, "10", suspected), time(6, failed), expired(30), time(89), time(90, forgotten)},
			end: "[]", rest: 1},
		{name: "descriptor expires and is deleted", steps: []step{here(0, 10, joined), expired(1, failed), left(2), time(60), time(61, forgotten)}, end: "[]"},
		{name: "everything expires", steps: []step{here(0, 10, joined), suspicion(1, "10", suspected), time(6, failed), expired(30),
			{at: 31, kind: gossip.Expired, key: "suspect:3:10"}, time(90, forgotten)}, end: "[]"},
		{name: "address", steps: []step{here(0, 10, joined),
			{at: 1, kind: gossip.Updated, key: "node:3", value: descriptor(t, 3, "b:2", ""), stamp: 11, want: []string{"node 3 address changed from a:1 to b:2"}}},
			end: "[node 3 at b:2, alive]", rest: 1},
		{name: "network", steps: []step{here(0, 10, joined),
			{at: 1, kind: gossip.Updated, key: "node:3", value: strings.Replace(descriptor(t, 3, "a:1", ""), "tcp", "udp", 1), stamp: 11,
				want: []string{"node 3 address changed from a:1 to a:1"}}},
			end: "[node 3 at a:1, alive]", rest: 1},
		{name: "address, back", steps: []step{here(0, 10, joined), suspicion(1, "10", suspected), time(6, failed),
			{at: 7, kind: gossip.Updated, key: "node:3", value: descriptor(t, 3, "b:2", ""), stamp: 11, want: []string{recovered, "node 3 address changed from a:1 to b:2"}}},
			end: "[node 3 at b:2, alive]", rest: 1},
		{name: "something else", steps: []step{here(0, 10, joined),
			{at: 1, kind: gossip.Updated, key: "node:3", value: descriptor(t, 3, "a:1", "v2"), stamp: 11, want: []string{"node 3 updated"}}},
			end: "[node 3 at a:1, alive]", rest: 1},
		{name: "another's descriptor", steps: []step{{key: "node:3", value: descriptor(t, 4, "a:1", ""), stamp: 10}}, end: "[]"},
		{name: "by another", steps: []step{{key: "node:3", value: descriptor(t, 3, "a:1", ""), by: 4, stamp: 10}}, end: "[]"},
		{name: "no descriptor", steps: []step{{key: "node:3", value: "\xff", stamp: 10}}, end: "[]"},
		{name: "overwritten", steps: []step{here(0, 10, joined), {at: 1, kind: gossip.Updated, key: "node:3", value: "\xff", stamp: 11, want: []string{gone}}},
			end: "[node 3 at a:1, left]", rest: 1},
		{name: "bad keys", steps: []step{
			{key: "node:", value: descriptor(t, 0, "a:1", "")}, {key: "node:03", value: descriptor(t, 3, "a:1", "")}, {key: "node:x", value: "y"},
			{key: "suspect:", value: five}, {key: "suspect:3", value: five}, {key: "suspect:3:x", value: five}, {key: "suspect:03:10", value: five},
			{key: "else", value: five}}, end: "[]"},
		{name: "bad time to answer", steps: []step{here(0, 10, joined), {at: 1, key: "suspect:3:10", value: "soon"}, time(9)}, end: "[node 3 at a:1, alive]", rest: 1},
		{name: "negative time to answer", steps: []step{here(0, 10, joined), {at: 1, key: "suspect:3:10", value: "-5", want: []string{failed}}},
			end: "[node 3 at a:1, failed]", rest: 1},
		{name: "endless time to answer", steps: []step{here(0, 10, joined), {at: 1, key: "suspect:3:10", value: "9223372036854775807", want: []string{suspected}},
			time(3600), time(3601, failed)}, end: "[node 3 at a:1, failed]", rest: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := members.NewReducer(60e9)
			for i, s := range tt.steps {
				now := start(s.at)
				var events []members.Event
				if s.key == "" {
					events = r.Advance(now)
				} else {
					by := s.by
					if by == 0 {
						by = 3
					}
					events = r.Take(now, members.Change{Kind: s.kind, Key: s.key, Value: s.value, Origin: by, Stamp: stampOf(s.stamp)})
				}
				var got []string
				for _, e := range events {
					got = append(got, e.String())
				}
				if !slices.Equal(got, s.want) {
					t.Errorf("step %d, %q at %ds: events %q, want %q", i, s.key, s.at, got, s.want)
				}
			}
			if got := fmt.Sprint(r.Members()); got != tt.end {
				t.Errorf("Members = %s, want %s", got, tt.end)
			}
			if got := r.Entries(); got != tt.rest {
				t.Errorf("something of %d nodes is remembered, want %d", got, tt.rest)
			}
		})
	}
}

// start returns a time so many seconds after the start of the test's world.
func start(seconds int) time.Time { return time.Unix(1000+int64(seconds), 0) }

func stampOf(ns int64) time.Time { return time.Unix(0, ns) }

func TestReducerDeadlines(t *testing.T) {
	r := members.NewReducer(time.Minute)
	want := func(at int) {
		t.Helper()
		var next time.Time
		if at != 0 {
			next = start(at)
		}
		if got := r.Next(); !got.Equal(next) {
			t.Errorf("Next = %v, want %v", got, next)
		}
	}
	for id := uint64(1); id <= 4; id++ {
		r.Take(start(0), members.Change{Key: fmt.Sprint("node:", id), Value: descriptor(t, id, "a:1", ""), Origin: gossip.NodeID(id), Stamp: stampOf(10)})
	}
	want(0)
	r.Take(start(1), members.Change{Key: "suspect:2:10", Value: "5000000000"})
	want(6)
	r.Take(start(2), members.Change{Key: "suspect:1:10", Value: "3000000000"})
	want(5)
	r.Take(start(2), members.Change{Key: "suspect:4:10", Value: "7000000000"})
	want(5)
	if got := r.Advance(start(4)); got != nil {
		t.Errorf("Advance too early: %v, want nothing", got)
	}
	if got := fmt.Sprint(r.Advance(start(6))); got != "[node 1 failed node 2 failed]" {
		t.Errorf("Advance = %s, want nodes 1 and 2 failed", got)
	}
	want(9)
	if got := r.Waiting(); got != 1 {
		t.Errorf("%d nodes have a deadline, want node 4 alone", got)
	}
	if got := fmt.Sprint(r.Advance(start(9))); got != "[node 4 failed]" {
		t.Errorf("Advance = %s, want node 4 failed", got)
	}
	want(0)
	r.Take(start(7), members.Change{Kind: gossip.Deleted, Key: "node:3", Stamp: stampOf(20)})
	want(67)
	if got := fmt.Sprint(r.Advance(start(67))); got != "[node 3 forgotten]" {
		t.Errorf("Advance = %s, want node 3 forgotten", got)
	}
}

func TestSince(t *testing.T) {
	r := members.NewReducer(time.Minute)
	since := func(want int) {
		t.Helper()
		if got := r.Members()[0].Since; !got.Equal(start(want)) {
			t.Errorf("%v since %v, want %v", r.Members()[0], got, start(want))
		}
	}
	here := func(at int, stamp int64) {
		r.Take(start(at), members.Change{Kind: gossip.Refreshed, Key: "node:3", Value: descriptor(t, 3, "a:1", ""), Origin: 3, Stamp: stampOf(stamp)})
	}
	here(1, 10)
	here(2, 11)
	since(1)
	r.Take(start(3), members.Change{Key: "suspect:3:11", Value: "5000000000"})
	since(3)
	r.Advance(start(9))
	since(9)
	here(10, 12)
	since(10)
}
