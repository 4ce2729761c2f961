package serial

import (
	"math"
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/sched"
	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/internal/tracing"
)

// Clock is the clock of a run, and its scheduler. The time of a World begins with that of the bubble.
//
// A node reads both of its clocks by Times. Everybody else has Now, which cannot show a wall clock that is set back beside
// a monotonic one that is not: it stands still until the wall clock is there again.
type Clock struct{ r *Run }

var (
	_ clock.Clock     = Clock{}
	_ sched.Scheduler = Clock{}
	_ sched.Times     = Clock{}
	_ sched.Tracer    = Clock{}
)

// Clock returns the clock of the run.
func (r *Run) Clock() Clock { return Clock{r} }

func (c Clock) Go(name string, n uint64, f func())     { c.r.Go(name, n, f) }
func (c Clock) Post(what, key, value string, f func()) { c.r.Post(what, key, value, f) }
func (c Clock) Gate(what, key, value string)           { c.r.Gate(what, key, value) }

// Times returns what the clocks of the host show.
func (c Clock) Times() (mono, wall int64) {
	r := c.r
	r.w.lock()
	defer r.w.mu.Unlock()
	mono = r.w.net.Mono(r.host.id)
	return mono, r.w.start.UnixNano() + mono + r.w.net.Offset(r.host.id)
}

// Begin has Options.OnCore told of a core.
func (c Clock) Begin(cfg core.Config) {
	if f := c.r.w.opts.OnCore; f != nil {
		f(c.r.host.id, c.r.n, cfg)
	}
}

// Step takes an input of a core and what came of it into the log.
func (c Clock) Step(now core.Now, in *core.Input, out *core.Outputs) {
	r := c.r
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if !r.dead {
		h := &r.host.trace
		*h = tracing.Outputs(tracing.Input(*h, r.w.start.UnixNano(), now, in, nil), out)
		r.host.inputs++
		r.w.log.core(*h)
		if f := r.w.opts.OnStep; f != nil {
			f(r.host.id, r.n, now, in, out)
		}
	}
}

func (c Clock) Now() time.Time {
	r := c.r
	r.w.lock()
	defer r.w.mu.Unlock()
	h := r.host
	h.shown = max(h.shown, r.w.net.Clock(h.id)+r.w.net.Now())
	return r.w.start.Add(h.shown)
}

// timer is a call that a Clock is going to make.
type timer struct {
	r     *Run
	id    uint64
	turns uint64 // times it was set
	f     func()
	at    int64 // when it is due by the host's monotonic clock
	armed bool
}

func (c Clock) AfterFunc(d time.Duration, f func()) clock.Timer {
	r := c.r
	r.w.lock()
	defer r.w.unlock()
	r.nTimers++
	t := &timer{r: r, id: r.nTimers, f: f}
	t.set(d)
	return t
}

func (t *timer) Stop() bool {
	t.r.w.lock()
	defer t.r.w.unlock()
	return t.clear()
}

func (t *timer) Reset(d time.Duration) bool {
	t.r.w.lock()
	defer t.r.w.unlock()
	was := t.clear()
	t.set(d)
	return was
}

// clear has the timer not fire. mu is held.
func (t *timer) clear() bool {
	was := t.armed
	if was {
		t.armed = false
		t.r.timers = slices.DeleteFunc(t.r.timers, func(other *timer) bool { return other == t })
	}
	return was
}

// set has it fire when d has passed.
func (t *timer) set(d time.Duration) {
	if t.r.dead {
		return
	}
	t.armed = true
	mono := t.r.w.net.Mono(t.r.host.id)
	t.at = mono + min(int64(max(d, 0)), math.MaxInt64-mono)
	t.r.timers = append(t.r.timers, t)
	t.schedule()
}

// schedule makes an event of it, at the time it is due by the clock as it goes now.
func (t *timer) schedule() {
	t.turns++
	turn, net := t.turns, t.r.w.net
	t.r.task(net.When(t.r.host.id, t.at)-net.Now(), simnet.Timer, "timer", t.id<<32|turn&(1<<32-1), func() {
		if t.armed && t.turns == turn {
			t.clear()
			go t.r.labelled(t.f)
		}
	})
}

// setClock sets the clocks of a host, and with them its timers. mu is held.
func (w *World) setClock(host int, offset time.Duration, drift float64) {
	w.net.SetClock(host, offset, drift)
	if r := w.hosts[host].run; r != nil {
		for _, t := range r.timers {
			t.schedule()
		}
	}
}
