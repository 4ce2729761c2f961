package simnet

import (
	"errors"
	"math"
	"time"
)

// Options say what a network is like. There are no defaults.
type Options struct {
	Hosts       int
	Seed        uint64
	Explore     bool // events of one instant happen in an order of the seed's
	Latency     time.Duration
	Spread      Spread
	Jitter      float64
	DialLatency time.Duration
	DialTimeout time.Duration
	Distance    func(from, to int) time.Duration // nil: Latency
	Instant     bool                             // a latency may be 0, else it is a nanosecond at least

	Loss         float64
	DatagramLoss float64

	Driver  Driver
	Watcher Watcher        // nil: nobody watches
	Observe func(Happened) // nil; called before each event

	strange Strange
	bursts  float64
}

// Driver is what runs at the hosts. Its methods are called by Step, one after the other, and may call those of Net.
type Driver interface {
	Start(host int)                     // as StartAll had it
	Deadline(host int)                  // the time given to Wake has come
	Dialed(host int, dial uint64, l ID) // a Dial is through
	DialFailed(host int, dial uint64)   // or it is not
	Accepted(host int, l ID)            // another host has dialled this one
	Frame(host int, l ID, frame []byte) // a frame has come
	Sent(host int, l ID)                // the frame that was given to Send is on its way: there may be another one
	Down(host int, l ID, broken bool)   // the link has ended; broken if neither end has closed it, nor told the other that it crashes
}

// Watcher is told what becomes of frames and links. It changes nothing.
type Watcher interface {
	FrameSent(w Way, frame []byte)
	FrameLost(w Way, frame []byte, why Why)
	LinkDown(w Way) // of links with a flag
}

// Why says why a frame was lost.
type Why uint8

// The reasons.
const (
	Cut    Why = iota // the way is cut, or one of the hosts silent
	Broken            // something sent before it was
	Dead              // nobody is there
	Chance            // as a datagram
	Ruled             // whoever sent it said so
)

// String says it in a word.
func (w Why) String() string {
	return [...]string{Cut: "cut", Broken: "link broken by a cut", Dead: "nobody there", Chance: "loss", Ruled: "rule"}[w]
}

// Way is a link from one of its hosts to the other.
type Way struct {
	Link     int // n-th of the Net
	From, To int
	Stream   bool // of bytes
}

// Counts are totals.
type Counts struct {
	Dials  int // attempts
	Lost   int // frames that nobody took
	Resent int // losses of frames that were sent again
}

// Net is a network of hosts and the virtual time they live in.
type Net struct {
	opts   Options
	normal *logNormal // if that is the spread of latencies

	now   int64
	due   queue // events of later instants
	ready queue // events of this instant: they come before all that is due
	loads loads
	hosts []host
	calls uint64 // of After

	links     []link
	freeLinks []int32
	linked    uint32            // links so far
	dials     map[uint64]uint32 // links so far, by who dialled whom
	cuts      int               // one way

	counts Counts
	budget int // events left to this instant
	err    error
}

// New returns a network at time 0. None of its hosts is up.
func New(opts Options) *Net {
	n := &Net{opts: opts, hosts: make([]host, opts.Hosts), dials: make(map[uint64]uint32)}
	if opts.Spread == LogNormal {
		n.normal = newLogNormal(opts.Jitter)
	}
	for i := range n.hosts {
		n.hosts[i].id = int32(i)
	}
	if opts.Explore {
		n.due.seed, n.ready.seed = opts.Seed|1, opts.Seed|1
	}
	n.budget = n.atOnce()
	return n
}

// Grow adds hosts, none of which is up. It is not called while Step is.
func (n *Net) Grow(hosts int) {
	for range hosts {
		n.hosts = append(n.hosts, host{id: int32(len(n.hosts))})
	}
}

// Model says how links are that are opened from now on, and what is sent from now on.
type Model struct {
	Latency     time.Duration
	Spread      Spread
	Jitter      float64
	DialLatency time.Duration
	DialTimeout time.Duration
	Distance    func(from, to int) time.Duration // nil: Latency
}

// SetModel sets what New was told in its Options.
func (n *Net) SetModel(m Model) {
	o := &n.opts
	o.Latency, o.Spread, o.Jitter, o.DialLatency, o.DialTimeout, o.Distance = m.Latency, m.Spread, m.Jitter, m.DialLatency, m.DialTimeout, m.Distance
	if n.normal = nil; m.Spread == LogNormal {
		n.normal = newLogNormal(m.Jitter)
	}
}

// Now returns how much time has passed since New.
func (n *Net) Now() time.Duration { return time.Duration(n.now) }

// Counts returns the totals so far.
func (n *Net) Counts() Counts { return n.counts }

// Err returns the first thing that went wrong: a driver broke a rule, or events follow each other without end at one instant.
// After that, nothing happens.
func (n *Net) Err() error { return n.err }

// Held returns how many links and events the network holds: none when nothing is under way and all links are down.
func (n *Net) Held() (links, events int) {
	return len(n.links) - len(n.freeLinks), len(n.due.events) + len(n.ready.events)
}

// Fail records what went wrong, the first time.
func (n *Net) Fail(err error) {
	if n.err == nil {
		n.err = err
	}
}

// Next returns when the next event happens, and false if there is none.
func (n *Net) Next() (at time.Duration, ok bool) {
	switch {
	case len(n.ready.events) > 0:
		return time.Duration(n.now), true
	case len(n.due.events) > 0:
		return time.Duration(n.due.events[0].at), true
	}
	return 0, false
}

// Ready reports whether something is still to happen at this instant.
func (n *Net) Ready() bool {
	return len(n.ready.events) > 0 || len(n.due.events) > 0 && n.due.events[0].at <= n.now
}

// Pass lets time pass, up to the instant at, before which nothing may be due.
func (n *Net) Pass(at time.Duration) {
	if int64(at) > n.now {
		n.now, n.budget = int64(at), n.atOnce()
	}
}

// Refill gives this instant a new budget of events.
func (n *Net) Refill() { n.budget = n.atOnce() }

// atOnce bounds the events of one instant.
func (n *Net) atOnce() int { return 10_000 * (1 + len(n.hosts)) }

// Step has the next event happen that is due until the given instant. It reports false if there is none; then it is that
// instant, or after Err.
func (n *Net) Step(until time.Duration) bool {
	if n.err != nil {
		return false
	}
	var e event
	switch {
	case len(n.ready.events) > 0:
		e = n.ready.pop()
	case len(n.due.events) > 0 && n.due.events[0].at <= int64(until):
		e = n.due.pop()
		n.Pass(time.Duration(e.at))
	default:
		n.now = max(n.now, int64(until))
		return false
	}
	if n.opts.Observe != nil {
		n.opts.Observe(n.happened(&e))
	}
	n.happen(e)
	if n.budget--; n.budget == 0 {
		n.Fail(errors.New("events without end at one instant"))
	}
	return true
}

// in returns the instant when d has passed.
func (n *Net) in(d time.Duration) int64 { return n.now + min(int64(max(d, 0)), math.MaxInt64-n.now) }

// After has f called once d has passed, before anything else happens at that instant. Functions that are due at one instant are
// called in the order in which they were given to After.
func (n *Net) After(d time.Duration, f func()) {
	n.calls++
	n.at(newEvent(n.in(d), evCall, 0, 0, n.calls, n.loads.put(load{call: f})))
}

// Last has f called once d has passed, behind everything else that happens at that instant. Functions that are due at one instant are
// called in the order in which they were given to Last, each when whatever came of the one before has happened.
func (n *Net) Last(d time.Duration, f func()) {
	n.calls++
	n.due.push(newEvent(n.in(d), evLast, 0, 0, n.calls, n.loads.put(load{call: f})))
}

// Task has f called at a host once d has passed, unless the host's run has ended by then. Of the tasks of a class that are due
// at a host at one instant, that with the lesser key comes first.
func (n *Net) Task(d time.Duration, c Class, host int, key uint64, f func()) {
	n.task(n.in(d), c, &n.hosts[host], 0, key, load{call: f})
}

// task has something happen to a host alone, unless its run has ended by then.
func (n *Net) task(at int64, c Class, h *host, peer int32, key uint64, l load) {
	l.boot = h.boots
	n.at(newEvent(at, c, h.id, peer, key, n.loads.put(l)))
}

// at makes e happen, now or later.
func (n *Net) at(e event) {
	if e.at <= n.now {
		e.at = n.now
		n.ready.push(e)
		return
	}
	n.due.push(e)
}

func (n *Net) happen(e event) {
	l := n.loads.take(e.load)
	if e.class() == evCall || e.class() == evLast { // there may be no host
		l.call()
		return
	}
	h := &n.hosts[e.host()]
	if h.paused && e.class() > evStart {
		e.load = n.loads.put(l)
		h.stash = append(h.stash, e)
		return
	}
	switch e.class() {
	case evStart:
		if !h.up {
			n.opts.Driver.Start(int(h.id))
		}
	case evDeadline:
		n.deadline(h, e.at)
	case evOpen:
		n.opened(h, l)
	case evFrame:
		n.arrived(h, l)
	case evEnd:
		n.ended(h, l)
	case evSent:
		n.sent(l)
	default: // of a host alone
		if !h.up || h.boots != l.boot {
			return
		}
		switch e.class() {
		case evDialed:
			n.dialed(h, l)
		case evDialFailed:
			n.opts.Driver.DialFailed(int(h.id), l.num)
		default:
			l.call()
		}
	}
}
