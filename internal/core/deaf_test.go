package core_test

import (
	"fmt"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestDeafPeers: peers that talk and do not listen have a node remember no more than one change of each origin's tree, and
// few questions.
func TestDeafPeers(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	w.add(1, "own", "v", 0)
	p, q := w.admitted(t, 8, 1, wire.Chord), w.admitted(t, 9, 1, wire.Chord)
	w.slowSends = true // and nobody takes anything in from here on
	o := core.Origin{Node: 20, Incarnation: 100}
	p.send(frame(hopsOf(o, 1, 9), claim(o, 0, 1)))
	queued := func(p *peer) int {
		changes, _ := w.nodes[1].core.Queued(p.link())
		return changes
	}
	for range 1000 {
		for _, peer := range []*peer{p, q} {
			peer.send(frame(claim(o, 0, 1), advert(o, 1)))
			w.steps = 0
		}
	}
	if a, b := queued(p), queued(q); a > 2 || b > 2 {
		t.Errorf("%d and %d changes of one tree wait to be sent, want one graft and one prune at most", a, b)
	}
	for range 1000 {
		if q.up() {
			q.send(wire.AppendPing(nil, wire.Ping{Ask: true, ID: 1}))
		}
	}
	if q.up() {
		_, pings := w.nodes[1].core.Queued(q.link())
		t.Errorf("%d answers wait to be sent, want the link ended", pings)
	}
	if n := w.saw(1, core.PeerRefused); n != 1 || !p.up() {
		t.Errorf("%d peers refused, the other one is up: %t", n, p.up())
	}
	// Once the link is free, what is said last holds.
	p.drop()
	w.run(100 * ms)
	var grafts, prunes int
	for f := p.recv(); f != nil; f = p.recv() {
		grafts, prunes = grafts+len(f.Grafts), prunes+len(f.Prunes)
	}
	if grafts+prunes == 0 || grafts > 2 || prunes > 3 {
		t.Errorf("%d grafts and %d prunes are sent, want few", grafts, prunes)
	}
}

// TestAskedAgain: what a peer is asked once, it is asked again, if it does not answer; but then no more until it says anew that it
// has something.
func TestAskedAgain(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	p := w.admitted(t, 8, 1, wire.Chord)
	o := core.Origin{Node: 20, Incarnation: 100}
	for range 2 {
		p.send(frame(advert(o, 1)))
		grafts := 0
		for range 20 {
			w.idle(p, 100*ms)
			for f := p.recv(); f != nil; f = p.recv() {
				grafts += len(f.Grafts)
			}
		}
		if grafts != 2 {
			t.Errorf("asked %d times within two seconds, want twice", grafts)
		}
	}
	// The same goes for prunes: each push that is none of the tree's.
	p.send(frame(hopsOf(o, 1, 1), claim(o, 0, 1)))
	q := w.admitted(t, 9, 1, wire.Chord)
	prunes := 0
	for range 3 {
		q.send(frame(claim(o, 0, 1)))
		w.idle(p, 100*ms)
		for f := q.recv(); f != nil; f = q.recv() {
			prunes += len(f.Prunes)
		}
	}
	if prunes != 3 {
		t.Errorf("%d prunes for three pushes, want one each", prunes)
	}
}

// TestMarksAreRationed: what a node sends because of marks, which may be three bytes, it sends once in half a ping period.
func TestMarksAreRationed(t *testing.T) {
	w, p := lone(t, nil)
	q := w.admitted(t, 11, 1, wire.Join)
	const origins = 50
	o := func(i int) core.Origin { return core.Origin{Node: 20 + uint64(i), Incarnation: 100} }
	for i := range origins {
		q.send(frame(info(o(i), 1, fmt.Sprint("k", i), "v", 1, 0), claim(o(i), 0, 1)))
		p.send(frame(graft(o(i), 0)))
	}
	w.run(500 * ms)
	p.drop()
	infos := 0
	for range 100 { // for a second and a half
		p.send(wire.AppendMarksEnd(nil))
		q.send(wire.AppendPing(nil, wire.Ping{}))
		w.run(15 * ms)
		infos += len(p.listen().infos)
	}
	if infos > 3*origins || infos < origins {
		t.Errorf("%d infos are sent because of 100 marks in 1.5 s, want %d, three times at most", infos, origins)
	}
}
