package fault_test

import (
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// lasts returns what fails if s has a fault of each of the kinds that lasts so long.
func lasts(d time.Duration, kinds ...fault.Kind) func(fault.Schedule) bool {
	return func(s fault.Schedule) bool {
		for _, k := range kinds {
			has := false
			for _, f := range s {
				has = has || f.Kind == k && f.For >= d
			}
			if !has {
				return false
			}
		}
		return true
	}
}

func TestShrink(t *testing.T) {
	s := fault.Chaos{Count: 40}.Schedule(5, 1)
	for _, tt := range []struct {
		name  string
		fails func(fault.Schedule) bool
		kinds []fault.Kind
	}{
		{"one", lasts(300*time.Millisecond, fault.Crash), []fault.Kind{fault.Crash}},
		{"two", lasts(300*time.Millisecond, fault.Crash, fault.OneWay), []fault.Kind{fault.Crash, fault.OneWay}},
		{"none", func(fault.Schedule) bool { return true }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := s.String()
			calls := 0
			got := s.Shrink(func(s fault.Schedule) bool { calls++; return tt.fails(s) })
			if s.String() != before {
				t.Error("the schedule was changed")
			}
			if len(got) != len(tt.kinds) || !tt.fails(got) {
				t.Fatalf("%d calls leave\n%v", calls, got)
			}
			for i := range got {
				less := append(append(fault.Schedule(nil), got[:i]...), got[i+1:]...)
				if tt.fails(less) {
					t.Errorf("fails without %v", &got[i])
				}
				half := append(fault.Schedule(nil), got...)
				if half[i].For /= 2; tt.fails(half) {
					t.Errorf("fails with half of %v", &got[i])
				}
			}
			if calls > 60 {
				t.Errorf("%d calls", calls)
			}
		})
	}
	if got := fault.Schedule(nil).Shrink(func(fault.Schedule) bool { return true }); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}

// A fault that is made shorter may fail without another one that it needed before.
func TestShrinkLeavesOutAgain(t *testing.T) {
	s := fault.Schedule{
		{Kind: fault.Loss, For: time.Second, Amount: 0.1},
		{Kind: fault.Crash, For: time.Second, Nodes: []int{0}},
		{Kind: fault.Pause, For: time.Second, Nodes: []int{1}},
	}
	long, short := lasts(time.Second, fault.Crash, fault.Loss), lasts(0, fault.Crash)
	got := s.Shrink(func(s fault.Schedule) bool {
		return long(s) || short(s) && !lasts(200*time.Millisecond, fault.Crash)(s) || short(s) && lasts(0, fault.Loss)(s)
	})
	if len(got) != 1 || got[0].Kind != fault.Crash || got[0].For >= 200*time.Millisecond {
		t.Errorf("left is\n%v, want a short crash alone", got)
	}
}
