package gossiptest

import (
	"context"
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
