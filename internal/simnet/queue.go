package simnet

import (
	"fmt"
	"time"
)

// Class says what kind of event an event is. At one instant, events happen in the order of their classes.
type Class uint8

// The classes. Those in upper case are a driver's, of tasks that are due at one host.
const (
	evCall       Class = iota // a function is called
	evStart                   // a host starts
	Begin                     // a goroutine starts
	Enter                     // a command enters
	Leave                     // a call that has waited returns
	evDeadline                // of a host
	Timer                     // of a host
	Stored                    // something is stored
	Resolved                  // the resolver answers
	Out                       // something leaves the host
	evSent                    // a frame has gone out
	evDialed                  // a dial is through
	evDialFailed              // a dial has failed
	evOpen                    // a link reaches the host that was dialled
	evFrame                   // a frame arrives
	evEnd                     // a link ends, for one of its hosts
	evLast                    // a function is called, when nothing else is left
)

// event is an entry of a queue. Its place follows from what it is, never from when it was put in:
// the key (hi, lo) is (class, host, peer, dial, side, number).
type event struct {
	at     int64
	hi, lo uint64
	load   int32 // what it carries, in Net.loads; -1: nothing
}

func newEvent(at int64, c Class, host, peer int32, lo uint64, load int32) event {
	return event{at: at, hi: uint64(c)<<56 | uint64(host)<<28 | uint64(peer), lo: lo, load: load}
}

func (e event) class() Class { return Class(e.hi >> 56) }
func (e event) host() int32  { return int32(e.hi >> 28 & (1<<28 - 1)) }

func (e *event) before(f *event) bool {
	if e.at != f.at {
		return e.at < f.at
	}
	if e.hi != f.hi {
		return e.hi < f.hi
	}
	return e.lo < f.lo
}

// Happened is an event as it is told to an observer.
type Happened struct {
	At  time.Duration
	Key [2]uint64 // tells it from all others of its instant
	Sum uint64    // of the bytes of a frame
}

// happened returns what there is to tell of an event that is about to happen.
func (n *Net) happened(e *event) Happened {
	h := Happened{At: time.Duration(n.now), Key: [2]uint64{e.hi, e.lo}}
	if e.class() == evFrame {
		h.Sum = MixBytes(0, n.loads.slab[e.load].frame)
	}
	return h
}

var classes = [...]string{
	evCall: "call", evStart: "start", Begin: "begin", Enter: "enter", Leave: "leave", evDeadline: "deadline", Timer: "timer",
	Stored: "stored", Resolved: "resolved", Out: "out", evSent: "sent", evDialed: "dialed", evDialFailed: "dial failed",
	evOpen: "accepted", evFrame: "frame", evEnd: "link ends", evLast: "call, last,",
}

// String says what happens, and where.
func (h Happened) String() string {
	e := event{hi: h.Key[0], lo: h.Key[1]}
	s := classes[e.class()]
	switch c := e.class(); {
	case c == evCall || c == evLast:
		return fmt.Sprintf("%s %d", s, e.lo)
	case c == evSent || c >= evOpen:
		return fmt.Sprintf("n%d: %s, link %d with n%d", e.host(), s, e.lo>>33, e.hi&(1<<28-1))
	}
	return fmt.Sprintf("n%d: %s", e.host(), s)
}

// queue is a heap of events, four children a parent.
type queue struct {
	events []event
	seed   uint64 // 0: events of one instant come in the order of their keys, else of a hash of these
}

// before reports whether e comes before f.
func (q *queue) before(e, f *event) bool {
	if q.seed == 0 || e.at != f.at || e.placed() || f.placed() {
		return e.before(f)
	}
	if a, b := q.chance(e), q.chance(f); a != b {
		return a < b
	}
	return e.before(f)
}

// placed reports whether e is one of the events whose order is not left to chance: After and Last promise one.
func (e *event) placed() bool { return e.class() <= evStart || e.class() == evLast }

// chance is what decides over the place of e among others of its instant. What arrives at one end of a link has one place
// together, where it is in order.
func (q *queue) chance(e *event) uint64 {
	if e.class() >= evOpen {
		return Hash(q.seed, uint64(e.at), e.hi&(1<<56-1), e.lo>>32)
	}
	return Hash(q.seed, uint64(e.at), e.hi, e.lo)
}

func (q *queue) push(e event) {
	h := append(q.events, e)
	q.events = h
	i := len(h) - 1
	for i > 0 {
		p := (i - 1) / 4
		if !q.before(&e, &h[p]) {
			break
		}
		h[i] = h[p]
		i = p
	}
	h[i] = e
}

// pop takes the first event out of a queue that is not empty.
func (q *queue) pop() event {
	h := q.events
	first, n := h[0], len(h)-1
	e := h[n]
	h = h[:n]
	q.events = h
	i := 0
	for {
		c := 4*i + 1
		if c >= n {
			break
		}
		end := min(c+4, n)
		for j := c + 1; j < end; j++ {
			if q.before(&h[j], &h[c]) {
				c = j
			}
		}
		if !q.before(&h[c], &e) {
			break
		}
		h[i] = h[c]
		i = c
	}
	if n > 0 {
		h[i] = e
	}
	return first
}

// load is what an event carries besides its key. The fields an event has no use for are zero.
type load struct {
	frame []byte
	num   uint64 // of a dial, its name
	link  int32  // its index; of a dial, the host that is dialled
	nth   uint32 // of a dial, its number at its host
	boot  uint32 // of the host it happens at
	side  uint8  // end of the link at which it happens
	call  func()
}

// loads keeps the loads of all events in one slab, so that an event costs no allocation.
type loads struct {
	slab []load
	free []int32
}

func (l *loads) put(v load) int32 {
	if n := len(l.free); n > 0 {
		i := l.free[n-1]
		l.free = l.free[:n-1]
		l.slab[i] = v
		return i
	}
	l.slab = append(l.slab, v)
	return int32(len(l.slab) - 1)
}

func (l *loads) take(i int32) load {
	if i < 0 {
		return load{}
	}
	v := l.slab[i]
	l.slab[i] = load{}
	l.free = append(l.free, i)
	return v
}
