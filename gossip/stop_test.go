package gossip_test

import (
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// TestStopTwiceAtOnce has two goroutines stop a node that takes its time: in a bubble, time passes for both.
func TestStopTwiceAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g, err := gossip.New(config(net, 1))
		if err != nil {
			t.Fatal(err)
		}
		register(t, g, "^k", func(string, []byte) { time.Sleep(time.Second) })
		mustAdd(t, g, "k", "v")
		stop := g.Start(t.Context())
		pass(time.Millisecond)
		begin := time.Now()
		var stopping sync.WaitGroup
		for range 2 {
			stopping.Go(func() {
				if err := stop(); err != nil {
					t.Errorf("stop = %v, want nil", err)
				}
				if took, want := time.Since(begin), time.Second-time.Millisecond; took != want {
					t.Errorf("stop took %v, want until the end of the call: %v", took, want)
				}
			})
		}
		stopping.Wait()
	})
}
