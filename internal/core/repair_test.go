package core_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// many has p fill a node with n infos of o of 100 bytes, in claims as short as can be.
func many(p *peer, o core.Origin, n int) {
	for i := range uint64(n) {
		p.send(frame(info(o, i+1, fmt.Sprint("k", i), strings.Repeat("v", 100), int64(i), 0), claim(o, i, i+1)))
	}
}

// claimed lists what a frame claims.
func claimed(f *wire.Frame) []wire.Range {
	var all []wire.Range
	for i := range f.Infos {
		if r, ok := f.Infos[i].Claim(); ok {
			all = append(all, r)
		}
	}
	return append(all, f.Ranges...)
}

// TestLongRange: a range of several frames is claimed frame by frame, so that what has come is not asked for again; but
// with the last only, if one of its keys was written again.
func TestLongRange(t *testing.T) {
	o := core.Origin{Node: 20, Incarnation: 100}
	small := func(c *core.Config) { c.Limits.Frame = 4096 }
	t.Run("no key twice", func(t *testing.T) {
		w, p := lone(t, small)
		many(p, o, 100)
		q := w.admitted(t, 11, 1, wire.Chord)
		q.send(frame(graft(o, 0)))
		w.run(100 * ms)
		upTo, infos, frames := uint64(0), 0, 0
		for f := q.recv(); f != nil; f = q.recv() {
			frames++
			infos += len(f.Infos)
			ranges := claimed(f)
			if len(ranges) != 1 || ranges[0].From != upTo || ranges[0].To != uint64(infos) || !ranges[0].Repair {
				t.Errorf("frame %d: ranges %+v behind %d infos, up to %d", frames, ranges, infos, upTo)
				break
			}
			upTo = ranges[0].To
		}
		if upTo != 100 || frames < 5 {
			t.Errorf("%d frames claim up to %d, want 100", frames, upTo)
		}
	})
	t.Run("a key twice", func(t *testing.T) {
		w, p := lone(t, small)
		many(p, o, 100)
		p.send(frame(again(o, 101, "k3"), claim(o, 100, 101)))
		q := w.admitted(t, 11, 1, wire.Chord)
		q.send(frame(graft(o, 0)))
		w.run(100 * ms)
		var ranges []wire.Range
		keys := map[string]bool{}
		frames := 0
		for f := q.recv(); f != nil; f = q.recv() {
			frames++
			if len(ranges) > 0 {
				t.Errorf("frame %d follows the claim of %+v", frames, ranges)
			}
			for _, in := range f.Infos {
				keys[in.Key] = true
			}
			ranges = append(ranges, claimed(f)...)
		}
		if len(ranges) != 1 || ranges[0].From != 0 || ranges[0].To != 101 || frames < 5 || len(keys) != 100 {
			t.Errorf("%d frames of %d keys claim %+v, want one claim up to 101", frames, len(keys), ranges)
		}
	})
	t.Run("a prune in the midst", func(t *testing.T) {
		w, p := lone(t, small)
		many(p, o, 100)
		q := w.admitted(t, 11, 1, wire.Chord)
		w.slowSends = true
		q.send(frame(graft(o, 0)))
		q.recv()
		q.recv()
		q.send(wire.AppendPrune(nil, wire.Prune{NodeID: o.Node, Incarnation: o.Incarnation, Mode: wire.Lazy}))
		q.recv() // was on its way
		w.run(10 * ms)
		if s := q.listen(); len(s.infos) != 0 {
			t.Errorf("after a prune it still sends %d infos", len(s.infos))
		}
	})
}

// TestTwoLongRanges: a range that is claimed with its last frame is finished before another one begins, whatever the IDs.
func TestTwoLongRanges(t *testing.T) {
	w, p := lone(t, func(c *core.Config) { c.Limits.Frame = 4096 })
	long := []core.Origin{{Node: 30, Incarnation: 100}, {Node: 20, Incarnation: 100}}
	value := strings.Repeat("v", 100)
	for _, o := range long {
		for i := range uint64(100) {
			p.send(frame(info(o, i+1, fmt.Sprint(o.Node, "k", i), value, int64(i), 0), claim(o, i, i+1)))
		}
		p.send(frame(again(o, 101, fmt.Sprint(o.Node, "k", 3)), claim(o, 100, 101)))
	}
	q := w.admitted(t, 11, 1, wire.Chord)
	w.slowSends = true
	sent := map[string]int{}
	var claims []uint64
	recv := func(frames int) {
		for range frames {
			if f := q.recv(); f != nil {
				for _, in := range f.Infos {
					sent[in.Key]++
				}
				for _, r := range claimed(f) {
					claims = append(claims, r.NodeID)
				}
			}
		}
	}
	q.send(frame(graft(long[0], 0)))
	recv(3)
	q.send(frame(graft(long[1], 0)))
	recv(50)
	if len(sent) != 200 || !slices.Equal(claims, []uint64{30, 20}) {
		t.Errorf("%d keys are sent, and the ranges of %v claimed, want 200, and 30 before 20", len(sent), claims)
	}
	for key, n := range sent {
		if n != 1 {
			t.Errorf("%s is sent %d times", key, n)
		}
	}
}

// TestSlowPush: a push that goes on is waited for; one that does not is replaced.
func TestSlowPush(t *testing.T) {
	w, from, q, _, o, seq := hub(t)
	q.send(frame(advert(o, seq+50)))
	for i := range uint64(49) {
		w.run(9 * ms)
		from.send(frame(info(o, seq+1+i, fmt.Sprint("k", i), "v", 100, 0), claim(o, seq+i, seq+1+i)))
		if s := q.listen(); len(s.grafts) != 0 {
			t.Fatalf("after %d of 50 infos, one each 9 ms, it asks: %+v", i, s)
		}
	}
	w.run(500 * ms)
	if s := q.listen(); len(s.grafts) == 0 || s.grafts[0].From != seq+49 {
		t.Errorf("half a second after the push has stopped it says %+v, want a graft from %d on", s, seq+49)
	}
}

// TestEqualMarks: a new link between nodes that hold the same carries nothing but the Hellos and pings.
func TestEqualMarks(t *testing.T) {
	w := pair(nil)
	w.add(1, "k", "v", 0)
	w.run(second)
	w.sever(1, 2)
	w.run(3 * second)
	if n, _ := w.links(1, 2); n != 1 {
		t.Fatalf("%d links, want 1", n)
	}
	for s := range 2 {
		if n := w.conns[len(w.conns)-1].frames[s]; n > 4 {
			t.Errorf("side %d has sent %d frames in 3 s, want a Hello and three pings", s, n)
		}
	}
}

// TestUnequalMarks: a new ring link or chord compares marks again for a while, and then says what it has; the other end
// asks for what it lacks.
func TestUnequalMarks(t *testing.T) {
	w := newWorld(1, nil)
	w.handDials = true
	w.start(1)
	w.describe(1)
	first := w.admitted(t, 10, 1, wire.Join)
	o := core.Origin{Node: 20, Incarnation: 100}
	first.send(frame(info(o, 1, "node:20", descriptor(20), 1, 0), claim(o, 0, 1)))
	w.run(second)
	n := &w.nodes[1]
	if len(n.dials) != 1 {
		t.Fatalf("dials %+v, want the member", n.dials)
	}
	q := w.answer(t, 1, n.dials[0], 20)
	h := q.recv().Hello
	if digest := n.core.Digest(); h.Reason == wire.Join || h.Digest != digest {
		t.Fatalf("greets with %+v, want the digest of its marks, %x", h, digest)
	}
	q.hello(wire.Hello{ClusterID: "test", Reason: h.Reason, Verdict: wire.Admitted, Digest: 1})
	if s := q.listen(); s.frames != 0 {
		t.Errorf("says %+v at once", s)
	}
	w.run(40 * ms)
	s := q.listen()
	if len(s.pings) != 1 || !s.pings[0].Ask || len(s.marks) != 0 {
		t.Fatalf("40 ms later it says %+v, want a ping that asks", s)
	}
	q.send(wire.AppendPing(nil, wire.Ping{ID: s.pings[0].ID, Digest: 1}))
	w.run(10 * ms)
	if s = q.listen(); len(s.marks) != len(n.core.Marks()) {
		t.Errorf("when they still differ it says %+v, want %d marks", s, len(n.core.Marks()))
	}
	p := w.admitted(t, 30, 1, wire.Chord)
	x := core.Origin{Node: 21, Incarnation: 100}
	p.send(wire.AppendMarksEnd(frame(func(b []byte) []byte {
		return wire.AppendMark(b, wire.Mark{NodeID: x.Node, Incarnation: x.Incarnation, Seq: 3})
	})))
	s = p.listen()
	if len(s.adverts) != len(n.core.Marks()) || len(s.grafts) != 0 {
		t.Errorf("marks are answered with %+v, want an advert of each origin", s)
	}
	w.run(50 * ms)
	if s = p.listen(); len(s.grafts) != 1 || s.grafts[0].NodeID != x.Node || s.grafts[0].From != 0 {
		t.Errorf("what the marks are ahead in is asked for with %+v, want a graft", s)
	}
}

// TestIdleCompare: where two pings in a row show other marks, the same ones, and nothing has moved here in between, the
// dialling end says what it has.
func TestIdleCompare(t *testing.T) {
	o := core.Origin{Node: 20, Incarnation: 100}
	move := frame(info(o, 1, "k", "v", 1, 0), claim(o, 0, 1))
	ping := func(hash uint64) []byte { return wire.AppendPing(nil, wire.Ping{Digest: hash}) }
	tests := []struct {
		name     string
		accepted bool
		frames   [][]byte
		want     bool
	}{
		{"twice the same", false, [][]byte{ping(5), ping(5)}, true},
		{"once", false, [][]byte{ping(5)}, false},
		{"the other end moves", false, [][]byte{ping(5), ping(6)}, false},
		{"this end moves", false, [][]byte{ping(5), move, ping(5)}, false},
		{"equal in between", false, [][]byte{ping(5), nil, ping(5)}, false},
		{"equal", false, [][]byte{nil, nil, nil}, false},
		{"the other end dialled", true, [][]byte{ping(5), ping(5)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, p := dialer(t, 10, nil)
			if tt.accepted {
				p = w.admitted(t, 11, 1, wire.Chord)
			} else {
				h := p.recv().Hello
				p.hello(wire.Hello{ClusterID: "test", Reason: h.Reason, Verdict: wire.Admitted, Digest: h.Digest})
			}
			w.add(1, "mine", "v", 0)
			w.run(100 * ms)
			p.drop()
			for _, f := range tt.frames {
				if f == nil {
					f = wire.AppendPing(nil, wire.Ping{Digest: w.nodes[1].core.Digest()})
				}
				p.send(f)
			}
			if s := p.listen(); (len(s.marks) > 0) != tt.want {
				t.Errorf("says %+v, want marks: %t", s, tt.want)
			}
		})
	}
}

// TestBetweenHelloAndAnswer: what a node takes in after its Hello and before the answer is not taken for known over there.
func TestBetweenHelloAndAnswer(t *testing.T) {
	o := core.Origin{Node: 20, Incarnation: 100}
	for _, reason := range []wire.Reason{wire.Join, wire.Ring} {
		w := newWorld(1, nil)
		w.handDials = true
		n := &w.nodes[1]
		if reason == wire.Join {
			n.seeds = []wire.Addr{addrOf(20)}
		}
		w.start(1)
		w.describe(1)
		first := w.admitted(t, 10, 1, wire.Chord)
		if reason == wire.Ring {
			first.send(frame(info(o, 1, "node:20", descriptor(20), 1, 0), claim(o, 0, 1)))
			w.run(second)
		}
		q := w.answer(t, 1, n.dials[0], 20)
		h := q.recv().Hello
		if h.Reason != reason {
			t.Fatalf("dials for reason %d, want %d", h.Reason, reason)
		}
		x := core.Origin{Node: 21, Incarnation: 100}
		first.send(frame(info(x, 1, "k", "v", 1, 0), claim(x, 0, 1)))
		q.hello(wire.Hello{ClusterID: "test", Reason: reason, Verdict: wire.Admitted, Digest: h.Digest})
		w.run(100 * ms)
		s := q.listen()
		told := slices.Contains(s.infos, "k=v") || slices.ContainsFunc(s.adverts, func(a wire.Advert) bool { return a.NodeID == x.Node && a.To == 1 })
		if !told {
			t.Errorf("reason %d: the new peer hears %+v, and not of what came in before it answered", reason, s)
		}
	}
}

// TestBetweenAskAndAnswer: nor what it takes in between asking whether the marks are the same and being told so.
func TestBetweenAskAndAnswer(t *testing.T) {
	w, p := dialer(t, 10, nil)
	p.recv()
	p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Admitted})
	w.describe(1)
	member := core.Origin{Node: 20, Incarnation: 100}
	p.send(frame(info(member, 1, "node:20", descriptor(20), 1, 0), claim(member, 0, 1)))
	w.run(100 * ms)
	q := w.answer(t, 1, w.nodes[1].dials[1], 20)
	q.hello(wire.Hello{ClusterID: "test", Reason: q.recv().Hello.Reason, Verdict: wire.Admitted, Digest: 1})
	w.run(40 * ms)
	s := q.listen()
	if len(s.pings) != 1 || !s.pings[0].Ask {
		t.Fatalf("says %+v, want a ping that asks", s)
	}
	x := core.Origin{Node: 21, Incarnation: 100}
	p.send(frame(info(x, 1, "k", "v", 1, 0), claim(x, 0, 1)))
	heard := q.listen() // a stranger is advertised at once, or pushed
	q.send(wire.AppendPing(nil, wire.Ping{ID: s.pings[0].ID, Same: true}))
	w.run(100 * ms)
	after := q.listen()
	heard.adverts, heard.infos = append(heard.adverts, after.adverts...), append(heard.infos, after.infos...)
	if !slices.Contains(heard.infos, "k=v") && !slices.ContainsFunc(heard.adverts, func(a wire.Advert) bool { return a.NodeID == x.Node }) {
		t.Errorf("it says %+v, and nothing of what came in before the answer", after)
	}
}
