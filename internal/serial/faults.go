package serial

import (
	"maps"
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/internal/lasting"
	"github.com/grapevine-go/grapevine/internal/simnet"
)

// Life is what a World asks for when a fault is about the life of a host.
type Life interface {
	Crash(host int, silence, wipe bool) // the host's run is to end; it may be down already
	Start(host int)                     // and the next one to begin, if nothing else has the host down
}

// Schedule has a fault begin and end at its times, and adds it to those there are. Faults that begin at one instant do so in the order of
// the calls.
func (w *World) Schedule(f fault.Fault, life Life) {
	w.lock()
	defer w.unlock()
	i := w.faults.Add(f)
	w.net.After(f.At-w.net.Now(), func() { w.begin(i, life) })
}

// begin has a fault begin. mu is held.
func (w *World) begin(i int, life Life) {
	f := w.faults.Fault(i)
	w.faults.Begin(i)
	w.told(f, true)
	if f.Kind == fault.ResolverStale && len(w.stale) == 0 {
		w.stale = slices.Clone(w.opts.Seeds())
	}
	if f.Kind == fault.StoreLost {
		w.sync()
	}
	switch f.Kind {
	case fault.Crash, fault.Wipe, fault.Silence, fault.Restart:
		for _, n := range f.Nodes {
			w.hosts[n].down++
			w.live(func() { life.Crash(n, f.Kind == fault.Silence, f.Kind == fault.Wipe) })
		}
	case fault.Flap, fault.ResolverFlap:
		w.turn(i)
	default:
		w.weather()
	}
	w.net.After(f.For, func() { w.end(i, life) })
}

// turn has a flap go on, until its end.
func (w *World) turn(i int) {
	w.weather()
	f := w.faults.Fault(i)
	if w.net.Now()+f.Every < f.End() {
		w.net.After(f.Every, func() {
			w.faults.Turn(i)
			w.turn(i)
		})
	}
}

// end has a fault end. mu is held.
func (w *World) end(i int, life Life) {
	f := w.faults.Fault(i)
	w.faults.End(i)
	w.told(f, false)
	switch f.Kind {
	case fault.Crash, fault.Wipe, fault.Silence, fault.Restart:
		for _, n := range f.Nodes {
			if f.Kind == fault.Silence && !w.faults.Has(fault.Silence, n) && w.hosts[n].run == nil {
				w.net.Speak(n)
			}
			if w.hosts[n].down--; w.hosts[n].down == 0 {
				w.live(func() { life.Start(n) })
			}
		}
	case fault.ResolverStale:
		if !w.faults.Has(fault.ResolverStale, -1) {
			w.stale = nil
		}
	case fault.StoreLost:
		w.sync()
	default:
		w.weather()
	}
}

// live has something happen to the life of a host as an event of its own, with nothing locked.
func (w *World) live(f func()) { w.net.After(0, func() { go f() }) }

func (w *World) told(f *fault.Fault, begins bool) {
	if w.opts.OnFault != nil {
		w.opts.OnFault(f, begins)
	}
}

// sync has the stores of those whom a fault.StoreLost is about begin to forget, or stop to.
func (w *World) sync() {
	for _, h := range w.hosts {
		switch lost := w.faults.Has(fault.StoreLost, h.id); {
		case lost && h.store.synced == nil:
			h.store.synced = maps.Clone(h.store.values)
		case !lost:
			h.store.synced = nil
		}
	}
}

// Weather makes a network what all faults that last make it together, on top of what it loses without any. Resets says whether links
// that have lost something to a cut end when it is healed. What faults do to clocks, and to hosts that stand still, is left to the caller.
func Weather(n *simnet.Net, a *lasting.Faults, hosts int, stream, datagram float64, resets bool) {
	n.Heal()
	parts := a.Parts(hosts)
	n.Partition(func(host int) int { return parts[host] })
	a.Each(fault.OneWay, -1, func(f *fault.Fault) { n.OneWay(f.Nodes, f.To) })
	if resets {
		n.Reset()
	}
	n.SetLoss(max(stream, a.Most(fault.Loss, -1)), max(datagram, a.Most(fault.Datagrams, -1)))
	n.SetBursts(a.Most(fault.Burst, -1))
	n.SetStrange(simnet.Strange{Duplicate: a.Most(fault.Duplicate, -1), Reorder: a.Most(fault.Reorder, -1)})
	for i := range hosts {
		n.Slow(i, max(a.Most(fault.Slow, i), 1))
		n.SetBandwidth(i, a.Least(fault.Bandwidth, i))
	}
}

// weather makes the network and the hosts what all faults that last make them together.
func (w *World) weather() {
	a, n := w.faults, w.net
	Weather(n, a, len(w.hosts), w.opts.Net.Loss, w.opts.Net.DatagramLoss, w.opts.Resets)
	for i, h := range w.hosts {
		offset, drift := time.Duration(a.Sum(fault.Clock, i)*float64(time.Second)), a.Sum(fault.Drift, i)
		if offset != h.offset || drift != h.drift {
			h.offset, h.drift = offset, drift
			w.setClock(i, offset, min(max(drift, -0.5), 1))
		}
		if paused := !w.closing && a.Has(fault.Pause, i); paused != h.paused {
			if h.paused = paused; paused {
				n.Pause(i)
			} else {
				n.Resume(i)
			}
		}
	}
}

// SetLoss sets what the network loses without a fault.
func (w *World) SetLoss(stream, datagram float64) {
	w.lock()
	defer w.unlock()
	w.opts.Net.Loss, w.opts.Net.DatagramLoss = stream, datagram
	w.weather()
}
