package serial

import (
	"errors"
	"fmt"
	"sync"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/internal/simnet"
)

// Options say what a World is like. There are no defaults.
type Options struct {
	Net      simnet.Options // without a Driver
	MaxFrame int            // largest frame of a link, in bytes
	MaxSteps int            // a world that takes more of them is stopped

	// Rule is asked about each frame that is sent; nil lets all pass.
	Rule func(p *Packet) Verdict

	// Seeds returns the hosts that resolvers name.
	Seeds func() []int

	// OnFault is told of each fault that begins or ends.
	OnFault func(f *fault.Fault, begins bool)
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
	mu     sync.Mutex
	net    *simnet.Net
	hosts  []*Host
	faults *fault.Active
	stale  []int              // what resolvers name while a fault.ResolverStale lasts
	chains map[string][]*post // by goroutine: what it has posted, in order
	log    Log
	body   bool // Run's function has returned
	err    error
}

// New returns a world without hosts that run.
func New(opts Options) *World {
	w := &World{opts: opts, start: time.Now(), kick: make(chan struct{}, 1), faults: fault.NewActive(nil), chains: make(map[string][]*post)}
	opts.Net.Driver = (*driver)(w)
	opts.Net.Observe = w.log.note
	w.net = simnet.New(opts.Net)
	for i := range opts.Net.Hosts {
		w.hosts = append(w.hosts, &Host{w: w, id: i, store: newStore()})
	}
	return w
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
	ready := w.net.Ready()
	w.mu.Unlock()
	if ready {
		select {
		case w.kick <- struct{}{}:
		default:
		}
	}
}

// errEndless says that time does not come to an end.
var errEndless = errors.New("it takes no end")

// Run calls f on a goroutine of its own and has everything happen until it has returned. It returns the first thing that went
// wrong with the world itself, which may be before that.
func (w *World) Run(f func()) error {
	go func() {
		defer func() {
			w.lock()
			w.body = true
			w.mu.Unlock()
			select {
			case w.kick <- struct{}{}:
			default:
			}
		}()
		f()
	}()
	return w.until(func() bool { return w.body })
}

// until has everything happen until done, which is asked with mu held.
func (w *World) until(done func() bool) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		synctest.Wait()
		select { // everybody is blocked: what is in kick is stale
		case <-w.kick:
		default:
		}
		w.lock()
		if err := w.wrong(); err != nil || done() {
			w.mu.Unlock()
			return err
		}
		at, ok := w.net.Next()
		now := w.net.Now()
		if ok && at <= now {
			w.net.Step(now)
			w.mu.Unlock()
			continue
		}
		w.mu.Unlock()
		if !ok {
			at = now + 24*time.Hour
		}
		timer.Reset(at - now)
		select {
		case <-timer.C:
			if !ok {
				return fmt.Errorf("at %v: nothing happens for a day, and the test waits", now)
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
		w.err = fmt.Errorf("at %v: %w%s", w.net.Now(), w.net.Err(), w.log.tail(5))
	case w.log.Len() > w.opts.MaxSteps:
		w.err = fmt.Errorf("at %v: %w: %d steps%s", w.net.Now(), errEndless, w.log.Len(), w.log.tail(5))
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

// Sleep returns when d has passed, behind all that was to happen at that instant when it was called.
func (w *World) Sleep(d time.Duration) {
	c := make(chan struct{})
	w.lock()
	w.net.After(d, func() { close(c) })
	w.unlock()
	<-c
}

// call is a call that is blocked.
type call struct {
	done chan struct{}
	over bool
	err  error
	end  *simnet.ID // of a dial: where to say which link it is
}

func newCall() *call { return &call{done: make(chan struct{})} }

// finish ends a call, the first time. mu is held.
func (c *call) finish(err error) {
	if !c.over {
		if c.over = true; err != nil {
			c.err = err
		}
		close(c.done)
	}
}
