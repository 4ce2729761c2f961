package core

import (
	"maps"
	"slices"
	"sort"
)

// arrivals lists what a node holds in the order in which it came: what is new since a moment is found without looking at
// the rest. It is made when somebody asks for the first time, since links need none.
type arrivals struct {
	on    bool
	last  uint64 // the newest; it begins at the incarnation, so that no life of a node repeats one
	log   []arrival
	stale int     // entries that no longer count
	via   *caller // whose infos are being taken in; nil: nobody's
}

// arrival is one thing that came: what stands for a key or is known of its writers, or a move of an origin's hw.
type arrival struct {
	seq uint64
	ks  *keyState
	o   *origin
	via *caller // who has brought what stands for ks; nil: no caller
}

func (a *arrival) live() bool {
	if a.ks != nil {
		return !a.ks.dead && a.ks.arrived == a.seq
	}
	return a.o.moved == a.seq
}

// begin makes the list of what is there.
func (a *arrivals) begin(c *Core) {
	if a.on {
		return
	}
	a.on, a.last = true, c.inc
	c.touchAll()
	for _, key := range slices.Sorted(maps.Keys(c.keys)) {
		a.key(c.keys[key], nil)
	}
	for _, o := range c.origins {
		if o.hw > 0 {
			a.origin(o)
		}
	}
}

// key notes that another record stands for ks, or that another writer of it is known.
func (a *arrivals) key(ks *keyState, via *caller) {
	if !a.on {
		return
	}
	a.gone(ks)
	ks.arrived = a.add(arrival{ks: ks, via: via})
}

// gone notes that what is listed of ks no longer counts.
func (a *arrivals) gone(ks *keyState) {
	if ks.arrived != 0 {
		a.stale++
	}
}

// origin notes that hw of o has moved.
func (a *arrivals) origin(o *origin) {
	if !a.on {
		return
	}
	if o.moved != 0 {
		a.stale++
	}
	o.moved = a.add(arrival{o: o})
}

func (a *arrivals) add(x arrival) uint64 {
	if a.stale > len(a.log)/2 && a.stale > 16 {
		a.log = slices.DeleteFunc(a.log, func(x arrival) bool { return !x.live() })
		a.stale = 0
	}
	a.last++
	x.seq = a.last
	a.log = append(a.log, x)
	return x.seq
}

// after returns what came after seq and may still count.
func (a *arrivals) after(seq uint64) []arrival {
	return a.log[sort.Search(len(a.log), func(i int) bool { return a.log[i].seq > seq }):]
}
