package core_test

import (
	"fmt"
	"testing"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// sentinelLife and clusterLife are those of a node with the defaults.
const (
	sentinelLife = 10 * second
	clusterLife  = 120 * second
)

// byDefault has a node keep the sentinel by default.
func byDefault(c *core.Config) {
	c.Node, c.Sentinel, c.ClusterLife = 5, sentinelLife, clusterLife
}

// TestSentinelGrown: a node that looks for others, and has leaves alone, keeps no sentinel; once one of them has an ID, it does.
func TestSentinelGrown(t *testing.T) {
	w := newWorld(1, func(c *core.Config) { byDefault(c); c.Resolvers = 1 })
	w.start(1)
	w.run(3 * second)
	p := w.dialIn(t, 0, 1)
	p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Leaf: true})
	p.drop()
	w.idle(p, 20*second)
	if r := live(w.nodes[1].core.Record("sentinel")); r != nil {
		t.Errorf("with a leaf alone, it keeps %s", show(r))
	}
	p.id = 10
	p.hello(wire.Hello{ClusterID: "test"})
	w.idle(p, 20*second)
	if r := live(w.nodes[1].core.Record("sentinel")); r == nil {
		t.Error("nobody keeps the sentinel once the leaf has an ID")
	}
}

// TestSentinelAlone: who is alone, and has nobody to look for, keeps both keys after the time in which somebody who chose to
// could have shown up, and refreshes them at half their life. Who looks for others, has no ID or is told not to keeps none.
func TestSentinelAlone(t *testing.T) {
	tests := []struct {
		name    string
		set     func(*core.Config)
		value   string // of the sentinel
		cluster string
	}{
		{"alone", nil, core.DefaultSentinel, "test"},
		{"no cluster ID yet", func(c *core.Config) { c.ClusterID = "" }, core.DefaultSentinel, ""},
		{"with resolvers", func(c *core.Config) { c.Resolvers = 1 }, "", ""},
		{"no ID", func(c *core.Config) { c.Node = 0 }, "", ""},
		{"told not to", func(c *core.Config) { c.Sentinel = 0 }, "", ""},
		{"its own choice", func(c *core.Config) {
			c.Keep = []core.Keep{{Key: "sentinel", Value: "mine", TTL: sentinelLife}}
		}, "mine", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(1, func(c *core.Config) {
				byDefault(c)
				if tt.set != nil {
					tt.set(c)
				}
			})
			w.start(1)
			value := func(key string) string {
				if r := live(w.nodes[1].core.Record(key)); r != nil {
					return r.Value
				}
				return ""
			}
			w.run(second - 1)
			if got := value("sentinel"); got == core.DefaultSentinel {
				t.Errorf("keeps the sentinel by default before anybody else could")
			}
			for i := range 50 {
				w.run(5 * second)
				if got := value("sentinel"); got != tt.value {
					t.Fatalf("after %d s the sentinel is %q, want %q", i*5, got, tt.value)
				}
				if got := value("cluster-id"); got != tt.cluster {
					t.Fatalf("after %d s the cluster ID is %q, want %q", i*5, got, tt.cluster)
				}
			}
			if got := w.nodes[1].core.Marks()[w.origin(1)]; tt.value == core.DefaultSentinel && got > 57 {
				t.Errorf("%d writes in 250 s, want one each 5 s and for the cluster ID one each 60 s", got)
			}
		})
	}
}

// TestSentinelClusterAdopted: the cluster ID is kept, too, once the node has one.
func TestSentinelClusterAdopted(t *testing.T) {
	w := newWorld(1, func(c *core.Config) { byDefault(c); c.ClusterID, c.Resolvers = "", 1 })
	w.start(1)
	w.run(3 * second)
	w.idle(w.admitted(t, 10, 1, wire.Chord), 6*second)
	if r := live(w.nodes[1].core.Record("cluster-id")); r == nil || r.Value != "test" || r.Node != 5 {
		t.Errorf("under cluster-id stands %s, want what the peer said, kept by this node", show(r))
	}
}

// idle lets d pass, in which nothing comes from the peers but what keeps their links up.
func (w *world) idle(p *peer, d int64) {
	for end := w.now + d; w.now < end; {
		w.run(min(second, end-w.now))
		p.send(wire.AppendPing(nil, wire.Ping{}))
	}
}

// TestSentinelTurns: a node takes the sentinel over from a higher ID, and from a lower one before it expires, but only one
// that was kept by default; one of somebody's choice expires.
func TestSentinelTurns(t *testing.T) {
	low, high := core.Origin{Node: 3, Incarnation: 100}, core.Origin{Node: 20, Incarnation: 100}
	tests := []struct {
		name  string
		from  core.Origin
		value string
		bones bool  // only what is left of it comes
		after int64 // how long node 5 has kept its own when it comes
		gone  bool  // it is deleted two seconds later
		want  int64 // when node 5 writes, after it has heard of it; 0: never
	}{
		{name: "higher", from: high, value: core.DefaultSentinel, want: second},
		{name: "higher, later", from: high, value: core.DefaultSentinel, after: 3 * second, want: second},
		{name: "lower, deleted", from: low, value: core.DefaultSentinel, gone: true, want: second},
		{name: "lower", from: low, value: core.DefaultSentinel, want: 7*second + 500*ms},
		{name: "higher, chosen", from: high, value: "test"},
		{name: "lower, chosen", from: low, value: "test"},
		{name: "expired long ago", from: low, bones: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(1, func(c *core.Config) { byDefault(c); c.Resolvers = 1 })
			w.start(1)
			w.run(second)
			p := w.admitted(t, 10, 1, wire.Chord)
			w.idle(p, tt.after)
			in := infoOf(tt.from, 1, tt.value, w.now+second, sentinelLife, 0)
			if tt.bones {
				in.State = gossippb.State_SKELETON
				in.Age = sentinelLife + second
			}
			p.send(frame(of("sentinel", in), claim(tt.from, 0, 1)))
			if tt.gone {
				w.idle(p, 2*second)
				p.send(frame(tombstone(tt.from, 2, "sentinel", w.now+second, hour), claim(tt.from, 1, 2)))
			}
			own := w.nodes[1].core.Marks()[w.origin(1)]
			wrote := func() bool { return w.nodes[1].core.Marks()[w.origin(1)] > own }
			if tt.want == 0 {
				w.idle(p, 60*second)
				if wrote() {
					t.Errorf("under the sentinel stands %s now", show(w.nodes[1].core.Record("sentinel")))
				}
				return
			}
			w.idle(p, tt.want-1)
			if wrote() {
				t.Error("writes too early")
			}
			w.idle(p, 1)
			if r := live(w.nodes[1].core.Record("sentinel")); !wrote() || r == nil || r.Node != 5 || r.Value != core.DefaultSentinel {
				t.Errorf("holds %s, want one of its own", show(r))
			}
		})
	}
}

// TestSentinelStagger: the second node waits for one step, the fourth for two, the eighth for three; those between wait in
// between, each longer than the one before.
func TestSentinelStagger(t *testing.T) {
	for before, want := range []int64{0, 100, 150, 200, 225, 250, 275, 300} {
		if got := core.Stagger(before, 100); got != want {
			t.Errorf("behind %d others a node waits for %d hundredths of a step, want %d", before, got, want)
		}
	}
}

// TestSentinelChosenInsists: who chose to keep the sentinel says so at once where another one does by default, and that
// one is quiet from then on.
func TestSentinelChosenInsists(t *testing.T) {
	w := newWorld(1, func(c *core.Config) {
		byDefault(c)
		c.Keep = []core.Keep{{Key: "sentinel", Value: "mine", TTL: sentinelLife}}
	})
	w.start(1)
	p := w.admitted(t, 10, 1, wire.Chord)
	other := core.Origin{Node: 3, Incarnation: 100}
	p.send(frame(of("sentinel", infoOf(other, 1, core.DefaultSentinel, 2*second, sentinelLife, 0)), claim(other, 0, 1)))
	if r := live(w.nodes[1].core.Record("sentinel")); r == nil || r.Value != "mine" {
		t.Errorf("holds %s, want its own", show(r))
	}

	w = pair(func(c *core.Config) {
		c.Sentinel, c.ClusterLife = sentinelLife, clusterLife
		if c.Node == 2 {
			c.Keep = []core.Keep{{Key: "sentinel", Value: "mine", TTL: sentinelLife}}
		}
	})
	for range 30 {
		w.run(second)
		for i := 1; i <= 2; i++ {
			if r := live(w.nodes[i].core.Record("sentinel")); r == nil || r.Value != "mine" {
				t.Fatalf("node %d holds %s, want that of node 2", i, show(r))
			}
		}
	}
}

// TestSentinelMissing: once seen, its expiry has the resolvers asked again within a second, and then at longer and longer
// pauses, until it is back; never are there more dials than MaxPeers.
func TestSentinelMissing(t *testing.T) {
	w := newWorld(1, func(c *core.Config) { byDefault(c); c.Resolvers, c.MaxPeers = 1, 4 })
	w.handDials = true
	w.start(1)
	asks := func() int { return w.nodes[1].asks }
	p := w.admitted(t, 10, 1, wire.Chord)
	self := core.Origin{Node: p.id, Incarnation: p.inc}
	p.send(frame(info(self, 1, "node:10", descriptor(10), 2*second, hour), claim(self, 0, 1)))
	w.idle(p, 3*second) // it had asked twice in vain before there was a link
	before := asks()
	w.idle(p, 17*second)
	if got := asks() - before; got != 0 {
		t.Fatalf("asked %d times before there was a sentinel", got)
	}
	for id := range uint64(30) {
		w.nodes[1].seeds = append(w.nodes[1].seeds, addrOf(100+id))
	}
	keeper := core.Origin{Node: 3, Incarnation: 100}
	p.send(frame(of("sentinel", infoOf(keeper, 1, "test", 21*second, sentinelLife, 0)), claim(keeper, 0, 1)))
	w.idle(p, sentinelLife)
	before = asks()
	w.idle(p, second)
	if got := asks() - before; got != 1 {
		t.Errorf("asked %d times within a second of its expiry, want once", got)
	}
	if got := len(w.nodes[1].dials); got != 4 {
		t.Errorf("%d dials are under way, want 4 of the 30 addresses, as many as there may be", got)
	}
	w.idle(p, 300*second)
	if got := asks() - before; got < 8 || got > 14 {
		t.Errorf("asked %d times within five minutes, want 8 to 14", got)
	}
	p.send(frame(of("sentinel", infoOf(keeper, 2, "test", 400*second, hour, 0)), claim(keeper, 1, 2)))
	before = asks()
	w.idle(p, 300*second)
	if got := asks() - before; got != 0 {
		t.Errorf("asked %d times although it is back", got)
	}
}

// TestSentinelAfterMany: a node takes its turn behind those with lower IDs that are there, not behind those that are lost.
func TestSentinelAfterMany(t *testing.T) {
	for _, lost := range []bool{false, true} {
		w := newWorld(1, func(c *core.Config) { byDefault(c); c.Node, c.Resolvers = 100, 1 })
		w.handDials = true
		w.start(1)
		w.run(second)
		p := w.admitted(t, 200, 1, wire.Chord)
		for id := uint64(1); id < 64; id++ {
			x := core.Origin{Node: id, Incarnation: 100}
			p.send(frame(info(x, 1, fmt.Sprint("node:", id), descriptor(id), 2, hour), claim(x, 0, 1)))
			if lost {
				p.send(frame(info(x, 2, fmt.Sprint("suspect:", id, ":", epoch+2), fmt.Sprint(5*second), 3, hour), claim(x, 1, 2)))
			}
		}
		w.idle(p, 1500*ms)
		if r := live(w.nodes[1].core.Record("sentinel")); (r != nil) != lost {
			t.Errorf("lost %t: after a second and a half the sentinel is %s", lost, show(r))
		}
	}
}
