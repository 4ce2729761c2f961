package gossiptest

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/gossiptest/sim"
	"github.com/grapevine-go/grapevine/internal/serial"
	"github.com/grapevine-go/grapevine/internal/simnet"
)

// Sim is one simulated run of a test, made by [Run]: hosts and a network in virtual time. Its methods are called by the function that was
// given to Run, by functions given to At, and by the applications.
//
// It stands in for a *testing.T: what fails is collected here, so that the run can be repeated with fewer faults. Fatalf and the like end
// the goroutine that calls them, whichever it is, and the run.
type Sim struct {
	world *serial.World
	name  string
	seed  uint64
	start time.Time
	ctx   context.Context

	mu       sync.Mutex      // guards what follows
	given    *fault.Schedule // in place of what the test asks for; nil: nothing
	schedule fault.Schedule  // what the test has asked for, or was given
	unfit    bool            // what was given makes no sense in this test
	owners   []owner
	failures []failure
	fatal    bool
	logs     []string
	cleanups []func()

	// Guarded by the World.
	rules  []*rule
	passes history
	bytes  map[int]*usage
}

// failure is something that went wrong.
type failure struct {
	at   time.Duration
	text string
}

// NetworkModel says how the network of a Sim is. The zero value of a field is its default.
type NetworkModel struct {
	Latency     time.Duration // of a frame, one way, in the mean; zero means 2ms
	Spread      sim.Spread    // how latencies scatter about the mean
	Jitter      float64       // and how far, as a fraction of it; zero means 0.1, negative not at all
	DialLatency time.Duration // extra time before a dialled link is open
	DialTimeout time.Duration // after which a dial that nobody answers fails; zero means 1s

	// Distance returns the latency from one host to another, where it is not Latency for all. See sim.Zones.
	Distance func(from, to int) time.Duration

	Loss         float64 // share of frames that a stream loses and sends again: they come four latencies later
	DatagramLoss float64 // share of frames that are lost for good, which the contract of a link does not allow
}

// Network sets how the network is from now on. What is on its way, and links that are open, keep their latencies.
func (s *Sim) Network(m NetworkModel) {
	m.check()
	s.world.SetModel(m.network())
	s.world.SetLoss(m.Loss, m.DatagramLoss)
}

func (m NetworkModel) check() {
	if m.Latency < 0 || m.DialLatency < 0 || m.DialTimeout < 0 || m.Jitter > 1 && m.Spread != sim.LogNormal ||
		!(m.Loss >= 0 && m.Loss <= 0.9) || !(m.DatagramLoss >= 0 && m.DatagramLoss <= 1) {
		panic(fmt.Sprintf("gossiptest: NetworkModel makes no sense: %+v", m))
	}
}

func (m NetworkModel) network() simnet.Model {
	n := simnet.Model{
		Latency: m.Latency, Spread: simnet.Spread(m.Spread), Jitter: m.Jitter,
		DialLatency: m.DialLatency, DialTimeout: m.DialTimeout, Distance: m.Distance,
	}
	if n.Latency == 0 {
		n.Latency = 2 * time.Millisecond
	}
	if n.DialTimeout == 0 {
		n.DialTimeout = time.Second
	}
	if n.Jitter == 0 {
		n.Jitter = 0.1
	}
	n.Jitter = max(n.Jitter, 0)
	return n
}

// Seed returns the seed of the run.
func (s *Sim) Seed() uint64 { return s.seed }

// Now returns how much time has passed since the beginning of the run.
func (s *Sim) Now() time.Duration { return s.world.Now() }

// RunFor lets d pass. When it returns, everything has happened that was due until then and at that very instant: timers have fired, frames
// have come, and whatever they set going waits again. RunFor(0) lets happen what is due now. It may be called on any goroutine of
// the test; those that wait for one instant go on one after the other.
func (s *Sim) RunFor(d time.Duration) { s.world.Sleep(d) }

// At has f called on a goroutine of its own when the time of the run is d, before what else is due at that instant but timers of package
// time; at once if that has passed. Functions that are due at one instant are called in the order of the calls of At.
func (s *Sim) At(d time.Duration, f func()) {
	s.world.After(d-s.Now(), func() {
		defer s.panics("a function given to At")
		f()
	})
}

// MaxSteps sets after how many steps a run is taken to have no end: 5,000,000 if it is not called. It is stopped then, and fails with what
// it did last.
func (s *Sim) MaxSteps(n int) { s.world.SetMaxSteps(n) }

// Faults has the faults happen at their times, which count from the beginning of the run. They may overlap. It panics if one makes no
// sense with the hosts that there are, or begins in the past. It may be called on any goroutine of the test.
func (s *Sim) Faults(faults ...fault.Fault) {
	now, hosts := s.Now(), s.world.Len()
	for i := range faults {
		if err := faults[i].Check(hosts); err != nil {
			panic("gossiptest: Faults: " + err.Error())
		}
		if faults[i].At < now {
			panic(fmt.Sprintf("gossiptest: Faults: %v is in the past at %v", &faults[i], now))
		}
	}
	s.mu.Lock()
	if s.given != nil {
		faults = s.fit(now, hosts)
	}
	s.schedule = append(s.schedule, faults...)
	s.mu.Unlock()
	for _, f := range faults {
		s.world.Schedule(f, life{s})
	}
}

// fit takes from what was given what can happen, and leaves what is about hosts that are still to come. s.mu is locked.
func (s *Sim) fit(now time.Duration, hosts int) (fit fault.Schedule) {
	left := (*s.given)[:0]
	for _, f := range *s.given {
		switch {
		case f.At < now:
			s.unfit = true
		case f.Check(hosts) != nil:
			left = append(left, f)
		default:
			fit = append(fit, f)
		}
	}
	*s.given = left
	return fit
}

// Chaos has faults happen that are drawn from the seed of the run. It may be called on any goroutine of the test.
func (s *Sim) Chaos(c fault.Chaos) {
	s.mu.Lock()
	n := uint64(len(s.schedule))
	s.mu.Unlock()
	s.Faults(c.Schedule(s.world.Len(), simnet.Hash(s.seed, saltFaults, n))...)
}

// Packet is a frame that is about to be sent from one host to another.
type Packet struct {
	From  int    // host that sends it
	To    int    // and host that it is for
	Frame []byte // to be read only, and not to be kept
}

// Verdict is what a rule says of a [Packet]. The zero Verdict lets it pass as it is.
type Verdict struct {
	Drop bool          // nobody is to have it
	Late time.Duration // it comes so much later, and what follows on its link behind it
}

// Rule has f asked about every frame that is sent from now on, until the function that it returns is called. The delays of all rules add up, and
// a frame that one drops is lost. f is called in the middle of what happens: it only looks at the packet and at variables of its own.
func (s *Sim) Rule(f func(p *Packet) Verdict) (remove func()) {
	r := &rule{f}
	s.world.Locked(func() { s.rules = append(s.rules, r) })
	return func() {
		s.world.Locked(func() { s.rules = slices.DeleteFunc(s.rules, func(other *rule) bool { return other == r }) })
	}
}

type rule struct{ f func(*Packet) Verdict }

// judge asks all rules.
func (s *Sim) judge(p *serial.Packet) serial.Verdict {
	return serial.Verdict(ask(s.rules, &Packet{From: p.From, To: p.To, Frame: p.Frame}))
}

func ask(rules []*rule, p *Packet) (all Verdict) {
	for _, r := range rules {
		v := r.f(p)
		all.Drop = all.Drop || v.Drop
		all.Late += v.Late
	}
	return all
}

// Context ends when the run does.
func (s *Sim) Context() context.Context { return s.ctx }

// Name returns the name of the test.
func (s *Sim) Name() string { return s.name }

// Cleanup has f called when the run is over, the last one first, and before the hosts are stopped.
func (s *Sim) Cleanup(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cleanups = append(s.cleanups, f)
}

// Helper does nothing: failures of a Sim say when, not where.
func (s *Sim) Helper() {}

// Log takes note of something that is shown with a failure. Arguments are formatted as by fmt.Sprintln.
func (s *Sim) Log(args ...any) { s.note(fmt.Sprintln(args...)) }

// Logf takes note of something that is shown with a failure.
func (s *Sim) Logf(format string, args ...any) { s.note(fmt.Sprintf(format, args...)) }

func (s *Sim) note(text string) {
	at := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logs = append(s.logs, fmt.Sprintf("%v: %s", at, text))
}

// Error has the test fail, and go on.
func (s *Sim) Error(args ...any) { s.fails(fmt.Sprintln(args...)) }

// Errorf has the test fail, and go on.
func (s *Sim) Errorf(format string, args ...any) { s.fails(fmt.Sprintf(format, args...)) }

// Fail has the test fail, and go on.
func (s *Sim) Fail() {
	if !s.Failed() { // else there is more to say
		s.fails("Fail was called")
	}
}

func (s *Sim) fails(text string) {
	at := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = append(s.failures, failure{at, text})
}

// Fatal has the test fail, ends the run, and the calling goroutine.
func (s *Sim) Fatal(args ...any) {
	s.fails(fmt.Sprintln(args...))
	s.end()
}

// Fatalf has the test fail, ends the run, and the calling goroutine.
func (s *Sim) Fatalf(format string, args ...any) {
	s.fails(fmt.Sprintf(format, args...))
	s.end()
}

// FailNow has the test fail, ends the run, and the calling goroutine.
func (s *Sim) FailNow() {
	s.Fail()
	s.end()
}

// panics makes a failure of a panic of the goroutine that it is deferred on.
func (s *Sim) panics(who string) {
	if v := recover(); v != nil {
		s.Fatalf("%s panics: %v%s", who, v, callers())
	}
}

// callers lists the functions that lead to a panic, in a form that is the same every time.
func callers() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	var b strings.Builder
	for panicked := false; ; {
		f, more := frames.Next()
		if panicked && !strings.HasPrefix(f.Function, "runtime.") {
			fmt.Fprintf(&b, "\n  %s\n    %s:%d", f.Function, filepath.Base(f.File), f.Line)
		}
		panicked = panicked || f.Function == "runtime.gopanic"
		if !more {
			return b.String()
		}
	}
}

func (s *Sim) end() {
	s.mu.Lock()
	s.fatal = true
	s.mu.Unlock()
	s.world.Stop()
	runtime.Goexit()
}

// Failed reports whether the run has failed so far.
func (s *Sim) Failed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.failures) > 0
}
