package serial_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/internal/serial"
	"github.com/grapevine-go/grapevine/resolver"
)

// cluster has a gossip node run at each host.
type cluster struct {
	w     *serial.World
	nodes []*gossip.Gossip
	t     *testing.T
}

func (c *cluster) start(i int) {
	ready := make(chan struct{})
	run := c.w.Host(i).Start(func(r *serial.Run) error {
		g, err := gossip.New(gossip.Config{
			ClusterID: "test", NodeID: gossip.NodeID(i + 1), Transport: r.Transport(), Clock: r.Clock(), Store: r.Store(),
			Resolvers: []resolver.Resolver{r.Resolver()}, Seed: uint64(100*i + r.Number()), Interval: 10 * ms,
		})
		if err != nil {
			return err
		}
		c.nodes[i] = g
		close(ready)
		return g.Run(r.Context())
	})
	select {
	case <-ready:
	case <-run.Done(): // it crashed before it began
	}
}

func (c *cluster) Crash(host int, silence, wipe bool) {
	if r := c.w.Host(host).Run(); r != nil {
		r.Crash(silence)
	}
	if wipe {
		c.w.Host(host).Wipe()
	}
}

func (c *cluster) Start(host int) { c.start(host) }

func (c *cluster) stop() {
	for i := range c.nodes {
		if r := c.w.Host(i).Run(); r != nil {
			r.End()
			<-r.Done()
			if _, err := r.Ended(); err != nil {
				c.t.Errorf("n%d: %v", i, err)
			}
			r.Halt()
		}
	}
}

// network has n nodes, with updates, faults and crashes, and ends them.
func network(t *testing.T, n int, seed uint64, span time.Duration) func(w *serial.World) {
	return func(w *serial.World) {
		c := &cluster{w: w, nodes: make([]*gossip.Gossip, n), t: t}
		for i := range n {
			c.start(i)
		}
		for _, f := range (fault.Chaos{Count: 12, Within: span * 2 / 3, Min: span / 60, Max: span / 5}).Schedule(n, seed) {
			w.Schedule(f, c)
		}
		for i := range 10 {
			w.After(time.Duration(i)*span/15, func() {
				c.nodes[i%n].AddInfo(fmt.Sprint("k", i), []byte("v"), 0)
			})
		}
		w.Sleep(span - w.Now())
		c.stop()
	}
}

// A seed gives one run, whatever the number of processors and whether the race detector is on: who runs the test in both ways compares what
// it prints. With GRAPEVINE_FULL=1 there are more nodes.
func TestReplay(t *testing.T) {
	type size struct {
		nodes, runs, races int // runs with the race detector
		span               time.Duration
	}
	sizes := []size{{5, 50, 5, 30 * time.Second}}
	if os.Getenv("GRAPEVINE_FULL") == "1" {
		sizes = []size{{5, 100, 20, 30 * time.Second}, {50, 100, 4, 10 * time.Second}, {200, 100, 2, 2 * time.Second}}
	}
	for _, z := range sizes {
		if raceEnabled {
			z.runs = z.races
		}
		var logs [2]*serial.Log
		for seed := range uint64(len(logs)) { // in both orders
			log := repeats(t, z.runs, z.nodes, seed, network(t, z.nodes, seed, z.span))
			t.Logf("%d nodes, seed %d, %d steps, trace %016x: %d runs", z.nodes, seed, log.Len(), log.Hash(), z.runs)
			logs[seed] = log
		}
		if logs[0].Hash() == logs[1].Hash() || logs[0].Diff(logs[1]) == "" {
			t.Error("two seeds give one run")
		}
	}
}
