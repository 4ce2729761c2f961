package gossiptest_test

import (
	"fmt"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// One info, as its origin has it and as another node has it.
func ExampleInfoOptions() {
	here := gossip.Info{Value: []byte("paid"), TTL: time.Minute, NodeID: 3}
	there := here
	there.Hops, there.Age = 2, 7*time.Millisecond

	fmt.Println(cmp.Equal(here, there))
	fmt.Println(cmp.Equal(here, there, gossiptest.InfoOptions()))
	there.Value = []byte("due")
	fmt.Println(cmp.Equal(here, there, gossiptest.InfoOptions()))
	// Output:
	// false
	// true
	// false
}
