package gossip_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// calls notes what a callback was called with.
type calls struct {
	mu  sync.Mutex // guards all
	all []string
}

func (c *calls) add(key string, content []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, key+"="+string(content))
	clear(content) // it is the callback's
}

// want fails the test unless the calls since the last want are those.
func (c *calls) want(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Equal(c.all, want) {
		t.Errorf("called with %q, want %q", c.all, want)
	}
	c.all = nil
}

func register(t *testing.T, g *gossip.Gossip, pattern string, f gossip.Callback) (unregister func()) {
	t.Helper()
	unregister, err := g.RegisterCallback(pattern, f)
	if err != nil {
		t.Fatal(err)
	}
	return unregister
}

func TestCallbackErrors(t *testing.T) {
	g, err := gossip.New(config(gossiptest.NewNetwork(nil, nil), 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.RegisterCallback("(", func(string, []byte) {}); !errors.Is(err, gossip.ErrConfig) {
		t.Errorf("RegisterCallback of a bad pattern = %v, want ErrConfig", err)
	}
	if _, err := g.RegisterCallback("", nil); !errors.Is(err, gossip.ErrConfig) {
		t.Errorf("RegisterCallback of nil = %v, want ErrConfig", err)
	}
}

func TestCallbackReplaysByKeyThenFollows(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		for _, key := range []string{"k:2", "k:3", "k:1", "other"} {
			mustAdd(t, g, key, "old")
		}
		if err := g.DeleteInfo("k:3"); err != nil {
			t.Fatal(err)
		}
		var c calls
		register(t, g, gossip.MakePrefixPattern("k"), c.add)
		c.want(t, "k:1=old", "k:2=old")
		mustAdd(t, g, "k:0", "new")
		c.want(t, "k:0=new")
		mustAdd(t, g, "k:0", "newer")
		c.want(t, "k:0=newer")
		mustAdd(t, g, "k:0", "newer") // refreshed
		mustAdd(t, g, "other", "new")
		if err := g.DeleteInfo("k:0"); err != nil {
			t.Fatal(err)
		}
		c.want(t)
		mustAdd(t, g, "k:0", "newer") // after it was deleted
		c.want(t, "k:0=newer")
	})
}

func TestCallbackIsNotCalledForExpiry(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		var c calls
		register(t, g, "k", c.add)
		if err := g.AddInfo("k", []byte("v"), time.Second); err != nil {
			t.Fatal(err)
		}
		c.want(t, "k=v")
		pass(time.Minute)
		c.want(t)
		mustAdd(t, g, "k", "v")
		c.want(t, "k=v")
	})
}

func TestCallbackRegisteredBeforeRun(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g, err := gossip.New(config(net, 1))
		if err != nil {
			t.Fatal(err)
		}
		var c calls
		mustAdd(t, g, "k1", "v")
		register(t, g, "^k", c.add)
		mustAdd(t, g, "k2", "v")
		c.want(t)
		stop := g.Start(t.Context())
		c.want(t, "k1=v", "k2=v")
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestSlowCallback blocks one: it delays nobody, and is told the latest of each key when it is back.
func TestSlowCallback(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a, b := start(t, config(net, 1)), start(t, config(net, 2))
		pass(time.Second)
		var slow, quick calls
		free := make(chan struct{})
		register(t, a, "^k", func(key string, content []byte) {
			slow.add(key, content)
			<-free
		})
		register(t, a, "^k", quick.add)
		for i := range 100 {
			mustAdd(t, b, fmt.Sprint("k", i%3), fmt.Sprint(i))
			pass(20 * time.Millisecond)
		}
		slow.want(t, "k0=0")
		if got := len(quick.all); got != 100 {
			t.Errorf("the quick callback was called %d times, want 100", got)
		}
		close(free)
		slow.want(t, "k1=97", "k2=98", "k0=99")
		if got := a.Stats(); got.CallbacksCoalesced != 96 || got.Callbacks != 104 {
			t.Errorf("Stats count %d calls and %d coalesced, want 104 and 96", got.Callbacks, got.CallbacksCoalesced)
		}
	})
}

// TestSlowCallbackForgetsWhatIsGone blocks one while what it waits to be told is deleted.
func TestSlowCallbackForgetsWhatIsGone(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		var c calls
		free := make(chan struct{})
		register(t, g, "^k", func(key string, content []byte) {
			c.add(key, content)
			<-free
		})
		mustAdd(t, g, "k0", "v")
		pass(0)
		mustAdd(t, g, "k1", "v")
		mustAdd(t, g, "k2", "v")
		if err := g.DeleteInfo("k1"); err != nil {
			t.Fatal(err)
		}
		pass(0)
		close(free)
		c.want(t, "k0=v", "k2=v")
	})
}

// TestCallbackPanics has one panic, or end its goroutine: the next call is made, and others know nothing of it.
func TestCallbackPanics(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func()
	}{
		{name: "panic", end: func() { panic("boom") }},
		{name: "Goexit", end: runtime.Goexit},
	} {
		bubble(t, func(t *testing.T, net *gossiptest.Network) {
			cfg := config(net, 1)
			var log logBuffer
			cfg.Logger = log.logger()
			g := start(t, cfg)
			var bad, good calls
			for i := range 4 {
				mustAdd(t, g, fmt.Sprint("k", i), "v")
			}
			register(t, g, "^k", func(key string, content []byte) {
				bad.add(key, content)
				if key != "k1" {
					tt.end()
				}
			})
			register(t, g, "^k", good.add)
			bad.want(t, "k0=v", "k1=v", "k2=v", "k3=v")
			good.want(t, "k0=v", "k1=v", "k2=v", "k3=v")
			mustAdd(t, g, "k9", "v")
			bad.want(t, "k9=v")
			good.want(t, "k9=v")
			if got := g.Stats().CallbackPanics; got != 4 {
				t.Errorf("%s: Stats count %d, want 4", tt.name, got)
			}
			if got := strings.Count(log.String(), "callback panicked"); got != 4 {
				t.Errorf("%s: logged %d times, want 4:\n%s", tt.name, got, &log)
			}
		})
	}
}

// TestCallbackUsesGossip calls methods from within, under a lock that others hold while they do the same.
func TestCallbackUsesGossip(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		var mu sync.Mutex // the application's
		var c calls
		register(t, g, "^in", func(key string, content []byte) {
			mu.Lock()
			defer mu.Unlock()
			mustAdd(t, g, strings.Replace(key, "in", "out", 1), string(content))
			register(t, g, "^"+key+"$", c.add)
		})
		mu.Lock()
		mustAdd(t, g, "in1", "v")
		wantInfo(t, g, "in1", "v")
		mu.Unlock()
		c.want(t, "in1=v")
		wantInfo(t, g, "out1", "v")
	})
}
