package measure

import (
	"strconv"
	"time"
)

// join has nodes join, one after another.
func (t *trial) join() error {
	t.lose()
	for i := range t.Join {
		node := t.Nodes + i
		if t.Restart {
			node = t.origins[0]
			t.origins = append(t.origins[1:], node)
			t.s.Crash(node)
			t.s.RunFor(t.l(20))
		}
		if err := t.joinOne(node, joining); err != nil {
			return err
		}
		t.arrive(20 * time.Second)
		t.collect()
		t.rec.reset()
	}
	return t.s.Err()
}

// joinOne starts a node, whose descriptor is watched, and measures what it takes until it holds what the others hold.
func (t *trial) joinOne(node int, g group) error {
	other := 0
	for !t.s.Running(other) || other == node {
		other++
	}
	keys := t.s.Keys(other)
	state := 0
	for _, k := range keys {
		v, _ := t.s.Get(other, k)
		state += len(k) + len(v) + infoCost
	}
	begin := t.s.Now()
	clear(t.rec.received)
	t.watch(g, descriptorKey, "join")
	t.s.Restart(node)
	t.rec.group = none
	all := func() bool {
		if t.s.Count(node) < len(keys) {
			return false
		}
		for _, k := range keys {
			if _, ok := t.s.Get(node, k); !ok {
				return false
			}
		}
		return true
	}
	if err := t.s.RunUntil(all, 30*time.Second); err != nil {
		if t.s.Err() != nil {
			return err
		}
		t.res.Undelivered++
	}
	t.res.JoinStateTime = max(t.res.JoinStateTime, latencies(t.s.Now()-begin, t.Latency))
	t.s.RunFor(begin + time.Second - t.s.Now())
	t.res.JoinExtraBytes = max(t.res.JoinExtraBytes, float64(t.rec.received[node]-state))
	t.s.RunFor(4 * time.Second)
	return t.s.Err()
}

// sponsor has nodes join and write their first info. Where the sponsor is dead, that is one written when the node has
// its links, half a second after the node it joined through fell silent.
func (t *trial) sponsor() error {
	t.lose()
	for i := range t.Updates {
		node := t.Nodes + i
		if t.Sponsor == "known" {
			if err := t.joinOne(node, first); err != nil {
				return err
			}
			t.arrive(20 * time.Second)
			t.collect()
			t.rec.reset()
			continue
		}
		t.phase("join")
		t.s.Start(node)
		linked := func() bool { return t.rec.firstLink[node] >= 0 }
		if err := t.s.RunUntil(linked, 10*time.Second); err != nil {
			return t.errNoTime("n" + strconv.Itoa(node) + " does not join")
		}
		dead := t.rec.firstLink[node]
		t.s.Silence(dead)
		t.s.RunFor(settled)
		t.watch(first, firstKey, "first info")
		if err := t.write(node, firstKey+strconv.Itoa(node)); err != nil {
			return err
		}
		t.rec.group = none
		t.s.RunFor(10 * time.Second)
		t.arrive(20 * time.Second)
		t.collect()
		t.rec.reset()
		t.s.Restart(dead)
		t.s.RunFor(5 * time.Second)
	}
	return t.s.Err()
}
