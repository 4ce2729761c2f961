package gossip_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// BenchmarkBurstGRPC writes 10,000 infos of 256 bytes at one of 16 nodes that are linked over gRPC on loopback, as fast as
// AddInfo takes them, and waits until callbacks at all nodes have heard of all. Processor time is of the whole process:
// all nodes, both ends of every link, the kernel's part included.
func BenchmarkBurstGRPC(b *testing.B) {
	const nodes, infos = 16, 10_000
	val := make([]byte, 256)
	keys := make([]string, infos)
	for i := range keys {
		keys[i] = fmt.Sprintf("burst:%026d", i)
	}
	var cpu time.Duration
	var copies, frames, allocs uint64
	b.StopTimer()
	for range b.N {
		c := startCluster(b, nodes)
		done := c.hear(b, gossip.MakePrefixPattern("burst"), infos)
		c.settle()
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		sent, used := c.received(), processorTime(b)
		b.StartTimer()
		for _, key := range keys {
			if err := c.nodes[0].AddInfo(key, val, time.Hour); err != nil {
				b.Fatal(err)
			}
		}
		<-done
		b.StopTimer()
		cpu += processorTime(b) - used
		runtime.ReadMemStats(&after)
		got := c.received()
		copies += got.InfosReceived - sent.InfosReceived
		frames += got.FramesReceived - sent.FramesReceived
		allocs += after.Mallocs - before.Mallocs
		c.stop(b)
	}
	deliveries := float64(b.N) * (nodes - 1) * infos
	b.ReportMetric(float64(cpu.Microseconds())/deliveries, "cpu-us/delivery")
	b.ReportMetric(float64(copies)/deliveries, "copies/delivery")
	b.ReportMetric(float64(allocs)/deliveries, "allocs/delivery")
	b.ReportMetric(float64(frames)/float64(b.N), "frames/op")
}

// cluster is nodes over gRPC in one process.
type cluster struct {
	nodes []*gossip.Gossip
	stops []func() error
	links chan struct{} // capacity 1: a link came or went
}

// startCluster starts n nodes, each of which is told of the first three, and returns when all know all.
func startCluster(b *testing.B, n int) *cluster {
	b.Helper()
	c := &cluster{links: make(chan struct{}, 1)}
	changed := func(gossip.Peer) {
		select {
		case c.links <- struct{}{}:
		default:
		}
	}
	var transports []transport.Transport
	var seeds []transport.Addr
	for i := range n {
		t, err := grpctransport.Listen("127.0.0.1:0", nil)
		if err != nil {
			b.Fatal(err)
		}
		transports = append(transports, t)
		if i < 3 {
			seeds = append(seeds, t.Addr())
		}
	}
	for i, t := range transports {
		g, err := gossip.New(gossip.Config{
			ClusterID: "bench",
			Transport: t,
			Resolvers: []resolver.Resolver{resolver.Static(seeds...)},
			NodeID:    gossip.NodeID(i + 1),
			Observer:  &gossip.Observer{LinkUp: changed, LinkDown: changed},
		})
		if err != nil {
			b.Fatal(err)
		}
		c.nodes = append(c.nodes, g)
	}
	joined := c.hear(b, gossip.MakePrefixPattern(gossip.KeyNodeIDPrefix), n)
	for _, g := range c.nodes {
		c.stops = append(c.stops, g.Start(context.Background()))
	}
	<-joined
	return c
}

// hear returns a channel that is closed when every node has heard of n infos whose keys match pattern.
func (c *cluster) hear(b *testing.B, pattern string, n int) <-chan struct{} {
	b.Helper()
	done := make(chan struct{})
	var missing atomic.Int64
	missing.Store(int64(len(c.nodes) * n))
	for _, g := range c.nodes {
		_, err := g.RegisterCallback(pattern, func(string, []byte) {
			if missing.Add(-1) == 0 {
				close(done)
			}
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return done
}

// settle waits until no link has come or gone for a while.
func (c *cluster) settle() {
	const still = 500 * time.Millisecond
	timer := time.NewTimer(still)
	defer timer.Stop()
	for {
		select {
		case <-c.links:
			timer.Reset(still)
		case <-timer.C:
			return
		}
	}
}

// received sums up what all nodes have received.
func (c *cluster) received() (sum gossip.Stats) {
	for _, g := range c.nodes {
		s := g.Stats()
		sum.InfosReceived += s.InfosReceived
		sum.FramesReceived += s.FramesReceived
	}
	return sum
}

func (c *cluster) stop(b *testing.B) {
	b.Helper()
	for _, stop := range c.stops {
		if err := stop(); err != nil {
			b.Error(err)
		}
	}
}

// processorTime returns what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
