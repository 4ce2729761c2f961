package core_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestLostFrame loses a frame on a link that stays up, as the contract of links forbids and a datagram does, with nothing after it
// that would show the gap: idle pings find the difference, whoever dialled.
func TestLostFrame(t *testing.T) {
	for dialer := 1; dialer <= 2; dialer++ {
		w := newWorld(2, nil)
		w.nodes[dialer].seeds = []wire.Addr{addrOf(uint64(3 - dialer))}
		w.start(1, 2)
		w.describe(1)
		w.describe(2)
		w.run(3 * second)
		e := w.wire(1, 2)
		e.hold = true
		w.add(1, "k", "v", 0)
		w.run(100 * ms)
		if len(e.out) == 0 {
			t.Fatal("nothing was sent that could be lost")
		}
		e.out, e.hold = nil, false
		w.run(10 * second)
		if d := w.differ(1, 2); d != "" {
			t.Errorf("dialled by %d: %s", dialer, d)
		}
	}
}

// TestMarksTakeBack: what a peer was sent and does not have it hears of again, whether its marks show less of an origin or none,
// and whatever it had asked for.
func TestMarksTakeBack(t *testing.T) {
	for _, mode := range []wire.Mode{wire.Eager, wire.Lazy, wire.Mute} {
		w, p := lone(t, nil)
		q := w.admitted(t, 11, 1, wire.Join)
		w.admitted(t, 12, 1, wire.Chord) // so that p is not needed
		w.admitted(t, 13, 1, wire.Chord)
		for id := range uint64(4) {
			o := core.Origin{Node: 20 + id, Incarnation: 100}
			q.send(frame(info(o, 1, fmt.Sprint("k", id), "v", 1, 0), info(o, 2, fmt.Sprint("l", id), "v", 1, 0), claim(o, 0, 2)))
			if id == 3 {
				break // this one is advertised, and not asked for
			}
			p.send(wire.AppendGraft(frame(declare(o, 0)), wire.Graft{NodeID: o.Node, Mode: wire.Eager}))
		}
		w.run(100 * ms)
		if s := p.listen(); len(s.infos) != 6 || len(s.adverts) != 1 {
			t.Fatalf("says %+v, want six infos that were asked for, and an advert", s)
		}
		for id := range uint64(3) {
			if mode != wire.Eager {
				p.send(wire.AppendPrune(nil, wire.Prune{NodeID: 20 + id, Mode: wire.Lazy}))
				p.send(wire.AppendPrune(nil, wire.Prune{NodeID: 20 + id, Mode: mode}))
			}
		}
		w.run(50 * ms)
		p.drop()
		opened := false
		offered := func() map[uint64]uint64 {
			w.run(100 * ms)
			got, s := map[uint64]uint64{}, p.listen()
			opened = opened || len(s.modes()) > 0
			for _, a := range s.adverts {
				got[a.NodeID] = a.To
			}
			for _, r := range s.ranges {
				got[r.NodeID] = r.To - r.From + 10
			}
			delete(got, 1)
			return got
		}
		b := wire.AppendMark(nil, wire.Mark{NodeID: 20, Incarnation: 100, Seq: 2})
		b = wire.AppendMark(b, wire.Mark{NodeID: 21, Incarnation: 100, Seq: 1})
		p.send(wire.AppendMarksEnd(b))
		want := map[uint64]uint64{21: 2, 22: 2, 23: 2}
		if mode == wire.Eager {
			want = map[uint64]uint64{21: 11, 22: 12, 23: 2}
		}
		if got := offered(); !maps.Equal(got, want) {
			t.Errorf("mode %d: marks that show all of 20, half of 21 and nothing of the others are answered with %v, want %v", mode, got, want)
		}
		if opened != (mode == wire.Mute) {
			t.Errorf("mode %d: the peer is asked for adverts, too: %v", mode, opened)
		}
		w.run(500 * ms)
		p.drop()
		p.send(wire.AppendMarksEnd(nil))
		if got := offered(); got[20] == 0 || len(got) != 4 {
			t.Errorf("mode %d: marks that show nothing are answered with %v, want all four", mode, got)
		}
	}
}

// TestMarksTakeBackMidway: what a peer has lost goes again also while a long range is on its way there.
func TestMarksTakeBackMidway(t *testing.T) {
	w, p := lone(t, func(c *core.Config) { c.Limits.Frame = 4 << 10 })
	q := w.admitted(t, 11, 1, wire.Join)
	o := core.Origin{Node: 20, Incarnation: 100}
	value := strings.Repeat("v", 500)
	for seq := uint64(1); seq <= 20; seq++ {
		q.send(frame(info(o, seq, fmt.Sprint("k", seq), value, int64(seq), 0), claim(o, seq-1, seq)))
	}
	last := of("k20", &gossippb.Info{
		NodeId: o.Node, Incarnation: o.Incarnation, Seq: 21, Hops: 1, Again: true,
		Value: &gossippb.Value{RawBytes: []byte(value), Timestamp: &gossippb.Timestamp{WallTime: epoch + 21}},
	})
	q.send(frame(last, claim(o, 20, 21)))
	w.run(100 * ms)
	p.drop()
	w.slowSends = true
	p.send(wire.AppendGraft(frame(declare(o, 0)), wire.Graft{NodeID: o.Node, From: 5, Mode: wire.Eager}))
	p.send(wire.AppendMarksEnd(wire.AppendMark(nil, wire.Mark{NodeID: o.Node, Incarnation: o.Incarnation, Seq: 2})))
	got := map[string]bool{}
	for range 20 {
		w.run(100 * ms)
		for _, in := range p.listen().infos {
			key, _, _ := strings.Cut(in, "=")
			got[key] = true
		}
	}
	for seq := 3; seq <= 20; seq++ {
		if !got[fmt.Sprint("k", seq)] {
			t.Errorf("k%d was not sent", seq)
		}
	}
}

// TestHasItAfterAll: a peer that had the same marks as this node, then less, and then the same again, is sent nothing.
func TestHasItAfterAll(t *testing.T) {
	for _, by := range []string{"marks", "graft"} {
		w, q := lone(t, nil)
		p := w.admitted(t, 11, 1, wire.Chord)
		o := core.Origin{Node: 20, Incarnation: 100}
		q.send(frame(info(o, 1, "k", "v", 1, 0), claim(o, 0, 1)))
		p.send(frame(graft(o, 0)))
		w.run(100 * ms)
		p.drop()
		w.slowSends = true // so that nothing goes before it is received
		same := wire.AppendPing(nil, wire.Ping{Ask: true, ID: 1, Digest: w.nodes[1].core.Digest()})
		p.send(same)
		if by == "marks" {
			p.send(wire.AppendMarksEnd(nil))
		} else {
			p.send(frame(graft(o, 0)))
		}
		p.send(same)
		w.slowSends = false
		p.recv()
		w.do(1, core.Input{Kind: core.InSent, Link: p.link()})
		w.run(100 * ms)
		if s := p.listen(); len(s.infos) != 0 {
			t.Errorf("after %s: it is sent %q", by, s.infos)
		}
	}
}

// TestLostDeclaration loses frames that say that a node ID stands for a newer life from here on. What the newer life writes is not taken
// for what the older one did; and if all of them are lost, for no longer than until the idle pings show it.
func TestLostDeclaration(t *testing.T) {
	older, newer := core.Origin{Node: 20, Incarnation: 100}, core.Origin{Node: 20, Incarnation: 200}
	for _, lost := range []uint64{1, 2, 5} { // frames in a row
		w := pair(nil)
		p := w.admitted(t, 10, 1, wire.Chord)
		seq := uint64(0)
		update := func(o core.Origin, key string) {
			seq++
			p.send(frame(info(o, seq, fmt.Sprint(key, seq), "v", int64(o.Incarnation+seq), 0), claim(o, seq-1, seq)))
			w.run(100 * ms)
		}
		for range 10 {
			update(older, "k")
		}
		e := w.wire(1, 2)
		for seq = 0; seq < lost; {
			e.hold = true
			update(newer, "l")
			if len(e.out) == 0 {
				t.Fatal("nothing was sent that could be lost")
			}
			e.out, e.hold = nil, false
		}
		update(newer, "l")
		if lost < 3 {
			if got := w.nodes[2].core.Record(fmt.Sprint("l", seq)); got == nil || got.Incarnation != newer.Incarnation {
				t.Errorf("%d lost: an info of the newer life is taken for %+v", lost, got)
			}
		}
		w.idle(p, 10*second)
		update(newer, "l")
		w.idle(p, 5*second)
		if d := w.differ(1, 2); d != "" {
			t.Errorf("%d lost: %s", lost, d)
		}
		if got, want := w.nodes[2].core.Marks(), w.nodes[1].core.Marks(); !maps.Equal(got, want) {
			t.Errorf("%d lost: covered up to %v, want %v", lost, got, want)
		}
	}
}

// TestDeclaredInThreeFrames: and where nothing is lost, it is said in no more than three frames.
func TestDeclaredInThreeFrames(t *testing.T) {
	w, p := lone(t, nil)
	q := w.admitted(t, 11, 1, wire.Chord)
	told := map[uint64]int{}
	for inc := uint64(100); inc < 102; inc++ {
		o := core.Origin{Node: 20, Incarnation: inc}
		q.send(frame(graft(o, 0)))
		for seq := uint64(1); seq <= 10; seq++ {
			p.send(frame(info(o, seq, fmt.Sprint("k", seq), "v", int64(inc+seq), 0), claim(o, seq-1, seq)))
			w.run(100 * ms)
			for f := q.recv(); f != nil; f = q.recv() {
				for _, d := range f.Origins {
					told[d.Incarnation]++
				}
			}
		}
	}
	if want := map[uint64]int{100: 1, 101: 3}; !maps.Equal(told, want) {
		t.Errorf("the lives of a node are declared in %v frames, want %v", told, want)
	}
}

// TestUndeclared: a frame about a node of which nothing has said which life is meant is as good as lost, as the one that did must be. The
// link stays; of its claims none is believed, whatever else is in it counts, and the peer is shown the marks: once in a ping period.
func TestUndeclared(t *testing.T) {
	unknown, good := core.Origin{Node: 99}, core.Origin{Node: 20, Incarnation: 100}
	known := core.Origin{Node: good.Node} // by another link
	for _, tt := range []struct {
		name  string
		say   part
		marks int // times they are shown
	}{
		{"an info", info(unknown, 1, "k", "v", 1, 0), 1},
		{"an info of an origin that another link has declared", info(known, 2, "k", "v", 1, 0), 1},
		{"a claim", claim(unknown, 0, 1), 1},
		{"a standin", standin(unknown, 1, "k"), 1},
		{"an advert", advert(unknown, 1), 1},
		{"a graft", graft(unknown, 0), 1},
		{"a prune, which says nothing", func(b []byte) []byte { return wire.AppendPrune(b, wire.Prune{NodeID: unknown.Node}) }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, p := lone(t, nil)
			w.add(1, "mine", "v", 0)
			q := w.admitted(t, 11, 1, wire.Chord)
			q.send(frame(info(good, 1, "good", "v", 1, 0), claim(good, 0, 1)))
			w.run(100 * ms)
			p.drop()
			other := core.Origin{Node: 30, Incarnation: 100}
			ask := func(b []byte) []byte { return wire.AppendPing(b, wire.Ping{Ask: true, ID: 5}) }
			for range 3 {
				p.send(frame(tt.say, declare(other, 0), advert(core.Origin{Node: 30}, 1), graft(w.origin(1), 0), ask))
				w.run(200 * ms)
			}
			shown, answers, asked, sent := 0, 0, 0, 0
			for f := p.recv(); f != nil; f = p.recv() {
				if f.MarksEnd {
					shown++
				}
				if f.Ping != nil && f.Ping.ID == 5 {
					answers++
				}
				asked += len(f.Grafts)
				sent += len(f.Infos)
			}
			if !p.up() || w.saw(1, core.PeerRefused) != 0 {
				t.Errorf("the link is up: %t; events %+v", p.up(), w.nodes[1].events)
			}
			if shown != tt.marks || answers != 3 || asked == 0 || sent != 3 {
				t.Errorf("marks are shown %d times, %d pings answered, %d infos sent and %d origins asked for; want %d, 3, 3 and some", shown, answers, sent, asked, tt.marks)
			}
			if got := w.nodes[1].core.Marks(); got[good] != 1 || got[unknown] != 0 {
				t.Errorf("marks are %v", got)
			}
			w.idle(p, second)
			p.drop()
			p.send(frame(tt.say))
			again := 0
			for f := p.recv(); f != nil; f = p.recv() {
				if f.MarksEnd {
					again++
				}
			}
			if again != tt.marks {
				t.Errorf("a ping period later, marks are shown %d times, want %d", again, tt.marks)
			}
			for _, err := range w.check() {
				t.Error(err)
			}
		})
	}
	t.Run("a claim of another origin beside an info", func(t *testing.T) {
		w, p := lone(t, nil)
		p.send(frame(claim(good, 0, 5), info(unknown, 1, "k", "v", 1, 0)))
		if got := w.nodes[1].core.Marks()[good]; got != 0 {
			t.Errorf("covers %d of an origin claimed in that frame, want 0", got)
		}
	})
}

// TestFirstDeclarationLost loses the frame with which an origin is mentioned first on a link. What the origin writes next comes over that
// link nevertheless, soon and long before idle pings would tell: asked for, or pushed.
func TestFirstDeclarationLost(t *testing.T) {
	w := pair(nil)
	p := w.admitted(t, 10, 1, wire.Chord)
	o := core.Origin{Node: 20, Incarnation: 100}
	write := func(seq uint64) {
		p.send(frame(info(o, seq, fmt.Sprint("k", seq), "v", int64(seq), 0), claim(o, seq-1, seq)))
		w.run(300 * ms)
	}
	e := w.wire(1, 2)
	e.hold = true
	write(1)
	if len(e.out) == 0 {
		t.Fatal("nothing was sent that could be lost")
	}
	e.out, e.hold = nil, false
	for seq := uint64(2); seq <= 5; seq++ {
		write(seq)
		if got := w.nodes[2].core.Marks()[o]; got != seq {
			t.Errorf("300 ms after write %d the other node covers %d", seq, got)
		}
	}
	if w.saw(1, core.LinkDown)+w.saw(2, core.LinkDown) != 0 {
		t.Error("a link has ended")
	}
}

// TestMarksAreAnsweredWithDeclarations: who shows marks has perhaps missed what was declared. It is declared anew with the next
// mention, also of what neither end lacks.
func TestMarksAreAnsweredWithDeclarations(t *testing.T) {
	w, p := lone(t, nil)
	o := core.Origin{Node: 20, Incarnation: 100}
	q := w.admitted(t, 11, 1, wire.Join)
	p.send(frame(graft(o, 0)))
	next := func(seq uint64) (declared int) {
		q.send(frame(info(o, seq, fmt.Sprint("k", seq), "v", 1, 0), claim(o, seq-1, seq)))
		w.run(100 * ms)
		for f := p.recv(); f != nil; f = p.recv() {
			declared += len(f.Origins)
		}
		return declared
	}
	for seq, want := range []int{0, 1, 0, 1, 0} {
		if seq == 3 {
			p.send(wire.AppendMarksEnd(wire.AppendMark(nil, wire.Mark{NodeID: o.Node, Incarnation: o.Incarnation, Seq: 2})))
			w.run(100 * ms)
			p.drop()
		}
		if seq == 0 {
			continue
		}
		if got := next(uint64(seq)); got != want {
			t.Errorf("write %d comes with %d declarations, want %d", seq, got, want)
		}
	}
}
