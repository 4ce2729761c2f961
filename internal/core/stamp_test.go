package core_test

import (
	"math"
	"testing"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// stamped is a live info with that stamp.
func stamped(o core.Origin, seq uint64, key string, s wire.Stamp) part {
	return of(key, &gossippb.Info{
		NodeId: o.Node, Incarnation: o.Incarnation, Seq: seq, Hops: 1,
		Value: &gossippb.Value{RawBytes: []byte("theirs"), Timestamp: &gossippb.Timestamp{WallTime: s.Wall, Logical: s.Logical}},
	})
}

// TestStamps: the hybrid clock follows what it sees as far as MaxSkew, and the key of what is further ahead alone.
func TestStamps(t *testing.T) {
	a := core.Origin{Node: 20, Incarnation: 100}
	const skew = 500 * ms // MaxSkew
	tests := []struct {
		name    string
		ahead   int64 // of what is seen
		logical int32
		want    wire.Stamp // of a write to its key, ahead of the wall clock
		other   wire.Stamp // of a write to another key after that
		event   bool
	}{
		{name: "behind", ahead: -second, want: wire.Stamp{Wall: 0}, other: wire.Stamp{Wall: 1}},
		{name: "now", ahead: 0, want: wire.Stamp{Wall: 1}, other: wire.Stamp{Wall: 2}},
		{name: "now, after others", ahead: 0, logical: 7, want: wire.Stamp{Wall: 1}, other: wire.Stamp{Wall: 2}},
		{name: "as far ahead as MaxSkew", ahead: skew, want: wire.Stamp{Wall: skew + 1}, other: wire.Stamp{Wall: skew + 2}},
		{name: "further ahead", ahead: skew + 1, want: wire.Stamp{Wall: skew + 2}, other: wire.Stamp{Wall: 1}, event: true},
		{name: "further ahead, after others", ahead: hour, logical: 7, want: wire.Stamp{Wall: hour + 1}, other: wire.Stamp{Wall: 1}, event: true},
		{name: "further ahead, after all others", ahead: hour, logical: math.MaxInt32, want: wire.Stamp{Wall: hour + 1}, other: wire.Stamp{Wall: 1}, event: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, p := lone(t, nil)
			wall := epoch + w.now
			p.send(frame(stamped(a, 1, "k", wire.Stamp{Wall: wall + tt.ahead, Logical: tt.logical})))
			w.add(1, "k", "mine", 0)
			w.add(1, "other", "mine", 0)
			c := w.nodes[1].core
			for key, want := range map[string]wire.Stamp{"k": tt.want, "other": tt.other} {
				got := c.Record(key).Stamp
				got.Wall -= wall
				if got != want {
					t.Errorf("%s is stamped %+v ahead of now, want %+v", key, got, want)
				}
			}
			if got := w.saw(1, core.ClockAhead); (got > 0) != tt.event {
				t.Errorf("%d events of a clock ahead, want some: %t", got, tt.event)
			}
			if r := c.Record("k"); r.Value != "mine" {
				t.Errorf("after a write k is %s", show(r))
			}
		})
	}
}

// TestStampsGrow: a later write of a node has the larger stamp, even if its clock is set back.
func TestStampsGrow(t *testing.T) {
	w, _ := lone(t, nil)
	var last wire.Stamp
	for i := range 10 {
		if i == 5 {
			w.nodes[1].skew = -hour
		}
		w.add(1, "k", "v", 0)
		s := w.nodes[1].core.Record("k").Stamp
		if s.Wall < last.Wall || s.Wall == last.Wall && s.Logical <= last.Logical {
			t.Errorf("write %d is stamped %+v, after %+v", i, s, last)
		}
		last = s
	}
}

// saw counts the events of a kind at a node.
func (w *world) saw(i int, kind core.EventKind) int {
	n := 0
	for _, e := range w.nodes[i].events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// TestWildClock: a node lives under any clock.
func TestWildClock(t *testing.T) {
	for _, wall := range []int64{math.MinInt64, -1, 0, 1 << 62, math.MaxInt64} {
		w := newWorld(1, nil)
		w.nodes[1].skew = wall - epoch - w.now
		w.start(1)
		if p := w.add(1, "k", "v", 0); p != core.OK || live(w.nodes[1].core.Record("k")) == nil {
			t.Errorf("at %d ns since 1970, a write: problem %d, holds %s", wall, p, show(w.nodes[1].core.Record("k")))
		}
		first := w.nodes[1].stored
		w.crash(1)
		w.nodes[1].stored = first
		if w.start(1); w.nodes[1].core.Incarnation() <= first {
			t.Errorf("at %d ns, incarnation %d follows %d", wall, w.nodes[1].core.Incarnation(), first)
		}
	}
}
