package serial_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/internal/serial"
	"github.com/grapevine-go/grapevine/transport"
)

// repeats runs f again and again, with one processor and with two, and fails unless each run is the same.
func repeats(t *testing.T, n, hosts int, seed uint64, f func(w *serial.World)) (first *serial.Log) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for i := range n {
		runtime.GOMAXPROCS(1 + i%2)
		log := inWorld(t, hosts, seed, f)
		if first == nil {
			first = log
		}
		if first.Hash() != log.Hash() {
			t.Fatalf("seed %d, run %d: %s", seed, i+1, first.Diff(log))
		}
	}
	return first
}

// sink accepts links, and takes note of every frame.
func sink(got *[]string) func(r *serial.Run) error {
	return func(r *serial.Run) error {
		for {
			l, err := r.Transport().Accept()
			if err != nil {
				return err
			}
			go func() {
				for {
					frame, err := l.Recv()
					if err != nil {
						return
					}
					*got = append(*got, string(frame))
				}
			}()
		}
	}
}

// Goroutines that make one call at one instant have their turns in the order in which they were started, and what they do
// then is the same every time.
func TestGoroutinesAreToldApart(t *testing.T) {
	for seed := range uint64(2) {
		var got []string
		var order []int
		repeats(t, 40, 2, seed, func(w *serial.World) {
			got, order = nil, nil
			w.Host(0).Start(sink(&got))
			client := w.Host(1).Start(func(r *serial.Run) error {
				var wg sync.WaitGroup
				for k := range 6 {
					wg.Go(func() {
						if _, err := r.Store().Get(r.Context(), "k"); err == nil {
							t.Error("there is a value")
						}
						order = append(order, k) // nobody else is running
						l, err := r.Transport().Dial(r.Context(), serial.Addr(0))
						if err != nil {
							t.Error(err)
							return
						}
						if err := l.Send(fmt.Append(nil, k)); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				return nil
			})
			w.Sleep(time.Second)
			client.Halt()
			w.Host(0).Run().Crash(false)
		})
		slices.Sort(got)
		if want := []string{"0", "1", "2", "3", "4", "5"}; !slices.Equal(got, want) {
			t.Errorf("seed %d: got %q, want %q", seed, got, want)
		}
		if !slices.IsSorted(order) {
			t.Errorf("seed %d: goroutines 0 to 5 have their turns in the order %v", seed, order)
		}
	}
}

// So it is with calls whose context ends before their turn, or while they wait.
func TestTiesEnd(t *testing.T) {
	for seed := range uint64(2) {
		repeats(t, 40, 2, seed, func(w *serial.World) {
			// Nobody is there to answer: the dials fail after a second, those that have until then.
			client := w.Host(1).Start(func(r *serial.Run) error {
				w.Host(0).Start(func(r *serial.Run) error { <-r.Context().Done(); return nil }).Crash(true)
				ctx, cancel := context.WithTimeout(r.Context(), 100*ms)
				defer cancel()
				over, cancelNow := context.WithCancel(r.Context())
				var wg sync.WaitGroup
				for k := range 6 {
					wg.Go(func() {
						c := ctx
						if k%2 == 0 {
							c = over
						}
						_, err := r.Transport().Dial(c, serial.Addr(0))
						if want := c.Err(); want == nil || !errors.Is(err, want) {
							t.Errorf("dial %d: %v, want %v", k, err, want)
						}
						if err := r.Store().Put(r.Context(), fmt.Sprint(k), nil); err != nil {
							t.Error(err)
						}
					})
				}
				r.Post("cancel", "", "", cancelNow) // at its turn, when they all wait for theirs
				wg.Wait()
				return nil
			})
			if err := client.Join(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Those who close a link at the same time have one turn together, and who closes it afterwards has none.
func TestCloseHasOneTurn(t *testing.T) {
	steps := func(closers, again int) int {
		return repeats(t, 20, 2, 1, func(w *serial.World) {
			server := w.Host(0).Start(func(r *serial.Run) error {
				l, err := r.Transport().Accept()
				if err != nil {
					return err
				}
				_, err = l.Recv()
				if !errors.Is(err, transport.ErrClosed) {
					t.Errorf("Recv at the other end: %v", err)
				}
				return nil
			})
			client := w.Host(1).Start(func(r *serial.Run) error {
				l, err := r.Transport().Dial(r.Context(), serial.Addr(0))
				if err != nil {
					return err
				}
				var wg sync.WaitGroup
				for range closers {
					wg.Go(func() {
						if err := l.Close(); err != nil {
							t.Error(err)
						}
						if err := l.Send(nil); !errors.Is(err, transport.ErrClosed) {
							t.Errorf("Send behind Close: %v", err)
						}
					})
				}
				wg.Wait()
				for range again {
					if err := l.Close(); err != nil {
						t.Error(err)
					}
				}
				return nil
			})
			for _, r := range []*serial.Run{client, server} {
				if err := r.Join(); err != nil {
					t.Error(err)
				}
			}
		}).Len()
	}
	one := steps(1, 0)
	if got := steps(1, 5); got != one {
		t.Errorf("%d steps with one Close, and %d with five more", one, got)
	}
	if got := steps(4, 0); got != one+3 { // three more Sends
		t.Errorf("%d steps with one Close and Send, and %d with four at once, want %d", one, got, one+3)
	}
}

// What one goroutine posts comes in the order in which it did so, whatever it is called, beside what another posts.
func TestPostsKeepOrder(t *testing.T) {
	for seed := range uint64(8) {
		var got [2][]int
		repeats(t, 5, 1, seed, func(w *serial.World) {
			var mu sync.Mutex
			got = [2][]int{}
			r := w.Host(0).Start(func(r *serial.Run) error {
				var wg sync.WaitGroup
				for who := range got {
					wg.Go(func() {
						for i := range 20 {
							r.Post("add", fmt.Sprint("k", i*7%20, who), "", func() {
								mu.Lock()
								defer mu.Unlock()
								got[who] = append(got[who], i)
							})
						}
					})
				}
				wg.Wait()
				return nil
			})
			w.Sleep(ms)
			r.Halt()
		})
		for who, order := range got {
			if len(order) != 20 || !slices.IsSorted(order) {
				t.Errorf("seed %d: goroutine %d posts 0 to 19, and they come as %v", seed, who, order)
			}
		}
	}
}

// A run that crashes before it has begun is over, and its function is never called.
func TestCrashBeforeBegin(t *testing.T) {
	inWorld(t, 1, 1, func(w *serial.World) {
		r := w.Host(0).Start(func(*serial.Run) error {
			t.Error("the function is called")
			return nil
		})
		r.Crash(false)
		if over, err := r.Ended(); !over || err == nil {
			t.Errorf("after the crash: ended is %v, with the error %v", over, err)
		}
		if err := r.Join(); err == nil {
			t.Error("Join returns no error")
		}
		next := w.Host(0).Start(func(*serial.Run) error { return nil })
		if err := next.Join(); err != nil || next.Number() != 2 {
			t.Errorf("the next run, of number %d: %v", next.Number(), err)
		}
	})
}

// Those who wait for the end of a run go on one after the other, in the order in which they came.
func TestJoin(t *testing.T) {
	for seed := range uint64(4) {
		var got []int
		repeats(t, 20, 1, seed, func(w *serial.World) {
			got = nil
			r := w.Host(0).Start(func(r *serial.Run) error {
				<-r.Context().Done()
				return errors.New("over")
			})
			done := make(chan struct{}, 5)
			for i := range 5 {
				w.After(time.Duration(i)*ms, func() {
					r.End()
					if err := r.Join(); err == nil || err.Error() != "over" {
						t.Errorf("Join: %v", err)
					}
					got = append(got, i) // nobody else is running
					done <- struct{}{}
				})
			}
			w.Sleep(10 * ms)
			for range 5 {
				<-done
			}
			if w.Host(0).Run() != nil {
				t.Error("the host still runs")
			}
		})
		if !slices.IsSorted(got) || len(got) != 5 {
			t.Errorf("they go on in the order %v", got)
		}
	}
}

// A flap is over at its end: it cuts off and brings back until then, and nothing happens any more.
func TestFlapEnds(t *testing.T) {
	steps := inWorld(t, 2, 1, func(w *serial.World) {
		w.Schedule(fault.Fault{Kind: fault.Flap, At: ms, For: 100 * ms, Every: 30 * ms, Nodes: []int{0}}, nil)
		w.Sleep(time.Second)
	}).Len()
	if want := 1 + 3 + 1 + 1; steps != want { // it begins, turns at 31, 61 and 91 ms, and ends; and somebody has slept
		t.Errorf("%d steps, want %d", steps, want)
	}
}

// Sleep returns when everything that is due at that instant has happened: timers of package time, those that these have set to fire at
// once, and what came of it on other hosts.
func TestSleepIsLast(t *testing.T) {
	for seed := range uint64(4) {
		repeats(t, 20, 2, seed, func(w *serial.World) {
			var got []string
			note := func(what string) { got = append(got, what) }
			w.Host(1).Start(func(r *serial.Run) error {
				for range 5 {
					r.Clock().AfterFunc(10*ms, func() { note("other clock") })
				}
				return nil
			})
			w.Host(0).Start(func(r *serial.Run) error {
				r.Clock().AfterFunc(10*ms, func() { note("clock") })
				tick := time.NewTicker(5 * ms)
				defer tick.Stop()
				for range 2 {
					<-tick.C
				}
				note("ticker")
				now := make(chan struct{})
				time.AfterFunc(0, func() { close(now) })
				<-now
				note("at once")
				if err := r.Store().Put(r.Context(), "k", nil); err != nil {
					t.Error(err)
				}
				note("stored")
				return nil
			})
			second := make(chan int, 2)
			w.After(10*ms, func() { note("after"); w.Sleep(0); second <- len(got) })
			w.After(5*ms, func() { w.Sleep(5 * ms); second <- len(got) })
			w.Sleep(10 * ms)
			if len(got) != 10 {
				t.Errorf("seed %d: at 10ms: %q", seed, got)
			}
			note("slept")
			w.Sleep(0)
			for range 2 {
				if n := <-second; n != 11 {
					t.Errorf("seed %d: who came to sleep later saw %d things, want 11: %q", seed, n, got)
				}
			}
			for i := range 2 {
				if err := w.Host(i).Run().Join(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
