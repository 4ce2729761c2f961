package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// The trace of a run without any protocol is a constant: it depends neither on the machine nor on the race detector.
// A change of it is a change of the engine that makes every recorded seed worthless.
func TestTraceIsTheSameEverywhere(t *testing.T) {
	s, _ := puppets(Options{Nodes: 3, Seed: 5, DialLatency: 5 * time.Millisecond})
	for _, a := range []act{
		{0, "dial n1", 3 * time.Millisecond},
		{2, "dial n1", 50 * time.Millisecond},
		{0, "flood 1 20", 7 * time.Millisecond},
		{1, "flood 2 20", 7 * time.Millisecond},
		{2, "resolve", 0},
		{1, "crash", 20 * time.Millisecond},
		{1, "restart", 0},
		{0, "dial n1", 100 * time.Millisecond},
		{0, "cut", 0},
		{0, "send 2 1", time.Second},
		{0, "after 3ms", time.Second},
	} {
		a.in(t, s)
	}
	if got, want := s.Trace(), uint64(0xc727810340bd2882); got != want {
		t.Errorf("the trace is %#x, want %#x", got, want)
	}
}

// relay passes each frame on along a ring of nodes, over the link it dialled.
type relay struct {
	next wire.Addr
	link core.LinkID // to it
	out  core.Outputs
	busy bool
	left [][]byte
}

func (r *relay) Links() []core.LinkInfo { return nil }

func (r *relay) Step(_ core.Now, in core.Input) *core.Outputs {
	r.out = core.Outputs{Sends: r.out.Sends[:0], Dials: r.out.Dials[:0]}
	switch in.Kind {
	case core.InStart:
		r.out.Dials = append(r.out.Dials, core.Dial{ID: 1, Addr: r.next})
	case core.InDialed:
		r.link = in.Link
		r.forward()
	case core.InSent:
		r.busy = false
		r.forward()
	case core.InFrame:
		r.left = append(r.left, ringFrame)
		r.forward()
	}
	return &r.out
}

// ringFrame is a frame with nothing in it but a node ID.
var ringFrame = []byte{1 << 3, 1}

func (r *relay) forward() {
	if r.busy || r.link == 0 || len(r.left) == 0 {
		return
	}
	r.busy = true
	r.out.Sends = append(r.out.Sends, core.Send{Link: r.link, Frame: r.left[0]})
	r.left = append(r.left[:0], r.left[1:]...)
}

// BenchmarkEngine measures what a Sim costs besides its cores: a step of one is a frame that arrives, or was sent.
func BenchmarkEngine(b *testing.B) {
	for _, nodes := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprint("nodes=", nodes), func(b *testing.B) {
			s := newSim(Options{Nodes: nodes}, func(c core.Config) machine {
				return &relay{next: address(int(c.Node) % nodes), left: [][]byte{ringFrame}}
			})
			s.StartAll(0)
			s.RunFor(100 * time.Millisecond)
			before := s.Stats().Steps
			b.ReportAllocs()
			for b.Loop() {
				s.RunFor(time.Millisecond)
			}
			if s.Err() != nil {
				b.Fatal(s.Err())
			}
			steps := float64(s.Stats().Steps - before)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/steps, "ns/step")
			b.ReportMetric(steps/float64(b.N), "steps/op")
		})
	}
}
