package gossiptest

import (
	"context"
	"sync/atomic"
	"testing"
)

// Start runs an application beside a test, as a [Cluster] does on its hosts: app.Run is called on a goroutine of its own, and its context
// ends with the test. Unless the test has ended it before, Run must return nil then.
//
//	n := gossiptest.NewNode(t, nil)
//	o := orders.New(n.Gossip)
//	gossiptest.Start(t, o)
//
// It is ended as a t.Cleanup is called: before whatever the test has made earlier, so that an application can make use of its node to the
// last. stop ends it earlier, and returns what Run returned; it may be called any number of times.
//
// Start must be called from the goroutine of the test, and may be called in a bubble of testing/synctest.
func Start(t testing.TB, app App) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var ended error // to be read when done is closed
	done := make(chan struct{})
	go func() {
		defer close(done)
		ended = app.Run(ctx)
	}()
	end := func() error {
		cancel()
		<-done
		return ended
	}
	var stopped atomic.Bool // by the test, which has seen what Run returned
	t.Cleanup(func() {
		if err := end(); err != nil && !stopped.Load() {
			t.Errorf("gossiptest: Run: %v", err)
		}
	})
	return func() error {
		stopped.Store(true)
		return end()
	}
}
