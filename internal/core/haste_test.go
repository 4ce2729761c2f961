package core_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestHaste: who has seen a push that was late asks and advertises earlier, for some seconds; of the origin whose push was, it only advertises. A push
// that is hardly late changes nothing, nor does one of an origin whose tree is young, nor what was cut off, nor any where distances are said to differ.
func TestHaste(t *testing.T) {
	for _, tt := range []struct {
		what             string
		later, rest      int64
		young, same, far bool
		both, answered   bool
		stream           bool
		advertises, asks bool
	}{
		{what: "hardly late", later: 4 * ms},
		{what: "late", later: 40 * ms, advertises: true, asks: true},
		{what: "late, of the same origin", later: 40 * ms, same: true, advertises: true},
		{what: "late, of each", later: 40 * ms, both: true, advertises: true, asks: true},
		{what: "late, behind an answer", later: 40 * ms, answered: true, advertises: true, asks: true},
		{what: "late, behind an answer, of a young tree", later: 40 * ms, answered: true, young: true},
		{what: "late some seconds ago", later: 40 * ms, rest: 2 * second, advertises: true, asks: true},
		{what: "late a while ago", later: 40 * ms, rest: 3200 * ms},
		{what: "a young tree", later: 40 * ms, young: true},
		{what: "cut off", later: 250 * ms},
		{what: "hardly late, each but the last when there is more already", stream: true},
		{what: "late, where distances differ", later: 40 * ms, far: true},
	} {
		w, from, q, r, o, seq := hub(t)
		alive := func() { // the peers do not answer pings
			for _, p := range []*peer{from, q, r} {
				p.send(wire.AppendPing(nil, wire.Ping{ID: 1}))
			}
		}
		if tt.far {
			r.send(wire.AppendPing(nil, wire.Ping{ID: 1, Measure: true}))
		}
		x, last := core.Origin{Node: 30, Incarnation: 100}, uint64(0)
		for range 20 {
			seq++
			from.send(update(o, seq, 3))
			if last == 0 || !tt.young {
				last++
				from.send(update(x, last, 3))
			}
			w.run(200 * ms)
			alive()
		}
		switch last++; {
		case tt.answered:
			q.send(wire.AppendAdverts(frame(declare(x, 0)), wire.Advert{NodeID: x.Node, To: last, Hops: 3}))
			w.run(tt.later - ms)
			q.send(frame(info(x, last, "k", "v", int64(last), 0), func(b []byte) []byte {
				return wire.AppendRange(b, wire.Range{NodeID: x.Node, Incarnation: x.Incarnation, From: last - 1, To: last, Repair: true})
			}))
			w.run(ms)
			from.send(update(x, last, 3))
			w.run(200 * ms)
		case !tt.same:
			raced(w, from, q, x, last, tt.later)
		}
		if tt.same || tt.both {
			seq++
			raced(w, from, q, o, seq, tt.later)
		}
		for range tt.rest / (100 * ms) {
			alive()
			w.run(100 * ms)
		}
		if tt.stream {
			for range 100 {
				q.send(advertOver(x, last+1, 3))
				from.send(update(x, last, 3))
				last++
				w.run(4 * ms)
			}
			from.send(update(x, last, 3))
			w.run(200 * ms)
		}
		q.drop()
		r.drop()
		seq++
		from.send(update(o, seq, 3))
		w.run(20 * ms)
		if s := r.listen(); len(s.adverts) > 0 {
			t.Errorf("%s: advertises within 20 ms", tt.what)
		}
		w.run(4 * ms)
		if early := len(r.listen().adverts) > 0; early != tt.advertises {
			t.Errorf("%s: advertises within 24 ms: %v, want %v", tt.what, early, tt.advertises)
		}
		w.run(200 * ms)
		q.drop()
		seq++
		if raced(w, from, q, o, seq, ms) {
			t.Errorf("%s: asks within 1 ms", tt.what)
		}
		seq++
		if asked := raced(w, from, q, o, seq, 8*ms); asked != tt.asks {
			t.Errorf("%s: asks within 8 ms: %v, want %v", tt.what, asked, tt.asks)
		}
	}
}
