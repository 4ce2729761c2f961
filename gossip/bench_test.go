package gossip_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/resolver"
)

// benchNodes starts n nodes that live in real time, over a network without latency, and returns them when all know all.
func benchNodes(b *testing.B, n int) []*gossip.Gossip {
	b.Helper()
	net := gossiptest.NewNetwork(nil, nil)
	var known sync.WaitGroup
	var nodes []*gossip.Gossip
	for id := range gossip.NodeID(n) {
		cfg := gossip.Config{ClusterID: "bench", NodeID: id + 1, Transport: net.Listen("")}
		if id > 0 {
			cfg.Resolvers = []resolver.Resolver{net.Resolver()}
		}
		g, err := gossip.New(cfg)
		if err != nil {
			b.Fatal(err)
		}
		nodes = append(nodes, g)
		known.Add(n)
		if _, err := g.RegisterCallback(gossip.MakePrefixPattern(gossip.KeyNodeIDPrefix), func(string, []byte) { known.Done() }); err != nil {
			b.Fatal(err)
		}
		stop := g.Start(context.Background())
		b.Cleanup(func() {
			if err := stop(); err != nil {
				b.Error(err)
			}
		})
	}
	known.Wait()
	return nodes
}

// BenchmarkBurst adds infos of 256 bytes at one node; it is over when all nodes have all of them.
func BenchmarkBurst(b *testing.B) {
	const infos = 10_000
	for _, n := range []int{1, 2, 16} {
		b.Run(fmt.Sprintf("nodes=%d", n), func(b *testing.B) {
			nodes := benchNodes(b, n)
			val := make([]byte, 256)
			run := 0
			var before uint64
			for _, g := range nodes {
				before += g.Stats().InfosReceived
			}
			for b.Loop() {
				run++
				var told sync.WaitGroup
				told.Add(n)
				for _, g := range nodes {
					left := infos
					unregister, err := g.RegisterCallback(fmt.Sprintf("^burst%d:", run), func(string, []byte) {
						if left--; left == 0 {
							told.Done()
						}
					})
					if err != nil {
						b.Fatal(err)
					}
					defer unregister()
				}
				for i := range infos {
					if err := nodes[0].AddInfo(fmt.Sprintf("burst%d:%d", run, i), val, time.Hour); err != nil {
						b.Fatal(err)
					}
				}
				told.Wait()
			}
			deliveries := float64(run * infos * n)
			b.ReportMetric(float64(b.Elapsed().Microseconds())/deliveries, "µs/delivery")
			if n > 1 {
				var after uint64
				for _, g := range nodes {
					after += g.Stats().InfosReceived
				}
				b.ReportMetric(float64(after-before)/(float64(run*infos*(n-1))), "copies")
			}
		})
	}
}

func BenchmarkGetInfo(b *testing.B) {
	g := benchNodes(b, 1)[0]
	mustAddB(b, g, 10_000)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := g.GetInfo("key5000"); err != nil {
				b.Error(err)
			}
		}
	})
}

// mustAddB adds n infos and returns when the node has taken them in.
func mustAddB(b *testing.B, g *gossip.Gossip, n int) {
	b.Helper()
	var told sync.WaitGroup
	told.Add(n)
	unregister, err := g.RegisterCallback("^key", func(string, []byte) { told.Done() })
	if err != nil {
		b.Fatal(err)
	}
	defer unregister()
	for i := range n {
		if err := g.AddInfo(fmt.Sprint("key", i), []byte("value"), 0); err != nil {
			b.Fatal(err)
		}
	}
	told.Wait()
}
