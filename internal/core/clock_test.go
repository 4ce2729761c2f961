package core_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// shown has peer p say that its clock is ahead of that of a right one.
func (p *peer) shown(ahead int64) {
	p.send(wire.AppendPing(nil, wire.Ping{Wall: (epoch + p.w.now + ahead) / 1e6}))
}

// corrections lists the offsets that node i has found its clock to need.
func corrections(w *world, i int) (all []int64) {
	for _, e := range w.nodes[i].events {
		if e.Kind == core.ClockCorrected {
			all = append(all, e.Offset)
		}
	}
	return all
}

// wantClock fails the test unless node 1 stamps with a clock that is ahead of a right one, give or take a few milliseconds.
func wantClock(t *testing.T, w *world, ahead int64) {
	t.Helper()
	key := fmt.Sprint("clock", w.now) // a key's stamps only go up
	w.add(1, key, "v", 0)
	got := w.nodes[1].core.Record(key).Stamp.Wall - epoch - w.now
	if diff := got - ahead; diff < -5*ms || diff > 5*ms {
		t.Errorf("stamps are %v ms ahead of a right clock, want %v", got/ms, ahead/ms)
	}
}

// TestClockCorrected: the clock for stamps is the lower median of the peers' and the own, if that is far off.
func TestClockCorrected(t *testing.T) {
	tests := []struct {
		name  string
		own   int64   // ahead of a right clock
		peers []int64 // likewise
		want  int64
	}{
		{name: "an hour ahead of the only peer", own: hour, peers: []int64{0}, want: 0},
		{name: "an hour behind the only peer: that one gives in", own: 0, peers: []int64{hour}, want: 0},
		{name: "an hour ahead", own: hour, peers: []int64{0, 10 * ms, -10 * ms}, want: 0},
		{name: "an hour behind", own: -hour, peers: []int64{0, 10 * ms, 0}, want: 0},
		{name: "a peer is wrong", own: 0, peers: []int64{0, hour, 0}, want: 0},
		{name: "most peers are wrong", own: 0, peers: []int64{hour, hour, hour}, want: hour},
		{name: "little is left alone", own: 250 * ms, peers: []int64{0, 0, 0}, want: 250 * ms},
		{name: "little is left alone, if one is far off", own: 0, peers: []int64{100 * ms, 100 * ms, hour}, want: 0},
		{name: "nothing is known of others", own: 0, peers: []int64{-2 * epoch, -3 * epoch}, want: 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(1, nil)
			w.start(1)
			w.nodes[1].skew = tt.own
			w.add(1, "early", "v", 0)
			var peers []*peer
			for i := range tt.peers {
				peers = append(peers, w.admitted(t, 10+uint64(i), 1, wire.Ring))
			}
			for range 3 {
				for i, p := range peers {
					p.shown(tt.peers[i])
				}
				w.run(second)
			}
			wantClock(t, w, tt.want)
			o := core.Origin{Node: 20, Incarnation: 100}
			peers[0].send(frame(stamped(o, 1, "ahead", wire.Stamp{Wall: epoch + w.now + tt.want + second})))
			if w.saw(1, core.ClockAhead) != 1 {
				t.Error("no event tells of an info stamped a second ahead of the corrected clock")
			}
			var events []int64
			if tt.want != tt.own {
				events = append(events, tt.want-tt.own)
			}
			if got := corrections(w, 1); len(got) != len(events) || len(got) > 0 && max(got[0]-events[0], events[0]-got[0]) > 20*ms {
				t.Errorf("events tell of corrections by %v, want %v", got, events)
			}
		})
	}
}

// TestClockAsksAll: the first peer alone does not turn the clock of a node that is going to have others.
func TestClockAsksAll(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	first := w.admitted(t, 10, 1, wire.Join)
	first.shown(-hour)
	w.run(500 * ms)
	for id := range uint64(2) {
		w.admitted(t, 11+id, 1, wire.Ring).shown(0)
	}
	w.run(second)
	wantClock(t, w, 0)
	if got := corrections(w, 1); len(got) != 0 {
		t.Errorf("the clock was corrected by %v meanwhile", got)
	}
}

// TestClockBeyondReach: a time that nanoseconds do not reach says nothing.
func TestClockBeyondReach(t *testing.T) {
	w, p := lone(t, nil)
	p.send(wire.AppendPing(nil, wire.Ping{Wall: math.MaxInt64}))
	w.run(2 * second)
	wantClock(t, w, 0)
}

// TestClockSet: a clock that is set is noticed by itself, and what was found out before holds without peers.
func TestClockSet(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	p, q := w.admitted(t, 10, 1, wire.Ring), w.admitted(t, 11, 1, wire.Ring)
	p.shown(0)
	q.shown(0)
	w.run(second)
	w.nodes[1].skew = hour
	w.run(second)
	q.shown(0)
	w.run(second)
	wantClock(t, w, 0)
	q.shown(0)
	w.run(ms)
	p.close()
	q.close()
	w.run(2 * second)
	wantClock(t, w, 0)
	w.nodes[1].skew = 0
	p = w.admitted(t, 10, 1, wire.Ring)
	p.shown(-100 * ms)
	w.run(2 * second)
	wantClock(t, w, 0)
	if got := len(corrections(w, 1)); got != 2 {
		t.Errorf("%d corrections, want one when the clock is set wrong and one when it is right again", got)
	}
}

// TestClockJumps: when the wall clock jumps, because it was set or the process was suspended, what peers showed before says nothing any
// more, and they are asked. While nobody answers, the clock is taken for right.
func TestClockJumps(t *testing.T) {
	for _, tt := range []struct {
		name       string
		passed     int64 // while the process was suspended
		wrong, set int64 // by how much the clock is, before and after
		answered   bool
		want       int64 // by how much stamps are
	}{
		{name: "suspended, nobody answers", passed: hour},
		{name: "suspended, answered", passed: hour, answered: true},
		{name: "suspended and wrong, nobody answers", passed: hour, wrong: 2 * hour, set: 2 * hour, want: 2 * hour},
		{name: "suspended and wrong, answered", passed: hour, wrong: 2 * hour, set: 2 * hour, answered: true},
		{name: "set wrong, nobody answers", set: hour, want: hour},
		{name: "set wrong, answered", set: hour, answered: true},
		{name: "set right, nobody answers", wrong: hour},
		{name: "set right, answered", wrong: hour, answered: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(1, nil)
			w.nodes[1].skew = tt.wrong
			w.start(1)
			p := w.admitted(t, 10, 1, wire.Ring)
			for range 3 {
				p.shown(0)
				w.run(second)
			}
			wantClock(t, w, 0)
			p.drop()
			w.nodes[1].skew = tt.passed + tt.set
			w.add(1, "afterwards", "v", 0)
			if s := p.listen(); len(s.pings) != 1 || !s.pings[0].Ask {
				t.Errorf("says %+v, want a ping that asks", s)
			}
			if tt.answered {
				p.shown(tt.passed)
			}
			w.run(second)
			wantClock(t, w, tt.passed+tt.want)
			p.close()
			w.run(5 * second)
			wantClock(t, w, tt.passed+tt.want)
		})
	}
}

// TestLatePing: of what a peer's clock showed lately, that counts which took least to come, so that a late ping does not turn the clock
// of a node with a single link.
func TestLatePing(t *testing.T) {
	w, p := lone(t, nil)
	for i := range 30 {
		p.shown([]int64{0, -5 * ms, -300 * ms, -10 * ms, -400 * ms}[i%5])
		w.run(second)
	}
	wantClock(t, w, 0)
	if got := corrections(w, 1); len(got) != 0 {
		t.Errorf("corrected by %v", got)
	}
}

// TestClockAtTheLimit: a clock that is wrong by about as much as is left alone does not turn to and fro.
func TestClockAtTheLimit(t *testing.T) {
	w, p := lone(t, nil)
	for _, tt := range []struct {
		shown, clock int64
		corrections  int
	}{
		{-240 * ms, 0, 0},
		{-260 * ms, -260 * ms, 1},
		{-240 * ms, -260 * ms, 1},
		{-130 * ms, -260 * ms, 1},
		{-260 * ms, -260 * ms, 1},
		{-120 * ms, 0, 2},
		{-240 * ms, 0, 2},
		{-hour, -hour, 3},
		{-240 * ms, -240 * ms, 4},
	} {
		for range 5 {
			p.shown(tt.shown)
			w.run(second)
		}
		wantClock(t, w, tt.clock)
		if got := len(corrections(w, 1)); got != tt.corrections {
			t.Errorf("with a peer behind by %d ms, corrected %d times, want %d", -tt.shown/ms, got, tt.corrections)
		}
	}
}
