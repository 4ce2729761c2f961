package core_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// lone returns a running node and a peer that is linked to it.
func lone(t testing.TB, set func(*core.Config)) (*world, *peer) {
	t.Helper()
	w := newWorld(1, set)
	w.start(1)
	return w, w.admitted(t, 10, 1, wire.Chord)
}

// any infos, of few keys, origins and stamps, so that many of them meet.
func anyInfos(rng *rand.Rand, n int) []part {
	seqs := map[core.Origin]uint64{}
	var ps []part
	for range n {
		o := core.Origin{Node: 20 + rng.Uint64N(2), Incarnation: 100 + rng.Uint64N(2)}
		seqs[o]++
		key, seq := fmt.Sprint("k", rng.IntN(3)), seqs[o]
		ttl := []int64{0, hour, 3 * second, 1}[rng.IntN(4)]
		in := &gossippb.Info{
			NodeId: o.Node, Incarnation: o.Incarnation, Seq: seq, Ttl: ttl, Hops: 1, Age: []int64{0, second}[rng.IntN(2)],
			Value: &gossippb.Value{Timestamp: &gossippb.Timestamp{WallTime: epoch + rng.Int64N(3), Logical: rng.Int32N(2)}},
		}
		switch rng.IntN(4) {
		case 0:
			in.State, in.Ttl = gossippb.State_TOMBSTONE, hour
		case 1:
			in.Keep = 2 * hour
			fallthrough
		default:
			in.Value.RawBytes = fmt.Append(nil, seq, " of ", o)
		}
		ps = append(ps, of(key, in))
	}
	return ps
}

// contents says what a node holds, and for how long it keeps what out.
func contents(c *core.Core) []string {
	var all []string
	for _, k := range c.Keys() {
		r := c.Record(k)
		all = append(all, fmt.Sprint(show(r), " of life ", r.Incarnation, ", logical ", r.Stamp.Logical, ", until ", r.Expires, ", held until ", c.Hold(k)))
	}
	return all
}

// TestMergeIgnoresOrder has the same infos arrive in many orders, some of them several times: what is held then is the
// same (P1).
func TestMergeIgnoresOrder(t *testing.T) {
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 1))
		infos := anyInfos(rng, 2+rng.IntN(12))
		var want []string
		for order := range 10 {
			w, p := lone(t, nil)
			for _, i := range rng.Perm(len(infos)) {
				p.send(frame(infos[i]))
				for rng.IntN(3) == 0 {
					p.send(frame(infos[rng.IntN(i+1)]))
				}
			}
			for _, in := range infos {
				p.send(frame(in))
			}
			got := contents(w.nodes[1].core)
			if order == 0 {
				want = got
			}
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d, order %d:\n%q, want\n%q", seed, order, got, want)
			}
			if errs := w.check(); len(errs) > 0 {
				t.Fatalf("seed %d, order %d: %v", seed, order, errs)
			}
		}
	}
}

// TestD01OrderIsTotal: two writes of one key are ordered by stamp, node, incarnation and sequence, and by nothing else: every node
// keeps the same one, and fewer hops decide nothing.
//
// It holds the order of records against the definition: stamp, node, incarnation, seq.
func TestD01OrderIsTotal(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	some := func() *core.Record {
		return &core.Record{
			Body: wire.Body{
				Stamp: wire.Stamp{Wall: rng.Int64N(2), Logical: rng.Int32N(2)}, Node: rng.Uint64N(2), Seq: rng.Uint64N(2),
				TTL: rng.Int64N(3), State: wire.State(rng.IntN(3)),
			},
			Incarnation: rng.Uint64N(2), Hops: rng.Uint32N(3), Expires: rng.Int64N(3),
		}
	}
	for range 10_000 {
		a, b := some(), some()
		if got, want := core.CompareOrder(a, b), compare(a, b); got != want {
			t.Fatalf("%s to %s = %d, want %d", show(a), show(b), got, want)
		}
	}
}

// TestClaims holds how far an origin is covered against a set of what was claimed.
func TestClaims(t *testing.T) {
	o := core.Origin{Node: 20, Incarnation: 100}
	const last = 200
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 2))
		w, p := lone(t, nil)
		claimed := map[uint64]bool{}
		for range 300 {
			from := rng.Uint64N(last)
			to := from + 1 + rng.Uint64N(4)
			p.send(frame(claim(o, from, to)))
			for s := from + 1; s <= to; s++ {
				claimed[s] = true
			}
			want := uint64(0)
			for claimed[want+1] {
				want++
			}
			if _, gaps := w.nodes[1].core.IndexLen(o); gaps >= 32 {
				break // from here on it may forget
			}
			if got := w.nodes[1].core.Marks()[o]; got != want {
				t.Fatalf("seed %d: covered up to %d, want %d, of %v", seed, got, want, slices.Sorted(maps.Keys(claimed)))
			}
		}
		if errs := w.check(); len(errs) > 0 {
			t.Fatalf("seed %d: %v", seed, errs)
		}
	}
}

// TestManyGaps: claims that do not fit are forgotten, not believed.
func TestManyGaps(t *testing.T) {
	o := core.Origin{Node: 20, Incarnation: 100}
	w, p := lone(t, nil)
	for s := uint64(2); s <= 200; s += 2 {
		p.send(frame(claim(o, s, s+1)))
	}
	if _, got := w.nodes[1].core.IndexLen(o); got != 32 {
		t.Errorf("%d gaps after 100 claims, want 32", got)
	}
	for s := uint64(1); s <= 200; s += 2 {
		p.send(frame(claim(o, s, s+1)))
	}
	p.send(frame(claim(o, 0, 1)))
	if got := w.nodes[1].core.Marks()[o]; got > 201 || got < 64 {
		t.Errorf("covered up to %d, want what was claimed at least for the first 32 gaps", got)
	}
}

// TestIndex holds the index of what an origin wrote against the last write of each key.
func TestIndex(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 3))
		w, p := lone(t, nil)
		type write struct {
			o   core.Origin
			seq uint64
			key string
		}
		var all []write
		for o := range uint64(2) {
			for seq := range uint64(60) {
				all = append(all, write{core.Origin{Node: 20 + o, Incarnation: 100}, seq + 1, fmt.Sprint("k", rng.IntN(8))})
			}
		}
		rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		last := map[core.Origin]map[string]uint64{{Node: 20, Incarnation: 100}: {}, {Node: 21, Incarnation: 100}: {}}
		for _, x := range all {
			if rng.IntN(4) == 0 && w.nodes[1].core.Record(x.key) != nil {
				p.send(frame(standin(x.o, x.seq, x.key)))
			} else {
				p.send(frame(info(x.o, x.seq, x.key, "v", rng.Int64N(5), 0)))
			}
			last[x.o][x.key] = max(last[x.o][x.key], x.seq)
		}
		for o, keys := range last {
			order := slices.SortedFunc(maps.Keys(keys), func(a, b string) int { return cmp.Compare(keys[a], keys[b]) })
			var want []string
			for _, k := range order {
				want = append(want, fmt.Sprint(keys[k], " ", k))
			}
			if got := w.nodes[1].core.LiveIndex(o); !slices.Equal(got, want) {
				t.Fatalf("seed %d: index of %v is %q, want %q", seed, o, got, want)
			}
		}
	}
}

// TestIndexStaysShort: the index of an origin that writes a few keys again and again does not grow.
func TestIndexStaysShort(t *testing.T) {
	o := core.Origin{Node: 20, Incarnation: 100}
	w, p := lone(t, nil)
	for seq := uint64(1); seq <= 1000; seq++ {
		p.send(frame(info(o, seq, fmt.Sprint("k", seq%8), "v", int64(seq), 0), claim(o, seq-1, seq)))
		if n, _ := w.nodes[1].core.IndexLen(o); n > 50 {
			t.Fatalf("after %d writes, the index of 8 keys has %d entries", seq, n)
		}
	}
}

// TestHeap holds the queue of deadlines against sorting.
func TestHeap(t *testing.T) {
	type timed struct {
		at int64
		v  int
	}
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 4))
		var h core.Heap
		var all []timed
		for range 200 {
			if rng.IntN(3) > 0 {
				x := timed{rng.Int64N(20), rng.IntN(5)}
				h.Push(x.at, x.v)
				all = append(all, x)
				slices.SortFunc(all, func(a, b timed) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.v, b.v)) })
			}
			now := rng.Int64N(20)
			due := len(all) > 0 && all[0].at <= now
			if len(all) > 0 && h.First() != all[0].at {
				t.Fatalf("seed %d: first is %d, want %d", seed, h.First(), all[0].at)
			}
			at, v, ok := h.Pop(now)
			if ok != due || ok && (timed{at, v}) != all[0] {
				t.Fatalf("seed %d: popped %d at %d, %t; want %v of %v", seed, v, at, ok, due, all)
			}
			if ok {
				all = all[1:]
			}
		}
	}
}
