package core_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// holding returns a core that holds n infos of another origin and has three links, over which nothing is to be said; the
// peers have seen them too.
func holding(t testing.TB, n int) (c *core.Core, now core.Now, link core.LinkID) {
	w, p := lone(t, nil)
	o := core.Origin{Node: 20, Incarnation: 100}
	for at := 0; at < n; {
		b := []byte(nil)
		from := at
		for ; at < n && at < from+1000; at++ {
			b = info(o, uint64(at)+1, fmt.Sprint("key:", at), strings.Repeat("v", 100), int64(at), 0)(b)
		}
		p.send(claim(o, uint64(from), uint64(at))(b))
	}
	for id := range uint64(2) {
		w.admitted(t, 11+id, 1, wire.Chord)
	}
	w.run(500 * ms)
	return w.nodes[1].core, core.Now{Mono: w.now, Wall: epoch + w.now}, p.link()
}

// TestNothingNewIsFree: a step that has nothing to say allocates nothing, however much the node holds.
func TestNothingNewIsFree(t *testing.T) {
	c, now, link := holding(t, 10_000)
	for name, in := range map[string]core.Input{
		"a deadline":      {Kind: core.InDeadline},
		"a frame is sent": {Kind: core.InSent, Link: link},
		"a ping":          {Kind: core.InFrame, Link: link, Frame: &wire.Frame{Ping: &wire.Ping{}}},
	} {
		sends := 0
		if got := testing.AllocsPerRun(100, func() { sends += len(c.Step(now, in).Sends) }); got != 0 || sends != 0 {
			t.Errorf("%s: %v allocations a step and %d frames, want none", name, got, sends)
		}
	}
}

// TestManyWriters: that a key was written by one more origin costs about as much however many there are.
func TestManyWriters(t *testing.T) {
	const origins, keys = 32_000, 2000
	cost := func(keys uint64) time.Duration {
		w, p := lone(t, nil)
		o := core.Origin{Node: 20, Incarnation: 100}
		var infos, all, writers []part
		for i := range keys {
			infos = append(infos, info(o, i+1, fmt.Sprint("k", i), "v", 1, 0))
		}
		for i := range uint64(origins) {
			o := core.Origin{Node: 100 + i, Incarnation: 100}
			all, writers = append(all, declare(o, 0)), append(writers, standin(o, 1, fmt.Sprint("k", i%keys)))
		}
		p.send(frame(append(infos, claim(o, 0, keys))...))
		p.send(frame(all...))
		f, err := decode(frame(writers...))
		if err != nil {
			t.Fatal(err)
		}
		now, start := core.Now{Mono: w.now, Wall: epoch + w.now}, time.Now()
		for range 3 {
			w.nodes[1].core.Step(now, core.Input{Kind: core.InFrame, Link: p.link(), Frame: f})
		}
		return time.Since(start)
	}
	one, many := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
	for range 3 {
		one, many = min(one, cost(1)), min(many, cost(keys))
	}
	if one > 10*many {
		t.Errorf("%d writers take %v, if they write %d keys, and %v, if all write one", origins, many, keys, one)
	}
}

// TestWritersOfOneKey: each of many is remembered, with its newest write, also by who begins with what this node holds.
func TestWritersOfOneKey(t *testing.T) {
	w, p := lone(t, nil)
	const origins = 40
	o := func(i int) core.Origin { return core.Origin{Node: 100 + uint64(i), Incarnation: 100} }
	p.send(frame(info(o(0), 1, "k", "v", 1, 0)))
	for i := range origins {
		p.send(frame(standin(o(i), 2, "k")))
	}
	var more []part
	for i := range origins {
		if i%2 == 0 {
			more = append(more, standin(o(i), 5, "k"))
		}
		more = append(more, standin(o(i), 1, "k"))
	}
	p.send(frame(more...))
	next := core.New(core.Config{Base: w.nodes[1].core.Base(), Limits: config(2).Limits, Timers: config(2).Timers})
	next.Step(core.Now{Mono: w.now, Wall: epoch + w.now}, core.Input{Kind: core.InStart})
	next.TouchAll()
	for i := range origins {
		want := []string{"2 k"}
		if i%2 == 0 {
			want = []string{"5 k"}
		}
		for _, c := range []*core.Core{w.nodes[1].core, next} {
			if got := c.LiveIndex(o(i)); !slices.Equal(got, want) {
				t.Errorf("of writer %d, %q counts, want %q", i, got, want)
			}
		}
	}
}

// TestEqualIsNotedOnce: a peer that asks again and again whether it has the same costs no look at all origins each time.
func TestEqualIsNotedOnce(t *testing.T) {
	cost := func(origins uint64) time.Duration {
		w, p := lone(t, nil)
		var all []part
		for i := range origins {
			o := core.Origin{Node: 100 + i, Incarnation: 100}
			all = append(all, info(o, 1, fmt.Sprint("k", i), "v", 1, 0), claim(o, 0, 1))
		}
		p.send(frame(all...))
		w.run(100 * ms)
		c, now := w.nodes[1].core, core.Now{Mono: w.now, Wall: epoch + w.now}
		ask := &wire.Frame{Ping: &wire.Ping{Ask: true, ID: 1, Digest: c.Digest()}}
		least := time.Duration(math.MaxInt64)
		for range 50 {
			now.Mono += 10 * ms
			now.Wall += 10 * ms
			start := time.Now()
			out := c.Step(now, core.Input{Kind: core.InFrame, Link: p.link(), Frame: ask})
			least = min(least, time.Since(start))
			for len(out.Sends) > 0 {
				out = c.Step(now, core.Input{Kind: core.InSent, Link: p.link()})
			}
		}
		return least
	}
	if few, many := cost(100), cost(20_000); many > 20*few {
		t.Errorf("with a hundred origins, an answer takes %v, with twenty thousand %v", few, many)
	}
}

// BenchmarkNothingNew is a step after which three links look whether they have anything to say.
func BenchmarkNothingNew(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("infos=%d", n), func(b *testing.B) {
			c, now, link := holding(b, n)
			in := core.Input{Kind: core.InSent, Link: link}
			b.ReportAllocs()
			for b.Loop() {
				c.Step(now, in)
			}
		})
	}
}

// BenchmarkAdd writes infos of 100 bytes under a thousand keys, in turn, with one link that is told.
func BenchmarkAdd(b *testing.B) {
	w := newWorld(1, nil)
	w.start(1)
	p := w.admitted(b, 10, 1, wire.Join)
	p.send(frame(graft(w.origin(1), 0)))
	c, link := w.nodes[1].core, p.link()
	keys, value := make([]string, 1000), strings.Repeat("v", 100)
	for i := range keys {
		keys[i] = fmt.Sprint("key:", i)
	}
	now, i := core.Now{Mono: w.now, Wall: epoch + w.now}, 0
	b.ReportAllocs()
	for b.Loop() {
		now.Mono += 10 * ms
		now.Wall += 10 * ms
		out := c.Step(now, core.Input{Kind: core.InCommand, Command: &core.Command{Op: core.OpAdd, Key: keys[i%1000], Value: value}})
		if len(out.Sends) > 0 {
			c.Step(now, core.Input{Kind: core.InSent, Link: link})
		}
		c.Step(now, core.Input{Kind: core.InFrame, Link: link, Frame: &wire.Frame{}}) // so that the link stays
		i++
	}
}

// BenchmarkTakeIn takes in frames of a thousand infos of 100 bytes, each newer than the last frame's, and passes them on
// over one link, the first frame of it. Decoding is not counted.
func BenchmarkTakeIn(b *testing.B) {
	o := core.Origin{Node: 20, Incarnation: 100}
	const infos = 1000
	w, p := lone(b, nil)
	q := w.admitted(b, 11, 1, wire.Chord)
	q.send(frame(graft(o, 0)))
	c, now := w.nodes[1].core, core.Now{Mono: w.now, Wall: epoch + w.now}
	var f *wire.Frame
	b.ReportAllocs()
	for round := 0; b.Loop(); round++ {
		b.StopTimer()
		var bytes []byte
		for i := range uint64(infos) {
			seq := uint64(round)*infos + i + 1
			bytes = info(o, seq, fmt.Sprint("key:", i), strings.Repeat("v", 100), int64(seq), 0)(bytes)
		}
		bytes = claim(o, uint64(round)*infos, uint64(round+1)*infos)(bytes)
		var err error
		if f, err = decode(bytes); err != nil {
			b.Fatal(err)
		}
		now.Mono += 100 * ms
		c.Step(now, core.Input{Kind: core.InFrame, Link: q.link(), Frame: &wire.Frame{}})
		for _, l := range []core.LinkID{p.link(), q.link()} {
			for len(c.Step(now, core.Input{Kind: core.InSent, Link: l}).Sends) > 0 { // the rest of it
			}
		}
		b.StartTimer()
		out := c.Step(now, core.Input{Kind: core.InFrame, Link: p.link(), Frame: f})
		if len(out.Sends) == 0 {
			b.Fatal("nothing is passed on")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/infos, "ns/info")
}
