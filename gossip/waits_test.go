package gossip_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// TestSync has callbacks of all tempers told of everything by the time Sync returns.
func TestSync(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		// Not locked: Sync orders the calls before what follows it.
		last, slow, bad := make(map[string]string), make(map[string]string), make(map[string]string)
		register(t, g, "^k", func(key string, content []byte) { last[key] = string(content) })
		register(t, g, "^k", func(key string, content []byte) {
			time.Sleep(time.Minute)
			slow[key] = string(content)
		})
		register(t, g, "^k", func(key string, content []byte) {
			bad[key] = string(content)
			runtime.Goexit()
		})
		for i := range 100 {
			mustAdd(t, g, fmt.Sprint("k", i), "v")
		}
		mustAdd(t, g, "k99", "end")
		if err := g.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i, told := range []map[string]string{last, slow, bad} {
			if len(told) != 100 || told["k99"] != "end" {
				t.Errorf("after Sync, callback %d was told of %d keys, k99=%q", i, len(told), told["k99"])
			}
		}
		if err := g.Sync(t.Context()); err != nil { // with nothing to wait for
			t.Error(err)
		}
	})
}

// TestSyncWaitsForTheNextBatch calls Sync while a callback is at work and more waits for it.
func TestSyncWaitsForTheNextBatch(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		var seen []string
		var called atomic.Int64
		register(t, g, "^k", func(key string, content []byte) {
			time.Sleep(time.Minute)
			seen = append(seen, key)
			called.Add(1)
		})
		for _, key := range []string{"k1", "k2", "k3"} {
			mustAdd(t, g, key, "v")
			synctest.Wait()
		}
		if err := g.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(seen) != 3 {
			t.Errorf("Sync returned after calls for %q, want 3", seen)
		}
		mustAdd(t, g, "k4", "v")
		synctest.Wait()
		mustAdd(t, g, "k5", "v")
		synctest.Wait()
		time.AfterFunc(time.Second, func() { mustDelete(t, g, "k5") }) // it waited, and is gone
		if err := g.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(seen) != 4 {
			t.Errorf("Sync returned after calls for %q, want k4 and no k5", seen)
		}
		mustAdd(t, g, "k6", "v")
		synctest.Wait()
		time.AfterFunc(time.Second, func() { mustAdd(t, g, "k7", "v") }) // too late to be waited for
		if err := g.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := called.Load(); got != 5 {
			t.Errorf("Sync returned after %d calls, want that for k6 and none for k7", got)
		}
		pass(time.Minute) // for k7
	})
}

// TestSyncBesideEndlessNews has a callback that is never without work.
func TestSyncBesideEndlessNews(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		var n atomic.Int64
		unregister := register(t, g, "^k", func(key string, content []byte) {
			mustAdd(t, g, key, fmt.Sprint(n.Add(1)))
			time.Sleep(time.Second)
		})
		mustAdd(t, g, "k", "v")
		pass(time.Minute)
		before := n.Load()
		if err := g.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := n.Load() - before; got > 2 {
			t.Errorf("Sync returned after %d calls, want 2 at most", got)
		}
		unregister()
		pass(time.Minute) // for the call under way, which uses the node
	})
}

// TestSyncWaitsForSystemConfigs has a callback for the system config take its time.
func TestSyncWaitsForSystemConfigs(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		told := false
		if _, err := g.RegisterSystemConfigCallback(func(*gossip.SystemConfig) {
			time.Sleep(time.Minute)
			told = true
		}); err != nil {
			t.Fatal(err)
		}
		if err := g.AddInfoProto(gossip.KeySystemConfig, new(gossip.SystemConfig), 0); err != nil {
			t.Fatal(err)
		}
		if err := g.Sync(t.Context()); err != nil || !told {
			t.Errorf("Sync = %v, and the callback had returned: %v", err, told)
		}
	})
}

func TestSyncErrors(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g, err := gossip.New(config(net, 1))
		if err != nil {
			t.Fatal(err)
		}
		cause := errors.New("enough")
		for range 3 {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, cause)
			if err := g.Sync(ctx); !errors.Is(err, cause) {
				t.Errorf("Sync before Run = %v, want the cause", err)
			}
			cancel()
		}
		free := make(chan struct{})
		unregister := register(t, g, "^k", func(string, []byte) { <-free })
		mustAdd(t, g, "k", "v")
		stop := g.Start(t.Context())
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, cause)
		defer cancel()
		if err := g.Sync(ctx); !errors.Is(err, cause) {
			t.Errorf("Sync beside a callback that hangs = %v, want the cause", err)
		}
		time.AfterFunc(time.Second, unregister)
		if err := g.Sync(t.Context()); err != nil {
			t.Errorf("Sync beside a callback that is unregistered meanwhile = %v", err)
		}
		register(t, g, "^k", func(string, []byte) { <-free })
		time.AfterFunc(time.Second, func() {
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
		if err := g.Sync(t.Context()); !errors.Is(err, gossip.ErrStopped) {
			t.Errorf("Sync as Run ends = %v, want ErrStopped", err)
		}
		close(free)
		synctest.Wait()
		if err := g.Sync(t.Context()); !errors.Is(err, gossip.ErrStopped) {
			t.Errorf("Sync after Run = %v, want ErrStopped", err)
		}
	})
}

func TestWaitFor(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a, b := start(t, config(net, 1)), start(t, config(net, 2))
		time.AfterFunc(time.Minute, func() { mustAdd(t, a, "k", "1") })
		time.AfterFunc(2*time.Minute, func() { mustDelete(t, a, "k") })
		time.AfterFunc(3*time.Minute, func() { mustAdd(t, a, "k", "2") })
		begin := time.Now()
		info, err := b.WaitFor(t.Context(), "k", nil)
		if string(info.Value) != "1" || err != nil || info.NodeID != 1 {
			t.Errorf("WaitFor any = %+v, %v, want 1", info, err)
		}
		info, err = b.WaitFor(t.Context(), "k", func(i gossip.Info) bool { return string(i.Value) != "1" })
		if string(info.Value) != "2" || err != nil {
			t.Errorf("WaitFor 2 = %+v, %v", info, err)
		}
		if waited := time.Since(begin); waited < 3*time.Minute || waited > 3*time.Minute+time.Second {
			t.Errorf("waited %v for what came after 3 minutes", waited)
		}
		stamp := info.Stamp
		time.AfterFunc(time.Minute, func() { mustAdd(t, a, "k", "2") })
		if info, err = b.WaitFor(t.Context(), "k", func(i gossip.Info) bool { return i.Stamp.After(stamp) }); err != nil {
			t.Errorf("WaitFor the same value written again = %+v, %v", info, err)
		}
	})
}

func TestWaitForErrors(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g, err := gossip.New(config(net, 1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.WaitFor(t.Context(), "", nil); !errors.Is(err, gossip.ErrBadKey) {
			t.Errorf("WaitFor of no key = %v, want ErrBadKey", err)
		}
		cause := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, cause)
		defer cancel()
		if _, err := g.WaitFor(ctx, "k", nil); !errors.Is(err, cause) {
			t.Errorf("WaitFor before Run = %v, want the cause", err)
		}
		mustAdd(t, g, "own", "v")
		if info, err := g.WaitFor(t.Context(), "own", nil); err != nil || string(info.Value) != "v" {
			t.Errorf("WaitFor an own write = %+v, %v", info, err)
		}
		mustDelete(t, g, "own")
		stop := g.Start(t.Context())
		time.AfterFunc(time.Second, func() {
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
		if _, err := g.WaitFor(t.Context(), "own", nil); !errors.Is(err, gossip.ErrStopped) {
			t.Errorf("WaitFor as Run ends = %v, want ErrStopped", err)
		}
		synctest.Wait()
		if _, err := g.WaitFor(t.Context(), "k", nil); !errors.Is(err, gossip.ErrStopped) {
			t.Errorf("WaitFor after Run = %v, want ErrStopped", err)
		}
	})
}
