package gossiptest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grapevine-go/grapevine/internal/serial"
)

// every is how often a condition is looked at though nothing happens: one may depend on time alone.
const every = 10 * time.Millisecond

// Eventually returns as soon as f returns no error. It asks at once, then at the end of each instant at which something happens on the network
// or at a Host, and every 10 ms of the run's time; of timers of package time, nobody tells it. If that takes longer than within, the run fails with the last error, and goes on.
func (s *Sim) Eventually(within time.Duration, what string, f func() error) {
	err := s.await(within, f)
	if err != nil {
		s.Errorf("%s: not within %v: %v", what, within, err)
	}
}

// await asks until f returns no error, and returns the last one.
func (s *Sim) await(within time.Duration, f func() error) error {
	begin := s.Now()
	for {
		err := f()
		left := within - (s.Now() - begin)
		if err == nil || left <= 0 {
			return err
		}
		s.world.Change(min(every, left))
	}
}

// Always has f asked from now on, whenever Eventually would ask, until the function that was given to [Run] returns; and the run fail the
// first time it returns an error. That ends the run: what comes after would only be confusing. f is called on a goroutine of its own, while
// everything else waits: it looks, and changes nothing.
func (s *Sim) Always(what string, f func() error) {
	s.At(s.Now(), func() {
		for s.ctx.Err() == nil {
			if err := f(); err != nil {
				s.Fatalf("%s: %v", what, err)
			}
			s.world.Change(every)
		}
	})
}

// Never is Always with a condition that must not hold: f says whether it does, and what is to be seen then.
func (s *Sim) Never(what string, f func() (holds bool, seen any)) {
	s.Always("never "+what, func() error {
		if holds, seen := f(); holds {
			return fmt.Errorf("it is so: %v", seen)
		}
		return nil
	})
}

// Quiet returns when no fault lasts any more, and none is to come.
func (s *Sim) Quiet() {
	s.mu.Lock()
	end := s.schedule.End()
	s.mu.Unlock()
	if d := end - s.Now(); d > 0 {
		s.RunFor(d)
	}
}

// Converged waits until all hosts that run show the same, and fails the run if that takes longer than within, counted from when all faults
// are over. What a host shows is what view makes of its application; two of them are the same if cmp.Equal says so, with the given options,
// or those of [InfoOptions] if there are none. A cluster of which no host runs has not converged.
//
// The failure says which hosts agree, how the others differ, and what came to them last.
func (c *Cluster[A]) Converged(within time.Duration, view func(app A) any, opts ...cmp.Option) {
	if len(opts) == 0 {
		opts = []cmp.Option{InfoOptions()}
	}
	s := c.sim
	s.Quiet()
	if s.await(within, func() error { return c.agree(view, opts) }) != nil {
		s.fails(c.report(within, c.groups(view, opts), opts))
	}
}

// agree returns an error if not all hosts that run show the same, or none runs. It may be asked thousands of times in vain, so it looks no further than the
// first difference, and compares with cmp only what looks different.
func (c *Cluster[A]) agree(view func(A) any, opts []cmp.Option) error {
	var first any
	some := false
	for i := range c.slots {
		if !c.Up(i) {
			continue
		}
		v := view(c.App(i))
		if !some {
			first, some = v, true
		} else if !reflect.DeepEqual(first, v) && !cmp.Equal(first, v, opts...) {
			return errDiffer
		}
	}
	if !some {
		return errNone
	}
	_ = cmp.Equal(first, first, opts...) // panics where options are missing, which must not depend on what there is to see
	return nil
}

var (
	errDiffer = errors.New("hosts differ")
	errNone   = errors.New("no host runs")
)

// group is hosts that show the same.
type group struct {
	hosts []int
	view  any
}

// groups returns the groups of hosts that run, the largest first.
func (c *Cluster[A]) groups(view func(A) any, opts []cmp.Option) []group {
	var groups []group
next:
	for i := range c.slots {
		if !c.Up(i) {
			continue
		}
		v := view(c.App(i))
		for k := range groups {
			if cmp.Equal(groups[k].view, v, opts...) {
				groups[k].hosts = append(groups[k].hosts, c.first+i)
				continue next
			}
		}
		groups = append(groups, group{[]int{c.first + i}, v})
	}
	slices.SortStableFunc(groups, func(a, b group) int { return len(b.hosts) - len(a.hosts) })
	return groups
}

// report says what differs.
func (c *Cluster[A]) report(within time.Duration, groups []group, opts []cmp.Option) string {
	if len(groups) == 0 {
		return fmt.Sprintf("not converged %v after the last fault: %v", within, errNone)
	}
	var b strings.Builder
	total := 0
	for _, g := range groups {
		total += len(g.hosts)
	}
	fmt.Fprintf(&b, "not converged %v after the last fault: %d different states on %d hosts\n", within, len(groups), total)
	fmt.Fprintf(&b, "  %s agree\n", names(groups[0].hosts))
	for _, g := range groups[1:] {
		first := serial.Name(g.hosts[0])
		fmt.Fprintf(&b, "  %s: - is what they show, + is %s\n", names(g.hosts), first)
		diff := strings.ReplaceAll(cmp.Diff(groups[0].view, g.view, opts...), "\u00a0", " ")
		b.WriteString(indent(strings.TrimRight(diff, "\n"), "      "))
		lines, n, aside := c.sim.deliveries(g.hosts[0])
		fmt.Fprintf(&b, "    the last %d of %d frames to %s%s:\n", len(lines), n, first, aside)
		for _, line := range lines {
			fmt.Fprintf(&b, "      %s\n", strings.TrimRight(line, " "))
		}
	}
	return b.String()
}

func names(hosts []int) string {
	list := make([]string, len(hosts))
	for i, h := range hosts {
		list[i] = serial.Name(h)
	}
	return strings.Join(list, " ")
}

func indent(text, by string) string {
	var b strings.Builder
	for line := range strings.Lines(text + "\n") {
		b.WriteString(by + line)
	}
	return b.String()
}

// Usage is what hosts have sent so far.
type Usage struct {
	Frames uint64 // how many
	Bytes  uint64 // of them
}

// Usage returns what the i-th host of the Sim has sent so far, in all its runs; -1 stands for all hosts together.
func (s *Sim) Usage(i int) (u Usage) {
	s.world.Locked(func() {
		for host, sent := range s.bytes {
			if i < 0 || i == host {
				u.Frames += sent.frames
				u.Bytes += sent.bytes
			}
		}
	})
	return u
}

// Budget fails the run if what is sent while f is called is more than most, of all hosts together. A zero field of most is no limit.
func (s *Sim) Budget(what string, most Usage, f func()) {
	before := s.Usage(-1)
	f()
	after := s.Usage(-1)
	frames, bytes := after.Frames-before.Frames, after.Bytes-before.Bytes
	if most.Frames > 0 && frames > most.Frames || most.Bytes > 0 && bytes > most.Bytes {
		s.Errorf("%s: %d frames with %d bytes were sent, want at most %d and %d", what, frames, bytes, most.Frames, most.Bytes)
	}
}
