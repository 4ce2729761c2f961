package measure

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// Run measures what opts ask for. Its errors say what is wrong with opts, or with a trial: the seed and the time.
func Run(opts Options) (Result, error) {
	opts = opts.withDefaults()
	if err := opts.check(); err != nil {
		return Result{}, err
	}
	begin := time.Now()
	t := &tally{res: Result{Nodes: opts.Nodes, Seed: opts.Seed, Placed: opts.Placed}}
	for i := range opts.Trials {
		skews := []time.Duration{0}
		if opts.Skew != 0 {
			skews = []time.Duration{opts.Skew, -opts.Skew}
		}
		for _, skew := range skews {
			if err := newTrial(opts, i, skew, t).run(); err != nil {
				return t.result(), err
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.res.HeapMB = int(m.HeapSys >> 20)
	t.res.WallMS = int(time.Since(begin).Milliseconds())
	return t.result(), nil
}

// trial is one network, from its start on.
type trial struct {
	Options
	n    int // which trial
	skew time.Duration
	*tally
	s       *sim.Sim
	rec     *recorder
	log     *eventLog
	rand    *rand.Rand // of who does what when, apart from what the network draws
	origins []int      // nodes that write, in the order in which they do
	turn    int
}

func newTrial(o Options, n int, skew time.Duration, t *tally) *trial {
	seed := o.Seed + uint64(n)
	r := &trial{Options: o, n: n, skew: skew, tally: t, rand: rand.New(rand.NewPCG(seed, 0x6d656173))}
	all := o.Nodes
	if !o.Restart {
		all += o.Join
	}
	if o.Sponsor != "" {
		all += o.Updates
	}
	zones := make([]int, all)
	for i := range zones {
		zones[i] = i % o.Zones
	}
	r.rec = newRecorder(o.Nodes, all, func(node int) int { return zones[node] })
	so := sim.Options{
		Nodes: all, Seed: seed, Latency: o.Latency, Jitter: o.Jitter, MaxPeers: o.MaxPeers, Parents: func(int) int { return o.Eager },
		DialLatency: time.Duration(o.Dial * float64(o.Latency)), Sentinel: 10 * time.Second, OnEvent: r.rec.event,
	}
	if o.Zones > 1 {
		distances := make([][]time.Duration, o.Zones)
		for i := range distances {
			distances[i] = slices.Repeat([]time.Duration{3 * o.Latency}, o.Zones)
			distances[i][i] = o.Latency / 10
		}
		so.Distance = sim.Zones(zones, distances)
	}
	if o.Events != nil {
		r.log = newEventLog(o.Events)
		so.OnEvent = func(e sim.Event) {
			r.log.write(e)
			r.rec.event(e)
		}
	}
	r.s = sim.New(so)
	r.origins = r.rand.Perm(o.Nodes)[:min(o.Updates, o.Nodes)]
	return r
}

// run does the trial and adds what it measured to the tally.
func (t *trial) run() error {
	if t.skew != 0 {
		t.s.SetClock(t.origins[0], t.skew, 0)
	}
	steps := []func() error{t.cold}
	if t.Placed {
		steps[0] = t.place
	}
	if !t.Cold {
		if !t.Placed {
			steps = append(steps, t.settle)
		}
		switch {
		case t.Kill > 0:
			steps = append(steps, t.warmUp, t.kill)
		case t.Churn > 0:
			steps = append(steps, t.warmUp, t.churn)
		case t.Partition > 0:
			steps = append(steps, t.warmUp, t.partition)
		case t.skew != 0:
			steps = append(steps, t.clocks)
		case t.Rate > 0:
			steps = append(steps, t.load)
		case t.Join > 0:
			steps = append(steps, t.join)
		case t.Sponsor != "":
			steps = append(steps, t.sponsor)
		default:
			steps = append(steps, t.warmUp, t.plain)
		}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	g := t.graph()
	t.res.DegreeMax = max(t.res.DegreeMax, g.degree())
	t.res.CutVertices = max(t.res.CutVertices, g.cutVertices())
	t.res.Events += t.s.Stats().Steps
	t.trace = t.trace*31 + t.s.Trace()
	if t.Done != nil {
		t.Done(t.s)
	}
	if t.log != nil {
		return errors.Join(t.s.Err(), t.log.close())
	}
	return t.s.Err()
}

// phase tells that something new begins.
func (t *trial) phase(name string) {
	if t.Progress != nil {
		t.Progress(t.n, name)
	}
	if t.log != nil {
		t.log.phase(t.s.Now(), name)
	}
}

// l returns n one-way latencies.
func (t *trial) l(n float64) time.Duration { return time.Duration(n * float64(t.Latency)) }

func (t *trial) graph() graph { return newGraph(t.s.Len(), t.s.Running, t.s.Links) }

// cold starts all nodes within one latency, and waits until all know all.
func (t *trial) cold() error {
	t.phase("cold start")
	for i := range t.Nodes {
		t.s.After(time.Duration(t.rand.Int64N(int64(t.Latency)+1)), func() { t.s.Start(i) })
	}
	if t.Cold {
		t.lose()
	}
	up := make([]bool, t.Nodes)
	for i := range up {
		up[i] = true
	}
	if t.Cold && t.Kill > 0 {
		t.s.RunFor(t.l(6))
		for _, i := range t.rand.Perm(t.Nodes)[:t.Kill] {
			t.end(i)
			up[i] = false
		}
	}
	// Between nodes of which none has crashed, counting tells.
	know := func() bool {
		for i := range t.Nodes {
			if up[i] && t.s.Count(i) < t.Nodes-t.Kill {
				return false
			}
		}
		if t.Kill == 0 || !t.Cold {
			return t.s.Converged()
		}
		return t.strangers(up) == 0
	}
	err := t.s.RunUntil(know, time.Minute)
	if t.s.Err() != nil {
		return t.s.Err()
	}
	missing := 0
	if err != nil {
		missing = t.strangers(up)
	}
	t.res.Undelivered += missing
	t.res.ColdTime = max(t.res.ColdTime, latencies(t.s.Now(), t.Latency))
	copies, nodes := 0, t.Nodes
	for _, u := range t.s.Updates() {
		if strings.HasPrefix(u.Key, descriptorKey) {
			copies += u.Copies
		}
	}
	if t.Cold {
		nodes -= t.Kill
	}
	t.tally.cold.add(float64(copies), float64(nodes*(nodes-1)))
	t.coldFrames.add(float64(cmp.Or(t.rec.connected, t.rec.frames)), float64(t.Nodes))
	return nil
}

// place puts the network there as it is when it has settled.
func (t *trial) place() error {
	t.phase("place")
	t.s.Place()
	return t.s.Err()
}

// strangers returns how many pairs of nodes there are of which one does not know the other.
func (t *trial) strangers(up []bool) int {
	n := 0
	for i := range up {
		for j := range up {
			if up[i] && up[j] {
				if _, ok := t.s.Get(i, descriptorKey+strconv.Itoa(j+1)); !ok {
					n++
				}
			}
		}
	}
	return n
}

// end kills a node.
func (t *trial) end(node int) {
	if t.Silent {
		t.s.Silence(node)
	} else {
		t.s.Crash(node)
	}
}

// settle lets a minute pass, and measures what the second half of it cost.
func (t *trial) settle() error {
	t.phase("settle")
	const half = 30 * time.Second
	t.s.RunFor(half)
	t.phase("idle")
	before := t.s.Stats()
	t.s.RunFor(half)
	after := t.s.Stats()
	t.res.DegreeMax = max(t.res.DegreeMax, t.graph().degree())
	ends := 0
	for i := range t.Nodes {
		ends += len(t.s.Links(i))
	}
	t.idle.add(float64(after.Bytes-before.Bytes+frameCost*(after.Frames-before.Frames)), float64(ends)*half.Seconds())
	return t.s.Err()
}

// payload is what key and value of an update take.
const payload = 100

// write has a node write an update under the key.
func (t *trial) write(node int, key string) error {
	return t.s.Add(node, key, make([]byte, max(payload-len(key), 0)), 0)
}

// next returns the node whose turn it is to write: of those that have grown their trees, and lost nothing since. If
// there is none left, it returns false.
func (t *trial) next() (int, bool) {
	for range t.origins {
		node := t.origins[t.turn%len(t.origins)]
		t.turn++
		if len(t.rec.downs[node]) == 0 {
			return node, true
		}
	}
	return 0, false
}

// writeNext has the node write whose turn it is.
func (t *trial) writeNext() error {
	node, ok := t.next()
	if !ok {
		return nil
	}
	return t.write(node, updateKey+strconv.Itoa(node))
}

// rounds has each origin write so many updates, one after another; all at once if the network was placed, which may be
// large.
func (t *trial) rounds(n int) error {
	for range n {
		for _, node := range t.origins {
			if err := t.write(node, updateKey+strconv.Itoa(node)); err != nil {
				return err
			}
			if !t.Placed {
				t.s.RunFor(t.l(gap))
			}
		}
		if t.Placed {
			t.s.RunFor(t.l(gap))
		}
	}
	return t.s.Err()
}

const (
	gap  = 30 // latencies between two updates
	warm = 8  // updates of an origin before those that are measured
)

// warmUp has trees grow, and then the losses begin.
func (t *trial) warmUp() error {
	t.phase("warm up")
	if err := t.rounds(warm); err != nil {
		return err
	}
	if t.Loss > 0 {
		t.lose()
		return t.rounds(1)
	}
	return nil
}

// lose has losses begin, if there are to be any.
func (t *trial) lose() {
	if t.Datagram {
		t.s.SetLoss(0, t.Loss)
	} else {
		t.s.SetLoss(t.Loss, 0)
	}
}

// watch begins to measure the updates of a group.
func (t *trial) watch(g group, prefix, name string) {
	t.phase(name)
	t.rec.group, t.rec.prefix = g, prefix
}

// arrive waits until all have everything, or the limit is reached.
func (t *trial) arrive(limit time.Duration) {
	for end := t.s.Now() + limit; t.s.Err() == nil && t.s.Now() < end && t.rec.missing() > 0; {
		t.s.RunFor(100 * time.Millisecond)
	}
}

// plain measures updates without faults.
func (t *trial) plain() error {
	t.rec.reset()
	t.watch(measured, updateKey, "measure")
	before, from := t.s.Stats(), len(t.s.Updates())
	for range t.Updates {
		if err := t.writeNext(); err != nil {
			return err
		}
		t.s.RunFor(t.l(gap))
	}
	t.rec.group = none
	t.spent(before, len(t.s.Updates())-from)
	t.phase("arrive")
	t.arrive(30 * time.Second)
	t.collect()
	return t.s.Err()
}

// spent adds up what it has cost to spread so many updates.
func (t *trial) spent(before sim.Stats, writes int) {
	after := t.s.Stats()
	t.control.add(float64(after.Control-after.Quiet-(before.Control-before.Quiet)), float64(writes*t.Nodes))
	bytes := after.Bytes - before.Bytes + frameCost*(after.Frames-before.Frames)
	t.floor.add(float64(bytes), float64(len(t.rec.updates)*(t.Nodes-1)*(payload+infoCost)))
	most, sum, nodes := 0, 0, 0
	for i, n := range t.rec.sent {
		if t.s.Running(i) {
			most, sum, nodes = max(most, n), sum+n, nodes+1
		}
	}
	t.res.HotRatio = max(t.res.HotRatio, ratio{float64(most), 1}.value()*ratio{float64(nodes), float64(sum)}.value())
}

// collect adds up what became of the updates.
func (t *trial) collect() {
	t.res.Undelivered += t.rec.missing()
	for _, u := range t.rec.updates {
		switch u.group {
		case measured:
			t.delivered(u)
		case first:
			t.tally.first.add(t.rec.copies(u))
		case joining:
			t.tally.join.add(t.rec.copies(u))
		}
	}
}

// delivered adds up the times of an update.
func (t *trial) delivered(u *update) {
	last := 0.0
	for node, at := range u.got {
		if at != 0 && t.rec.counts(u, node) {
			d := latencies(at-u.at, t.Latency)
			t.delivery = append(t.delivery, float32(d))
			last = max(last, d)
		}
	}
	t.last = append(t.last, float32(last))
	t.copies.add(t.rec.copies(u))
	t.wan.add(float64(u.wan), float64(t.Nodes))
	t.res.HopsMax = max(t.res.HopsMax, u.hops)
}

// stalled takes note of the longest time an update took.
func (t *trial) stalled(from int) {
	for _, d := range t.last[from:] {
		t.res.StallMax = max(t.res.StallMax, float64(d))
	}
}

// errNoTime is what a trial fails with that does not get anywhere.
func (t *trial) errNoTime(what string) error {
	return fmt.Errorf("measure: seed %d, at %v: %s", t.Seed+uint64(t.n), t.s.Now(), what)
}
