package core

import (
	"math/rand/v2"
	"testing"
)

// TestUsualHaste: how late pushes usually are is what one in ten is later than, within bounds; it follows what they are.
func TestUsualHaste(t *testing.T) {
	const graft = 16_000
	for _, tt := range []struct {
		what     string
		late     func(r *rand.Rand) int64 // 0: in time
		from, to int64
	}{
		{"all in time", func(*rand.Rand) int64 { return 0 }, graft / 16, graft / 16},
		{"evenly late, up to 4 Graft", func(r *rand.Rand) int64 { return 1 + r.Int64N(4*graft) }, graft * 27 / 10, graft * 45 / 10},
		{"one in four, by a Graft", func(r *rand.Rand) int64 {
			if r.IntN(4) == 0 {
				return graft
			}
			return 0
		}, graft / 2, 2 * graft},
		{"one in fifty, by a Graft", func(r *rand.Rand) int64 {
			if r.IntN(50) == 0 {
				return graft
			}
			return 0
		}, graft / 16, graft / 4},
		{"all very late", func(*rand.Rand) int64 { return 1e9 }, 9 * graft, 10 * graft},
	} {
		for _, usual := range []int64{graft / 16, 10 * graft} {
			h, r := haste{usual: usual}, rand.New(rand.NewPCG(1, 2))
			sum, over, n := int64(0), 0, int64(0)
			for i := range 4000 {
				d := tt.late(r)
				if i >= 1000 {
					sum, n = sum+h.usual, n+1
					if d > h.usual {
						over++
					}
				}
				h.push(d, graft)
				if h.usual < graft/16 || h.usual > 10*graft {
					t.Fatalf("%s, from %d on: it is %d", tt.what, usual, h.usual)
				}
			}
			if mean := sum / n; mean < tt.from || mean > tt.to {
				t.Errorf("%s, from %d on: it is %d on average, want %d to %d; %d of %d are later", tt.what, usual, mean, tt.from, tt.to, over, n)
			}
			if tt.what == "evenly late, up to 4 Graft" && (over < 250 || over > 350) {
				t.Errorf("%s, from %d on: %d of %d are later, want one in ten", tt.what, usual, over, n)
			}
		}
	}
}

// TestHurriedWaitsNoLonger: a node that is hurried waits twice as long as pushes usually are late, where that is less than it would wait otherwise.
func TestHurriedWaitsNoLonger(t *testing.T) {
	const ms = 1_000_000
	late, other := originID{1, 1}, originID{2, 1}
	for _, tt := range []struct {
		id      originID
		updates uint32
		usual   int64
		skew    skew
		want    int64
	}{
		{other, settledUpdates, 1 * ms, skew{}, 2 * ms},
		{other, settledUpdates, 8 * ms, skew{}, 10 * ms},
		{other, settledUpdates, 8 * ms, skew{8 * ms, 2 * ms}, 16 * ms},
		{other, settledUpdates, 100 * ms, skew{8 * ms, 2 * ms}, 16 * ms},
		{other, settledUpdates, 100 * ms, skew{1000 * ms, 0}, 200 * ms},
		{other, settledUpdates - 1, 1 * ms, skew{}, 30 * ms},
		{late, settledUpdates, 1 * ms, skew{8 * ms, 2 * ms}, 16 * ms},
	} {
		c := &Core{haste: haste{by: late, until: 100, usual: tt.usual}, skew: tt.skew}
		c.cfg.Timers.Graft = 10 * ms
		if got := c.graftDelay(&origin{id: tt.id, hw: 6, updates: tt.updates}, 7); got != tt.want {
			t.Errorf("%+v: waits %d", tt, got)
		}
	}
}

// TestArrived: how late a push is counts in full for how late pushes usually are, which a bound of its own holds; for the wait before an advert is answered, up to twice what that is.
func TestArrived(t *testing.T) {
	const ms = 1_000_000
	for _, tt := range []struct {
		late     int64
		since    int64 // what came late last, if anything did
		pushed   bool
		usual    int64
		from, to skew
	}{
		{late: 40 * ms, pushed: true, usual: 60 * ms, to: skew{mean: 20 * ms / 8, dev: 20 * ms / 4}},
		{late: 1000 * ms, pushed: true, usual: 60 * ms, to: skew{mean: 20 * ms / 8, dev: 20 * ms / 4}},
		{late: 1000 * ms, pushed: true, usual: 60 * ms, from: skew{mean: 80 * ms}, to: skew{mean: 90 * ms, dev: 20 * ms}},
		{late: 16 * ms, pushed: true, usual: 30*ms - 30*ms/13, from: skew{mean: 16 * ms, dev: 4 * ms}, to: skew{mean: 16 * ms, dev: 3 * ms}},
		{late: 1000 * ms, since: 4 * ms, pushed: true, usual: 30*ms - 30*ms/13, to: skew{mean: 4 * ms / 8, dev: 4 * ms / 4}},
		{late: 0, pushed: true, usual: 30*ms - 30*ms/13, from: skew{mean: 16 * ms}, to: skew{mean: 14 * ms, dev: 4 * ms}},
		{late: 1000 * ms, usual: 30 * ms, from: skew{mean: 16 * ms}, to: skew{mean: 16 * ms}},
	} {
		c := &Core{haste: haste{usual: 30 * ms}, skew: tt.from}
		c.now.Mono = 5000 * ms
		c.cfg.Timers.Graft = 10 * ms
		o := &origin{hw: 7, updates: settledUpdates}
		if tt.late > 0 {
			o.want, o.wantSince = 7, c.now.Mono-tt.late
		}
		if tt.since > 0 {
			o.pushed = c.now.Mono - tt.since
		}
		if c.arrived(o, 6, tt.pushed); c.haste.usual != tt.usual || c.skew != tt.to {
			t.Errorf("%+v: they are usually late by %d, and the skew is %+v", tt, c.haste.usual, c.skew)
		}
	}
}

// TestHasteBegins: a node that has seen no push yet takes half of Graft for how late they usually are: with the least there is, it would ask in vain at first.
func TestHasteBegins(t *testing.T) {
	if usual := New(Config{Timers: Timers{Graft: 10_000_000}}).haste.usual; usual != 5_000_000 {
		t.Errorf("it begins with %d, want half of Graft", usual)
	}
}
