package gossiptest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// appFunc is an application that is one function.
type appFunc func(ctx context.Context) error

func (f appFunc) Run(ctx context.Context) error { return f(ctx) }

// newIdle makes an application that waits for its end.
func newIdle(*Host) appFunc {
	return func(ctx context.Context) error {
		<-ctx.Done()
		return nil
	}
}

// attempts makes a run of each of the first seeds, which must not fail.
func attempts(t *testing.T, n int, body func(*Sim)) (outcomes []outcome) {
	t.Helper()
	r := &runner{t: t, name: t.Name(), body: body, patience: hangLimit}
	for i := range n {
		o := r.run(attempt{seed: uint64(i), explore: i > 0})
		if o.failed() {
			t.Fatal(o.failures)
		}
		outcomes = append(outcomes, o)
	}
	return outcomes
}

// When RunFor returns, what is due at that instant has happened: as it is with Clock.Advance.
func TestRunForIncludesItsEnd(t *testing.T) {
	Run(t, func(s *Sim) {
		var got []string
		note := func(what string) { got = append(got, what) } // one goroutine runs at a time
		NewCluster(s, 2, func(h *Host) appFunc {
			return func(ctx context.Context) error {
				h.Clock().AfterFunc(time.Second, func() { note("clock") })
				ticker := time.NewTicker(200 * time.Millisecond)
				defer ticker.Stop()
				for range 5 {
					<-ticker.C
				}
				if err := h.Store().Put(ctx, "k", nil); err != nil { // takes no time
					return err
				}
				note("ticker")
				<-ctx.Done()
				return nil
			}
		})
		s.Faults(fault.Fault{Kind: fault.Pause, At: 500 * time.Millisecond, For: 500 * time.Millisecond, Nodes: []int{0}})
		s.At(time.Second, func() { note("at") })
		s.RunFor(time.Second - 1)
		if len(got) != 0 {
			s.Errorf("before: %q", got)
		}
		s.RunFor(1)
		slices.Sort(got)
		if want := "at clock clock ticker ticker"; strings.Join(got, " ") != want {
			s.Errorf("after a second: %q, want %s", got, want)
		}
		s.At(s.Now(), func() { note("now") })
		s.RunFor(0)
		if len(got) != 6 {
			s.Errorf("RunFor(0) lets nothing happen: %q", got)
		}
	})
}

// Any number of goroutines may stop a host at once. Each has its error, and they go on one after the other.
func TestStopAtOnce(t *testing.T) {
	over := errors.New("over")
	Run(t, func(s *Sim) {
		c := NewCluster(s, 1, func(*Host) appFunc {
			return func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(time.Second)
				return over
			}
		})
		begin := make(chan struct{})
		var wg sync.WaitGroup
		stopped := 0
		for range 3 {
			wg.Go(func() {
				<-begin
				if err := c.Stop(0); err != over {
					s.Errorf("Stop: %v", err)
				}
				if c.Up(0) {
					s.Errorf("the host is up after Stop")
				}
				stopped++ // with no lock: they go on one after the other
			})
		}
		s.RunFor(time.Second)
		close(begin)
		wg.Wait()
		if stopped != 3 || s.Now() != 2*time.Second {
			s.Errorf("%d have stopped it, at %v; want 3 at 2s", stopped, s.Now())
		}
		if err := c.Stop(0); err != nil {
			s.Errorf("of a host that is down: %v", err)
		}
		c.Start(0)
		if !c.Up(0) || c.Host(0).Run() != 2 {
			s.Errorf("up is %v, run %d; want the second run", c.Up(0), c.Host(0).Run())
		}
	})
}

// Faults may be asked for on any goroutine, also on several at once.
func TestFaultsFromAnywhere(t *testing.T) {
	o := attempts(t, 3, func(s *Sim) {
		NewCluster(s, 3, newIdle)
		begin := make(chan struct{})
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				<-begin
				s.Faults(fault.Fault{Kind: fault.Loss, At: s.Now() + time.Duration(i), For: time.Second, Amount: 0.1})
				s.Chaos(fault.Chaos{Count: 3, From: s.Now()})
				s.Quiet()
			})
		}
		s.RunFor(time.Second)
		close(begin)
		wg.Wait()
	})
	if n := len(o[0].schedule); n != 16 {
		t.Errorf("%d faults, want 16", n)
	}
}

// Faults that are given happen when there are hosts for them; those there is no place for are left out, and said to be.
func TestGivenFaults(t *testing.T) {
	crash := func(host int, at time.Duration) fault.Fault {
		return fault.Fault{Kind: fault.Crash, At: at, For: time.Second, Nodes: []int{host}}
	}
	for _, tt := range []struct {
		name   string
		faults fault.Schedule
		runs   [2]int // of the two hosts
		unfit  bool
	}{
		{"all", fault.Schedule{crash(0, 2*time.Second), crash(1, 5*time.Second)}, [2]int{2, 2}, false},
		{"none", fault.Schedule{}, [2]int{1, 1}, false},
		{"a host too many", fault.Schedule{crash(2, 2*time.Second), crash(1, 5*time.Second)}, [2]int{1, 2}, true},
		{"in the past", fault.Schedule{crash(0, 0)}, [2]int{1, 1}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got [2]int
			r := &runner{t: t, name: t.Name(), patience: hangLimit, body: func(s *Sim) {
				a := NewCluster(s, 1, newIdle)
				s.RunFor(time.Second)
				s.Faults(crash(0, 3*time.Second))
				s.RunFor(3 * time.Second)
				b := NewCluster(s, 1, newIdle)
				s.Faults(crash(1, 5*time.Second))
				s.RunFor(3 * time.Second)
				got = [2]int{a.Host(0).Run(), b.Host(0).Run()}
			}}
			if o := r.run(attempt{seed: 1, faults: &tt.faults}); o.failed() || o.unfit != tt.unfit || got != tt.runs {
				t.Errorf("runs %v, unfit %v, want %v and %v; %v", got, o.unfit, tt.runs, tt.unfit, o.failures)
			}
		})
	}
}
