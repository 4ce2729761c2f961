package core_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestTwoLivesInOneFrame has infos of two lives of a node leave in one frame; the older life was declared on the link
// before, the newer was not.
func TestTwoLivesInOneFrame(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	from, to := w.admitted(t, 10, 1, wire.Chord), w.admitted(t, 11, 1, wire.Chord)
	older, newer := core.Origin{Node: 20, Incarnation: 100}, core.Origin{Node: 20, Incarnation: 200}
	to.send(frame(graft(older, 0)))
	from.send(frame(info(older, 1, "k1", "", 1, 0), claim(older, 0, 1)))
	to.drop() // declares 20 = 100
	w.slowSends = true
	from.send(frame(info(older, 2, "k2", "", 2, 0), claim(older, 1, 2))) // the link is busy with this one
	to.send(frame(graft(newer, 0)))
	from.send(frame(info(older, 3, "k3", "", 3, 0), claim(older, 2, 3)))
	from.send(frame(info(newer, 1, "k4", "", 4, 0), claim(newer, 0, 1)))
	w.now += second
	w.do(1, core.Input{Kind: core.InDeadline})
	w.slowSends = false // what follows has frames of its own: the newer life is declared, the older is not any more
	for _, in := range [][]part{
		{info(newer, 2, "k6", "", 6, 0), claim(newer, 1, 2)},
		{info(older, 4, "k5", "", 5, 0), claim(older, 3, 4)},
	} {
		w.do(1, core.Input{Kind: core.InSent, Link: to.link()})
		w.now += 100 * ms
		from.send(frame(in...))
	}

	// As the receiver resolves it: declarations first.
	want := map[string]uint64{"k2": 100, "k3": 100, "k4": 200, "k5": 100, "k6": 200}
	declared := uint64(100)
	for f := to.recv(); f != nil; f = to.recv() {
		for _, o := range f.Origins {
			declared = o.Incarnation
		}
		for _, in := range f.Infos {
			got := in.Incarnation
			if got == 0 {
				got = declared
			}
			if got != want[in.Key] {
				t.Errorf("%s arrives as one of incarnation %d, want %d", in.Key, got, want[in.Key])
			}
			delete(want, in.Key)
		}
	}
	if len(want) > 0 {
		t.Errorf("%v do not arrive", want)
	}
}

// TestFramesWithinTheLimit has a node say more than one frame holds, of each section that can be long.
func TestFramesWithinTheLimit(t *testing.T) {
	many := func(o func(i int) core.Origin, seq func(i int) uint64, value string, stamp int64) []part {
		var ps []part
		for i := range 1000 {
			ps = append(ps, info(o(i), seq(i), fmt.Sprint("k", i), value, stamp, 0), claim(o(i), seq(i)-1, seq(i)))
		}
		return ps
	}
	a, b := core.Origin{Node: 20, Incarnation: 100}, core.Origin{Node: 21, Incarnation: 100}
	one := func(o core.Origin) func(int) core.Origin { return func(int) core.Origin { return o } }
	nth := func(i int) uint64 { return uint64(i) + 1 }
	own := func(i int) core.Origin { return core.Origin{Node: 1000 + uint64(i), Incarnation: 1} }
	// wide are origins of which each takes much room where it is declared, and little where it is named.
	wide := func(i int) core.Origin {
		return core.Origin{Node: 1<<63 + uint64(i), Incarnation: 1 + uint64(i%2)*(1<<62-2)}
	}
	declared := func(b []byte) []byte {
		var all []wire.Origin
		for i := range 1000 {
			all = append(all, wire.Origin{NodeID: wide(i).Node, Incarnation: wide(i).Incarnation, Sponsor: 1 << 63})
		}
		return wire.AppendOrigins(b, all...)
	}
	tests := []struct {
		name string
		play func(w *world, p, q *peer)
	}{
		{"prunes of what is not declared", func(w *world, p, q *peer) {
			all := append([]part{declared}, many(wide, func(int) uint64 { return 1 }, "", 1)...)
			w.slowSends = true
			q.send(wire.AppendPing(nil, wire.Ping{Ask: true, ID: 7})) // the link is busy with the answer
			p.send(frame(all...))
			q.send(frame(all...))
			w.slowSends = false
			w.do(1, core.Input{Kind: core.InSent, Link: q.link()})
			w.run(second)
			if got := len(q.listen().prunes); got != 1000 {
				q.t.Errorf("%d prunes are heard, want 1000", got)
			}
		}},
		{"grafts of what is not declared", func(w *world, p, q *peer) {
			all := []part{declared}
			for i := range 1000 {
				all = append(all, func(b []byte) []byte {
					return wire.AppendAdverts(b, wire.Advert{NodeID: wide(i).Node, Incarnation: wide(i).Incarnation, To: 1, Pull: true})
				})
			}
			q.send(frame(all...))
			w.run(second)
			if got := len(q.listen().grafts); got < 1000 {
				q.t.Errorf("%d grafts are heard, want 1000", got)
			}
		}},
		{"standins without infos", func(w *world, p, q *peer) {
			p.send(frame(many(one(a), nth, "a", 1)...))
			p.send(frame(many(one(b), nth, "b", 2)...))
			q.send(frame(graft(b, 0)))
			w.run(second)
			w.wrong = nil
			q.send(frame(graft(a, 0)))
		}},
		{"adverts", func(w *world, p, q *peer) {
			p.send(frame(many(own, func(int) uint64 { return 1 }, "", 1)...))
		}},
		{"marks", func(w *world, p, q *peer) {
			p.send(frame(many(own, func(int) uint64 { return 1 }, "", 1)...))
			w.run(second)
			q.drop()
			w.wrong = nil
			r := w.dialIn(q.t, 12, 1)
			r.send(frame(func(x []byte) []byte {
				return wire.AppendHello(x, 12, addrOf(12), &wire.Hello{MinVersion: 1, MaxVersion: 1, Incarnation: 5, Instance: 5, Reason: wire.Join}, false)
			}, func(x []byte) []byte {
				return wire.AppendMark(wire.AppendMark(x, wire.Mark{NodeID: 300, Incarnation: 1, Seq: 1}), wire.Mark{NodeID: 301, Incarnation: 1, Seq: 1})
			}, wire.AppendMarksEnd))
		}},
		{"no room for the first info of an origin", func(w *world, p, q *peer) {
			p.send(frame(info(a, 1, "a", strings.Repeat("a", 3000), 1, 0), claim(a, 0, 1)))
			p.send(frame(info(b, 1, "b", strings.Repeat("b", 3000), 1, 0), claim(b, 0, 1)))
			w.run(second)
			q.send(frame(graft(a, 0), graft(b, 0)))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(1, func(c *core.Config) { c.Limits.Frame = 4096 })
			w.start(1)
			p, q := w.admitted(t, 10, 1, wire.Chord), w.admitted(t, 11, 1, wire.Chord)
			tt.play(w, p, q)
			w.run(second)
			for _, err := range w.wrong[:min(len(w.wrong), 3)] {
				t.Error(err)
			}
		})
	}
}

// TestAdvertSize: no advert takes more than what is reckoned with when a frame is filled.
func TestAdvertSize(t *testing.T) {
	for _, pull := range []bool{false, true} {
		a := wire.Advert{NodeID: math.MaxUint64, Incarnation: 1<<62 - 1, To: wire.MaxSeq, Hops: wire.MaxHops, Pull: pull, Held: math.MaxInt64 / 1000}
		for _, n := range []int{1, 2, 1000} {
			if got := len(wire.AppendAdverts(nil, slices.Repeat([]wire.Advert{a}, n)...)); got > n*core.AdvertSize {
				t.Errorf("%d adverts take %d bytes, want %d each at most", n, got, core.AdvertSize)
			}
		}
	}
}
