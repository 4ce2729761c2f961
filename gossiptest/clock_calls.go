package gossiptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/clock"
)

func tryNow(_ context.Context, tr *clockTrial) error {
	var mu sync.Mutex // guards latest and back
	var latest time.Time
	var back error
	look := func() {
		mu.Lock()
		defer mu.Unlock()
		now := tr.Now()
		if now.Before(latest) && back == nil {
			back = fmt.Errorf("Now returned %v, and then %v, which is %v earlier", latest, now, latest.Sub(now))
		}
		latest = now
	}
	often := func() error {
		for range 100 {
			look()
		}
		return nil
	}
	for _, d := range []time.Duration{0, 1, time.Millisecond, time.Second, 36 * time.Hour, 0, time.Second} {
		tr.AfterFunc(d/2, look)
		tr.AfterFunc(d, look)
		before := tr.Now()
		tr.advance(d)
		if passed := tr.Now().Sub(before); passed < d {
			return fmt.Errorf("Now shows that %v passed, when %v did", passed, d)
		}
		if err := together(often, often); err != nil {
			return err
		}
		mu.Lock()
		err := back
		mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

func tryAfterFunc(_ context.Context, tr *clockTrial) error {
	for _, d := range []time.Duration{1, 10 * time.Microsecond, time.Millisecond, time.Second, 36 * time.Hour, 60 * 24 * time.Hour} {
		what := fmt.Sprintf("a timer of %v", d)
		n, _ := tr.after(d)
		tr.advance(0)
		if err := n.want(what+", at once", 0); err != nil {
			return err
		}
		tr.advance(d - 1)
		if err := n.want(what+", 1ns before", 0); err != nil {
			return err
		}
		tr.advance(1)
		if err := n.want(what+", then", 1); err != nil {
			return err
		}
		tr.advance(2 * d)
		if err := n.want(what+", later", 1); err != nil {
			return err
		}
	}
	return nil
}

func tryLongest(_ context.Context, tr *clockTrial) error {
	tr.advance(time.Second) // from now on, 292 years end behind the last instant that some clocks can count to
	n, timer := tr.after(math.MaxInt64)
	again, other := tr.after(time.Hour)
	if err := returned("Reset of a pending timer", other.Reset(math.MaxInt64-1), true); err != nil {
		return err
	}
	for _, d := range []time.Duration{0, time.Second, 48 * time.Hour} {
		tr.advance(d)
		if err := errors.Join(n.want("a timer of 292 years", 0), again.want("a timer reset to 292 years", 0)); err != nil {
			return err
		}
	}
	return errors.Join(
		returned("Stop of a pending timer", timer.Stop(), true),
		returned("Stop of a pending timer", other.Stop(), true))
}

func tryOnTime(_ context.Context, tr *clockTrial) error {
	for _, step := range []time.Duration{time.Hour, 700 * time.Millisecond} {
		start := tr.Now()
		var notes []*note
		for i := range 5 {
			n, _ := tr.after(time.Duration(5-i) * time.Second)
			notes = append(notes, n)
		}
		for passed := time.Duration(0); passed < 10*time.Second; passed += step {
			tr.advance(step)
		}
		for i, n := range notes {
			d := time.Duration(5-i) * time.Second
			what := fmt.Sprintf("a timer of %v", d)
			if err := n.want(what, 1); err != nil {
				return err
			}
			if err := noEarlier(what, n.times()[0], start.Add(d)); err != nil {
				return err
			}
		}
	}
	return nil
}

// noEarlier checks what Now has shown to the function of a timer.
func noEarlier(what string, now, due time.Time) error {
	if now.Before(due) {
		return fmt.Errorf("%s: Now has shown its function a time %v before it was due", what, due.Sub(now))
	}
	return nil
}

func tryZero(_ context.Context, tr *clockTrial) error { return tr.atOnce(0) }

func tryNegative(_ context.Context, tr *clockTrial) error {
	for _, d := range []time.Duration{-1, -time.Hour, math.MinInt64} {
		if err := tr.atOnce(d); err != nil {
			return err
		}
	}
	return nil
}

// atOnce tries a duration that passes at once, with timers in all states.
func (tr *clockTrial) atOnce(d time.Duration) error {
	check := func(what string, n *note, calls int, armed time.Time) error {
		tr.advance(0)
		if err := n.want(what, calls); err != nil {
			return err
		}
		if now := tr.Now(); now.Before(armed) {
			return fmt.Errorf("%s: Now shows a time %v before it was armed", what, armed.Sub(now))
		}
		return noEarlier(what, n.times()[calls-1], armed)
	}
	armed := tr.Now()
	n, timer := tr.after(d)
	if err := check(fmt.Sprintf("AfterFunc(%v)", d), n, 1, armed); err != nil {
		return err
	}
	tr.advance(time.Second)
	armed = tr.Now()
	if err := returned("Reset of a timer that has fired", timer.Reset(d), false); err != nil {
		return err
	}
	if err := check(fmt.Sprintf("Reset(%v) of a timer that has fired", d), n, 2, armed); err != nil {
		return err
	}

	timer.Reset(time.Hour)
	if err := returned("Reset of a pending timer", timer.Reset(d), true); err != nil {
		return err
	}
	if err := check(fmt.Sprintf("Reset(%v) of a pending timer", d), n, 3, armed); err != nil {
		return err
	}

	timer.Reset(time.Hour)
	timer.Stop()
	timer.Reset(d)
	if err := check(fmt.Sprintf("Reset(%v) of a stopped timer", d), n, 4, armed); err != nil {
		return err
	}
	tr.advance(2 * time.Hour)
	return n.want("hours after the last call", 4)
}

func tryNotInside(_ context.Context, tr *clockTrial) error {
	var inside atomic.Pointer[string] // goroutine that is in a call of the clock
	var caught atomic.Bool
	f := func() {
		if g := inside.Load(); g != nil && *g == thisGoroutine() {
			caught.Store(true)
		}
	}
	call := func(name string, g func()) error {
		this := thisGoroutine()
		inside.Store(&this)
		g()
		inside.Store(nil)
		if caught.Load() {
			return fmt.Errorf("%s has called the function itself", name)
		}
		tr.advance(0)
		return nil
	}
	for _, d := range []time.Duration{0, -1, 1, -time.Hour} {
		var timer clock.Timer
		if err := call(fmt.Sprintf("AfterFunc(%v)", d), func() { timer = tr.AfterFunc(d, f) }); err != nil {
			return err
		}
		if err := call(fmt.Sprintf("Reset(%v)", d), func() { timer.Reset(d) }); err != nil {
			return err
		}
		timer.Reset(time.Hour)
		if err := call(fmt.Sprintf("Reset(%v)", d), func() { timer.Reset(d) }); err != nil {
			return err
		}
		timer.Stop()
	}
	return nil
}

// thisGoroutine returns the number of the calling goroutine.
func thisGoroutine() string {
	var buf [64]byte
	header, _, _ := bytes.Cut(buf[:runtime.Stack(buf[:], false)], []byte("["))
	return string(header)
}

// tryCallsClock has a function do everything, ten times second by second and ten times in one go.
func tryCallsClock(_ context.Context, tr *clockTrial) error {
	for _, step := range []time.Duration{time.Second, 10 * time.Second} {
		n, fired := &note{}, &note{}
		fresh := &note{}
		var mu sync.Mutex // guards timer and wrong
		var timer clock.Timer
		var wrong []error
		idle := tr.AfterFunc(0, func() { fired.call(tr) })
		tr.advance(0)
		mu.Lock()
		timer = tr.AfterFunc(time.Second, func() {
			n.call(tr)
			mu.Lock()
			own := timer
			mu.Unlock()
			other := tr.AfterFunc(time.Hour, func() {})
			tr.AfterFunc(0, func() { fresh.call(tr) })
			err := errors.Join(
				returned("Stop of a function's own timer, in the function,", own.Stop(), false),
				returned("Reset of a function's own timer, in the function,", own.Reset(time.Second), false),
				returned("Stop of another timer, which has fired,", idle.Stop(), false),
				returned("Reset of another timer, which is pending,", other.Reset(time.Minute), true),
				returned("Stop of another timer, which is pending,", other.Stop(), true))
			mu.Lock()
			defer mu.Unlock()
			wrong = append(wrong, err)
		})
		mu.Unlock()
		for passed := step; passed <= 10*time.Second; passed += step {
			tr.advance(step)
			tr.advance(0)
			if err := n.want(fmt.Sprintf("a function that resets its timer to a second, after %v", passed), int(passed/time.Second)); err != nil {
				return err
			}
		}
		mu.Lock()
		err := errors.Join(append(wrong, returned("Stop of a timer that its function has reset", timer.Stop(), true))...)
		mu.Unlock()
		if err != nil {
			return err
		}
		tr.advance(time.Hour)
		if err := errors.Join(n.want("after Stop", 10), fresh.want("timers made in a function", 10)); err != nil {
			return err
		}
	}
	return nil
}

// blockedCall has a function called that blocks until release is called. The function is called again at once.
func (tr *clockTrial) blockedCall(n *note) (timer clock.Timer, release func() error) {
	begun, end := make(chan struct{}), make(chan struct{})
	var first sync.Once
	timer = tr.AfterFunc(time.Second, func() {
		n.call(tr)
		first.Do(func() {
			close(begun)
			<-end
		})
	})
	moving := background(func() error {
		tr.advance(time.Second)
		return nil
	})
	<-begun
	return timer, func() error {
		close(end)
		return <-moving
	}
}

func tryNoLock(_ context.Context, tr *clockTrial) error {
	n, later := &note{}, &note{}
	pending := tr.AfterFunc(time.Hour, func() {})
	stopped := tr.AfterFunc(time.Hour, func() {})
	stopped.Stop()
	_, release := tr.blockedCall(n)
	tr.Now()
	made := tr.AfterFunc(time.Minute, func() { later.call(tr) })
	err := errors.Join(
		returned("beside a function that runs, Reset of a pending timer", pending.Reset(time.Minute), true),
		returned("beside a function that runs, Stop of a pending timer", pending.Stop(), true),
		returned("beside a function that runs, Reset of a stopped timer", stopped.Reset(time.Hour), false),
		returned("beside a function that runs, Stop of a pending timer", stopped.Stop(), true),
		returned("beside a function that runs, Reset of a pending timer", made.Reset(time.Hour), true))
	if err := errors.Join(err, release()); err != nil {
		return err
	}
	tr.advance(2 * time.Hour)
	return errors.Join(n.want("the timer whose function blocked", 1), later.want("a timer made meanwhile", 1))
}
