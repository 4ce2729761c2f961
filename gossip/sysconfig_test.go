package gossip_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// zone returns a system config with one value.
func zone(name string) *gossip.SystemConfig {
	return &gossip.SystemConfig{Values: []*gossippb.KeyValue{
		{Key: []byte("zone"), Value: &gossippb.Value{RawBytes: []byte(name)}},
	}}
}

func mustConfigure(t *testing.T, g *gossip.Gossip, name string) {
	t.Helper()
	if err := g.AddInfoProto(gossip.KeySystemConfig, zone(name), 0); err != nil {
		t.Fatal(err)
	}
}

// wantZone fails the test unless g knows that system config, "" standing for none.
func wantZone(t *testing.T, g *gossip.Gossip, name string) {
	t.Helper()
	cfg := g.GetSystemConfig()
	if got := string(cfg.Lookup([]byte("zone")).GetRawBytes()); got != name || (cfg == nil) != (name == "") {
		t.Errorf("node %d: GetSystemConfig = %v, want zone %q", g.GetNodeID(), cfg, name)
	}
}

// zones returns a callback that notes the zones of system configs, and spoils what it is given.
func (c *calls) zones(cfg *gossip.SystemConfig) {
	c.add("zone", append([]byte(nil), cfg.Lookup([]byte("zone")).GetRawBytes()...))
	clear(cfg.GetValues()[0].GetValue().GetRawBytes())
}

func registerZones(t *testing.T, g *gossip.Gossip, f func(*gossip.SystemConfig)) (unregister func()) {
	t.Helper()
	unregister, err := g.RegisterSystemConfigCallback(f)
	if err != nil {
		t.Fatal(err)
	}
	return unregister
}

func TestSystemConfig(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a, b := start(t, config(net, 1)), start(t, config(net, 2))
		var early, late, gone calls
		registerZones(t, b, early.zones)
		registerZones(t, b, gone.zones)()
		pass(time.Second)
		wantZone(t, b, "")
		early.want(t)
		mustConfigure(t, a, "eu")
		wantZone(t, a, "eu") // at once
		pass(10 * time.Millisecond)
		wantZone(t, b, "eu")
		early.want(t, "zone=eu")
		unregister := registerZones(t, b, late.zones)
		late.want(t, "zone=eu")

		clear(b.GetSystemConfig().GetValues()[0].GetValue().GetRawBytes())
		wantZone(t, b, "eu") // that was the caller's own

		mustConfigure(t, a, "eu")
		pass(10 * time.Millisecond)
		early.want(t) // nothing new
		mustConfigure(t, b, "us")
		pass(10 * time.Millisecond)
		wantZone(t, a, "us")
		early.want(t, "zone=us")
		late.want(t, "zone=us")
		unregister()
		unregister()
		mustConfigure(t, b, "asia")
		pass(10 * time.Millisecond)
		early.want(t, "zone=asia")
		late.want(t)
		gone.want(t)
	})
}

// TestD18SystemConfigKeepsTheLastGoodOne: what does not decode is ignored, logged and counted; the last good system config stays.
//
// It publishes what does not decode, deletes the config, and lets it expire.
func TestD18SystemConfigKeepsTheLastGoodOne(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		var log logBuffer
		cfg := config(net, 2)
		cfg.Logger = log.logger()
		a, b := start(t, config(net, 1)), start(t, cfg)
		var c, late calls
		registerZones(t, b, c.zones)
		pass(time.Second)
		bad := func(value string, count uint64) {
			t.Helper()
			mustAdd(t, a, gossip.KeySystemConfig, value)
			pass(10 * time.Millisecond)
			if got := b.Stats().BadSystemConfigs; got != count {
				t.Errorf("Stats count %d bad ones, want %d", got, count)
			}
		}
		bad("\xff", 1)
		wantZone(t, a, "")
		wantZone(t, b, "")
		c.want(t)
		if !strings.Contains(log.String(), "system config ignored") {
			t.Errorf("not logged:\n%s", &log)
		}
		mustConfigure(t, a, "eu")
		pass(10 * time.Millisecond)
		bad("\x0a", 2)
		wantZone(t, a, "eu")
		wantZone(t, b, "eu")
		c.want(t, "zone=eu")
		registerZones(t, b, late.zones)
		late.want(t, "zone=eu")
		mustConfigure(t, a, "eu") // back to what everybody has
		pass(10 * time.Millisecond)
		c.want(t)
		if err := a.DeleteInfo(gossip.KeySystemConfig); err != nil {
			t.Fatal(err)
		}
		wantZone(t, a, "eu")
		pass(time.Second)
		wantZone(t, b, "eu")
		if err := a.AddInfoProto(gossip.KeySystemConfig, zone("us"), time.Second); err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Second)
		wantInfo(t, b, gossip.KeySystemConfig, "")
		wantZone(t, b, "us")
		c.want(t, "zone=us")
		// A key that only looks like it is nobody's business.
		mustAdd(t, a, gossip.KeySystemConfig+"x", "\xff")
		pass(time.Second)
		if got := b.Stats().BadSystemConfigs; got != 2 {
			t.Errorf("Stats count %d bad ones, want still 2", got)
		}
	})
}

// TestSystemConfigCallbackIsIsolated blocks one callback and has another panic: the rest, and the node, go on.
func TestSystemConfigCallbackIsIsolated(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		free := make(chan struct{})
		var c, slow calls
		registerZones(t, g, func(cfg *gossip.SystemConfig) {
			<-free
			slow.zones(cfg)
		})
		registerZones(t, g, func(*gossip.SystemConfig) { panic("on purpose") })
		registerZones(t, g, c.zones)
		for _, name := range []string{"eu", "us", "asia"} {
			mustConfigure(t, g, name)
			c.want(t, "zone="+name)
		}
		close(free)
		slow.want(t, "zone=eu", "zone=asia") // the latest, once it is behind
		if s := g.Stats(); s.CallbackPanics != 3 || s.CallbacksCoalesced != 1 {
			t.Errorf("Stats count %d panics and %d updates coalesced, want 3 and 1", s.CallbackPanics, s.CallbacksCoalesced)
		}
	})
}

func TestSystemConfigCallbackErrors(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g, err := gossip.New(config(net, 1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.RegisterSystemConfigCallback(nil); !errors.Is(err, gossip.ErrConfig) {
			t.Errorf("RegisterSystemConfigCallback(nil) = %v, want ErrConfig", err)
		}
		mustConfigure(t, g, "eu")
		wantZone(t, g, "eu") // before Run
		stop := g.Start(t.Context())
		pass(time.Second)
		if err := stop(); err != nil {
			t.Error(err)
		}
		wantZone(t, g, "eu")
		if _, err := g.RegisterSystemConfigCallback(func(*gossip.SystemConfig) {}); !errors.Is(err, gossip.ErrStopped) {
			t.Errorf("RegisterSystemConfigCallback after Run = %v, want ErrStopped", err)
		}
	})
}

func ExampleGossip_RegisterSystemConfigCallback() {
	net := gossiptest.NewNetwork(nil, nil)
	g, err := gossip.New(gossip.Config{ClusterID: "example", NodeID: 1, Transport: net.Listen("only")})
	if err != nil {
		panic(err)
	}
	heard := make(chan string)
	_, err = g.RegisterSystemConfigCallback(func(cfg *gossip.SystemConfig) {
		heard <- string(cfg.Lookup([]byte("zone")).GetRawBytes())
	})
	if err != nil {
		panic(err)
	}
	config := &gossip.SystemConfig{Values: []*gossippb.KeyValue{
		{Key: []byte("zone"), Value: &gossippb.Value{RawBytes: []byte("eu")}},
	}}
	if err := g.AddInfoProto(gossip.KeySystemConfig, config, 0); err != nil {
		panic(err)
	}
	stop := g.Start(context.Background())
	fmt.Println(<-heard)
	fmt.Println(stop())
	// Output:
	// eu
	// <nil>
}
