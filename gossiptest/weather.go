package gossiptest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/internal/lasting"
	"github.com/grapevine-go/grapevine/internal/serial"
	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/transport"
)

// Weather is what goes wrong between transports that [Wrap] was given: the faults of a [Sim], on links over real sockets or whatever
// else. The transports of one Weather are its nodes, numbered from 0 in the order of Wrap; a transport at an address that was wrapped
// before, as of a process that was started again, is the same node.
//
// # What it does
//
// Without a fault, a rule and a Network everything passes as it is. With one, frames are judged and delayed as a Sim does it, and by the same code:
// what becomes of a frame follows from the seed, the link and the number of the frame on it, so that one fault more changes nothing for the others.
// How long frames take beneath, between the real transports, comes on top, and is not repeated by a seed.
//
// A cut loses what is sent, and what is on its way. As a link loses nothing while it is up, nothing comes over it any more, in that direction, and
// it ends when the cut does; a dial fails after the DialTimeout of the [NetworkModel]. Faults may overlap, and last until the last of them is over.
// fault.Datagrams, Duplicate and Reorder, the Drop of a rule, and DatagramLoss break the contract of links, for transports that promise less.
//
// # Which links
//
// A link is treated by the transport that has dialled it, both ways, if what it has dialled was wrapped too. All other links are left alone. There is
// nothing of a Weather in what goes over the wire. A frame is on its way, for a fault that begins, until the transport beneath has it.
//
// # Time
//
// Times count from NewWeather, on the clock of its options. In a bubble of testing/synctest that is the bubble's, on a manual [Clock] everything
// happens in its Advance. Wrapping is not for [Run]: a Sim has these faults of its own, and what is done here is not replayed there.
//
// All methods may be called by any number of goroutines at once. Functions given to Rule are called one at a time, and must not call methods.
type Weather struct {
	clock clock.Clock
	seed  uint64
	start time.Time

	mu       sync.Mutex // guards what follows
	net      *simnet.Net
	nodes    map[transport.Addr]int
	dials    map[uint64]*wrappedDial
	dialed   uint64
	ends     map[endOf]*wrappedLink
	links    map[int]*wrappedLink // by number of the network
	faults   *lasting.Faults
	schedule fault.Schedule
	rules    []*rule
	model    bool // Network was called
	stream   float64
	datagram float64
	timer    clock.Timer
	alarm    time.Duration // that the timer is set for; 0: none
	later    []func()      // to be called with nothing locked
}

// WeatherOptions are the knobs of a Weather. The zero value is ready to use.
type WeatherOptions struct {
	Clock clock.Clock // on which latencies and faults pass; nil means clock.System()
	Seed  uint64      // from which the fate of frames follows, and what Chaos draws
}

// NewWeather returns a Weather in which nothing is wrong. Nil opts are the zero WeatherOptions. There is nothing to close.
func NewWeather(opts *WeatherOptions) *Weather {
	if opts == nil {
		opts = &WeatherOptions{}
	}
	w := &Weather{
		clock: opts.Clock, seed: opts.Seed,
		nodes: make(map[transport.Addr]int), dials: make(map[uint64]*wrappedDial),
		ends: make(map[endOf]*wrappedLink), links: make(map[int]*wrappedLink), faults: lasting.New(nil),
	}
	if w.clock == nil {
		w.clock = clock.System()
	}
	w.start = w.clock.Now()
	w.net = simnet.New(simnet.Options{
		Seed: w.seed, DialTimeout: NetworkModel{}.network().DialTimeout, Instant: true, Driver: (*weatherDriver)(w), Watcher: (*weatherDriver)(w),
	})
	return w
}

// Network sets how the network is from now on, on top of how it is beneath: latencies, and what is lost. See [Sim.Network].
func (w *Weather) Network(m NetworkModel) {
	m.check()
	w.lock()
	defer w.unlock()
	w.model = true
	w.net.SetModel(m.network())
	w.stream, w.datagram = m.Loss, m.DatagramLoss
	w.apply()
}

// Faults has the faults happen at their times, which count from NewWeather; of one that lies in the past happens what is left of it. They may overlap.
// It panics if one makes no sense with the nodes that there are, is not of the network (see [fault.Kind.OfNetwork]), or is measured in latencies where
// Network has not said what these are: Slow, Loss, Burst and Reorder are.
func (w *Weather) Faults(faults ...fault.Fault) {
	w.lock()
	defer w.unlock()
	for _, f := range faults {
		w.check("Faults", &f)
	}
	for _, f := range faults {
		w.schedule = append(w.schedule, f)
		i, now := w.faults.Add(f), w.net.Now()
		if f.End() < now || f.For == 0 {
			continue
		}
		w.net.After(f.At-now, func() { w.begin(i) })
		w.net.After(f.End()-now, func() { w.end(i) })
	}
}

// Chaos has faults happen that are drawn from the seed. If c names no kinds, they are those that links survive, without those measured in latencies
// where there are none.
func (w *Weather) Chaos(c fault.Chaos) {
	w.mu.Lock()
	if c.Kinds == nil {
		c.Kinds = []fault.Kind{fault.Partition, fault.OneWay, fault.Flap, fault.Bandwidth}
		if w.model {
			c.Kinds = append(c.Kinds, fault.Slow, fault.Loss, fault.Burst)
		}
	}
	schedule := c.Schedule(len(w.nodes), simnet.Hash(w.seed, saltFaults, uint64(len(w.schedule))))
	w.mu.Unlock()
	w.Faults(schedule...)
}

// Begin has a fault begin now, whatever its At and For are, and last until the function that it returns is called, the first time. It panics as Faults
// does.
func (w *Weather) Begin(f fault.Fault) (end func()) {
	w.lock()
	defer w.unlock()
	f.At, f.For = w.net.Now(), 0
	w.check("Begin", &f)
	i := w.faults.Add(f)
	w.begin(i)
	return func() {
		w.lock()
		defer w.unlock()
		w.end(i)
	}
}

// Rule has f asked about every frame that is sent from now on, until the function that it returns is called. See [Sim.Rule].
func (w *Weather) Rule(f func(p *Packet) Verdict) (remove func()) {
	r := &rule{f}
	w.lock()
	defer w.unlock()
	w.rules = append(w.rules, r)
	return func() {
		w.lock()
		defer w.unlock()
		w.rules = slices.DeleteFunc(w.rules, func(other *rule) bool { return other == r })
	}
}

// Now returns how much time has passed since NewWeather.
func (w *Weather) Now() time.Duration { return w.clock.Now().Sub(w.start) }

// String returns what is good to know when a test fails: the seed, the time, which faults last, and what was asked for.
func (w *Weather) String() string {
	w.lock()
	defer w.unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "weather of seed %d at %v, %d nodes, %d rules\n", w.seed, w.net.Now(), len(w.nodes), len(w.rules))
	for i := range w.faults.Len() {
		if w.faults.Lasts(i) {
			fmt.Fprintf(&b, "  now: %v\n", w.faults.Fault(i))
		}
	}
	if len(w.schedule) > 0 {
		b.WriteString("  faults asked for:\n" + indent(strings.TrimRight(w.schedule.String(), "\n"), "    "))
	}
	return b.String()
}

// check panics if a fault cannot be had. mu is held.
func (w *Weather) check(caller string, f *fault.Fault) {
	err := f.Check(len(w.nodes))
	switch {
	case err != nil:
		panic(fmt.Sprintf("gossiptest: %s: %v", caller, err))
	case !f.Kind.OfNetwork():
		panic(fmt.Sprintf("gossiptest: %s: %v is not a fault of the network", caller, f))
	case !w.model && slices.Contains([]fault.Kind{fault.Slow, fault.Loss, fault.Burst, fault.Reorder}, f.Kind):
		panic(fmt.Sprintf("gossiptest: %s: %v is measured in latencies, and there are none without Network", caller, f))
	}
}

// begin has a fault begin. mu is held.
func (w *Weather) begin(i int) {
	w.faults.Begin(i)
	w.apply()
	if f := w.faults.Fault(i); f.Kind == fault.Flap {
		w.turn(i, f.Every)
	}
}

// turn has a flap go on.
func (w *Weather) turn(i int, every time.Duration) {
	w.net.After(every, func() {
		if w.faults.Turn(i) {
			w.apply()
			w.turn(i, every)
		}
	})
}

// end has a fault end. mu is held.
func (w *Weather) end(i int) {
	w.faults.End(i)
	w.apply()
}

// apply makes the network what all faults that last make it. mu is held.
func (w *Weather) apply() {
	serial.Weather(w.net, w.faults, len(w.nodes), w.stream, w.datagram, true)
}

// calm reports whether nothing is wrong. mu is held.
func (w *Weather) calm() bool { return !w.model && len(w.rules) == 0 && !w.faults.Any() }

// lock locks mu and has everything happen that is due.
func (w *Weather) lock() {
	w.mu.Lock()
	w.run()
}

func (w *Weather) run() {
	w.net.Refill()
	for until := w.Now(); w.net.Step(until); {
	}
	if err := w.net.Err(); err != nil {
		panic("gossiptest: Weather: " + err.Error())
	}
}

// unlock has everything happen that is due, unlocks mu, and sees to it that the rest happens in time.
func (w *Weather) unlock() {
	w.run()
	w.arm()
	later := w.later
	w.later = nil
	w.mu.Unlock()
	for _, f := range later {
		f()
	}
}

// arm sets the timer for what is to happen next.
func (w *Weather) arm() {
	at, ok := w.net.Next()
	if !ok || at == w.alarm {
		return
	}
	w.alarm = at
	if d := at - w.Now(); w.timer == nil {
		w.timer = w.clock.AfterFunc(d, w.ring)
	} else {
		w.timer.Reset(d)
	}
}

// ring is called by the timer.
func (w *Weather) ring() {
	w.lock()
	w.alarm = 0
	w.unlock()
}
