package core_test

import (
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
	w.add(1, "clock", "v", 0)
	got := w.nodes[1].core.Record("clock").Stamp.Wall - epoch - w.now
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
