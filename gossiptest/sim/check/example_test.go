package check_test

import (
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
	"github.com/grapevine-go/grapevine/gossiptest/sim/check"
)

// A network is cut in two and healed, while every step is checked.
func Example() {
	s := sim.New(sim.Options{Nodes: 10, Seed: 1})
	c := check.Watch(s)
	s.StartAll(10 * time.Millisecond)
	s.RunFor(time.Second)

	s.Partition([]int{0, 1, 2, 3, 4})
	s.RunFor(10 * time.Second)
	for node := range 10 {
		if err := s.Add(node, "motto", fmt.Append(nil, node), 0); err != nil {
			fmt.Println(err)
		}
	}
	s.Heal()
	if err := s.RunUntil(s.Converged, 10*time.Second); err != nil {
		fmt.Println(err)
	}
	s.RunFor(time.Second)
	fmt.Println(c.Quiet())
	// Output: <nil>
}
