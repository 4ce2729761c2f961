package sim_test

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/gossiptest/sim"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/serial"
	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/internal/tracing"
	"github.com/grapevine-go/grapevine/resolver"
)

const begin = 10 * time.Millisecond // when the first node starts

// life is one run of a core, as production drives it.
type life struct {
	cfg      core.Config
	commands []core.Command
	steps    []stepOf
}

// stepOf is a step of a core.
type stepOf struct {
	hash uint64
	text string
}

type lifeKey struct{ node, run int }

func noteStep(now core.Now, in *core.Input, out *core.Outputs) stepOf {
	plain := *in
	if in.Command != nil { // commands are numbered by whoever gives them
		c := *in.Command
		c.N = 0
		plain.Command = &c
	}
	o := *out
	o.Replies = slices.Clone(out.Replies)
	for i := range o.Replies {
		o.Replies[i].N = 0
	}
	return stepOf{
		hash: tracing.Outputs(tracing.Input(0, 0, now, &plain, nil), &o),
		text: fmt.Sprintf("%v: input %d, link %d: %d sends, %d dials, %d closes, %d changes, next %v",
			time.Duration(now.Mono), in.Kind, in.Link, len(out.Sends), len(out.Dials), len(out.Closes), len(out.Changes), time.Duration(out.Next)),
	}
}

// script is what happens in both worlds.
type script struct {
	nodes  int
	seed   uint64
	span   time.Duration
	faults fault.Schedule
}

func (s script) model() simnet.Options {
	return simnet.Options{Seed: s.seed, Latency: 10 * time.Millisecond, Jitter: 0.1, DialTimeout: time.Second}
}

func (s script) startOf(node int) time.Duration { return begin + time.Duration(node)*time.Millisecond }

// writes calls f for each write: when, who, and what.
func (s script) writes(f func(at time.Duration, node int, key string)) {
	for i := range 40 {
		f(500*time.Millisecond+time.Duration(i)*s.span/50, i*7%s.nodes, fmt.Sprint("k", i%10))
	}
}

// produce runs the script with gossip.Gossip and all its goroutines, in a serialised bubble.
func produce(t *testing.T, s script) map[lifeKey]*life {
	lives := map[lifeKey]*life{}
	synctest.Test(t, func(t *testing.T) {
		p := &production{t: t, nodes: make([]*gossip.Gossip, s.nodes)}
		net := s.model()
		net.Hosts = s.nodes
		p.w = serial.New(serial.Options{
			Net: net, MaxFrame: 4 << 20, MaxSteps: 1 << 30,
			Seeds: func() []int { return []int{0, 1, 2} },
			OnCore: func(host, run int, cfg core.Config) {
				lives[lifeKey{host, run}] = &life{cfg: cfg}
			},
			OnStep: func(host, run int, now core.Now, in *core.Input, out *core.Outputs) {
				l := lives[lifeKey{host, run}]
				if in.Command != nil {
					l.commands = append(l.commands, *in.Command)
				}
				l.steps = append(l.steps, noteStep(now, in, out))
			},
		})
		err := p.w.Run(func() {
			for i := range s.nodes {
				p.w.Sleep(s.startOf(i) - p.w.Now())
				p.Start(i)
			}
			for _, f := range s.faults {
				p.w.Schedule(f, p)
			}
			s.writes(func(at time.Duration, node int, key string) {
				p.w.After(at-p.w.Now(), func() {
					if p.w.Host(node).Run() != nil {
						if err := p.nodes[node].AddInfo(key, fmt.Append(nil, at), 0); err != nil {
							t.Error(err)
						}
					}
				})
			})
			p.w.Sleep(s.span - p.w.Now())
		})
		if err != nil {
			t.Error(err)
		}
		if hung, body := p.w.Abandon(10 * time.Second); len(hung) > 0 || body {
			t.Errorf("still running: %v, %v", hung, body)
		}
	})
	return lives
}

// production is nodes as programs run them.
type production struct {
	t     *testing.T
	w     *serial.World
	nodes []*gossip.Gossip
}

func (p *production) Start(i int) {
	p.w.Host(i).Start(func(r *serial.Run) error {
		g, err := gossip.New(gossip.Config{
			ClusterID: "test", NodeID: gossip.NodeID(i + 1), Transport: r.Transport(), Clock: r.Clock(), Store: r.Store(),
			Resolvers: []resolver.Resolver{r.Resolver()}, Seed: uint64(1000*i + r.Number()),
		})
		if err != nil {
			p.t.Error(err)
			return err
		}
		p.nodes[i] = g
		return g.Run(r.Context())
	})
}

func (p *production) Crash(host int, silence, wipe bool) {
	if r := p.w.Host(host).Run(); r != nil {
		r.Crash(silence)
	}
}

// simulate runs the script with the engine alone, and holds each step of each core against production's.
func simulate(t *testing.T, s script, lives map[lifeKey]*life) {
	model := s.model()
	var network *sim.Sim
	runs := make([]int, s.nodes)
	total := 0
	network = sim.NewWith(sim.Options{
		Nodes: s.nodes, Seed: s.seed, Latency: model.Latency, Jitter: model.Jitter, DialTimeout: model.DialTimeout,
	}, func(cfg core.Config) sim.Machine {
		node := int(cfg.Node) - 1
		runs[node]++
		l := lives[lifeKey{node, runs[node]}]
		if l == nil {
			t.Fatalf("production has no run %d of n%d", runs[node], node)
		}
		return &twin{Core: core.New(l.cfg), life: l, step: func(k int, got stepOf) {
			total++
			if k >= len(l.steps) || l.steps[k] != got {
				want := "nothing"
				if k < len(l.steps) {
					want = l.steps[k].text
				}
				before := ""
				for i := max(k-3, 0); i < k && i < len(l.steps); i++ {
					before += "\n  both: " + l.steps[i].text
				}
				t.Fatalf("n%d, run %d, step %d:%s\n  engine:     %s\n  production: %s", node, runs[node], k+1, before, got.text, want)
			}
		}}
	})
	for i := range s.nodes {
		network.After(s.startOf(i), func() { network.Start(i) })
	}
	s.writes(func(at time.Duration, node int, key string) {
		network.After(at, func() {
			if network.Running(node) {
				if err := network.Add(node, key, fmt.Append(nil, at), 0); err != nil {
					t.Error(err)
				}
			}
		})
	})
	for _, f := range s.faults {
		network.After(f.At, func() {
			switch f.Kind {
			case fault.Partition:
				network.Partition(f.Nodes)
			case fault.Crash:
				for _, n := range f.Nodes {
					network.Crash(n)
				}
			}
		})
		network.After(f.End(), func() {
			switch f.Kind {
			case fault.Partition:
				network.Heal()
			case fault.Crash:
				network.Start(f.Nodes...)
			}
		})
	}
	network.RunFor(s.span)
	if err := network.Err(); err != nil {
		t.Fatal(err)
	}
	for key := range lives {
		if key.run > runs[key.node] {
			t.Errorf("the engine has no run %d of n%d", key.run, key.node)
		}
	}
	t.Logf("%d nodes: %d steps, the same", s.nodes, total)
}

// twin is a core that is given the commands that production's was given.
type twin struct {
	*core.Core
	life     *life
	n        int
	commands int
	step     func(k int, got stepOf)
}

func (w *twin) Step(now core.Now, in core.Input) *core.Outputs {
	number := uint64(0)
	if in.Command != nil && w.commands < len(w.life.commands) {
		c := w.life.commands[w.commands]
		w.commands++
		number = in.Command.N
		in.Command = &c
	}
	now.Mono = max(now.Mono, 1)
	out := w.Core.Step(now, in)
	w.step(w.n, noteStep(now, &in, out))
	w.n++
	for i := range out.Replies {
		out.Replies[i].N = number
	}
	return out
}

// The core does the same, step by step, under the engine and under production's driver with all its goroutines, through a partition and
// crashes.
func TestProductionAddsNothing(t *testing.T) {
	sizes := []int{5, 50}
	switch {
	case os.Getenv("GRAPEVINE_FULL") == "1" && !raceEnabled:
		sizes = []int{5, 50, 200}
	case raceEnabled:
		sizes = []int{5, 20}
	}
	for _, nodes := range sizes {
		t.Run(fmt.Sprint(nodes), func(t *testing.T) {
			half := make([]int, nodes/2)
			for i := range half {
				half[i] = i
			}
			s := script{nodes: nodes, seed: 7, span: 12 * time.Second, faults: fault.Schedule{
				{Kind: fault.Partition, At: 2 * time.Second, For: 4 * time.Second, Nodes: half},
				{Kind: fault.Crash, At: 7 * time.Second, For: time.Second, Nodes: []int{1}},
				{Kind: fault.Crash, At: 8500 * time.Millisecond, For: time.Second, Nodes: []int{nodes - 1, 0}},
			}}
			simulate(t, s, produce(t, s))
		})
	}
}
