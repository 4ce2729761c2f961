package gossip_test

import (
	"runtime"
	"testing"
	"weak"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
)

func TestUnregister(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		var c, other calls
		unregister := register(t, g, "^k", c.add)
		register(t, g, "^k", other.add)
		mustAdd(t, g, "k", "1")
		c.want(t, "k=1")
		unregister()
		unregister()
		mustAdd(t, g, "k", "2")
		c.want(t)
		other.want(t, "k=1", "k=2")
	})
}

// TestUnregisterBeforeRun ends registrations of every form of pattern before the node has taken them in.
func TestUnregisterBeforeRun(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g, err := gossip.New(config(net, 1))
		if err != nil {
			t.Fatal(err)
		}
		var c, other calls
		for _, pattern := range []string{"^k$", "^k", "k$", "k", "[k]"} {
			register(t, g, pattern, c.add)()
		}
		register(t, g, "^k$", other.add)
		mustAdd(t, g, "k", "v")
		stop := g.Start(t.Context())
		other.want(t, "k=v")
		c.want(t)
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestUnregisterDuringCall(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		mustAdd(t, g, "k1", "v")
		mustAdd(t, g, "k2", "v")
		pass(0)
		var c calls
		var unregister func()
		free := make(chan struct{})
		unregister = register(t, g, "^k", func(key string, content []byte) {
			c.add(key, content)
			<-free
			unregister() // from within
		})
		c.want(t, "k1=v")
		unregister() // from without: does not wait for the call
		close(free)
		c.want(t)
	})
}

// TestUnregisteredIsForgotten unregisters callbacks of every form of pattern: the node lets go of them and of what they hold.
func TestUnregisteredIsForgotten(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		sync := func() {
			if err := g.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var held []weak.Pointer[[1024]byte]
		var unregisters []func()
		for _, pattern := range []string{"^k$", "^k", "k$", "[k]", ""} {
			data := new([1024]byte)
			held = append(held, weak.Make(data))
			unregisters = append(unregisters, register(t, g, pattern, func(string, []byte) { data[0]++ }))
		}
		data := new([1024]byte)
		held = append(held, weak.Make(data))
		unregisters = append(unregisters, registerZones(t, g, func(*gossip.SystemConfig) { data[0]++ }))
		mustAdd(t, g, "k", "v")
		mustConfigure(t, g, "eu")
		sync()
		runtime.GC()
		for i, p := range held {
			if p.Value() == nil {
				t.Errorf("callback %d is forgotten before it is unregistered", i)
			}
			unregisters[i]()
		}
		for range 3 { // what comes in takes the place of what came before
			mustAdd(t, g, "other", "v")
			sync()
		}
		runtime.GC()
		for i, p := range held {
			if p.Value() != nil {
				t.Errorf("callback %d is kept after it was unregistered", i)
			}
		}
	})
}
