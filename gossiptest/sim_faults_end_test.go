package gossiptest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// writer is an application that writes now and then.
func writer(h *Host) appFunc {
	return func(ctx context.Context) error {
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-ticker.C:
			}
			if err := h.Store().Put(ctx, "k", []byte("v")); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// A test may end while a host stands still, and before one is to: the host ends all the same.
func TestPauseOutlastsTest(t *testing.T) {
	Run(t, func(s *Sim) {
		NewCluster(s, 3, writer)
		s.Faults(
			fault.Fault{Kind: fault.Pause, At: time.Second, For: time.Hour, Nodes: []int{0}},
			fault.Fault{Kind: fault.Pause, At: 3 * time.Second, For: time.Hour, Nodes: []int{1, 2}},
		)
		s.RunFor(3*time.Second - 1)
	})
}

// Hosts that come while a network is cut are on the side that the fault does not name.
func TestClusterAddedDuringPartition(t *testing.T) {
	Run(t, func(s *Sim) {
		c := NewCluster(s, 2, newIdle)
		s.Faults(fault.Fault{Kind: fault.Partition, For: time.Minute, Nodes: []int{0}})
		s.RunFor(time.Second)
		d := NewCluster(s, 1, newIdle)
		for i, reached := range []bool{false, true} {
			l, err := d.Host(0).Transport().Dial(s.Context(), c.Host(i).Transport().Addr())
			if (err == nil) != reached {
				s.Errorf("a new host dials n%d, n0 being cut off: error %v, want it to get through: %v", i, err, reached)
			}
			if err == nil {
				l.Close()
			}
		}
	})
}

// A host that the test has ended stays down until the test starts it, whatever faults come and go.
func TestFaultsLeaveWhatIsStopped(t *testing.T) {
	end := map[string]func(c *Cluster[appFunc]) error{
		"Crash": func(c *Cluster[appFunc]) error { c.Crash(0); return nil },
		"Stop":  func(c *Cluster[appFunc]) error { return c.Stop(0) },
	}
	for name, end := range end {
		for _, during := range []bool{false, true} {
			for _, k := range []fault.Kind{fault.Crash, fault.Wipe, fault.Silence, fault.Restart} {
				t.Run(fmt.Sprintf("%s %v during=%v", name, k, during), func(t *testing.T) {
					attempts(t, 2, func(s *Sim) {
						c := NewCluster(s, 2, newIdle)
						f := fault.Fault{Kind: k, At: faultAt, For: faultFor, Nodes: []int{0}}
						if k == fault.Restart {
							f.For = 0
						}
						s.Faults(f)
						at := time.Second
						if during {
							at = faultAt + time.Second
						}
						s.RunFor(at)
						if err := end(c); err != nil {
							s.Fatal(err)
						}
						if s.RunFor(10 * time.Second); c.Up(0) {
							s.Errorf("after the end of the fault the host is up")
						}
						c.Start(0)
						s.Faults(fault.Fault{Kind: fault.Crash, At: s.Now() + time.Second, For: time.Second, Nodes: []int{0}})
						if s.RunFor(time.Second); c.Up(0) {
							s.Errorf("started again, it does not crash")
						}
						if s.RunFor(time.Second); !c.Up(0) {
							s.Errorf("started again, it stays down at the end of a fault")
						}
					})
				})
			}
		}
	}
}

// A host that is down refuses dials, one that is silent does not answer, be it down already, or down for longer than it is silent.
func TestSilenceOfHostThatIsDown(t *testing.T) {
	down := func(k fault.Kind, from, to time.Duration) fault.Fault {
		return fault.Fault{Kind: k, At: from * time.Second, For: (to - from) * time.Second, Nodes: []int{1}}
	}
	for _, tt := range []struct {
		faults fault.Schedule
		want   string // what comes of a dial at 0.5 s, 10.5 s and so on
	}{
		{fault.Schedule{down(fault.Crash, 10, 50), down(fault.Silence, 20, 30)}, "through refused silent refused refused through"},
		{fault.Schedule{down(fault.Silence, 10, 30), down(fault.Crash, 20, 50)}, "through silent silent refused refused through"},
		{fault.Schedule{down(fault.Silence, 10, 30), down(fault.Silence, 20, 50)}, "through silent silent silent silent through"},
		{fault.Schedule{down(fault.Crash, 10, 20), down(fault.Silence, 10, 50)}, "through silent silent silent silent through"},
	} {
		attempts(t, 2, func(s *Sim) {
			c := NewCluster(s, 2, newIdle)
			s.Faults(tt.faults...)
			var got []string
			for i := range 6 {
				s.RunFor(time.Duration(i)*10*time.Second + time.Second/2 - s.Now())
				begin := s.Now()
				l, err := c.Host(0).Transport().Dial(s.Context(), addrOf(1))
				switch {
				case err == nil:
					got = append(got, "through")
					l.Close()
				case s.Now()-begin < time.Second/2:
					got = append(got, "refused")
				default:
					got = append(got, "silent")
				}
			}
			if got := strings.Join(got, " "); got != tt.want {
				s.Errorf("%v%s, want %s", tt.faults, got, tt.want)
			}
		})
	}
}

// More one-way faults may last at once than fit into a word.
func TestManyOneWayFaults(t *testing.T) {
	Run(t, func(s *Sim) {
		c := NewCluster(s, 2, newIdle)
		for range 100 {
			s.Faults(fault.Fault{Kind: fault.OneWay, For: time.Minute, Nodes: []int{1}, To: []int{1}})
		}
		s.Faults(fault.Fault{Kind: fault.OneWay, For: time.Minute, Nodes: []int{0}, To: []int{1}})
		s.RunFor(time.Second)
		if l, err := c.Host(0).Transport().Dial(s.Context(), addrOf(1)); err == nil {
			l.Close()
			s.Errorf("a dial gets through the last of 101 one-way cuts")
		}
	})
}
