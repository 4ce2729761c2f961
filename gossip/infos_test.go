package gossip_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// TestD26WritesAreChecked: keys are 1 to Limits.Key bytes of UTF-8, values at most Limits.Value bytes; whatever else is wrong with a write,
// too, is an error at once.
func TestD26WritesAreChecked(t *testing.T) {
	net := gossiptest.NewNetwork(nil, nil)
	cfg := config(net, 1)
	cfg.Limits = gossip.Limits{Key: 100, Value: 1000}
	g, err := gossip.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		key  string
		val  string
		ttl  time.Duration
		want error
	}{
		{name: "ordinary", key: "k", val: "v"},
		{name: "longest", key: strings.Repeat("k", 100), val: strings.Repeat("v", 1000)},
		{name: "no value", key: "k"},
		{name: "longest ttl", key: "k", ttl: math.MaxInt64},
		{name: "own cluster", key: gossip.KeyClusterID, val: "test"},
		{name: "empty key", key: "", want: gossip.ErrBadKey},
		{name: "long key", key: strings.Repeat("k", 101), want: gossip.ErrBadKey},
		{name: "not UTF-8", key: "\xff", want: gossip.ErrBadKey},
		{name: "long value", key: "k", val: strings.Repeat("v", 1001), want: gossip.ErrTooLarge},
		{name: "negative ttl", key: "k", ttl: -1, want: gossip.ErrConfig},
		{name: "other cluster", key: gossip.KeyClusterID, val: "other", want: gossip.ErrOtherCluster},
	} {
		if err := g.AddInfo(tt.key, []byte(tt.val), tt.ttl); !errors.Is(err, tt.want) {
			t.Errorf("%s: AddInfo = %v, want %v", tt.name, err, tt.want)
		}
	}
	if err := g.DeleteInfo(""); !errors.Is(err, gossip.ErrBadKey) {
		t.Errorf("DeleteInfo of no key = %v, want ErrBadKey", err)
	}
	if _, err := g.GetInfo(strings.Repeat("k", 1<<20)); !errors.Is(err, gossip.ErrNotFound) || len(err.Error()) > 200 {
		t.Errorf("GetInfo of a long key = %.300v, want a short ErrNotFound", err)
	}
}

func TestNodeWithoutIDPublishesNothing(t *testing.T) {
	net := gossiptest.NewNetwork(nil, nil)
	g, err := gossip.New(config(net, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := g.AddInfo("k", nil, 0); !errors.Is(err, gossip.ErrNoNodeID) {
		t.Errorf("AddInfo = %v, want ErrNoNodeID", err)
	}
	if err := g.DeleteInfo("k"); !errors.Is(err, gossip.ErrNoNodeID) {
		t.Errorf("DeleteInfo = %v, want ErrNoNodeID", err)
	}
	wantInfo(t, g, "k", "")
}

// TestOwnWritesAreSeenAtOnce looks at them before Run, where the loop takes nothing in, and after it has.
func TestOwnWritesAreSeenAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g, err := gossip.New(config(net, 1))
		if err != nil {
			t.Fatal(err)
		}
		val := []byte("first")
		if err := g.AddInfo("k", val, time.Hour); err != nil {
			t.Fatal(err)
		}
		val[0] = 'w' // AddInfo has copied it
		mustAdd(t, g, "gone", "1")
		mustAdd(t, g, "twice", "1")
		mustAdd(t, g, "twice", "2")
		if err := g.DeleteInfo("gone"); err != nil {
			t.Fatal(err)
		}
		look := func(when string) {
			t.Log(when)
			wantInfo(t, g, "k", "first")
			wantInfo(t, g, "gone", "")
			wantInfo(t, g, "twice", "2")
			wantInfo(t, g, "never", "")
			got, err := g.GetInfo("k")
			if err != nil {
				t.Fatal(err)
			}
			got[0] = 'w' // it is a copy
			wantInfo(t, g, "k", "first")
			infos := maps.Collect(g.Infos(""))
			delete(infos, "node:1")
			if keys := slices.Sorted(maps.Keys(infos)); !slices.Equal(keys, []string{"k", "twice"}) {
				t.Errorf("Infos has keys %q", keys)
			}
			k := infos["k"]
			if string(k.Value) != "first" || k.NodeID != 1 || k.Hops != 0 || k.TTL != time.Hour || !k.Expires.Equal(k.Stamp.Add(time.Hour)) {
				t.Errorf("Infos has %+v", k)
			}
			if !infos["twice"].Expires.IsZero() {
				t.Errorf("what has no ttl expires: %+v", infos["twice"])
			}
		}
		look("before Run")
		stop := g.Start(t.Context())
		pass(0)
		look("while it runs")
		if err := stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
		look("after Run")
	})
}

func TestInfosAreSortedAndMerged(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		for _, key := range []string{"b", "d", "a", "x:2", "c", "x:1"} {
			mustAdd(t, g, key, "old")
		}
		pass(0)
		// Neither is taken in yet, unless the loop is very quick; it makes no difference.
		mustAdd(t, g, "bb", "new")
		mustAdd(t, g, "c", "new")
		if err := g.DeleteInfo("d"); err != nil {
			t.Fatal(err)
		}
		var got []string
		for key, info := range g.Infos("") {
			got = append(got, key+"="+string(info.Value[:min(3, len(info.Value))]))
		}
		got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "node:") })
		if want := []string{"a=old", "b=old", "bb=new", "c=new", "x:1=old", "x:2=old"}; !slices.Equal(got, want) {
			t.Errorf("Infos yields %q, want %q", got, want)
		}
		got = nil
		for key := range g.Infos("x:") {
			got = append(got, key)
			break
		}
		if want := []string{"x:1"}; !slices.Equal(got, want) {
			t.Errorf("the first of Infos(x:) is %q, want %q", got, want)
		}
	})
}

func TestInfosExpire(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a, b := start(t, config(net, 1)), start(t, config(net, 2))
		pass(time.Second)
		if err := a.AddInfo("k", []byte("v"), time.Minute); err != nil {
			t.Fatal(err)
		}
		pass(59 * time.Second)
		wantInfo(t, a, "k", "v")
		wantInfo(t, b, "k", "v")
		pass(2 * time.Second)
		for _, g := range []*gossip.Gossip{a, b} {
			wantInfo(t, g, "k", "")
			for key := range g.Infos("k") {
				t.Errorf("node %d: Infos yields %q, which has expired", g.GetNodeID(), key)
			}
		}
	})
}

func TestProtoRoundTrip(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		if err := g.AddInfoProto("k", &gossippb.UnresolvedAddr{Network: "tcp", Address: "a:1"}, 0); err != nil {
			t.Fatal(err)
		}
		var got gossippb.UnresolvedAddr
		if err := g.GetInfoProto("k", &got); err != nil || got.GetAddress() != "a:1" {
			t.Errorf("GetInfoProto = %v, %v", &got, err)
		}
		if err := g.GetInfoProto("none", &got); !errors.Is(err, gossip.ErrNotFound) {
			t.Errorf("GetInfoProto of nothing = %v, want ErrNotFound", err)
		}
		mustAdd(t, g, "k", "\xff\xff")
		if err := g.GetInfoProto("k", &got); err == nil || errors.Is(err, gossip.ErrNotFound) {
			t.Errorf("GetInfoProto of bytes that are no message = %v, want another error", err)
		}
	})
}

func TestGetInfosAsJSON(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		if err := g.AddInfo("k", []byte("v"), time.Hour); err != nil {
			t.Fatal(err)
		}
		text, err := g.GetInfosAsJSON()
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Infos map[string]struct {
				Value struct {
					RawBytes  []byte `json:"raw_bytes"`
					Checksum  uint32 `json:"checksum"`
					Timestamp struct {
						WallTime int64 `json:"wall_time"`
					} `json:"timestamp"`
				} `json:"value"`
				TTLStamp int64  `json:"ttl_stamp"`
				Hops     uint32 `json:"hops"`
				NodeID   uint64 `json:"node_id"`
			} `json:"infos"`
		}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		now := time.Now().UnixNano()
		k := got.Infos["k"]
		if string(k.Value.RawBytes) != "v" || k.Value.Timestamp.WallTime != now || k.TTLStamp != now+int64(time.Hour) || k.NodeID != 1 {
			t.Errorf("GetInfosAsJSON = %s", text)
		}
		if want := uint32(0x7eb6749a); k.Value.Checksum != want { // CRC-32 of "kv"
			t.Errorf("checksum %#x, want %#x", k.Value.Checksum, want)
		}
	})
}

// TestPendingWritesAreBounded fills a node that does not run.
func TestPendingWritesAreBounded(t *testing.T) {
	net := gossiptest.NewNetwork(nil, nil)
	for _, tt := range []struct {
		name   string
		limits gossip.Limits
		room   int // for writes of 10 bytes
	}{
		{name: "number", limits: gossip.Limits{Commands: 3}, room: 3},
		{name: "bytes", limits: gossip.Limits{Key: 4, Value: 6, CommandBytes: 45}, room: 4},
	} {
		cfg := config(net, 1)
		cfg.Limits = tt.limits
		g, err := gossip.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		for i := range tt.room {
			mustAdd(t, g, fmt.Sprintf("k%03d", i), "abcdef")
		}
		if err := g.AddInfo("more", []byte("abcdef"), 0); !errors.Is(err, gossip.ErrLimit) {
			t.Errorf("%s: AddInfo = %v, want ErrLimit", tt.name, err)
		}
		wantInfo(t, g, "more", "")
		cfg.Transport.Close()
	}
}

// TestConcurrentWrites has many goroutines write and read one key, before and while the node runs.
func TestConcurrentWrites(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				own := fmt.Sprint("own", w)
				for i := range 200 {
					mustAdd(t, g, "shared", fmt.Sprint(w, i))
					mustAdd(t, g, own, fmt.Sprint(i))
					wantInfo(t, g, own, fmt.Sprint(i))
					if _, err := g.GetInfo("shared"); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		before, err := g.GetInfo("shared")
		if err != nil {
			t.Fatal(err)
		}
		pass(0)
		wantInfo(t, g, "shared", string(before))
	})
}
