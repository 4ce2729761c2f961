package sim_test

import (
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// A hundred nodes find each other, one of them writes an info, and ten crash.
func Example() {
	s := sim.New(sim.Options{Nodes: 100, Seed: 7})
	s.StartAll(10 * time.Millisecond)
	everybody := func() bool { return s.Count(99) == 100 && s.Converged() }
	if err := s.RunUntil(everybody, time.Second); err != nil {
		fmt.Println(err)
	}

	if err := s.Add(42, "motto", []byte("pass it on"), time.Hour); err != nil {
		fmt.Println(err)
	}
	for node := range 10 {
		s.Crash(10 * node)
	}
	s.RunFor(10 * time.Second)

	motto, ok := s.Get(99, "motto")
	fmt.Printf("%s %t %t\n", motto, ok, s.Converged())
	// Output: pass it on true true
}
