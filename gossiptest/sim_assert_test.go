package gossiptest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A condition is asked at the end of each instant at which something happens: one that holds for a moment is seen.
func TestConditionsSeeEveryInstant(t *testing.T) {
	attempts(t, 4, func(s *Sim) {
		state := 0
		for i := range 4 {
			s.At(time.Second+time.Duration(i)*time.Microsecond, func() { state = i + 1 })
			s.At(time.Second+time.Duration(i)*time.Microsecond, func() { state *= 10 }) // nobody sees what is between
		}
		var seen []string
		note := func(who string) func() error {
			return func() error {
				if state > 0 {
					seen = append(seen, fmt.Sprint(who, state))
				}
				return nil
			}
		}
		s.Always("a", note("a"))
		s.Always("b", note("b"))
		var at time.Duration
		s.Eventually(2*time.Second, "the third", func() error {
			at = s.Now()
			if state != 30 {
				return errors.New("not yet")
			}
			return nil
		})
		if want := time.Second + 2*time.Microsecond; at != want {
			s.Errorf("Eventually returned at %v, want %v", at, want)
		}
		s.RunFor(2 * time.Microsecond)
		if got, want := strings.Join(seen, " "), "a10 b10 a20 b20 a30 b30 a40 b40"; got != want {
			s.Errorf("seen %s, want %s", got, want)
		}
	})
}

// What a condition does itself is no news to it, and a condition that depends on time alone is asked each 10 ms.
func TestConditionsAreNotAskedForEver(t *testing.T) {
	attempts(t, 2, func(s *Sim) {
		c := NewCluster(s, 1, newIdle)
		var asked [2]int
		for i := range asked {
			s.Always("stored", func() error {
				asked[i]++
				return c.Host(0).Store().Put(context.Background(), "k", nil) // an event at this instant
			})
		}
		s.RunFor(time.Second)
		for i, n := range asked {
			if n < 100 || n > 110 {
				s.Errorf("condition %d was asked %d times in a second, want about 101", i, n)
			}
		}
	})
}

// Eventually asks at least once, and at the very end.
func TestEventuallyAsksAtBothEnds(t *testing.T) {
	attempts(t, 1, func(s *Sim) {
		var at []time.Duration
		s.Eventually(25*time.Millisecond, "the end", func() error {
			if at = append(at, s.Now()); s.Now() < 25*time.Millisecond {
				return errors.New("not yet")
			}
			return nil
		})
		if want := "[0s 10ms 20ms 25ms]"; fmt.Sprint(at) != want {
			s.Errorf("asked at %v, want %s", at, want)
		}
		s.Eventually(-1, "once", func() error { return nil })
	})
}

// The last instant is asked about, too.
func TestAlwaysAtTheEnd(t *testing.T) {
	text := failing(t, func(s *Sim) {
		s.Always("less than a second", func() error { return when(s.Now() >= time.Second) })
		s.RunFor(time.Second)
	})
	if want := "at 1s: less than a second: it is so"; !strings.Contains(text, want) {
		t.Errorf("no %q in\n%s", want, text)
	}
}

// Always is over when the function of the test returns: what hosts show as they end is nobody's business.
func TestAlwaysEnds(t *testing.T) {
	attempts(t, 1, func(s *Sim) {
		ending := false
		NewCluster(s, 1, func(*Host) appFunc {
			return func(ctx context.Context) error {
				<-ctx.Done()
				ending = true
				time.Sleep(time.Second)
				return nil
			}
		})
		s.Always("not ending", func() error { return when(ending) })
		s.RunFor(time.Second)
	})
}
