package search_test

import (
	"fmt"

	"github.com/grapevine-go/grapevine/gossiptest/sim/search"
)

// Two nodes write one key while they are cut off from each other.
func Example() {
	s, err := search.Parse(`
seed 1
nodes 5
for 20s
partition at 2s for 10s nodes 0,1
write at 3s node 0 key motto ttl 0s
write at 4s node 4 key motto ttl 0s
`)
	if err != nil {
		fmt.Println(err)
	}
	if _, err := search.Run(s); err != nil {
		fmt.Println(err)
	}
	fmt.Println(s.Faults[0].String())
	// Output: partition at 2s for 10s nodes 0,1
}
