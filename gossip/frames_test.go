package gossip_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest"
)

// TestSmallestFrames proves that a node that joins gets everything over a transport that carries no more than every
// transport must.
func TestSmallestFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const infos = 2000
		net := gossiptest.NewNetwork(nil, &gossiptest.NetworkOptions{Latency: time.Millisecond, MaxFrame: 64 << 10})
		old := start(t, config(net, 1))
		for i := range infos {
			mustAdd(t, old, fmt.Sprint("info:", i), string(make([]byte, 256)))
		}
		pass(time.Second)
		joined := start(t, config(net, 2))
		pass(time.Second)
		got := 0
		for range joined.Infos("info:") {
			got++
		}
		if got != infos {
			t.Errorf("the node that joined has %d of %d infos", got, infos)
		}
	})
}
