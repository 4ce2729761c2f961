package fault_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

func TestChaos(t *testing.T) {
	c := fault.Chaos{Count: 30, From: time.Second, Within: 10 * time.Second, Kinds: fault.Kinds()}
	for seed := range uint64(100) {
		for _, nodes := range []int{2, 3, 20} {
			s := c.Schedule(nodes, seed)
			kinds := map[fault.Kind]bool{}
			for i := range s {
				kinds[s[i].Kind] = true
				if s[i].At < c.From || s[i].For > 6*time.Second || s[i].For < 500*time.Millisecond && s[i].Kind != fault.Restart {
					t.Errorf("%v is out of bounds", &s[i])
				}
			}
			if err := s.Check(nodes); err != nil {
				t.Error(err)
			}
			if len(s) != c.Count || s.End() > 11*time.Second || len(kinds) != len(fault.Kinds()) {
				t.Errorf("seed %d: %d faults of %d kinds, over at %v", seed, len(s), len(kinds), s.End())
			}
		}
	}
	if !reflect.DeepEqual(c.Schedule(5, 1), c.Schedule(5, 1)) || reflect.DeepEqual(c.Schedule(5, 1), c.Schedule(5, 2)) {
		t.Error("schedules do not follow from their seeds")
	}
}

// One fault more changes no other.
func TestChaosGrows(t *testing.T) {
	few, many := fault.Chaos{Count: 9}.Schedule(5, 3), fault.Chaos{Count: 10}.Schedule(5, 3)
	for _, f := range few {
		if !slices.ContainsFunc(many, func(g fault.Fault) bool { return reflect.DeepEqual(f, g) }) {
			t.Errorf("%v has gone", &f)
		}
	}
}

func TestChaosPanics(t *testing.T) {
	for name, make := range map[string]func(){
		"one node":     func() { fault.Chaos{}.Schedule(1, 1) },
		"Max > Within": func() { fault.Chaos{Max: time.Minute}.Schedule(3, 1) },
		"no kind":      func() { fault.Chaos{Kinds: []fault.Kind{99}}.Schedule(3, 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			make()
		}()
	}
}
