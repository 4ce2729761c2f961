package gossip_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkBurstX(b *testing.B) {
	const nodes, infos = 16, 10000
	for b.Loop() {
		b.StopTimer()
		var gs []*gossip.Gossip
		var ts []transport.Transport
		var seeds []transport.Addr
		for i := range nodes {
			tr, err := grpctransport.Listen("127.0.0.1:0", nil)
			if err != nil {
				b.Fatal(err)
			}
			ts = append(ts, tr)
			if i < 3 {
				seeds = append(seeds, tr.Addr())
			}
		}
		var left atomic.Int64
		left.Store(nodes * nodes)
		joined := make(chan struct{})
		var got atomic.Int64
		done := make(chan struct{})
		var stops []func() error
		for i := range nodes {
			g, err := gossip.New(gossip.Config{Transport: ts[i], NodeID: gossip.NodeID(i + 1), ClusterID: "b", Resolvers: []resolver.Resolver{resolver.Static(seeds...)}})
			if err != nil {
				b.Fatal(err)
			}
			var m sync.Map
			g.RegisterCallback(gossip.MakePrefixPattern("node"), func(key string, _ []byte) {
				if _, ok := m.LoadOrStore(key, 1); !ok && left.Add(-1) == 0 {
					close(joined)
				}
			})
			g.RegisterCallback(gossip.MakePrefixPattern("burst"), func(string, []byte) {
				if got.Add(1) == nodes*infos {
					close(done)
				}
			})
			gs = append(gs, g)
		}
		for _, g := range gs {
			stops = append(stops, g.Start(context.Background()))
		}
		<-joined
		time.Sleep(3 * time.Second)
		val := make([]byte, 256)
		before := uint64(0)
		for _, g := range gs {
			before += g.Stats().InfosReceived
		}
		runtime.GC()
		var ms0, ms1 runtime.MemStats
		runtime.ReadMemStats(&ms0)
		b.StartTimer()
		c0 := cpu()
		t0 := time.Now()
		for i := range infos {
			if err := gs[0].AddInfo(fmt.Sprintf("burst:%026d", i), val, time.Hour); err != nil {
				b.Fatal(err)
			}
		}
		<-done
		wall := time.Since(t0)
		c1 := cpu()
		b.StopTimer()
		runtime.ReadMemStats(&ms1)
		after := uint64(0)
		frames := uint64(0)
		for _, g := range gs {
			after += g.Stats().InfosReceived
			frames += g.Stats().FramesReceived
		}
		n := float64((nodes - 1) * infos)
		b.ReportMetric(float64((c1-c0).Microseconds())/n, "cpu-us/delivery")
		b.ReportMetric(float64(after-before)/n, "copies")
		b.ReportMetric(float64(ms1.Mallocs-ms0.Mallocs)/n, "allocs/delivery")
		b.ReportMetric(float64(wall.Milliseconds()), "wall-ms")
		b.ReportMetric(float64(frames), "frames")
		for _, s := range stops {
			s()
		}
		b.StartTimer()
	}
}
