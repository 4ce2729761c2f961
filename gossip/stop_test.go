package gossip_test

import (
	"errors"
	"sync"
	"sync/atomic"
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

// TestStopEndsWaitsInCallbacks has callbacks wait for what does not come, in every way there is: the end of the node ends
// the waits, and Run waits for nobody.
func TestStopEndsWaitsInCallbacks(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g, err := gossip.New(config(net, 1))
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		var ended atomic.Int64
		stopped := func(what string, err error) {
			if !errors.Is(err, gossip.ErrStopped) {
				t.Errorf("%s in a callback ends with %v, want ErrStopped", what, err)
			}
			ended.Add(1)
		}
		register(t, g, "^k$", func(string, []byte) {
			_, err := g.WaitFor(ctx, "never", nil)
			stopped("WaitFor", err)
		})
		register(t, g, "^k$", func(string, []byte) { stopped("Sync", g.Sync(ctx)) })
		register(t, g, "^k$", func(string, []byte) {
			events, err := g.Watch(ctx, "^never$", nil)
			if err != nil {
				t.Error(err)
				return
			}
			for e := range events {
				t.Errorf("told of %q", told(e))
			}
			_, err = g.Watch(ctx, "^never$", nil)
			stopped("Watch", err)
		})
		mustAdd(t, g, "k", "v")
		stop := g.Start(ctx)
		pass(time.Minute)
		if got := ended.Load(); got != 0 {
			t.Errorf("%d waits have ended before the node", got)
		}
		begin := time.Now()
		if err := stop(); err != nil {
			t.Errorf("stop = %v, want nil", err)
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("stop took %v, want no time", took)
		}
		if got := ended.Load(); got != 3 {
			t.Errorf("%d waits have ended with the node, want 3", got)
		}
	})
}
