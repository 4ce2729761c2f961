package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// puppet stands in for a core: what it does is said by the keys of infos added at its node, and it keeps a log of
// what comes in. A frame's content is the node ID in it.
//
//	dial n1      dial an address
//	send 1 7     send frame 7 on link 1
//	flood 1 9    send frames 1 to 9 on link 1, each as soon as the last one is sent
//	close 1      close link 1
//	after 5ms    ask for a deadline
//	spin         ask for deadlines at once, more often than anybody may
//	resolve      ask the resolver
type puppet struct {
	log   []string
	out   core.Outputs
	spins int // to come
	flood struct{ at, until uint64 }
}

func (p *puppet) Links() []core.LinkInfo { return nil }

func (p *puppet) Step(now core.Now, in core.Input) *core.Outputs {
	next := p.out.Next
	if next != 0 && next <= now.Mono {
		next = 0
	}
	p.out = core.Outputs{Next: next}
	note := func(format string, args ...any) {
		p.log = append(p.log, fmt.Sprintf("%v ", time.Duration(now.Mono))+fmt.Sprintf(format, args...))
	}
	switch in.Kind {
	case core.InStart:
		note("start %d", in.Incarnation)
		p.out.Persist = in.Incarnation + 1
	case core.InPersisted:
		note("persisted %d", in.Incarnation)
	case core.InDeadline:
		note("deadline")
		if p.spins > 0 {
			p.spins--
			p.out.Next = now.Mono
		}
	case core.InDialed:
		note("dialed %d: link %d", in.Dial, in.Link)
	case core.InDialFailed:
		note("dial %d failed", in.Dial)
	case core.InAccepted:
		note("accepted link %d", in.Link)
	case core.InFrame:
		note("frame %d on link %d", in.Frame.NodeID, in.Link)
	case core.InSent:
		note("sent on link %d", in.Link)
		p.continueFlood(in.Link)
	case core.InDown:
		note("link %d down", in.Link)
	case core.InResolved:
		note("resolved %v", in.Addrs)
	case core.InCommand:
		if in.Command.Op == core.OpAdd {
			p.do(now, in.Command.Key)
		}
	}
	return &p.out
}

func (p *puppet) do(now core.Now, order string) {
	var link core.LinkID
	word, rest, _ := strings.Cut(order, " ")
	switch word {
	case "dial":
		p.out.Dials = append(p.out.Dials, core.Dial{ID: 1, Addr: wire.Addr{Network: "sim", Address: rest}})
	case "send":
		var frame uint64
		fmt.Sscan(rest, &link, &frame)
		p.send(link, frame)
	case "flood":
		fmt.Sscan(rest, &link, &p.flood.until)
		p.flood.at = 0
		p.continueFlood(link)
	case "close":
		fmt.Sscan(rest, &link)
		p.out.Closes = append(p.out.Closes, core.Close{Link: link})
	case "after":
		d, err := time.ParseDuration(rest)
		if err != nil {
			panic(err)
		}
		p.out.Next = now.Mono + int64(d)
	case "spin":
		p.spins, p.out.Next = 100_000, now.Mono
	case "resolve":
		p.out.Resolve = true
	}
}

// newest returns the newest link of a node.
func newest(s *Sim, node int) (id simnet.ID) {
	s.net.Links(node, func(l simnet.ID) { id = l })
	return id
}

func (p *puppet) continueFlood(link core.LinkID) {
	if p.flood.at < p.flood.until {
		p.flood.at++
		p.send(link, p.flood.at)
	}
}

// send sends a frame with the node ID n and nothing else.
func (p *puppet) send(link core.LinkID, n uint64) {
	p.out.Sends = append(p.out.Sends, core.Send{Link: link, Frame: []byte{1 << 3, byte(n)}})
}

// puppets returns a started Sim of puppets, and their logs from there on.
func puppets(opts Options) (*Sim, func(node int) []string) {
	s := newSim(opts, func(core.Config) machine { return &puppet{} })
	s.StartAll(0)
	s.RunFor(0)
	logs := make([]*puppet, opts.Nodes)
	for i := range logs {
		logs[i] = s.nodes[i].core.(*puppet)
		logs[i].log = nil
	}
	return s, func(node int) []string { return logs[node].log }
}

// An act is done in a Sim of three puppets, and then time passes.
type act struct {
	node int
	do   string // an order, or one of the methods crash, silence, restart, wipe, cut, heal; mute is a cut one way
	wait time.Duration
}

func (a act) in(t *testing.T, s *Sim) {
	t.Helper()
	switch a.do {
	case "crash":
		s.Crash(a.node)
	case "silence":
		s.Silence(a.node)
	case "restart":
		s.Restart(a.node)
	case "wipe":
		s.Wipe(a.node)
	case "cut":
		s.Partition([]int{a.node})
	case "mute":
		s.OneWay([]int{a.node}, []int{0, 1, 2})
	case "heal":
		s.Heal()
	default:
		if err := s.Add(a.node, a.do, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	s.RunFor(a.wait)
}

func TestNetwork(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name string
		acts []act
		zero []string // log of node 0, which dials
		one  []string // log of node 1, which is dialled
	}{
		{
			name: "a dial takes its time, and so do frames",
			acts: []act{{0, "dial n1", 5 * ms}, {0, "send 1 7", 10 * ms}, {1, "send 1 8", 20 * ms}},
			zero: []string{"5ms dialed 1: link 1", "5ms sent on link 1", "25ms frame 8 on link 1"},
			one:  []string{"15ms accepted link 1", "15ms frame 7 on link 1", "15ms sent on link 1"},
		},
		{
			name: "a link without frames is accepted, too",
			acts: []act{{0, "dial n1", 20 * ms}},
			zero: []string{"5ms dialed 1: link 1"},
			one:  []string{"15ms accepted link 1"},
		},
		{
			name: "nobody has that address",
			acts: []act{{0, "dial n3", 0}, {0, "dial n01", 0}, {0, "dial ", 20 * ms}},
			zero: []string{"0s dial 1 failed", "0s dial 1 failed", "0s dial 1 failed"},
		},
		{
			name: "a node dials itself",
			acts: []act{{0, "dial n0", 5 * ms}, {0, "send 1 7", 10 * ms}, {0, "close 2", 20 * ms}},
			zero: []string{"5ms dialed 1: link 1", "5ms sent on link 1", "15ms accepted link 2", "15ms frame 7 on link 2", "15ms link 2 down", "25ms link 1 down"},
		},
		{
			name: "a closed link delivers what was sent before",
			acts: []act{{0, "dial n1", 20 * ms}, {0, "send 1 7", 0}, {0, "close 1", 0}, {1, "send 1 8", 20 * ms}},
			zero: []string{"5ms dialed 1: link 1", "20ms sent on link 1", "20ms link 1 down"},
			one:  []string{"15ms accepted link 1", "20ms sent on link 1", "30ms frame 7 on link 1", "30ms link 1 down"},
		},
		{
			name: "both ends close at once",
			acts: []act{{0, "dial n1", 20 * ms}, {0, "close 1", 0}, {1, "close 1", 20 * ms}},
			zero: []string{"5ms dialed 1: link 1", "20ms link 1 down"},
			one:  []string{"15ms accepted link 1", "20ms link 1 down"},
		},
		{
			name: "a crash ends links",
			acts: []act{{0, "dial n1", 20 * ms}, {0, "send 1 7", 0}, {1, "crash", 20 * ms}},
			zero: []string{"5ms dialed 1: link 1", "20ms sent on link 1", "30ms link 1 down"},
			one:  []string{"15ms accepted link 1"},
		},
		{
			name: "a crashed node refuses dials",
			acts: []act{{1, "crash", 0}, {0, "dial n1", 30 * ms}},
			zero: []string{"25ms dial 1 failed"},
		},
		{
			name: "a node crashes while it is dialled",
			acts: []act{{0, "dial n1", 6 * ms}, {1, "crash", 30 * ms}},
			zero: []string{"5ms dialed 1: link 1", "25ms link 1 down"},
		},
		{
			name: "a node crashes while it dials",
			acts: []act{{0, "dial n1", 3 * ms}, {0, "crash", 30 * ms}},
		},
		{
			name: "a node crashes when it has dialled",
			acts: []act{{0, "dial n1", 6 * ms}, {0, "crash", 30 * ms}},
			zero: []string{"5ms dialed 1: link 1"},
			one:  []string{"15ms accepted link 1", "16ms link 1 down"},
		},
		{
			name: "silence is not heard",
			acts: []act{{0, "dial n1", 20 * ms}, {1, "silence", 0}, {0, "send 1 7", 1000 * ms}, {0, "close 1", 100 * ms}},
			zero: []string{"5ms dialed 1: link 1", "20ms sent on link 1", "1.02s link 1 down"},
			one:  []string{"15ms accepted link 1"},
		},
		{
			name: "a dial to a silent node times out",
			acts: []act{{1, "silence", 0}, {0, "dial n1", 2000 * ms}},
			zero: []string{"1s dial 1 failed"},
		},
		{
			name: "a node that came back does not know old links",
			acts: []act{{0, "dial n1", 20 * ms}, {1, "silence", 0}, {1, "restart", 50 * ms}, {0, "send 1 7", 50 * ms}},
			zero: []string{"5ms dialed 1: link 1", "70ms sent on link 1", "90ms link 1 down"},
			one:  []string{"15ms accepted link 1"},
		},
		{
			name: "a partition swallows frames, and their links",
			acts: []act{{0, "dial n1", 20 * ms}, {0, "cut", 0}, {0, "send 1 7", 50 * ms}, {0, "heal", 0}, {0, "send 1 8", 50 * ms}, {1, "send 1 9", 50 * ms}},
			zero: []string{"5ms dialed 1: link 1", "20ms sent on link 1", "70ms sent on link 1"},
			one:  []string{"15ms accepted link 1", "120ms sent on link 1"},
		},
		{
			name: "a partition swallows what is under way",
			acts: []act{{0, "dial n1", 20 * ms}, {0, "send 1 7", 5 * ms}, {0, "cut", 50 * ms}},
			zero: []string{"5ms dialed 1: link 1", "20ms sent on link 1"},
			one:  []string{"15ms accepted link 1"},
		},
		{
			name: "a link that lost nothing outlives a partition",
			acts: []act{{0, "dial n1", 20 * ms}, {0, "cut", 50 * ms}, {0, "heal", 0}, {0, "send 1 8", 50 * ms}},
			zero: []string{"5ms dialed 1: link 1", "70ms sent on link 1"},
			one:  []string{"15ms accepted link 1", "80ms frame 8 on link 1"},
		},
		{
			name: "a dial across a partition times out",
			acts: []act{{0, "cut", 0}, {0, "dial n1", 500 * ms}, {0, "heal", 1000 * ms}},
			zero: []string{"1s dial 1 failed"},
		},
		{
			name: "a crash across a partition is told when the next frame comes",
			acts: []act{{0, "dial n1", 20 * ms}, {0, "cut", 0}, {1, "crash", 50 * ms}, {0, "heal", 50 * ms}, {0, "send 1 8", 50 * ms}},
			zero: []string{"5ms dialed 1: link 1", "120ms sent on link 1", "140ms link 1 down"},
			one:  []string{"15ms accepted link 1"},
		},
		{
			name: "an end of a link that a partition swallows is told later",
			acts: []act{{0, "dial n1", 20 * ms}, {1, "crash", 5 * ms}, {0, "cut", 50 * ms}, {0, "heal", 50 * ms}, {0, "send 1 8", 50 * ms}},
			zero: []string{"5ms dialed 1: link 1", "125ms sent on link 1", "145ms link 1 down"},
			one:  []string{"15ms accepted link 1"},
		},
		{
			name: "a cut one way swallows what goes that way, for ever",
			acts: []act{{0, "dial n1", 20 * ms}, {0, "mute", 0}, {0, "send 1 7", 0}, {1, "send 1 8", 50 * ms}, {0, "heal", 0}, {0, "send 1 9", 0}, {1, "send 1 10", 50 * ms}},
			zero: []string{"5ms dialed 1: link 1", "20ms sent on link 1", "30ms frame 8 on link 1", "70ms sent on link 1", "80ms frame 10 on link 1"},
			one:  []string{"15ms accepted link 1", "20ms sent on link 1", "70ms sent on link 1"},
		},
		{
			name: "a link that lost nothing outlives a cut",
			acts: []act{{0, "dial n1", 20 * ms}, {0, "mute", 50 * ms}, {0, "heal", 0}, {0, "send 1 8", 50 * ms}},
			zero: []string{"5ms dialed 1: link 1", "70ms sent on link 1"},
			one:  []string{"15ms accepted link 1", "80ms frame 8 on link 1"},
		},
		{
			name: "a cut one way adds to a partition, which does not replace it",
			acts: []act{{0, "dial n1", 20 * ms}, {0, "mute", 0}, {2, "cut", 0}, {0, "send 1 7", 0}, {1, "send 1 8", 50 * ms}},
			zero: []string{"5ms dialed 1: link 1", "20ms sent on link 1", "30ms frame 8 on link 1"},
			one:  []string{"15ms accepted link 1", "20ms sent on link 1"},
		},
		{
			name: "a dial against a cut times out, either way",
			acts: []act{{1, "mute", 0}, {0, "dial n1", 0}, {1, "dial n0", 1000 * ms}},
			zero: []string{"1s dial 1 failed"},
			one:  []string{"1s dial 1 failed"},
		},
		{
			name: "the end of a link is told the other way only",
			acts: []act{{0, "dial n1", 20 * ms}, {0, "mute", 0}, {0, "close 1", 50 * ms}},
			zero: []string{"5ms dialed 1: link 1", "20ms link 1 down"},
			one:  []string{"15ms accepted link 1"},
		},
		{
			name: "deadlines come once, and only the last one asked for",
			acts: []act{{0, "after 10ms", 0}, {0, "after 5ms", 0}, {0, "after 20ms", 12 * ms}, {0, "after 30ms", 100 * ms}},
			zero: []string{"42ms deadline"},
		},
		{
			name: "a crash takes the deadline with it",
			acts: []act{{0, "after 10ms", 0}, {0, "crash", 100 * ms}},
		},
		{
			name: "the resolver names the seeds",
			acts: []act{{2, "resolve", 0}, {0, "resolve", 0}},
			zero: []string{"0s resolved [{sim n0} {sim n1}]"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, log := puppets(Options{Nodes: 3, Seeds: 2, Jitter: -1, DialLatency: 5 * time.Millisecond})
			for _, a := range tt.acts {
				a.in(t, s)
			}
			if err := s.Err(); err != nil {
				t.Fatal(err)
			}
			if got := log(0); !slices.Equal(got, tt.zero) {
				t.Errorf("node 0 saw\n%q, want\n%q", got, tt.zero)
			}
			if got := log(1); !slices.Equal(got, tt.one) {
				t.Errorf("node 1 saw\n%q, want\n%q", got, tt.one)
			}
		})
	}
}

// Frames overtake each other on no link, however much their latencies differ.
func TestFramesStayInOrder(t *testing.T) {
	s, log := puppets(Options{Nodes: 2, Jitter: 1})
	act{0, "dial n1", time.Second}.in(t, s)
	act{0, "flood 1 100", time.Second}.in(t, s)
	got := log(1)
	if len(got) != 101 {
		t.Fatalf("node 1 saw %d things, want 101", len(got))
	}
	times := map[string]bool{}
	for i, line := range got[1:] {
		at, what, _ := strings.Cut(line, " ")
		times[at] = true
		if want := fmt.Sprintf("frame %d on link 1", i+1); what != want {
			t.Fatalf("node 1 saw %q as number %d, want %q", what, i, want)
		}
	}
	if len(times) < 3 {
		t.Errorf("all frames came at %v, want latencies to differ", times)
	}
}

// A link whose ends are down and of which nothing is under way is no longer held.
func TestLinksAreReused(t *testing.T) {
	s, _ := puppets(Options{Nodes: 3})
	for i := range 50 {
		act{0, "dial n1", 100 * time.Millisecond}.in(t, s)
		switch i % 4 {
		case 0:
			act{0, fmt.Sprintf("close %d", newest(s, 0)), time.Second}.in(t, s)
		case 1:
			act{1, "crash", time.Second}.in(t, s)
			act{1, "restart", time.Second}.in(t, s)
		case 2:
			act{1, "restart", time.Second}.in(t, s)
		case 3:
			act{1, "silence", time.Second}.in(t, s)
			act{1, "restart", time.Second}.in(t, s)
			act{0, fmt.Sprintf("send %d 1", newest(s, 0)), time.Second}.in(t, s)
		}
	}
	if links, events := s.net.Held(); links != 0 || events != 0 {
		t.Errorf("%d links and %d events are held, want 0", links, events)
	}
}

func TestRestartKeepsIncarnation(t *testing.T) {
	s, _ := puppets(Options{Nodes: 1})
	s.Restart(0)
	s.RunFor(0)
	got := s.nodes[0].core.(*puppet).log
	if want := []string{"0s start 1", "0s persisted 2"}; !slices.Equal(got, want) {
		t.Errorf("the restarted node saw %q, want %q", got, want)
	}
}

// A core that breaks the rules of its driver is reported, with the seed.
func TestRules(t *testing.T) {
	tests := []struct {
		name   string
		orders []string
		want   string
	}{
		{"send on no link", []string{"send 2 1"}, "n0 sends on link 2, which is not open"},
		{"send on a closed link", []string{"close 1", "send 1 1"}, "n0 sends on link 1, which is not open"},
		{"close no link", []string{"close 2"}, "n0 closes link 2, which is not open"},
		{"two frames at once", []string{"send 1 1", "send 1 2"}, "n0 sends on link 1 before the last frame is sent"},
		{"deadlines without end", []string{"spin"}, "events without end at one instant"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := puppets(Options{Nodes: 2, Seed: 99})
			act{0, "dial n1", time.Second}.in(t, s)
			var err error
			for _, order := range tt.orders {
				err = s.Add(0, order, nil, 0)
			}
			s.RunFor(time.Second)
			want := "sim: seed 99, at 1s: " + tt.want
			if got := s.Err(); got == nil || got.Error() != want {
				t.Errorf("Err() = %v, want %s", got, want)
			}
			if err != nil && err != s.Err() {
				t.Errorf("Add = %v, want %v", err, s.Err())
			}
			if got := s.Now(); got != time.Second {
				t.Errorf("time went on to %v, want it to stand still at 1s", got)
			}
		})
	}
}
