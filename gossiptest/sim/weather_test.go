package sim

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
)

const ms = time.Millisecond

func TestDistance(t *testing.T) {
	zones := Zones([]int{0, 0, 1}, [][]time.Duration{{1 * ms, 30 * ms}, {50 * ms, 1 * ms}})
	s, log := puppets(Options{Nodes: 3, Jitter: -1, DialLatency: 20 * ms, Distance: zones})
	for _, a := range []act{
		{0, "dial n1", 0}, {0, "dial n2", time.Second}, // links 1 and 2
		{0, "send 1 7", time.Second}, {0, "send 2 8", time.Second}, {2, "send 1 9", time.Second},
		{1, "crash", 0}, {2, "crash", time.Second}, {0, "dial n1", 0}, {0, "dial n2", time.Second},
	} {
		a.in(t, s)
	}
	want := []string{
		"2ms dialed 1: link 1", "60ms dialed 1: link 2", // twice the distance: DialLatency is twice Latency
		"1s sent on link 1", "2s sent on link 2", "3.05s frame 9 on link 2",
		"4.001s link 1 down", "4.05s link 2 down",
		"5.004s dial 1 failed", "5.14s dial 1 failed",
	}
	if got := log(0); !slices.Equal(got, want) {
		t.Errorf("node 0 saw\n%q, want\n%q", got, want)
	}
}

// A frame that a stream has lost comes four latencies later, and what is behind it waits.
func TestLoss(t *testing.T) {
	s, log := puppets(Options{Nodes: 3, Seed: 3, Jitter: -1, Loss: 0.2})
	act{0, "dial n1", time.Second}.in(t, s)
	act{0, "dial n2", time.Second}.in(t, s)
	const n = 2000
	late := map[time.Duration]int{}
	for i := range n {
		begin := s.Now()
		act{0, "send 1 1", time.Second}.in(t, s)
		text, _, _ := strings.Cut(log(1)[i+1], " ")
		at, _ := time.ParseDuration(text)
		late[at-begin]++
	}
	resent := 0
	for times := range int64(10) {
		d := 10*ms + time.Duration(times)*40*ms
		got, want := float64(late[d]), n*0.8*math.Pow(0.2, float64(times))
		if math.Abs(got-want) > 4*math.Sqrt(want) {
			t.Errorf("%v of %d frames took %v, want about %.1f", got, n, d, want)
		}
		resent += int(times) * late[d]
		delete(late, d)
	}
	if len(late) > 0 {
		t.Errorf("frames took %v", late)
	}
	if got := s.Stats().Resent; got != resent {
		t.Errorf("Resent = %d, want %d", got, resent)
	}

	begin, seen := s.Now(), len(log(1))
	act{0, "flood 1 60", 0}.in(t, s)
	act{0, "send 2 1", time.Second}.in(t, s)
	if got := len(log(1)) - seen; got != 60 {
		t.Fatalf("%d frames arrived, want 60", got)
	}
	last, lost := begin+10*ms, false
	for i, line := range log(1)[seen:] {
		at, what, _ := strings.Cut(line, " ")
		d, err := time.ParseDuration(at)
		if late := d - begin - 10*ms; err != nil || d < last || late%(40*ms) != 0 || what != fmt.Sprintf("frame %d on link 1", i+1) {
			t.Fatalf("frame %d: %q, want it %v after %v, or some 40ms later, in order", i+1, line, 10*ms, begin)
		}
		last, lost = d, lost || d > begin+10*ms
	}
	if !lost {
		t.Error("none of 60 frames was lost")
	}
	if got, want := s.nodes[2].core.(*puppet).log, fmt.Sprintf("%v frame 1 on link 1", begin+10*ms); got[len(got)-1] != want {
		t.Errorf("the other link brought %q, want %q", got, want)
	}
	s.SetLoss(0, 0)
	before := s.Stats().Resent
	act{0, "flood 1 60", time.Second}.in(t, s)
	if got := s.Stats().Resent; got != before {
		t.Errorf("Resent = %d after SetLoss(0, 0), want %d", got, before)
	}
}

// A lost datagram is gone, and the link stays.
func TestDatagramLoss(t *testing.T) {
	s, log := puppets(Options{Nodes: 2, Seed: 3, Jitter: -1})
	act{0, "dial n1", time.Second}.in(t, s)
	s.SetLoss(0, 0.2)
	const n = 100
	begin := s.Now()
	act{0, "flood 1 100", time.Second}.in(t, s)
	frames := 0
	for _, line := range log(1)[1:] {
		frame := 0
		if _, err := fmt.Sscanf(line, (begin+10*ms).String()+" frame %d on link 1", &frame); err != nil || frame <= frames-1 {
			t.Fatalf("node 1 saw %q", line)
		}
		frames++
	}
	if frames < 65 || frames > 95 || s.Stats().Lost != n-frames {
		t.Errorf("%d of %d frames came, and %d were lost, want about 80 and the rest", frames, n, s.Stats().Lost)
	}
	s.SetLoss(0, 0)
	act{0, "flood 1 100", time.Second}.in(t, s)
	if got := len(log(1)) - 1 - frames; got != n {
		t.Errorf("%d of %d frames came after the loss, want all", got, n)
	}
}

// observer is a core that writes down what time it is.
type observer struct {
	times []core.Now
	out   core.Outputs
	every int64 // ns between its deadlines
}

func (o *observer) Links() []core.LinkInfo { return nil }

func (o *observer) Step(now core.Now, in core.Input) *core.Outputs {
	if in.Kind == core.InStart || in.Kind == core.InDeadline {
		o.times = append(o.times, now)
		o.out.Next = now.Mono + o.every
	}
	return &o.out
}

func TestSetClock(t *testing.T) {
	s := newSim(Options{Nodes: 2}, func(core.Config) machine { return &observer{every: int64(time.Hour)} })
	at := func(node int, elapsed time.Duration) core.Now {
		o := s.nodes[node].core.(*observer)
		s.RunFor(elapsed)
		return o.times[len(o.times)-1]
	}
	s.SetClock(1, -time.Minute, 0.25) // an hour by it takes 48 minutes
	s.StartAll(0)
	s.RunFor(0)
	if got, want := s.nodes[1].core.(*observer).times[0], (core.Now{Mono: 0, Wall: epoch - int64(time.Minute)}); got != want {
		t.Errorf("it starts at %v, want %v", got, want)
	}
	if got, want := at(1, 48*time.Minute-1), int64(0); got.Mono != want {
		t.Errorf("1 ns before the deadline, it has seen %v", got)
	}
	hour := int64(time.Hour)
	if got, want := at(1, 1), (core.Now{Mono: hour, Wall: epoch + hour - int64(time.Minute)}); got != want {
		t.Errorf("the first deadline is at %v, want %v", got, want)
	}
	if got, want := s.Clock(1), 12*time.Minute-time.Minute; got != want {
		t.Errorf("Clock = %v, want %v", got, want)
	}
	s.RunFor(24 * time.Minute)
	s.SetClock(1, time.Hour, -0.5) // half an hour is left by it, which is one now; its wall clock jumps
	if got, want := at(1, time.Hour-2), hour; got.Mono != want {
		t.Errorf("2 ns before the second deadline, it has seen %v", got)
	}
	wall := epoch + int64(72*time.Minute) + hour + hour/2
	if got, want := at(1, 2), (core.Now{Mono: 2 * hour, Wall: wall}); got != want {
		t.Errorf("the second deadline is at %v, want %v", got, want)
	}
	s.SetClock(1, 0, 1) // the third deadline comes earlier than it would have
	if got, want := at(1, 30*time.Minute), 3*hour; got.Mono != want {
		t.Errorf("the third deadline is at %v, want %v", got, want)
	}
	s.SetClock(1, -time.Minute, 0)
	s.Restart(1)
	if got := s.nodes[1].core.(*observer).times[0]; got.Mono != 3*hour || got.Wall != epoch+int64(s.Now())-int64(time.Minute) {
		t.Errorf("it starts anew at %v, want 3 h and a minute back", got)
	}
	if got, want := at(0, 0), (core.Now{Mono: 2 * hour, Wall: epoch + 2*hour}); got != want {
		t.Errorf("the other node's second deadline is at %v, want %v", got, want)
	}
}

func TestWipe(t *testing.T) {
	s, _ := puppets(Options{Nodes: 1})
	act{0, "wipe", 0}.in(t, s)
	s.Restart(0)
	s.RunFor(0)
	got := s.nodes[0].core.(*puppet).log
	if want := []string{"0s start 0", "0s persisted 1"}; !slices.Equal(got, want) {
		t.Errorf("the restarted node saw %q, want %q", got, want)
	}
}

func TestAfter(t *testing.T) {
	s, log := puppets(Options{Nodes: 1})
	var got []string
	note := func(what string) func() { return func() { got = append(got, fmt.Sprintf("%v %s", s.Now(), what)) } }
	act{0, "after 20ms", 0}.in(t, s)
	s.After(20*ms, func() { note("c")(); got = append(got, fmt.Sprint(len(log(0)))) })
	for i := range 20 {
		s.After(20*ms, note(fmt.Sprint("d", i)))
	}
	s.After(10*ms, func() { note("b")(); s.After(30*ms, note("e")); s.After(0, note("b2")) })
	s.After(0, note("a"))
	s.RunFor(time.Second)
	want := []string{"0s a", "10ms b", "10ms b2", "20ms c", "0"}
	for i := range 20 {
		want = append(want, fmt.Sprint("20ms d", i))
	}
	want = append(want, "40ms e")
	if !slices.Equal(got, want) {
		t.Errorf("called: %q, want %q", got, want)
	}
}

// crashes are the times and nodes of crashes and starts.
func crashes(seed uint64, faults func(*Sim)) []string {
	var got []string
	s := newSim(Options{Nodes: 100, Seed: seed, OnEvent: func(e Event) {
		if e.At > 0 {
			got = append(got, fmt.Sprintf("%v n%d %v", e.At, e.Node, e.Kind))
		}
	}}, func(core.Config) machine { return &puppet{} })
	s.StartAll(0)
	s.RunFor(0)
	faults(s)
	s.RunFor(time.Minute)
	return got
}

func TestChurn(t *testing.T) {
	plain := crashes(1, func(s *Sim) { s.Churn(0.025, 2*time.Second, 10*time.Second) })
	if len(plain) != 50 {
		t.Fatalf("%d crashes and starts, want 25 and 25: %q", len(plain), plain)
	}
	seconds, downs := map[time.Duration]int{}, map[string]time.Duration{}
	nodes := map[string]bool{}
	for _, line := range plain {
		f := strings.Fields(line)
		at, err := time.ParseDuration(f[0])
		if err != nil {
			t.Fatal(err)
		}
		if f[3] == "down" {
			seconds[at.Truncate(time.Second)]++
			downs[f[1]], nodes[f[1]] = at, true
			continue
		}
		if was, ok := downs[f[1]]; !ok || at-was != 2*time.Second {
			t.Errorf("%s is up at %v, down since %v, want 2 s", f[1], at, was)
		}
		delete(downs, f[1])
	}
	for i := range 10 {
		if got := seconds[time.Duration(i)*time.Second]; got < 2 || got > 3 {
			t.Errorf("%d crashes in second %d, want 2 or 3", got, i)
		}
	}
	if len(nodes) < 18 || len(downs) > 0 {
		t.Errorf("%d nodes crashed, %v of them for good", len(nodes), downs)
	}
	// Another fault takes no draw away from the others.
	node := int(0)
	fmt.Sscanf(strings.Fields(plain[0])[1], "n%d", &node)
	other := crashes(1, func(s *Sim) {
		s.Churn(0.025, 2*time.Second, 10*time.Second)
		s.Silence(node)
	})
	kept := 0
	for _, line := range plain {
		if slices.Contains(other, line) {
			kept++
		}
	}
	if kept < len(plain)-8 || slices.Contains(other, plain[0]) {
		t.Errorf("with n%d silent, %d of %d events are as before, want all but its own", node, kept, len(plain))
	}
	if slices.Equal(plain, crashes(2, func(s *Sim) { s.Churn(0.025, 2*time.Second, 10*time.Second) })) {
		t.Error("seeds 1 and 2 crash the same nodes at the same times")
	}
}

// What is drawn for a link follows from its two nodes and its number among their links, whatever else happens.
func TestDrawsAreTheLinks(t *testing.T) {
	faults := map[string][]act{
		"none":                 nil,
		"other links":          {{0, "dial n2", 0}, {2, "dial n1", 0}, {2, "dial n0", 0}},
		"a crash":              {{0, "dial n2", 0}, {2, "crash", 0}},
		"a dial that fails":    {{0, "dial n3", 0}, {0, "dial n9", 0}},
		"a partition of other": {{0, "dial n2", 50 * ms}, {2, "cut", 0}, {0, "dial n2", 0}},
	}
	for _, spread := range []Spread{Uniform, Exponential, LogNormal} {
		var want []string
		for _, name := range []string{"none", "other links", "a crash", "a dial that fails", "a partition of other"} {
			s, _ := puppets(Options{Nodes: 4, Seed: 5, Spread: spread, Jitter: 0.5, Loss: 0.1, DatagramLoss: 0.1})
			var got []string
			s.opts.OnEvent = func(e Event) {
				if e.Kind == FrameReceived && e.Node == 1 && e.Peer == 0 {
					got = append(got, e.At.String())
				}
			}
			for _, a := range faults[name] {
				a.in(t, s)
			}
			s.RunFor(time.Second - s.Now())
			act{0, "dial n1", time.Second}.in(t, s)
			act{0, fmt.Sprintf("flood %d 100", newest(s, 0)), 10 * time.Second}.in(t, s)
			switch {
			case name == "none":
				want = got
			case !slices.Equal(got, want):
				t.Errorf("%v, %s: frames came at %v, want %v", spread, name, got, want)
			}
		}
		if len(want) < 70 || len(want) > 98 {
			t.Errorf("%v: %d of 100 frames came, want about 90", spread, len(want))
		}
	}
}

// Losses of one kind leave latencies and the losses of the other kind as they were.
func TestDrawsOfFaults(t *testing.T) {
	arrivals := func(loss, datagram float64) map[int]time.Duration {
		s, log := puppets(Options{Nodes: 2, Seed: 5, Jitter: 0.5, Loss: loss, DatagramLoss: datagram})
		act{0, "dial n1", time.Second}.in(t, s)
		got := map[int]time.Duration{}
		for i := range 200 {
			seen := len(log(1))
			act{0, "send 1 1", time.Second}.in(t, s)
			if len(log(1)) > seen {
				at, _, _ := strings.Cut(log(1)[seen], " ")
				d, _ := time.ParseDuration(at)
				got[i] = d - (s.Now() - time.Second)
			}
		}
		return got
	}
	plain, stream, datagram, both := arrivals(0, 0), arrivals(0.3, 0), arrivals(0, 0.3), arrivals(0.3, 0.3)
	for i := range 200 {
		if d := stream[i] - plain[i]; d%(40*ms) != 0 {
			t.Errorf("frame %d: %v with losses of a stream, %v without", i, stream[i], plain[i])
		}
		if d, ok := datagram[i]; ok && d != plain[i] {
			t.Errorf("frame %d: %v with losses of datagrams, %v without", i, d, plain[i])
		}
		if d, ok := both[i]; ok && d != stream[i] || ok != (datagram[i] != 0) {
			t.Errorf("frame %d: %v with both, %v and %v with one", i, d, stream[i], datagram[i])
		}
	}
	if len(plain) != 200 || len(datagram) > 160 || len(datagram) < 120 {
		t.Errorf("%d and %d of 200 frames came, want 200 and about 140", len(plain), len(datagram))
	}
}
