package sim

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/tracing"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// The trace of a run without any protocol is a constant: it depends neither on the machine nor on the race detector.
// A change of it is a change of the engine that makes every recorded seed worthless.
func TestTraceIsTheSameEverywhere(t *testing.T) {
	faults := []act{
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
		{0, "heal", 0},
		{0, "dial n2", time.Second},
		{2, "mute", 0},
		{0, "flood 3 100", time.Second},
		{1, "wipe", 0},
		{1, "restart", time.Second},
	}
	zones := Zones([]int{0, 0, 1}, [][]time.Duration{{time.Millisecond, 30 * time.Millisecond}, {30 * time.Millisecond, time.Millisecond}})
	tests := []struct {
		name string
		opts Options
		want uint64
	}{
		{"plain", Options{}, 0xaf013b4b0c697ced},
		{"exponential", Options{Spread: Exponential, Jitter: 0.5, Loss: 0.1}, 0xd0af9edc364833aa},
		{"log-normal", Options{Spread: LogNormal, Jitter: 0.5, Distance: zones, DatagramLoss: 0.1}, 0xd6d8edb87c2e4048},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.opts.Nodes, tt.opts.Seed, tt.opts.DialLatency = 3, 5, 5*time.Millisecond
			s, _ := puppets(tt.opts)
			s.SetClock(0, -time.Second, 0.001)
			for _, a := range faults {
				a.in(t, s)
			}
			if err := s.Err(); err != nil {
				t.Fatal(err)
			}
			s.Churn(0.5, 50*time.Millisecond, 20*time.Second)
			s.RunFor(20 * time.Second)
			if got := s.Trace(); got != tt.want {
				t.Errorf("the trace is %#x, want %#x", got, tt.want)
			}
		})
	}
}

// Whatever an event says is part of the trace.
func TestTraceOfEvents(t *testing.T) {
	events := []core.Event{
		{}, {Kind: 1}, {Link: 1}, {Node: 1}, {Addr: wire.Addr{Network: "a"}}, {Addr: wire.Addr{Address: "a"}}, {Refusal: 1}, {Text: "a"}, {Offset: 1},
	}
	if got, want := len(events)-2, reflect.TypeFor[core.Event]().NumField(); got != want {
		t.Errorf("%d of %d fields are tried", got, want)
	}
	traces := map[uint64]core.Event{}
	for _, e := range events {
		trace := tracing.Outputs(1, &core.Outputs{Events: []core.Event{e}})
		if same, ok := traces[trace]; ok {
			t.Errorf("%+v and %+v have the trace %x", same, e, trace)
		}
		traces[trace] = e
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
