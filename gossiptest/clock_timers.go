package gossiptest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/clock"
)

// tryTies has timers due at one time that were made and reset at various times. One of them stops another.
func tryTies(_ context.Context, tr *clockTrial) error {
	const timers = 100
	due := timers * time.Millisecond
	notes := make([]*note, timers)
	ts := make([]clock.Timer, timers)
	for i := range timers {
		left := due - time.Duration(i)*time.Millisecond
		switch notes[i], ts[i] = tr.after(left); {
		case i%3 == 1:
			ts[i].Reset(time.Hour)
			ts[i].Reset(left)
		case i%3 == 2:
			ts[i].Stop()
			ts[i].Reset(left)
		}
		tr.advance(time.Millisecond / 2)
		tr.advance(time.Millisecond / 2)
	}
	tr.advance(0)
	for i, n := range notes {
		if err := n.want(fmt.Sprintf("timer %d of %d that are due at one time", i, timers), 1); err != nil {
			return err
		}
	}
	return errors.Join(tr.stopTied(true), tr.stopTied(false))
}

// stopTied has a function stop a timer that is due at the same time and was made before that of the function, or after it.
func (tr *clockTrial) stopTied(before bool) error {
	var mu sync.Mutex // guards victim and stopped
	var victim clock.Timer
	stopped := false
	n := &note{}
	arm := func() { victim = tr.AfterFunc(time.Second, func() { n.call(tr) }) }
	mu.Lock()
	if before {
		arm()
	}
	tr.AfterFunc(time.Second, func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = victim.Stop()
	})
	if !before {
		arm()
	}
	mu.Unlock()
	tr.advance(time.Second)
	tr.advance(time.Hour)
	mu.Lock()
	defer mu.Unlock()
	if stopped {
		return n.want("a timer that another function due at the same time has stopped", 0)
	}
	return n.want("a timer that another function due at the same time found not to be pending", 1)
}

func tryThousandTimers(_ context.Context, tr *clockTrial) error {
	const timers = 1000
	notes := make([]*note, timers)
	ts := make([]clock.Timer, timers)
	due := make([]time.Duration, timers) // zero: never
	for i := range timers {
		due[i] = time.Duration(i*7919%timers+1) * time.Millisecond
		notes[i], ts[i] = tr.after(due[i])
	}
	for i, timer := range ts {
		var err error
		switch i % 4 {
		case 1:
			due[i] = 0
			err = returned("Stop of a pending timer", timer.Stop(), true)
		case 2:
			due[i] = time.Duration(timers-i) * time.Millisecond
			err = returned("Reset of a pending timer", timer.Reset(due[i]), true)
		case 3:
			err = errors.Join(
				returned("Stop of a pending timer", timer.Stop(), true),
				returned("Reset of a stopped timer", timer.Reset(due[i]), false))
		}
		if err != nil {
			return fmt.Errorf("of %d timers: %w", timers, err)
		}
	}
	const step = 125 * time.Millisecond
	for passed := step; passed <= timers*time.Millisecond; passed += step {
		tr.advance(step)
		for i, n := range notes {
			calls := 0
			if due[i] > 0 && due[i] <= passed {
				calls = 1
			}
			if err := n.want(fmt.Sprintf("timer %d of %d, due after %v, after %v", i, timers, due[i], passed), calls); err != nil {
				return err
			}
		}
	}
	tr.advance(time.Hour)
	for i, n := range notes {
		if err := n.want(fmt.Sprintf("timer %d of %d, an hour later", i, timers), min(int(due[i]), 1)); err != nil {
			return err
		}
		if err := returned("Stop of a timer that has fired or was stopped", ts[i].Stop(), false); err != nil {
			return err
		}
	}
	return nil
}

func tryStop(_ context.Context, tr *clockTrial) error {
	for _, passed := range []time.Duration{0, 1, time.Minute - 1} {
		n, timer := tr.after(time.Minute)
		tr.advance(passed)
		if err := returned("Stop of a pending timer", timer.Stop(), true); err != nil {
			return err
		}
		tr.advance(time.Hour)
		if err := n.want("a timer that was stopped", 0); err != nil {
			return err
		}
	}
	return nil
}

func tryStopIdle(_ context.Context, tr *clockTrial) error {
	fired, timer := tr.after(time.Minute)
	tr.advance(time.Minute)
	stopped, other := tr.after(time.Minute)
	other.Stop()
	for range 2 {
		if err := errors.Join(
			returned("Stop of a timer that has fired", timer.Stop(), false),
			returned("Stop of a stopped timer", other.Stop(), false)); err != nil {
			return err
		}
		tr.advance(time.Hour)
	}
	timer.Reset(time.Minute)
	tr.advance(time.Hour)
	return errors.Join(
		returned("Stop of a timer that has fired twice", timer.Stop(), false),
		fired.want("a timer that was reset once", 2),
		stopped.want("a stopped timer", 0))
}

// tryStopBeside stops and resets timers when they are due, or a moment earlier or later.
func tryStopBeside(_ context.Context, tr *clockTrial) error {
	for i := range 60 {
		n, timer := tr.after(time.Millisecond)
		moving := background(func() error {
			tr.advance(time.Millisecond)
			return nil
		})
		if i%3 == 0 {
			<-moving
		}
		for range i % 20 {
			runtime.Gosched()
		}
		var pending bool
		reset := i%2 == 0
		if reset {
			pending = timer.Reset(time.Hour)
		} else {
			pending = timer.Stop()
		}
		if i%3 != 0 {
			<-moving
		}
		tr.advance(2 * time.Hour)
		calls := 0
		if !pending {
			calls++
		}
		call := "Stop"
		if reset {
			call = "Reset"
			calls++
		}
		if err := n.want(fmt.Sprintf("%s, when it is about to fire or has fired, returned %v", call, pending), calls); err != nil {
			return err
		}
	}
	return nil
}

func tryStopDoesNotWait(_ context.Context, tr *clockTrial) error {
	n := &note{}
	timer, release := tr.blockedCall(n)
	err := errors.Join(
		returned("Stop of a timer whose function runs", timer.Stop(), false),
		returned("another Stop of a timer whose function runs", timer.Stop(), false))
	if err := errors.Join(err, release()); err != nil {
		return err
	}
	tr.advance(time.Hour)
	return n.want("a timer that was stopped while its function ran", 1)
}

func tryReset(_ context.Context, tr *clockTrial) error {
	for _, d := range []time.Duration{time.Second, time.Minute, time.Hour} { // earlier, the same, later
		n, timer := tr.after(time.Minute)
		for range 3 {
			if err := returned("Reset of a pending timer", timer.Reset(d), true); err != nil {
				return err
			}
		}
		what := fmt.Sprintf("a timer of a minute, reset to %v", d)
		tr.advance(d - 1)
		if err := n.want(what+", 1ns before", 0); err != nil {
			return err
		}
		tr.advance(1)
		if err := n.want(what+", then", 1); err != nil {
			return err
		}
		tr.advance(2 * time.Hour)
		if err := n.want(what+", later", 1); err != nil {
			return err
		}
	}
	return nil
}

func tryResetIdle(_ context.Context, tr *clockTrial) error {
	n, timer := tr.after(time.Minute)
	tr.advance(time.Minute)
	for i := range 50 { // nothing has to be drained before
		if err := returned("Reset of a timer that has fired", timer.Reset(time.Second), false); err != nil {
			return err
		}
		tr.advance(time.Second - 1)
		if err := n.want("a timer reset after it had fired, 1ns before", i+1); err != nil {
			return err
		}
		tr.advance(1)
		if err := n.want("a timer reset after it had fired, then", i+2); err != nil {
			return err
		}
	}

	n, timer = tr.after(time.Minute)
	for i := range 3 {
		timer.Reset(time.Minute)
		timer.Stop()
		tr.advance(time.Hour)
		if err := returned("Reset of a stopped timer", timer.Reset(time.Minute), false); err != nil {
			return err
		}
		tr.advance(time.Minute - 1)
		if err := n.want("a timer reset after it was stopped, 1ns before", i); err != nil {
			return err
		}
		tr.advance(time.Hour)
		if err := n.want("a timer reset after it was stopped, later", i+1); err != nil {
			return err
		}
	}
	return nil
}

func tryResetRunning(_ context.Context, tr *clockTrial) error {
	n := &note{}
	timer, release := tr.blockedCall(n)
	err := errors.Join(
		returned("Reset of a timer whose function runs", timer.Reset(time.Minute), false),
		returned("another Reset of a timer whose function runs", timer.Reset(time.Second), true))
	if err := errors.Join(err, release()); err != nil {
		return err
	}
	tr.advance(time.Second)
	if err := n.want("a timer reset while its function ran", 2); err != nil {
		return err
	}
	tr.advance(time.Hour)
	return n.want("a timer reset while its function ran, an hour later", 2)
}

// tryConcurrentTimers has goroutines do everything beside each other and beside a clock that moves. Each timer is one
// goroutine's own, and none is due while that stops or resets it.
func tryConcurrentTimers(_ context.Context, tr *clockTrial) error {
	const workers, rounds = 8, 20
	notes := make([][]*note, workers)
	work := func(w int) func() error {
		return func() error {
			for range rounds {
				n, timer := tr.after(time.Hour)
				stopped, other := tr.after(time.Hour)
				untouched, _ := tr.after(time.Hour)
				tr.Now()
				if err := errors.Join(
					returned("beside others, Reset of a pending timer", timer.Reset(2*time.Hour), true),
					returned("beside others, Stop of a pending timer", timer.Stop(), true),
					returned("beside others, Reset of a stopped timer", timer.Reset(time.Hour), false),
					returned("beside others, Stop of a pending timer", other.Stop(), true),
					stopped.want("a stopped timer", 0),
				); err != nil {
					return err
				}
				notes[w] = append(notes[w], n, untouched)
			}
			return nil
		}
	}
	fs := []func() error{func() error {
		for range rounds {
			tr.advance(time.Second)
		}
		return nil
	}}
	for w := range workers {
		fs = append(fs, work(w))
	}
	if err := together(fs...); err != nil {
		return err
	}
	tr.advance(2 * time.Hour)
	for _, of := range notes {
		for _, n := range of {
			if err := n.want("a timer made beside others", 1); err != nil {
				return err
			}
		}
	}
	return nil
}
