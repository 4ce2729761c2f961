package serial

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/lasting"
	"github.com/grapevine-go/grapevine/internal/simnet"
)

// Options say what a World is like. There are no defaults.
type Options struct {
	Net      simnet.Options // without a Driver, a Watcher and an Observe
	MaxFrame int            // largest frame of a link, in bytes
	MaxSteps int            // a world that takes more of them is stopped
	Resets   bool           // links that have lost something to a cut end when it is healed

	// Rule is asked about each frame that is sent, with mu held; nil lets all pass.
	Rule func(p *Packet) Verdict

	// Seeds returns the hosts that resolvers name. It is called with mu held.
	Seeds func() []int

	// OnFault is told of each fault that begins or ends, with mu held.
	OnFault func(f *fault.Fault, begins bool)

	// OnCore and OnStep are told of the cores of gossip nodes: what they are made of, and each step. OnStep is called with mu held.
	OnCore func(host, run int, cfg core.Config)
	OnStep func(host, run int, now core.Now, in *core.Input, out *core.Outputs)

	// OnPass is told what becomes of each frame, with mu held.
	OnPass func(p Pass)
}

// Pass is what became of a frame.
type Pass struct {
	At       time.Duration
	From, To int
	Link     int
	Frame    []byte
	Stream   bool   // Frame is some bytes of a stream
	Fate     string // "sent", "recv", or why it was lost
}

// Packet is a frame that is about to be sent.
type Packet struct {
	From, To int
	Frame    []byte // to be read only
}

// Verdict is what becomes of a packet.
type Verdict struct {
	Drop bool          // nobody will have it
	Late time.Duration // it comes so much later
}

// World is some hosts and the goroutines that run there. It is made, used and ended in one bubble.
type World struct {
	opts  Options
	start time.Time
	kick  chan struct{} // wakes Run

	// mu guards what follows, and all hosts. Step holds it while events happen.
	mu      sync.Mutex
	net     *simnet.Net
	hosts   []*Host
	faults  *lasting.Faults
	stale   []int              // what resolvers name while a fault.ResolverStale lasts
	chains  map[string][]*post // by goroutine: what it has posted, in order
	log     Log
	streams map[int][2]*Stream // by link
	body    bool               // Run's function has returned
	ending  bool               // Stop was called
	closing bool               // End was called: no host stands still any more
	awake   time.Duration      // when until looks for what is due again
	sleeps  []chan struct{}    // of those in pause
	asking  []asking           // in Change, in the order of their calls
	beat    time.Duration      // when the next of them returns though nothing happens; 0: nobody has asked for that
	err     error
}

// New returns a world without hosts that run.
func New(opts Options) *World {
	w := &World{opts: opts, start: time.Now(), kick: make(chan struct{}, 1), faults: lasting.New(nil), chains: make(map[string][]*post), streams: make(map[int][2]*Stream)}
	opts.Net.Driver = (*driver)(w)
	opts.Net.Observe = w.log.note
	if opts.OnPass != nil {
		opts.Net.Watcher = (*watcher)(w)
	}
	w.net = simnet.New(opts.Net)
	w.grow(opts.Net.Hosts)
	return w
}

func (w *World) grow(hosts int) {
	for range hosts {
		w.hosts = append(w.hosts, &Host{w: w, id: len(w.hosts), store: newStore()})
	}
}

// Grow adds hosts.
func (w *World) Grow(hosts int) {
	w.lock()
	defer w.unlock()
	w.net.Grow(hosts)
	w.grow(hosts)
	w.sync()
	w.weather() // what lasts concerns them, too
}

// Len returns the number of hosts.
func (w *World) Len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.hosts)
}

// SetMaxSteps sets Options.MaxSteps.
func (w *World) SetMaxSteps(n int) {
	w.lock()
	defer w.unlock()
	w.opts.MaxSteps = n
}

// SetModel sets how links are.
func (w *World) SetModel(m simnet.Model) {
	w.lock()
	defer w.unlock()
	w.net.SetModel(m)
}

// Locked has f called with mu held: what is set there may be read by Options' functions.
func (w *World) Locked(f func()) {
	w.lock()
	defer w.unlock()
	f()
}

// Host returns the i-th host.
func (w *World) Host(i int) *Host { return w.hosts[i] }

// Now returns how much time has passed since New.
func (w *World) Now() time.Duration { return time.Since(w.start) }

// Log returns what has happened so far. It is to be read when nothing happens.
func (w *World) Log() *Log { return &w.log }

// lock locks mu and brings the network up to the time of the bubble.
func (w *World) lock() {
	w.mu.Lock()
	w.net.Pass(time.Since(w.start))
}

// unlock unlocks mu, and has Run look for what is ready.
func (w *World) unlock() {
	early := w.early()
	w.mu.Unlock()
	if early {
		select {
		case w.kick <- struct{}{}:
		default:
		}
	}
}

// early reports whether something is due before until looks for it. mu is held.
func (w *World) early() bool {
	at, ok := w.net.Next()
	return ok && (at < w.awake || w.net.Ready())
}

// errEndless says that time does not come to an end.
var errEndless = errors.New("it takes no end")

// Run calls f on a goroutine of its own and has everything happen until it has returned. It returns the first thing that went
// wrong with the world itself, which may be before that.
func (w *World) Run(f func()) error {
	go func() {
		defer w.wake(func() { w.body = true })
		f()
	}()
	return w.until(func() bool { return w.body })
}

// wake has f called with mu held, and Run look whether that was what it waits for.
func (w *World) wake(f func()) {
	w.lock()
	f()
	w.mu.Unlock()
	select {
	case w.kick <- struct{}{}:
	default:
	}
}

// Stop has Run return before anything else happens.
func (w *World) Stop() { w.wake(func() { w.ending = true }) }

// End ends all runs, one after the other, as processes do that are told to, and returns the hosts whose run does not end within limit.
// A fault.Pause ends before, and none begins: who stands still cannot end.
func (w *World) End(limit time.Duration) (hung []int) {
	w.wake(func() {
		w.closing = true
		w.weather()
	})
	for i, h := range w.hosts {
		r := h.Run()
		if r == nil {
			continue
		}
		r.End()
		late := false
		timer := time.AfterFunc(limit, func() { w.wake(func() { late = true }) })
		if err := w.until(func() bool { return r.ended || late }); err != nil || !r.ended {
			hung = append(hung, i)
		}
		timer.Stop()
		r.Halt()
	}
	return hung
}

// Abandon ends everything at once: nothing has an effect any more, whatever goroutines still do. It returns the hosts whose run does not
// end within limit, and whether Run's function has not.
func (w *World) Abandon(limit time.Duration) (hung []int, body bool) {
	w.wake(func() {
		w.ending = true
		for _, h := range w.hosts {
			if h.run != nil {
				w.net.Crash(h.id)
				h.run.die()
			}
		}
		for _, c := range w.sleeps {
			close(c)
		}
		w.sleeps = nil
	})
	for wait := time.Duration(0); ; wait += 10 * time.Millisecond {
		synctest.Wait()
		w.mu.Lock()
		hung, body = nil, !w.body
		for i, h := range w.hosts {
			for _, r := range h.runs {
				if !r.ended {
					hung = append(hung, i)
				}
			}
		}
		w.mu.Unlock()
		if wait >= limit || len(hung) == 0 && !body {
			return hung, body
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// until has everything happen until done, which is asked with mu held.
func (w *World) until(done func() bool) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	stepped := false // at this instant
	for {
		synctest.Wait()
		select { // everybody is blocked: what is in kick is stale
		case <-w.kick:
		default:
		}
		w.lock()
		if err := w.wrong(); err != nil || w.ending || done() {
			w.mu.Unlock()
			return err
		}
		at, ok := w.net.Next()
		now := w.net.Now()
		if ok && at <= now {
			w.net.Step(now)
			w.mu.Unlock()
			stepped = true
			continue
		}
		again := stepped && w.answer(now)
		if w.awake = at; !ok {
			w.awake = now + 24*time.Hour
		}
		w.mu.Unlock()
		if stepped = again; again {
			continue
		}
		timer.Reset(w.awake - now)
		select {
		case <-timer.C:
			if !ok {
				return errors.New("nothing happens for a day, and the test waits")
			}
		case <-w.kick:
		}
	}
}

// wrong returns what is wrong with the world itself. mu is held.
func (w *World) wrong() error {
	switch {
	case w.err != nil:
	case w.net.Err() != nil:
		w.err = fmt.Errorf("%w%s", w.net.Err(), w.log.tail(5))
	case w.log.Len() > w.opts.MaxSteps:
		w.err = fmt.Errorf("%w: %d steps%s", errEndless, w.log.Len(), w.log.tail(5))
	}
	return w.err
}

// After has f called, with nothing locked and on a goroutine of its own, once d has passed. What is due at one instant is called in the
// order of the calls of After.
func (w *World) After(d time.Duration, f func()) {
	w.lock()
	w.net.After(d, func() { go f() })
	w.unlock()
}

// Break ends all links of two hosts, and returns how many.
func (w *World) Break(a, b int) int {
	w.lock()
	defer w.unlock()
	return w.net.Break(a, b)
}

// Sleep returns when d has passed, and everything that is due until then and at that instant has happened. Those who sleep until one
// instant return in the order of their calls, each when whatever the one before has set going has happened. If the world has
// been stopped it does not return: the goroutine ends.
func (w *World) Sleep(d time.Duration) {
	w.pause(func(done func()) { w.net.Last(d, done) })
}

// asking is somebody who waits for something to happen.
type asking struct {
	since time.Duration
	done  func()
}

// Change returns at the end of the next instant at which something happens: when all that was due there has happened. It returns when d
// has passed, if nothing does. Those who wait return one after the other, as in Sleep.
func (w *World) Change(d time.Duration) {
	w.pause(func(done func()) {
		now := w.net.Now()
		w.asking = append(w.asking, asking{now, done})
		if at := now + d; w.beat == 0 || at < w.beat {
			w.beat = at
			w.net.Last(d, func() {
				if w.beat == at {
					w.beat = 0
				}
			})
		}
	})
}

// Settle returns at the end of this instant, behind those in Change.
func (w *World) Settle() {
	w.pause(func(done func()) {
		w.asking = append(w.asking, asking{-1, done})
		w.net.Last(0, func() {})
	})
}

// answer has all go on that have asked at an earlier instant, and reports whether there are any. mu is held.
func (w *World) answer(now time.Duration) (any bool) {
	left := w.asking[:0]
	for _, a := range w.asking {
		if a.since == now { // once an instant: what it does itself is no news to it
			left = append(left, a)
			continue
		}
		w.net.Last(0, a.done)
		any = true
	}
	clear(w.asking[len(left):])
	w.asking = left
	return any
}

// pause blocks until the function is called that it gives to begin; both are called with mu held. If the world has been stopped it does
// not return: the goroutine ends.
func (w *World) pause(begin func(done func())) {
	c := make(chan struct{})
	w.lock()
	if w.ending {
		w.mu.Unlock()
		runtime.Goexit()
	}
	w.sleeps = append(w.sleeps, c)
	begin(func() {
		w.sleeps = slices.DeleteFunc(w.sleeps, func(other chan struct{}) bool { return other == c })
		close(c)
	})
	w.unlock()
	<-c
	w.mu.Lock()
	over := w.ending
	w.mu.Unlock()
	if over {
		runtime.Goexit()
	}
}
