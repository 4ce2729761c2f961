package measure

import (
	"slices"
	"strconv"
	"time"
)

// kill has nodes crash, or fall silent, while half of the updates are under way. The others are written right after.
func (t *trial) kill() error {
	t.rec.reset()
	t.watch(measured, updateKey, "kill")
	for range (t.Updates + 1) / 2 {
		if err := t.writeNext(); err != nil {
			return err
		}
	}
	t.s.RunFor(t.l(1.5))
	var dead []int
	for _, i := range t.rand.Perm(t.Nodes) {
		if len(dead) < t.Kill && !slices.Contains(t.origins, i) {
			t.end(i)
			dead = append(dead, i)
		}
	}
	t.res.Disconnected += t.graph().outside()
	for range t.Updates / 2 {
		if err := t.writeNext(); err != nil {
			return err
		}
	}
	t.rec.group = none
	if t.Restart {
		t.s.RunFor(2 * time.Second)
		for _, i := range dead {
			t.s.Restart(i)
		}
	}
	t.s.RunFor(10 * time.Second)
	t.arrive(20 * time.Second)
	from := len(t.last)
	t.collect()
	t.stalled(from)
	return t.s.Err()
}

// churn measures updates while nodes crash and start again: of nodes that have not.
func (t *trial) churn() error {
	t.rec.reset()
	t.watch(measured, updateKey, "churn")
	t.s.Churn(t.Churn, 2*time.Second, t.Virtual)
	t.s.RunFor(3 * time.Second)
	for end := t.s.Now() + max(t.Virtual-3*time.Second, 0); t.s.Now() < end; {
		if err := t.writeNext(); err != nil {
			return err
		}
		t.s.RunFor(t.l(25))
	}
	t.rec.group = none
	t.s.RunFor(5 * time.Second)
	t.arrive(25 * time.Second)
	from := len(t.last)
	t.collect()
	t.stalled(from)
	return t.s.Err()
}

// partition cuts the network in two halves, each of which writes, and measures how they find together; and a minute
// later, whether the network is what it was.
func (t *trial) partition() error {
	t.rec.reset()
	perm := t.rand.Perm(t.Nodes)
	left := perm[:t.Nodes/2]
	side := make([]bool, t.s.Len())
	for _, i := range left {
		side[i] = true
	}
	t.watch(split, splitKey, "partition")
	t.s.Partition(left)
	const writes = 5 // of each origin
	pause := t.Partition * 3 / 4 / time.Duration(writes*len(t.origins))
	heal := t.s.Now() + t.Partition
	for i := range writes * len(t.origins) {
		node := t.origins[i%len(t.origins)]
		if err := t.write(node, splitKey+strconv.Itoa(i)); err != nil {
			return err
		}
		t.s.RunFor(pause)
	}
	t.s.RunFor(heal - t.s.Now())
	t.rec.group = none
	missing := t.rec.missing()
	t.phase("heal")
	t.rec.healing = true
	t.s.Heal()
	t.s.RunFor(time.Second)
	t.arrive(29 * time.Second)
	for _, u := range t.rec.updates {
		for node, at := range u.got {
			if at >= heal && side[node] != side[u.node] {
				t.heal = append(t.heal, float32(latencies(at-heal, t.Latency)))
			}
		}
	}
	t.res.Undelivered += t.rec.missing()
	t.healCopies.add(float64(t.rec.healed), float64(missing))
	t.phase("settle again")
	t.s.RunFor(heal + time.Minute - t.s.Now())
	if err := t.rounds(warm); err != nil {
		return err
	}
	return t.plain()
}

// clocks measures what the wrong clock of one node does to infos.
func (t *trial) clocks() error {
	wrong := t.origins[0]
	right := (wrong + 1) % t.Nodes
	t.lose()
	t.phase("clocks")
	const life = 20 * time.Second
	value := func(s string) []byte { return []byte(s) }
	type lease struct{ key string }
	leases := []lease{{"lease/wrong"}, {"lease/right"}}
	begin := t.s.Now()
	for i, node := range []int{wrong, right} {
		if err := t.s.Add(node, leases[i].key, value("mine"), life); err != nil {
			return err
		}
	}
	writes := []struct {
		key           string
		first, second int
		deleted       bool
	}{
		{"pin/1", wrong, right, false},
		{"pin/2", right, wrong, false},
		{"pin/3", wrong, right, true},
		{"pin/4", right, wrong, true},
	}
	for _, w := range writes {
		if err := t.s.Add(w.first, w.key, value("first"), 0); err != nil {
			return err
		}
	}
	t.s.RunFor(time.Second)
	for _, w := range writes {
		err := error(nil)
		if w.deleted {
			err = t.s.Delete(w.second, w.key)
		} else {
			err = t.s.Add(w.second, w.key, value("second"), 0)
		}
		if err != nil {
			return err
		}
	}
	t.s.RunFor(2 * time.Second)
	for _, w := range writes {
		for node := range t.Nodes {
			got, ok := t.s.Get(node, w.key)
			if ok == w.deleted || ok && string(got) != "second" {
				t.res.Pinned++
			}
		}
	}
	held := func() (n int) {
		for _, l := range leases {
			for node := range t.Nodes {
				if _, ok := t.s.Get(node, l.key); ok {
					n++
				}
			}
		}
		return n
	}
	t.s.RunFor(begin + life - 100*time.Millisecond - t.s.Now())
	t.res.ExpiredEarly += len(leases)*t.Nodes - held()
	t.s.RunFor(1100 * time.Millisecond)
	t.res.Immortal += held()
	t.res.ClockRemarks += t.rec.remarks
	return t.s.Err()
}

// load has every node write all the time.
func (t *trial) load() error {
	t.phase("warm up")
	every := time.Duration(float64(time.Second) / t.Rate)
	var failed error
	ends := t.s.Now() + warm*every + t.Virtual
	for i := range t.Nodes {
		var write func()
		write = func() {
			if err := t.write(i, updateKey+strconv.Itoa(i)); err != nil {
				failed = err
				return
			}
			if t.s.Now()+every < ends {
				t.s.After(every, write)
			}
		}
		t.s.After(time.Duration(t.rand.Int64N(int64(every))), write)
	}
	t.s.RunFor(warm * every)
	t.lose()
	t.rec.reset()
	t.watch(measured, updateKey, "load")
	before, from := t.s.Stats(), len(t.s.Updates())
	t.s.RunFor(ends - t.s.Now())
	t.rec.group = none
	t.spent(before, len(t.s.Updates())-from)
	t.phase("arrive")
	t.s.RunFor(2 * time.Second)
	t.arrive(30 * time.Second)
	t.collect()
	if failed != nil {
		return failed
	}
	return t.s.Err()
}
