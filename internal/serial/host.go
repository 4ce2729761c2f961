package serial

import (
	"context"
	"errors"
	"runtime/pprof"
	"slices"
	"strconv"
	"time"

	"github.com/grapevine-go/grapevine/internal/simnet"
)

// Host is a machine, on which one thing runs after the other.
type Host struct {
	w     *World
	id    int
	store *store // outlives runs
	run   *Run   // nil: the host is down
	runs  []*Run // that have not ended

	trace  uint64 // of what its cores were given and did
	inputs int
	shown  time.Duration // by Clock.Now, at most, since the start of the World

	// What faults make of it.
	down   int // by how many
	offset time.Duration
	drift  float64
	paused bool
}

// Run is one run of a host: from its start to its end or its crash.
type Run struct {
	w    *World
	host *Host
	n    int // n-th of the host
	ctx  context.Context
	stop context.CancelFunc
	done chan struct{} // closed when its function has returned

	// What follows is guarded by World.mu.
	begun   bool // its function was called
	dead    bool // it has ended, or crashed: nothing that it does has an effect
	ended   bool // its function has returned, or is never called
	err     error
	joins   []func() // of those in Join
	timers  []*timer // pending
	begins  []*begin // of goroutines that have not had their turn
	laters  []*later // pending
	writes  []*write // that its store is in the middle of
	nTimers uint64
	waiting []*call // blocked in calls
	turns   uint64  // that calls have had
	ties    map[tie][]*turn
	net     endpoint
}

// Name returns the name of a host: "n0".
func Name(host int) string { return "n" + strconv.Itoa(host) }

// Start begins a run of a host that is down. f is called on a goroutine of the run, which everything that is started from there
// belongs to; the run is over when f has returned. ctx of the run ends when it is to end.
func (h *Host) Start(f func(r *Run) error) *Run {
	w := h.w
	w.lock()
	defer w.unlock()
	w.net.Boot(h.id)
	r := &Run{w: w, host: h, n: w.net.Boots(h.id), done: make(chan struct{}), ties: make(map[tie][]*turn)}
	r.net = endpoint{run: r, conns: make(map[simnet.ID]*conn), dials: make(map[uint64]*call)}
	labels := pprof.Labels("node", Name(h.id)+"."+strconv.Itoa(r.n), "seed", strconv.FormatUint(w.opts.Net.Seed, 10))
	r.ctx, r.stop = context.WithCancel(pprof.WithLabels(context.Background(), labels))
	h.run = r
	h.runs = append(h.runs, r)
	r.task(0, simnet.Begin, "run", 0, func() {
		r.begun = true
		go r.labelled(func() {
			err := errExited
			defer w.wake(func() { r.end(err) })
			err = f(r)
		})
	})
	return r
}

// end takes in that the function of the run has returned. mu is held.
func (r *Run) end(err error) {
	r.ended, r.err = true, err
	h := r.host
	h.runs = slices.DeleteFunc(h.runs, func(other *Run) bool { return other == r })
	close(r.done)
	for _, f := range r.joins {
		f()
	}
	r.joins = nil
}

// errExited is the error of a run whose goroutine was ended.
var errExited = errors.New("called runtime.Goexit")

// Count returns how many runs the host has begun, and how many links it has.
func (h *Host) Count() (runs, links int) {
	h.w.lock()
	defer h.w.mu.Unlock()
	h.w.net.Links(h.id, func(simnet.ID) { links++ })
	return h.w.net.Boots(h.id), links
}

// Run returns the run of the host, nil if it is down.
func (h *Host) Run() *Run {
	h.w.mu.Lock()
	defer h.w.mu.Unlock()
	return h.run
}

// labelled calls f on a goroutine that has the label of the run.
func (r *Run) labelled(f func()) {
	pprof.SetGoroutineLabels(r.ctx)
	f()
}

// Context ends when the run is to end.
func (r *Run) Context() context.Context { return r.ctx }

// Number returns the number of the run among those of its host, from 1 on.
func (r *Run) Number() int { return r.n }

// Ended returns whether the function of the run has returned, and its error.
func (r *Run) Ended() (bool, error) {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	return r.ended, r.err
}

// Done is closed when the function of the run has returned.
func (r *Run) Done() <-chan struct{} { return r.done }

// End has the run end of its own accord: its context ends. Whoever calls it waits for that, by Join.
func (r *Run) End() { r.stop() }

// Join waits until the function of the run has returned, closes what it has left open, and returns its error. Those who wait for one run go
// on one after the other, in the order of their calls. It ends the goroutine if the world is stopped.
func (r *Run) Join() error {
	r.w.pause(func(done func()) {
		over := func() {
			r.w.net.After(0, func() {
				r.halt()
				done()
			})
		}
		if r.ended {
			over()
		} else {
			r.joins = append(r.joins, over)
		}
	})
	_, err := r.Ended()
	return err
}

// Crash ends the run as the crash of its process does: links break, the store is what a crash leaves, and nothing that is still done on
// its goroutines has an effect. Silence says that nobody is told.
func (r *Run) Crash(silence bool) {
	w := r.w
	w.lock()
	defer w.unlock()
	if r.dead {
		return
	}
	if silence {
		w.net.Silence(r.host.id)
	} else {
		w.net.Crash(r.host.id)
	}
	r.crash()
	r.die()
}

// Silence has a host that is down not answer any more, not even that it is down.
func (h *Host) Silence() {
	h.w.lock()
	defer h.w.unlock()
	if h.run == nil {
		h.w.net.Silence(h.id)
	}
}

// Halt ends a run whose function has returned: what it has left open is closed.
func (r *Run) Halt() {
	r.w.lock()
	defer r.w.unlock()
	r.halt()
}

// halt is Halt. mu is held.
func (r *Run) halt() {
	if !r.dead {
		r.w.net.Crash(r.host.id)
		r.die()
	}
}

// die ends the run. mu is held.
func (r *Run) die() {
	r.dead = true
	if r.host.run == r {
		r.host.run = nil
	}
	if !r.begun {
		r.end(errDead)
	}
	for _, c := range r.waiting {
		c.finish(errDead)
	}
	for _, b := range r.begins { // somebody may wait for them
		go r.labelled(b.f)
	}
	r.waiting, r.timers, r.begins, r.laters, r.writes, r.ties = nil, nil, nil, nil, nil, nil
	for _, c := range r.net.conns {
		if c.stream != nil {
			c.stream.changed.Broadcast()
		}
	}
	r.w.purge(r)
	r.stop()
}

// purge has what a run has posted happen now: it has no effect any more.
func (w *World) purge(r *Run) {
	for who, posts := range w.chains {
		first := posts[0]
		w.chains[who] = slices.DeleteFunc(posts, func(p *post) bool {
			if p.r == r {
				go p.f()
			}
			return p.r == r
		})
		switch left := w.chains[who]; {
		case len(left) == 0:
			delete(w.chains, who)
		case left[0] != first:
			w.enter(who)
		}
	}
}

// task has f called once d has passed, with mu held, unless the run is dead by then. Tasks of one class and instant come in
// the order of a hash of their names and numbers.
func (r *Run) task(d time.Duration, c simnet.Class, name string, n uint64, f func()) {
	r.w.net.Task(d, c, r.host.id, simnet.NameKey(name, n), func() {
		r.w.log.name(name)
		f()
	})
}

// later is a call of later whose function has not been called.
type later struct {
	at   time.Duration
	name string
	f    func()
}

// later is task with number 0, of which there may be several: of those of one name, f of the earlier call is called first, if they are due at
// one instant.
func (r *Run) later(d time.Duration, c simnet.Class, name string, f func()) {
	r.laters = append(r.laters, &later{r.w.net.Now() + d, name, f})
	r.task(d, c, name, 0, func() { // which of them it is, is not for the queue to say
		next := -1
		for i, l := range r.laters {
			if l.name == name && (next < 0 || l.at < r.laters[next].at) {
				next = i
			}
		}
		l := r.laters[next]
		r.laters = slices.Delete(r.laters, next, next+1)
		l.f()
	})
}

// Go runs f on a goroutine of the run, as sched.Scheduler has it.
func (r *Run) Go(name string, n uint64, f func()) {
	r.w.lock()
	defer r.w.unlock()
	if r.dead { // nobody is interested in the order of what it does
		go r.labelled(f)
		return
	}
	b := &begin{f}
	r.begins = append(r.begins, b)
	r.task(0, simnet.Begin, name, n, func() {
		r.begins = slices.DeleteFunc(r.begins, func(other *begin) bool { return other == b })
		go r.labelled(f)
	})
}

// begin is a goroutine that is to be started.
type begin struct{ f func() }

// post is a call of Post that has not had its turn.
type post struct {
	r    *Run
	name string
	f    func()
}

// Post has f called, as sched.Scheduler has it. What one goroutine posts comes in order: only the first of it has a
// place among the tasks.
func (r *Run) Post(what, key, value string, f func()) {
	w := r.w
	w.lock()
	defer w.unlock()
	if r.dead {
		go f()
		return
	}
	who := goroutine()
	w.chains[who] = append(w.chains[who], &post{r, what + "\x00" + key + "\x00" + value, f})
	if len(w.chains[who]) == 1 {
		w.enter(who)
	}
}

// enter gives the first of the posts of a goroutine a place among the tasks. mu is held.
func (w *World) enter(who string) {
	p := w.chains[who][0]
	p.r.task(0, simnet.Enter, p.name, 0, func() {
		go p.f()
		if w.chains[who] = w.chains[who][1:]; len(w.chains[who]) > 0 {
			w.enter(who)
			return
		}
		delete(w.chains, who)
	})
}

// Gate returns when it is the caller's turn, as sched.Scheduler has it.
func (r *Run) Gate(what, key, value string) {
	_ = r.turn(context.Background(), simnet.Leave, what+"\x00"+key+"\x00"+value, 0, func(*call) bool { return true })
}
