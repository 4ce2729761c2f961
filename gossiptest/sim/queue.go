package sim

// class says what kind of event an event is. At one instant, events happen in the order of their classes.
type class uint8

const (
	evCall       class = iota // a function is called
	evStart                   // a node starts
	evDeadline                // of a node's core
	evPersisted               // the incarnation is stored
	evResolved                // the resolver answers
	evSent                    // a frame has gone out
	evDialed                  // a dial is through
	evDialFailed              // a dial has failed
	evOpen                    // a link reaches the node that was dialled
	evFrame                   // a frame arrives
	evEnd                     // a link ends, for one of its nodes
)

// event is an entry of a queue. Its place follows from what it is, never from when it was put in:
// the key (hi, lo) is (class, node, peer, dial, side, number).
type event struct {
	at     int64
	hi, lo uint64
	load   int32 // what it carries, in Sim.loads; -1: nothing
}

func newEvent(at int64, c class, node, peer int32, lo uint64, load int32) event {
	return event{at: at, hi: uint64(c)<<56 | uint64(node)<<28 | uint64(peer), lo: lo, load: load}
}

func (e event) class() class { return class(e.hi >> 56) }
func (e event) node() int32  { return int32(e.hi >> 28 & (1<<28 - 1)) }

func (e *event) before(f *event) bool {
	if e.at != f.at {
		return e.at < f.at
	}
	if e.hi != f.hi {
		return e.hi < f.hi
	}
	return e.lo < f.lo
}

// queue is a heap of events, four children a parent.
type queue []event

func (q *queue) push(e event) {
	h := append(*q, e)
	*q = h
	i := len(h) - 1
	for i > 0 {
		p := (i - 1) / 4
		if !e.before(&h[p]) {
			break
		}
		h[i] = h[p]
		i = p
	}
	h[i] = e
}

// pop takes the first event out of a queue that is not empty.
func (q *queue) pop() event {
	h := *q
	first, n := h[0], len(h)-1
	e := h[n]
	h = h[:n]
	*q = h
	i := 0
	for {
		c := 4*i + 1
		if c >= n {
			break
		}
		end := min(c+4, n)
		for j := c + 1; j < end; j++ {
			if h[j].before(&h[c]) {
				c = j
			}
		}
		if !h[c].before(&e) {
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
	num   uint64 // a DialID, an incarnation
	link  int32  // its index; of a dial, the node that is dialled
	nth   uint32 // of a dial, its number at its node
	boot  uint32 // of the node it happens at
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
