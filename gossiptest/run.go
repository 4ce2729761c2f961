package gossiptest

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/internal/serial"
	"github.com/grapevine-go/grapevine/internal/simnet"
)

// defaultRuns is how many seeds Run tries.
const defaultRuns = 10

const (
	maxSimFrame = 4 << 20          // of a link
	maxSteps    = 5_000_000        // of a run
	endLimit    = 5 * time.Second  // of the run's time, for the hosts to end
	calm        = 5 * time.Second  // of the run's time, for what they have started and do not wait for
	hangLimit   = 5 * time.Second  // of real time without a step
	shrinkLimit = 20 * time.Second // of real time, for replays
)

// Run runs body in simulated networks: again and again, each time with another seed, until one fails or there have been enough.
//
//	func TestOrders(t *testing.T) {
//		gossiptest.Run(t, func(s *gossiptest.Sim) {
//			c := gossiptest.NewCluster(s, 5, func(h *gossiptest.Host) *orders.Service { return orders.New(h.Config()) })
//			s.Chaos(fault.Chaos{Count: 12})
//			s.At(2*time.Second, func() { c.App(0).Put("order/1", "paid") })
//			s.RunFor(30 * time.Second) // of the run's time: some milliseconds of yours
//			c.Converged(10*time.Second, func(a *orders.Service) any { return a.Snapshot() })
//		})
//	}
//
// body, the applications and their goroutines run in a bubble of testing/synctest, one step at a time: a seed gives the same run on any machine.
// The first seed has what is due at one instant happen in a plain order, each other seed in one of its own. For that to hold, the code
// under test keeps five rules: it takes time from package time or the Host's Clock, and randomness from the Host's Rand; the order of a map
// does not reach what it sends; goroutines share nothing without a lock or a channel between them, whose order they do not depend on; of a
// select, one case is ready at a time; and no mutex is held while its holder waits for something else, be it a Store. The first seed, and each
// that fails, is run twice; a difference is reported with the first step that differs.
//
// A select has two cases ready when its goroutine was held up, by a Store that is slow or a fault.Pause, while a ticker ticked and somebody
// sent. The runtime chooses one by chance. Have one goroutine for each of the two, or look at the one that matters first:
//
//	select {
//	case r := <-requests:
//		s.serve(r)
//	default:
//		select {
//		case r := <-requests:
//			s.serve(r)
//		case <-ticker.C: // requests are served first
//			s.tick()
//		}
//	}
//
// What runs between two points where a goroutine waits is one step, which no other comes into: a data race, or a lock given up and taken again with
// nothing in between, is for -race to find.
//
// The seeds follow from the name of the test, so the same ones are tried each time, and go test caches that they pass.
//
// # When it fails
//
// The failure says what is wrong, leaves out every fault that is not needed for it, shows the rest as text and as a literal of Go, and how
// to run it again. The faults are kept in testdata/gossiptest, and tried first from then on; delete the file when the bug is mended. A
// picture of the last frames is written to the directory of T.ArtifactDir. Goroutines that are left when all hosts have ended, and five seconds of the
// run's time more have passed, are a failure, too.
//
// # Environment
//
//	GOSSIPTEST_RUNS=n      seeds to try, at least one; if it is not set 10, or what RunSeeds says
//	GOSSIPTEST_BASE=n      try others, which follow from n, too: GOSSIPTEST_BASE=$(date +%s) in CI
//	GOSSIPTEST_SEED=n      try this seed alone, in the order that belongs to it
//	GOSSIPTEST_CHECK=all   run every seed twice; none: none
//	GOSSIPTEST_SHRINK=0    leave the faults as they are
//	GOSSIPTEST_SAVE=0      keep no file
//
// # Panics
//
// A panic of the function, of one given to At or Cleanup, or of an application's Run is a failure like others. On another goroutine it ends the process,
// as it always does; the trace that Go prints names the seed and the host of each goroutine, as its labels.
//
// Run is called on the goroutine of the test, outside of any bubble.
func Run(t *testing.T, body func(s *Sim)) {
	t.Helper()
	RunSeeds(t, defaultRuns, body)
}

// RunSeeds is Run with n seeds, at least one, if GOSSIPTEST_RUNS is not set. The first of them are those of Run.
func RunSeeds(t *testing.T, n int, body func(s *Sim)) {
	t.Helper()
	if n < 1 {
		panic(fmt.Sprintf("gossiptest: RunSeeds with %d seeds", n))
	}
	r := &runner{
		t: t, name: t.Name(), body: body, env: environment(t, n), dir: filepath.Join("testdata", "gossiptest"), patience: hangLimit,
		fail: func(text string) { t.Helper(); t.Error(strings.TrimRight(text, "\n")) },
	}
	r.all()
}

// all runs what was kept, and then seed after seed.
func (r *runner) all() {
	r.t.Helper()
	if r.saved() {
		r.seeds()
	}
}

// seeds runs seed after seed.
func (r *runner) seeds() {
	r.t.Helper()
	failed := r.t.Failed()
	for i := range r.env.runs {
		seed, explore := r.env.seed, r.env.explore
		if !r.env.one {
			seed, explore = seedOf(r.name+r.env.base, i), i > 0
		}
		switch {
		case !r.try(attempt{seed: seed, explore: explore}, i):
			return
		case !failed && r.t.Failed():
			r.t.Logf("gossiptest: seed %d (run %d of %d) has failed the test without the Sim. Call Errorf and the like of the Sim, so that Run can "+
				"say which faults that takes", seed, i+1, r.env.runs)
			return
		}
	}
}

// seedOf returns the i-th seed of a test: another test's seeds are others. Odd seeds have the plain order.
func seedOf(name string, i int) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d", name, i)
	seed := h.Sum64() >> 12 << 1
	if i == 0 {
		seed++
	}
	return seed
}

// env is what the environment asks for.
type env struct {
	runs    int
	one     bool // seed
	seed    uint64
	base    string // what seeds follow from, besides the name of the test
	explore bool
	check   string
	shrink  bool
	save    bool
}

func environment(t *testing.T, runs int) env {
	t.Helper()
	e := env{runs: runs, check: os.Getenv("GOSSIPTEST_CHECK")}
	if e.check != "" && e.check != "all" && e.check != "none" {
		t.Fatalf("gossiptest: GOSSIPTEST_CHECK: %q, want all or none", e.check)
	}
	number := func(name string) (uint64, bool) {
		text, ok := os.LookupEnv(name)
		if !ok {
			return 0, false
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("gossiptest: %s: %v", name, err)
		}
		return n, true
	}
	if n, ok := number("GOSSIPTEST_RUNS"); ok {
		if n < 1 || n > math.MaxInt32 {
			t.Fatalf("gossiptest: GOSSIPTEST_RUNS: %d, want 1 to %d", n, math.MaxInt32)
		}
		e.runs = int(n)
	}
	if n, ok := number("GOSSIPTEST_SEED"); ok {
		e.runs, e.one, e.seed, e.explore = 1, true, n, n%2 == 0
	}
	if n, ok := number("GOSSIPTEST_BASE"); ok {
		e.base = fmt.Sprintf(" from %d", n)
	}
	n, ok := number("GOSSIPTEST_SHRINK")
	e.shrink = !ok || n != 0
	n, ok = number("GOSSIPTEST_SAVE")
	e.save = !ok || n != 0
	return e
}

// attempt says how a run is made.
type attempt struct {
	seed    uint64
	explore bool
	faults  *fault.Schedule // in place of what the test asks for; nil: that
}

// outcome is what came of it.
type outcome struct {
	failures []failure
	logs     []string
	schedule fault.Schedule // what the test asked for
	log      *serial.Log
	history  *history
	hosts    int
	unfit    bool // not all faults that were given could happen
	end      time.Duration
	state    string // of the hosts; "": it did not fail
}

func (o outcome) failed() bool { return len(o.failures) > 0 }

// run makes one run.
func (r *runner) run(a attempt) (o outcome) {
	r.t.Helper()
	labels()
	stop := r.watch(a)
	defer stop()
	left := r.bubble(func() {
		others := runtime.NumGoroutine()
		o = r.inBubble(a)
		drain(others)
	})
	if left != "" {
		o.failures = append(o.failures, failure{o.end, left})
	}
	return o
}

// inBubble is a run, inside its bubble.
func (r *runner) inBubble(a attempt) outcome {
	s := &Sim{name: r.name, seed: a.seed, start: time.Now(), bytes: make(map[int]*usage)}
	if a.faults != nil {
		given := append(fault.Schedule(nil), *a.faults...)
		s.given = &given
	}
	model := NetworkModel{}.network()
	s.world = serial.New(serial.Options{
		Net: simnet.Options{
			Seed: a.seed, Explore: a.explore, Latency: model.Latency, Jitter: model.Jitter, DialTimeout: model.DialTimeout,
		},
		MaxFrame: maxSimFrame, MaxSteps: maxSteps, Resets: true,
		Rule: s.judge, Seeds: s.seeds, OnPass: s.pass,
	})
	r.progress.Store(s.world.Log())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.ctx = ctx
	var err error
	pprof.Do(ctx, pprof.Labels("seed", strconv.FormatUint(a.seed, 10)), func(context.Context) {
		err = s.world.Run(func() {
			defer s.clean()
			defer s.panics("the test")
			r.body(s)
			s.world.Settle() // so that Always has seen the last instant
		})
	})
	if err != nil {
		s.fails(err.Error())
	}
	cancel()
	state := ""
	if s.Failed() {
		state = s.state()
	}
	if err != nil || s.fatal {
		r.left(s, s.world.Abandon)
	} else {
		for _, host := range s.world.End(endLimit) {
			s.Errorf("%s: Run does not return within %v after the end of its context%s", serial.Name(host), endLimit, stacks(serial.Name(host)))
		}
		r.left(s, s.world.Abandon)
	}
	end := s.Now()
	time.Sleep(calm) // what ends in its own time does so now
	s.mu.Lock()
	defer s.mu.Unlock()
	return outcome{
		failures: s.failures, logs: s.logs, schedule: s.schedule, log: s.world.Log(), hosts: s.world.Len(), history: &s.passes, state: state, end: end,
		unfit: s.unfit || s.given != nil && len(*s.given) > 0,
	}
}

// clean calls what was given to Cleanup.
func (s *Sim) clean() {
	s.mu.Lock()
	n := len(s.cleanups)
	if n == 0 {
		s.mu.Unlock()
		return
	}
	f := s.cleanups[n-1]
	s.cleanups = s.cleanups[:n-1]
	s.mu.Unlock()
	defer s.clean() // even if f ends the goroutine
	defer s.panics("a function given to Cleanup")
	f()
}

// left ends what is left, and reports what does not end.
func (r *runner) left(s *Sim, abandon func(time.Duration) ([]int, bool)) {
	hung, body := abandon(endLimit)
	for _, host := range hung {
		s.Errorf("%s: Run does not return within %v after a crash%s", serial.Name(host), endLimit, stacks(serial.Name(host)))
	}
	if body {
		s.Errorf("the function of the test does not return within %v after the end of the run", endLimit)
	}
	if len(hung) > 0 || body {
		r.leaks = true
	}
}

// seeds returns the hosts that resolvers name: the first three of each cluster. The World is locked.
func (s *Sim) seeds() (hosts []int) {
	for _, o := range s.owners {
		for i := range min(3, o.n) {
			hosts = append(hosts, o.first+i)
		}
	}
	return hosts
}

// bubble calls f in a bubble, and says which goroutines are left there.
func (r *runner) bubble(f func()) (left string) {
	r.t.Helper()
	self := ""
	defer func() {
		v := recover()
		switch {
		case v == nil || r.leaks:
		case strings.Contains(fmt.Sprint(v), "main bubble goroutine has exited"):
			r.leaks = true
			left = leaks(self)
		default:
			panic(v)
		}
	}()
	synctest.Test(r.t, func(*testing.T) {
		self = bubbleOf(ownStack())
		f()
	})
	return ""
}
