package measure_test

import (
	"fmt"

	"github.com/grapevine-go/grapevine/gossiptest/sim/measure"
)

// One of ten nodes crashes while an update is under way.
func Example() {
	r, err := measure.Run(measure.Options{Nodes: 10, Seed: 1, Kill: 1, Updates: 1})
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println("survivors cut off:", r.Disconnected)
	fmt.Println("updates that did not arrive:", r.Undelivered)
	fmt.Println("all had it within 15 latencies:", r.StallMax <= 15)
	// Output:
	// survivors cut off: 0
	// updates that did not arrive: 0
	// all had it within 15 latencies: true
}
