package gossip_test

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/resolver"
)

func TestNewReportsAllProblems(t *testing.T) {
	_, err := gossip.New(gossip.Config{
		ClusterID:    "\xff",
		Resolvers:    []resolver.Resolver{resolver.Static(), nil},
		Interval:     -time.Second,
		MaxPeers:     -1,
		Parents:      3,
		KeepSentinel: true,
		Limits:       gossip.Limits{Key: -1, Value: 1 << 20, Frame: 1 << 20, Infos: -2, Origins: -3, Commands: -4, CommandBytes: 1},
		Timers: gossip.Timers{
			Ping: -1, Advert: -1, Graft: -1, Pace: -1, Resolve: -1, MaxTTL: -1, MaxSkew: -1, Sentinel: -1, ClusterID: -1, Dial: -1, Shutdown: -1,
		},
	})
	if !errors.Is(err, gossip.ErrConfig) {
		t.Fatalf("New = %v, want ErrConfig", err)
	}
	for _, want := range []string{
		"Transport", "Resolvers[1]", "Interval", "MaxPeers", "Parents is 3", "not UTF-8",
		"Limits.Key", "Limits.Frame", "Limits.Infos", "Limits.Origins", "Limits.Commands:", "Limits.CommandBytes",
		"Timers.Ping", "Timers.Advert", "Timers.Graft", "Timers.Pace", "Timers.Resolve", "Timers.MaxTTL", "Timers.MaxSkew",
		"Timers.Sentinel", "Timers.ClusterID", "Timers.Dial", "Timers.Shutdown",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want it to name %s", err, want)
		}
	}
}

// TestNewRefusesWhatOverflows has numbers that are meant to say that there is no limit.
func TestNewRefusesWhatOverflows(t *testing.T) {
	net := gossiptest.NewNetwork(nil, nil)
	most := config(net, 1)
	most.Interval, most.MaxPeers = math.MaxInt64, math.MaxInt
	most.Limits = gossip.Limits{Key: math.MaxInt, Value: math.MaxInt, Frame: math.MaxInt, Infos: math.MaxInt, CommandBytes: math.MaxInt}
	most.Timers.Ping = math.MaxInt64
	_, err := gossip.New(most)
	if !errors.Is(err, gossip.ErrConfig) {
		t.Fatalf("New = %v, want ErrConfig", err)
	}
	for _, want := range []string{"Interval", "MaxPeers", "Limits.Key", "Limits.Value", "Limits.Frame", "Limits.Infos", "Limits.CommandBytes", "Timers.Ping"} {
		if !strings.Contains(err.Error(), want+" is too large") {
			t.Errorf("New = %v, want it to name %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "Timers.Resolve") {
		t.Errorf("New = %v, which blames a default", err)
	}
}

// TestNewDefaultSentinelIsNoClusterID: the value of a sentinel tells whether somebody chose to keep it.
func TestNewDefaultSentinelIsNoClusterID(t *testing.T) {
	net := gossiptest.NewNetwork(nil, nil)
	cfg := config(net, 1)
	cfg.ClusterID = "by default"
	if _, err := gossip.New(cfg); err != nil {
		t.Errorf("without KeepSentinel: %v", err)
	}
	cfg.KeepSentinel = true
	if _, err := gossip.New(cfg); !errors.Is(err, gossip.ErrConfig) {
		t.Errorf("with KeepSentinel: %v, want ErrConfig", err)
	}
}

func TestNewKeepSentinelNeedsClusterID(t *testing.T) {
	net := gossiptest.NewNetwork(nil, nil)
	cfg := config(net, 1)
	cfg.ClusterID, cfg.KeepSentinel = "", true
	if _, err := gossip.New(cfg); !errors.Is(err, gossip.ErrConfig) || !strings.Contains(err.Error(), "KeepSentinel") {
		t.Errorf("New = %v, want ErrConfig for KeepSentinel", err)
	}
}

func TestNewFrameHoldsLargestInfo(t *testing.T) {
	net := gossiptest.NewNetwork(nil, nil)
	cfg := config(net, 1)
	for _, tt := range []struct {
		limits gossip.Limits
		ok     bool
	}{
		{limits: gossip.Limits{}, ok: true},
		{limits: gossip.Limits{Frame: 1 << 20}, ok: false},
		{limits: gossip.Limits{Frame: 64 << 10, Value: 32 << 10}, ok: true},
		{limits: gossip.Limits{Value: 4 << 20}, ok: false},
		{limits: gossip.Limits{Value: 128 << 20, Frame: 256 << 20}, ok: false}, // over CommandBytes
	} {
		cfg.Limits = tt.limits
		if _, err := gossip.New(cfg); (err == nil) != tt.ok {
			t.Errorf("New with %+v = %v, want error: %v", tt.limits, err, !tt.ok)
		}
	}
}

func TestNewLeavesConfigAlone(t *testing.T) {
	net := gossiptest.NewNetwork(nil, nil)
	cfg := config(net, 1)
	cfg.Observer = &gossip.Observer{}
	before := cfg
	if _, err := gossip.New(cfg); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(cfg, before) {
		t.Errorf("New changed its Config to %+v", cfg)
	}
}
