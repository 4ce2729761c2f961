package sim_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
	"github.com/grapevine-go/grapevine/gossiptest/sim/check"
	"github.com/grapevine-go/grapevine/gossiptest/sim/search"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// broken is a core that breaks a rule. Each field that is set is a way to do so.
type broken struct {
	*core.Core
	node    uint64
	in      func(now *core.Now, in *core.Input) // changes what comes in
	out     func(out *core.Outputs)             // changes what goes out
	origins func(*core.OriginInfo)              // changes what it shows
	backlog int
	life    uint64
}

func (b *broken) Step(now core.Now, in core.Input) *core.Outputs {
	if b.in != nil {
		b.in(&now, &in)
	}
	out := b.Core.Step(now, in)
	if b.out != nil {
		b.out(out)
	}
	return out
}

func (b *broken) Origins(yield func(core.OriginInfo) bool) {
	b.Core.Origins(func(o core.OriginInfo) bool {
		if b.origins != nil {
			b.origins(&o)
		}
		return yield(o)
	})
}

func (b *broken) Backlog(id core.LinkID) int { return max(b.backlog, b.Core.Backlog(id)) }

func (b *broken) Incarnation() uint64 {
	if b.life != 0 {
		return b.life
	}
	return b.Core.Incarnation()
}

// infos has f change each info that comes in and is not a node's own.
func infos(f func(*wire.Info)) func(*broken) {
	return func(b *broken) {
		b.in = func(_ *core.Now, in *core.Input) {
			if in.Frame == nil {
				return
			}
			for i := range in.Frame.Infos {
				if x := &in.Frame.Infos[i]; x.Node != b.node {
					f(x)
				}
			}
		}
	}
}

// A schedule in which everything happens that a broken core needs.
const plain = `
seed 1
nodes 8
for 40s
write at 2s node 5 key a ttl 0s
write at 3s node 5 key a ttl 0s
write at 4s node 6 key short ttl 3s
write at 6s node 4 key a ttl 0s
wipe at 8s for 1s nodes 3
write at 12s node 0 key own ttl 0s
crash at 25s for 1s nodes 0
write at 27s node 6 key late ttl 3s
write at 30s node 5 key a ttl 0s
`

// Where datagrams are lost, what a node has and claims is looked at in the end only.
func TestBrokenCoreWithDatagrams(t *testing.T) {
	for _, until := range []time.Duration{20 * time.Second, time.Hour} {
		s, err := search.Parse(plain + "datagrams at 1s for 1s amount 0\n")
		if err != nil {
			t.Fatal(err)
		}
		var network *sim.Sim
		network = sim.NewWith(s.Options(), func(c core.Config) sim.Machine {
			b := &broken{Core: core.New(c), node: c.Node}
			infos(func(in *wire.Info) {
				if in.Key == "a" && network.Now() < until {
					in.Value = "?"
				}
			})(b)
			return b
		})
		_, err = search.RunOn(network, s)
		var v *check.Violation
		if last := until > s.For; last != (errors.As(err, &v) && v.At > s.For) || !last && err != nil {
			t.Errorf("values changed until %v: the run ended with %v", until, err)
		}
	}
}

// What a node keeps to itself is not missed where a flood would have lost it, too.
func TestBrokenCoreAndAllCrash(t *testing.T) {
	s, err := search.Parse(strings.Replace(plain, "for 1s nodes 0\n", "for 1s nodes 0,1,2,3,4,5,6,7\n", 1))
	if err != nil {
		t.Fatal(err)
	}
	network := sim.NewWith(s.Options(), func(c core.Config) sim.Machine {
		b := &broken{Core: core.New(c), node: c.Node}
		mute(b)
		return b
	})
	if _, err := search.RunOn(network, s); err != nil {
		t.Error(err)
	}
}

// mute is a network that hears nothing of key own, which node 1 writes.
func mute(b *broken) {
	b.in = func(_ *core.Now, in *core.Input) {
		if in.Frame == nil || b.node == 1 {
			return
		}
		f := in.Frame
		f.Infos = slices.DeleteFunc(f.Infos, func(i wire.Info) bool { return i.Key == "own" })
		f.Ranges = slices.DeleteFunc(f.Ranges, func(r wire.Range) bool { return r.NodeID == 1 && r.To > 1 })
	}
}

// unpruned is a network that hears no prunes.
func unpruned(b *broken) {
	b.in = func(_ *core.Now, in *core.Input) {
		if in.Frame != nil {
			in.Frame.Prunes = nil
		}
	}
}

// Each rule of package check is broken by a core, and found to be.
func TestBrokenCores(t *testing.T) {
	parents := map[uint64]uint64{2: 3, 3: 2} // node 2 hears everything from node 3, and the other way round
	tests := []struct {
		name string
		rule check.Rule // 0: none
		core func(b *broken)
		text string // of the violation

		doubled int // so many nodes have two parents
	}{
		{name: "a core as it should be", core: func(*broken) {}},
		{name: "another value", rule: check.Merge, core: infos(func(in *wire.Info) { in.Value = "?" }), text: "nobody wrote"},
		{name: "another stamp", rule: check.Merge, core: infos(func(in *wire.Info) { in.Stamp.Wall++ }), text: "nobody wrote"},
		{name: "infos left out", rule: check.Coverage, text: "covers", core: func(b *broken) {
			b.in = func(_ *core.Now, in *core.Input) {
				if in.Frame != nil && b.node == 3 {
					in.Frame.Infos = nil
				}
			}
		}},
		{name: "back to what was", rule: check.Order, text: "after", core: func(b *broken) {
			var seen []*core.Record
			b.out = func(out *core.Outputs) {
				for i := range out.Changes {
					if c := &out.Changes[i]; c.Record.Key == "a" {
						if seen = append(seen, c.Record); len(seen) == 3 {
							c.Record = seen[0]
						}
					}
				}
			}
		}},
		{name: "younger than it is", rule: check.Lifetime, core: infos(func(in *wire.Info) { in.Age = -int64(time.Hour) }), text: `takes "n6 at 4s"`},
		{name: "younger than it is, at one node", rule: check.Lifetime, text: `n1 has "n6 at 27s"`, core: func(b *broken) {
			infos(func(in *wire.Info) {
				if in.Key == "late" && b.node == 2 {
					in.Age = -int64(time.Hour)
				}
			})(b)
		}},
		{name: "older than it is", rule: check.Lifetime, core: infos(func(in *wire.Info) { in.Age = in.TTL / 2 }), text: "has expired"},
		{name: "deaf", rule: check.Equal, text: "do not claim the same", core: func(b *broken) {
			b.in = func(_ *core.Now, in *core.Input) {
				if in.Frame != nil && b.node == 7 {
					f := in.Frame
					f.Infos, f.Ranges, f.Adverts, f.Standins, f.Marks = nil, nil, nil, nil, nil
				}
			}
		}},
		{name: "two parents, as it should be", doubled: 5, core: func(*broken) {}},
		{name: "no prunes", rule: check.Copies, text: "has come", core: unpruned},
		{name: "no prunes, two parents", rule: check.Copies, text: "has come", doubled: 8, core: unpruned},
		{name: "two parents where one is allowed", rule: check.Copies, text: "n6 has 2 parents in the tree of n0, and 1 are allowed", doubled: 6, core: func(b *broken) {
			b.origins = func(o *core.OriginInfo) {
				if b.node == 7 && o.Node != 7 {
					o.Second = o.Parent
				}
			}
		}},
		{name: "parents in a circle", rule: check.Trees, text: "in a circle", core: func(b *broken) {
			b.origins = func(o *core.OriginInfo) {
				for _, l := range b.Links() {
					if l.Node == parents[b.node] && o.Node == 1 {
						o.Parent = l.Link
					}
				}
			}
		}},
		{name: "links without end", rule: check.Bounds, text: "links that it dialled", core: func(b *broken) {
			b.Core = core.New(core.Config{
				ClusterID: "sim", Node: b.node, Addr: wire.Addr{Network: "sim", Address: "n" + string('0'+rune(b.node-1))},
				Instance: b.node, MaxPeers: 100, Resolvers: 1,
				Limits: core.Limits{Infos: 1000, Origins: 1000, Frame: 1 << 20},
				Timers: core.Timers{Ping: 1e9, Advert: 2e7, Graft: 1e7, Pace: 1e7, Resolve: 1e9, MaxTTL: 1e14, MaxSkew: 5e8},
			})
		}},
		{name: "queues without end", rule: check.Bounds, text: "wait for a link", core: func(b *broken) { b.backlog = 1000 }},
		{name: "an incarnation twice", rule: check.Incarnations, text: "as its write 1", core: func(b *broken) {
			b.in = func(now *core.Now, in *core.Input) {
				if now.Wall = 1; in.Kind == core.InStart {
					in.Incarnation = 7
				}
			}
		}},
		{name: "an old incarnation", rule: check.Incarnations, text: "knows that it has been", core: func(b *broken) {
			if b.node == 4 {
				b.life = 1
			}
		}},
		{name: "mute", rule: check.Survival, text: `has nothing of "n0 at 12s"`, core: mute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := search.Parse(plain)
			if err != nil {
				t.Fatal(err)
			}
			s.Doubled = tt.doubled
			opts := s.Options()
			if tt.name == "links without end" {
				opts.MaxPeers = 2
			}
			network := sim.NewWith(opts, func(c core.Config) sim.Machine {
				b := &broken{Core: core.New(c), node: c.Node}
				tt.core(b)
				return b
			})
			_, err = search.RunOn(network, s)
			if tt.rule == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var v *check.Violation
			if !errors.As(err, &v) || v.Rule != tt.rule || !strings.Contains(v.Text, tt.text) {
				t.Errorf("the run ended with %v, want a violation of %v that says %q", err, tt.rule, tt.text)
			}
		})
	}
}

// What is placed is held to the rules, too.
func TestBrokenCorePlaced(t *testing.T) {
	s := sim.NewWith(sim.Options{Nodes: 8, Seed: 1}, func(c core.Config) sim.Machine {
		b := &broken{Core: core.New(c), node: c.Node}
		if c.Node == 3 {
			b.origins = func(o *core.OriginInfo) {
				if o.Node == 6 {
					o.Covered++
				}
			}
		}
		return b
	})
	c := check.Watch(s)
	s.Place()
	s.RunFor(time.Second)
	if err := s.Add(1, "k", nil, 0); err != nil {
		t.Fatal(err)
	}
	s.RunFor(time.Second)
	var v *check.Violation
	if err := c.Quiet(); !errors.As(err, &v) || v.Rule != check.Coverage || !strings.Contains(v.Text, "n2 covers 2 writes of n5") {
		t.Errorf("a node that claims too much: %v", err)
	}
}
