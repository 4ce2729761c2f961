package simnet

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const ms = time.Millisecond

// script is a driver that keeps a log, and sends frames from 1 to until on a link, each as soon as the last one is sent.
type script struct {
	n         *Net
	log       []string
	at, until byte
}

func (s *script) note(host int, format string, args ...any) {
	s.log = append(s.log, fmt.Sprintf("%v n%d ", s.n.Now(), host)+fmt.Sprintf(format, args...))
}

func (s *script) send(host int, l ID) {
	if s.at < s.until {
		s.at++
		s.n.Send(host, l, []byte{s.at})
	}
}

func (s *script) Start(host int)                     { s.n.Boot(host); s.note(host, "starts") }
func (s *script) Deadline(host int)                  { s.note(host, "deadline") }
func (s *script) Dialed(host int, dial uint64, l ID) { s.note(host, "dialed %d: %d", dial, l) }
func (s *script) DialFailed(host int, dial uint64)   { s.note(host, "dial %d failed", dial) }
func (s *script) Accepted(host int, l ID)            { s.note(host, "accepted %d", l) }
func (s *script) Frame(host int, l ID, frame []byte) { s.note(host, "frame %d", frame[0]) }
func (s *script) Sent(host int, l ID)                { s.send(host, l) }
func (s *script) Down(host int, l ID, broken bool) {
	s.note(host, "%s %d", map[bool]string{false: "down", true: "broken"}[broken], l)
}

// scripted returns a network of hosts that are up, and its driver.
func scripted(opts Options) (*Net, *script) {
	s := &script{}
	opts.Driver = s
	opts.Latency, opts.DialTimeout = 10*ms, time.Second
	s.n = New(opts)
	for i := range opts.Hosts {
		s.n.Boot(i)
	}
	return s.n, s
}

func run(n *Net, d time.Duration) {
	for until := n.Now() + d; n.Step(until); {
	}
}

// What a stream loses comes as much later as the draws of its frames say, and holds up what follows.
func TestStreamLoss(t *testing.T) {
	n, s := scripted(Options{Hosts: 2, Seed: 5, Loss: 0.2})
	l, _ := n.Link(0, 1)
	s.until = 60
	s.send(0, l)
	run(n, 10*time.Second)
	worst, lost := int64(0), 0
	var want []string
	for i := range int(s.until) {
		times := n.resent(pathOf(0, 1, 1, 0), uint32(i))
		worst, lost = max(worst, times), lost+int(times)
		want = append(want, fmt.Sprintf("%v n1 frame %d", 10*ms+time.Duration(worst)*40*ms, i+1))
	}
	if !slices.Equal(s.log, want) || lost == 0 || n.Counts().Resent != lost {
		t.Errorf("%d losses:\n%q, want %d:\n%q", n.Counts().Resent, s.log, lost, want)
	}
}

// Tasks of one instant come in the order of their classes, hosts and keys, or in one of the seed's; each is a permutation, and
// does not depend on the order in which they are made.
func TestExplore(t *testing.T) {
	order := func(seed uint64, explore, backwards bool) (got []int) {
		n, _ := scripted(Options{Hosts: 4, Seed: seed, Explore: explore})
		tasks := make([]int, 12)
		for i := range tasks {
			tasks[i] = i
		}
		if backwards {
			slices.Reverse(tasks)
		}
		for _, i := range tasks {
			n.Task(ms, Enter, i/3, uint64(i%3), func() { got = append(got, i) })
		}
		run(n, ms)
		return got
	}
	sorted := order(1, false, false)
	if !slices.IsSorted(sorted) || len(sorted) != 12 || !slices.Equal(sorted, order(2, false, true)) {
		t.Errorf("in order of keys: %v, and backwards %v", sorted, order(2, false, true))
	}
	first := order(1, true, false)
	if !slices.Equal(first, order(1, true, true)) {
		t.Errorf("explored: %v, and backwards %v", first, order(1, true, true))
	}
	if slices.Equal(first, order(2, true, false)) || slices.IsSorted(first) {
		t.Errorf("seeds 1 and 2 have one order: %v", first)
	}
	slices.Sort(first)
	if !slices.Equal(first, sorted) {
		t.Errorf("explored, sorted: %v", first)
	}
}

// What After is given comes in that order, in any order of the rest.
func TestAfterKeepsOrder(t *testing.T) {
	n, _ := scripted(Options{Hosts: 1, Explore: true})
	var got []int
	for i := range 20 {
		n.After(ms, func() { got = append(got, i) })
	}
	run(n, ms)
	if len(got) != 20 || !slices.IsSorted(got) {
		t.Errorf("got %v", got)
	}
}

// Whatever the order of hosts, what travels on a link arrives in the order in which it was sent, also when much of it is due at once.
func TestExploreKeepsLinksInOrder(t *testing.T) {
	for seed := range uint64(20) {
		n, s := scripted(Options{Hosts: 2, Seed: seed, Explore: true, Loss: 0.5})
		l, _ := n.Link(0, 1)
		s.until = 30
		s.send(0, l)
		n.Pause(1)
		run(n, ms)
		n.Close(0, l)
		run(n, 20*time.Second)
		n.Resume(1)
		run(n, 0)
		var want []string
		for i := range 30 {
			want = append(want, fmt.Sprintf("20.001s n1 frame %d", i+1))
		}
		want = append(want, "20.001s n1 down 1")
		if got := s.log[1:]; s.log[0] != "1ms n0 down 1" || !slices.Equal(got, want) {
			t.Fatalf("seed %d:\n%q, want\n%q", seed, got, want)
		}
	}
}

// A task of a run that has ended does not happen.
func TestTaskOfEarlierRun(t *testing.T) {
	n, _ := scripted(Options{Hosts: 1})
	n.Task(ms, Timer, 0, 0, func() { t.Error("the task of an earlier run happens") })
	n.Crash(0)
	n.Boot(0)
	run(n, time.Second)
}

// One-way cuts cut the ways that they name and no others, however many there are, until they are healed.
func TestOneWay(t *testing.T) {
	const hosts = 20
	n, _ := scripted(Options{Hosts: hosts})
	cut := func(from, to, round int) bool { return from != to && (from*hosts+to)%3 == round }
	check := func(round int, healed bool) {
		t.Helper()
		for i := range hosts {
			for j := range hosts {
				if got, want := n.Passes(i, j), healed || !cut(i, j, round); got != want {
					t.Errorf("from n%d to n%d passes: %v, want %v; healed: %v", i, j, got, want, healed)
				}
			}
		}
	}
	for round := range 2 {
		for i := range hosts {
			for j := range hosts {
				if cut(i, j, round) {
					n.OneWay([]int{i}, []int{j})
				}
			}
		}
		check(round, false)
		n.Heal()
		check(round, true)
	}
}

// A link that has ended is a broken one to a host that hears neither that the other one has closed it, nor that it has crashed.
func TestBroken(t *testing.T) {
	cut := func(n *Net) { n.Partition(func(host int) int { return host }) }
	for _, tt := range []struct {
		name string
		do   func(n *Net, near, far ID)
		want []string // at host 0
	}{
		{name: "closed", do: func(n *Net, _, far ID) { n.Close(1, far) }, want: []string{"10ms n0 down 1"}},
		{name: "crash", do: func(n *Net, _, _ ID) { n.Crash(1) }, want: []string{"10ms n0 down 1"}},
		{name: "Break", do: func(n *Net, _, _ ID) { n.Break(0, 1) }, want: []string{"10ms n0 broken 1"}},
		{name: "Reset", do: func(n *Net, near, _ ID) {
			cut(n)
			n.Send(0, near, []byte{1})
			n.Heal()
			n.Reset()
		}, want: []string{"10ms n0 broken 1"}},
		{name: "silence", do: func(n *Net, _, _ ID) { n.Silence(1) }},
		{name: "a frame to one that was silent", do: func(n *Net, near, _ ID) {
			n.Silence(1)
			n.Boot(1)
			n.Send(0, near, []byte{1})
		}, want: []string{"20ms n0 broken 1"}},
		{name: "a frame to one that has crashed behind a cut", do: func(n *Net, near, _ ID) {
			cut(n)
			n.Crash(1)
			n.Heal()
			n.Send(0, near, []byte{1})
		}, want: []string{"20ms n0 broken 1"}},
		{name: "a frame to one that has closed it behind a cut", do: func(n *Net, near, far ID) {
			cut(n)
			n.Close(1, far)
			run(n, 0)
			n.Heal()
			n.Send(0, near, []byte{1})
		}},
		{name: "a dial of one that crashes", do: func(n *Net, _, _ ID) {
			n.Dial(0, 7, 1)
			run(n, ms)
			n.Crash(1)
		}, want: []string{"0s n0 dialed 7: 2", "11ms n0 down 1", "20ms n0 broken 2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, s := scripted(Options{Hosts: 2})
			near, far := n.Link(0, 1)
			tt.do(n, near, far)
			run(n, time.Second)
			got := slices.DeleteFunc(s.log, func(note string) bool { return !strings.Contains(note, " n0 ") })
			if !slices.Equal(got, tt.want) || n.Err() != nil {
				t.Errorf("got %q, %v, want %q", got, n.Err(), tt.want)
			}
		})
	}
}
