package members_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/members"
	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

const ping = time.Second // between neighbours, in a Sim

// views are the members as each node of a Sim sees them, made by the code that a View is made of.
type views struct {
	*sim.Sim
	t       *testing.T
	of      []*members.Reducer
	failed  []map[gossip.NodeID]time.Duration // since when a running node has been failed, by who says so
	events  map[members.EventKind]int
	wronged time.Duration // the longest that a running node was reported failed
}

// kinds are the names of changes in a Sim, as a View knows them.
var kinds = map[sim.ChangeKind]gossip.EventKind{
	sim.Added: gossip.Added, sim.Updated: gossip.Updated, sim.Refreshed: gossip.Refreshed,
	sim.Deleted: gossip.Deleted, sim.Expired: gossip.Expired,
}

// simulate returns a network that has settled.
func simulate(t *testing.T, opts sim.Options) *views {
	v := &views{t: t, of: make([]*members.Reducer, opts.Nodes), events: map[members.EventKind]int{}}
	v.failed = make([]map[gossip.NodeID]time.Duration, opts.Nodes)
	opts.OnChange = v.changed
	v.Sim = sim.New(opts)
	for i := range opts.Nodes {
		v.clear(i)
	}
	v.StartAll(10 * time.Millisecond)
	v.pass(5 * time.Second)
	v.agree(time.Second)
	v.events = map[members.EventKind]int{}
	return v
}

// clear has a node know nothing.
func (v *views) clear(node int) {
	v.of[node] = members.NewReducer(time.Hour)
	v.failed[node] = map[gossip.NodeID]time.Duration{}
}

// at is a time of the Sim as a Reducer knows it.
func at(d time.Duration) time.Time { return time.Unix(0, 0).Add(d) }

func (v *views) changed(c sim.Change) {
	events := v.of[c.Node].Take(at(c.At), members.Change{
		Kind: kinds[c.Kind], Key: c.Key, Value: c.Value, Origin: gossip.NodeID(c.From), Stamp: c.Stamp,
	})
	v.happened(c.Node, events)
}

func (v *views) happened(node int, events []members.Event) {
	for _, e := range events {
		v.events[e.Kind]++
		id := e.Member.NodeID
		since, was := v.failed[node][id]
		switch {
		case e.Kind == members.Failed && v.Running(int(id)-1):
			v.failed[node][id] = v.Now()
		case was && e.Kind != members.Failed:
			v.wronged = max(v.wronged, v.Now()-since)
			delete(v.failed[node], id)
		}
	}
}

// pass has time pass, for the Reducers as well.
func (v *views) pass(d time.Duration) {
	for end := v.Now() + d; v.Now() < end; {
		v.RunFor(10 * time.Millisecond)
		for i, r := range v.of {
			if v.Running(i) {
				v.happened(i, r.Advance(at(v.Now())))
			}
		}
	}
	if v.Err() != nil {
		v.t.Fatal(v.Err())
	}
}

// restart starts a node anew. Those who had it failed are wrong from now on.
func (v *views) restart(node int) {
	v.clear(node)
	v.Restart(node)
	for i, r := range v.of {
		for _, m := range r.Members() {
			if m.NodeID == gossip.NodeID(node+1) && m.State == members.StateFailed && i != node {
				v.failed[i][m.NodeID] = v.Now()
			}
		}
	}
}

// wrong says how a running node sees another than it is: running ones are alive, the others failed, or unknown.
func (v *views) wrong() string {
	for i, r := range v.of {
		if !v.Running(i) {
			continue
		}
		alive := 0
		for _, m := range r.Members() {
			running := v.Running(int(m.NodeID) - 1)
			if running && m.State == members.StateAlive {
				alive++
			} else if running || m.State != members.StateFailed {
				return fmt.Sprintf("seed %d, at %v: n%d sees %v, which runs: %t", v.Seed(), v.Now(), i, m, running)
			}
		}
		running := 0
		for j := range v.Len() {
			if v.Running(j) {
				running++
			}
		}
		if alive != running {
			return fmt.Sprintf("seed %d, at %v: n%d sees %d alive, want %d", v.Seed(), v.Now(), i, alive, running)
		}
	}
	return ""
}

// agree has all running nodes see everybody as they are, within limit.
func (v *views) agree(limit time.Duration) time.Duration {
	v.t.Helper()
	start := v.Now()
	for v.wrong() != "" {
		if v.Now()-start >= limit {
			v.t.Fatal(v.wrong())
		}
		v.pass(100 * time.Millisecond)
	}
	return v.Now() - start
}

// Of 200 nodes, 20 die and 20 die and start again: everybody is seen as they are, and no live node is reported failed for
// longer than it takes to refute.
func TestKilledAndRestarted(t *testing.T) {
	tests := []struct {
		name    string
		kill    func(*sim.Sim, int)
		restart time.Duration // after the death; zero: within the same instant
		limit   time.Duration // until all agree
	}{
		{name: "crash, restart at once", kill: (*sim.Sim).Crash, limit: 8 * ping},
		{name: "crash, restart before they have failed", kill: (*sim.Sim).Crash, restart: 2 * ping, limit: 8 * ping},
		{name: "crash, restart after they have failed", kill: (*sim.Sim).Crash, restart: 10 * ping, limit: 8 * ping},
		{name: "silence, restart unnoticed", kill: (*sim.Sim).Silence, restart: ping, limit: 12 * ping},
		{name: "silence, restart after they have failed", kill: (*sim.Sim).Silence, restart: 15 * ping, limit: 12 * ping},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			nodes := 200
			if raceEnabled && i > 0 {
				nodes = 50 // all of 200 take half a minute of CPU then, and there is one goroutine
			}
			v := simulate(t, sim.Options{Nodes: nodes, Seed: uint64(i) + 1})
			victims := rand.New(rand.NewPCG(uint64(i), 0)).Perm(nodes)[:nodes/5]
			for _, n := range victims {
				tt.kill(v.Sim, n)
			}
			if tt.restart > 0 {
				v.pass(tt.restart)
			}
			for _, n := range victims[:nodes/10] {
				v.restart(n)
			}
			took := v.agree(tt.limit)
			v.pass(10 * ping)
			if text := v.wrong(); text != "" {
				t.Error(text)
			}
			if limit := 3 * ping; v.wronged > limit {
				t.Errorf("a live node was reported failed for %v, want at most %v", v.wronged, limit)
			}
			suspicions := v.suspicions()
			if limit := 3 * len(victims); suspicions > limit {
				t.Errorf("%d suspicions of %d nodes were published, want at most %d", suspicions, len(victims), limit)
			}
			t.Logf("all agree after %v; a live node reported failed for %v; %d suspicions; %v", took, v.wronged, suspicions, v.events)
		})
	}
}

// Where most of a network dies at one moment, some of the dead had links to nobody else. They are found all the same.
func TestMostDie(t *testing.T) {
	for seed := range uint64(10) {
		v := simulate(t, sim.Options{Nodes: 40, Seed: seed + 1})
		for _, n := range rand.New(rand.NewPCG(seed, 0)).Perm(40)[:28] {
			v.Crash(n)
		}
		v.agree(20 * ping)
		if v.wronged != 0 {
			t.Errorf("seed %d: a live node was reported failed for %v", seed, v.wronged)
		}
	}
}

// suspicions counts those that were ever written.
func (v *views) suspicions() (n int) {
	for _, u := range v.Updates() {
		if strings.HasPrefix(u.Key, "suspect:") {
			n++
		}
	}
	return n
}

// The two sides of a partition take each other for failed, and know better once it is healed: as soon as they are linked
// again. A node that was alone is no danger to the others.
func TestPartitionHealed(t *testing.T) {
	tests := []struct {
		name string
		left int
	}{
		{name: "one node alone", left: 1},
		{name: "halves", left: 15},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := simulate(t, sim.Options{Nodes: 30, Seed: uint64(i) + 1})
			var left []int
			for n := range tt.left {
				left = append(left, n)
			}
			v.Partition(left)
			v.pass(20 * ping)
			if failed, want := v.events[members.Failed], 2*tt.left*(30-tt.left); tt.left > 1 && failed != want {
				t.Errorf("%d have failed, want each of both sides for each across the partition, %d", failed, want)
			} else if failed == 0 {
				t.Error("nobody has failed, want those across the partition")
			}
			v.Heal()
			took := v.agree(12 * ping)
			t.Logf("all agree %v after the healing; %d suspicions; %v", took, v.suspicions(), v.events)
		})
	}
}

// While nothing fails, nobody is suspected, and members cost nothing.
func TestNothingFails(t *testing.T) {
	v := simulate(t, sim.Options{Nodes: 50, Seed: 1})
	v.pass(2 * time.Minute) // in which nodes end links that are too many, and others dial in their place
	before, written := v.Stats(), len(v.Updates())
	v.pass(time.Minute)
	if n := v.suspicions(); n != 0 || len(v.events) != 0 {
		t.Errorf("%d suspicions, events %v, want none", n, v.events)
	}
	if now := v.Stats(); now.Dials != before.Dials || now.Infos != before.Infos || len(v.Updates()) != written {
		t.Errorf("%d dials, %d infos written and %d copies of infos, want none", now.Dials-before.Dials, len(v.Updates())-written, now.Infos-before.Infos)
	}
	for i, r := range v.of {
		if next := r.Next(); !next.IsZero() {
			t.Errorf("n%d waits for %v, want nothing to wait for", i, next)
		}
	}
}
