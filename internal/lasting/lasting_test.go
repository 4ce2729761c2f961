package lasting_test

import (
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/internal/lasting"
)

func TestFaults(t *testing.T) {
	l := lasting.New(fault.Schedule{
		{Kind: fault.Partition, Nodes: []int{0, 1}},
		{Kind: fault.Partition, Nodes: []int{1, 2}},
		{Kind: fault.Slow, Nodes: []int{1}, Amount: 3},
		{Kind: fault.Slow, Nodes: []int{1, 2}, Amount: 2},
		{Kind: fault.Loss, Amount: 0.1},
	})
	flap := l.Add(fault.Fault{Kind: fault.Flap, Nodes: []int{4}, Every: time.Second})
	want := func(when string, parts ...int) {
		t.Helper()
		if got := l.Parts(5); !slices.Equal(got, parts) {
			t.Errorf("%s: parts %v, want %v", when, got, parts)
		}
	}
	want("at first", 0, 0, 0, 0, 0)
	l.Begin(0)
	want("with one", 0, 0, 1, 1, 1)
	l.Begin(1)
	want("with two", 0, 1, 2, 3, 3)
	l.Begin(flap)
	want("with three", 0, 1, 2, 3, 4)
	l.Turn(flap)
	want("with the flap off", 0, 1, 2, 3, 3)
	if !l.End(0) || l.End(0) {
		t.Error("End does not say whether the fault lasted")
	}
	want("with the second", 0, 1, 1, 0, 0)
	l.Begin(2)
	l.Begin(3)
	l.Begin(4)
	for node, most := range []float64{0, 3, 2, 0, 0} {
		if got := l.Most(fault.Slow, node); got != most {
			t.Errorf("node %d is slower by %v, want %v", node, got, most)
		}
	}
	if l.Sum(fault.Slow, 1) != 5 || l.Least(fault.Slow, 1) != 2 || l.Most(fault.Loss, 3) != 0.1 || l.Has(fault.Slow, 0) || !l.Any() {
		t.Error("what faults come to is wrong")
	}
}
