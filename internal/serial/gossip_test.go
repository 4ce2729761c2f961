package serial_test

import (
	"fmt"
	"os"
	"runtime"
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
	c.w.Host(i).Start(func(r *serial.Run) error {
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
	<-ready
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

func replay(t *testing.T, n int, seed uint64) *serial.Log {
	return inWorld(t, n, seed, func(w *serial.World) {
		c := &cluster{w: w, nodes: make([]*gossip.Gossip, n), t: t}
		for i := range n {
			c.start(i)
		}
		for _, f := range (fault.Chaos{Count: 12, Within: 20 * time.Second}).Schedule(n, seed) {
			w.Schedule(f, c)
		}
		for i := range 10 {
			w.After(time.Duration(i)*2*time.Second, func() {
				c.nodes[i%n].AddInfo(fmt.Sprint("k", i), []byte("v"), 0)
			})
		}
		w.Sleep(30 * time.Second)
		c.stop()
	})
}

// A seed gives one run, whatever the number of processors and whether the race detector is on.
func TestReplay(t *testing.T) {
	repeats := 5
	if os.Getenv("GRAPEVINE_EXHAUSTIVE") == "1" {
		repeats = 100
	}
	for seed := range uint64(4) {
		first := replay(t, 5, seed)
		for i := range repeats {
			was := runtime.GOMAXPROCS(1 + i%2)
			again := replay(t, 5, seed)
			runtime.GOMAXPROCS(was)
			if first.Hash() != again.Hash() {
				t.Fatalf("seed %d, run %d: %s", seed, i+2, first.Diff(again))
			}
		}
		t.Logf("seed %d: %d steps, %016x", seed, first.Len(), first.Hash())
	}
	if a, b := replay(t, 5, 1), replay(t, 5, 3); a.Hash() == b.Hash() || a.Diff(b) == "" {
		t.Error("two seeds give one run")
	}
}
