package gossiptest

import (
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// benchmarkRun measures runs of body. A bubble wants a *testing.T, which a benchmark does not have.
func benchmarkRun(b *testing.B, body func(*Sim)) {
	all := func(string, string) (bool, error) { return true, nil }
	steps, ran := 0, false
	ok := testing.RunTests(all, []testing.InternalTest{{Name: b.Name(), F: func(t *testing.T) {
		if ran { // with -count, RunTests calls it as many times, and the benchmark is run again besides
			return
		}
		ran = true
		r := &runner{t: t, name: b.Name(), body: body, patience: time.Minute}
		b.ReportAllocs()
		b.ResetTimer()
		for i := range b.N {
			o := r.run(attempt{seed: uint64(i), explore: i%2 == 0})
			if o.failed() {
				t.Fatal(o.failures)
			}
			steps += o.log.Len()
		}
		b.StopTimer()
	}}})
	if !ok {
		b.Fatal("a run failed")
	}
	b.ReportMetric(float64(steps)/float64(b.N), "steps/op")
}

func BenchmarkRunEmpty(b *testing.B) { benchmarkRun(b, func(*Sim) {}) }

// Five nodes with an application each, 30 seconds and 12 faults.
func BenchmarkRunCluster(b *testing.B) {
	benchmarkRun(b, func(s *Sim) {
		c := NewCluster(s, 5, newMember)
		s.Chaos(fault.Chaos{Count: 12})
		for i := range 10 {
			s.At(time.Duration(i)*2*time.Second, func() { _ = c.App(i%5).AddInfo(fmt.Sprint("order/", i), []byte("paid"), 0) })
		}
		s.RunFor(30 * time.Second)
		c.Converged(10*time.Second, func(m member) any { return m.infos() })
	})
}
