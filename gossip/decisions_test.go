package gossip_test

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/transport"
)

// The tests named after a decision, TestD01 to TestD28, stand here, beside related ones in this package, or in
// internal/core; docs/decisions.md lists them.

// TestD02TTL: a negative ttl is an error and nothing is stored; one too long to count is for ever.
func TestD02TTL(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		if err := g.AddInfo("k", []byte("v"), -1); !errors.Is(err, gossip.ErrConfig) {
			t.Errorf("AddInfo with a negative ttl = %v, want ErrConfig", err)
		}
		pass(time.Millisecond)
		wantInfo(t, g, "k", "")
		for _, ttl := range []time.Duration{math.MaxInt64, math.MaxInt64 - 1, 101 * 365 * 24 * time.Hour} {
			if err := g.AddInfo("k", []byte("v"), ttl); err != nil {
				t.Fatal(err)
			}
			wantInfo(t, g, "k", "v")
			pass(time.Hour)
			wantInfo(t, g, "k", "v")
			for _, info := range g.Infos("k") {
				if !info.Expires.IsZero() || info.TTL != 0 {
					t.Errorf("with ttl %d it lives for %v and expires at %v, want never", ttl, info.TTL, info.Expires)
				}
			}
		}
	})
}

// TestD03Expired: an expired info is absent wherever a user looks, and keeps nobody from writing its key. It is so from that
// instant on, though the node may not have got round to it.
func TestD03Expired(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		var ahead atomic.Int64 // of what timers go by
		cfg := config(net, 1)
		cfg.Clock = clock.From(func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }, time.AfterFunc)
		a, b := start(t, cfg), start(t, config(net, 2))
		pass(time.Second)
		absent := func(nodes ...*gossip.Gossip) {
			t.Helper()
			for _, g := range nodes {
				wantInfo(t, g, "k", "")
				for key := range g.Infos("k") {
					t.Errorf("node %d: Infos has %q", g.GetNodeID(), key)
				}
				if text, err := g.GetInfosAsJSON(); err != nil || strings.Contains(string(text), `"k"`) {
					t.Errorf("node %d: GetInfosAsJSON = %s, %v", g.GetNodeID(), text, err)
				}
				if e, err := g.Explain("k"); !errors.Is(err, gossip.ErrNotFound) {
					t.Errorf("node %d: Explain = %+v, %v", g.GetNodeID(), e, err)
				}
				var c calls
				unregister := register(t, g, "^k$", c.add)
				c.want(t)
				unregister()
			}
		}
		if err := a.AddInfo("k", []byte("v"), time.Second); err != nil {
			t.Fatal(err)
		}
		pass(time.Second + 10*time.Millisecond)
		absent(a, b)
		mustAdd(t, b, "k", "again")
		pass(10 * time.Millisecond)
		wantInfo(t, a, "k", "again")
		if err := a.AddInfo("k", []byte("v"), time.Minute); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Millisecond)
		wantInfo(t, a, "k", "v")
		ahead.Store(int64(time.Minute))
		absent(a)
	})
}

// TestD05Copies: what a caller gives and gets is its own; spoiling it spoils nothing.
func TestD05Copies(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a, b := start(t, config(net, 1)), start(t, config(net, 2))
		var c calls
		register(t, a, "^k$", c.add) // which clears what it is called with
		pass(time.Second)
		val := []byte("value")
		if err := a.AddInfo("k", val, 0); err != nil {
			t.Fatal(err)
		}
		clear(val)
		spoil := func(g *gossip.Gossip) {
			t.Helper()
			got, err := g.GetInfo("k")
			if err != nil {
				t.Fatal(err)
			}
			clear(got)
			for _, info := range g.Infos("k") {
				clear(info.Value)
			}
			if e, err := g.Explain("k"); err == nil {
				clear(e.Info.Value)
			}
			wantInfo(t, g, "k", "value")
		}
		spoil(a) // what a has not taken in yet
		pass(10 * time.Millisecond)
		c.want(t, "k=value")
		for _, g := range []*gossip.Gossip{a, b} {
			spoil(g)
			desc, err := g.GetNodeDescriptor(1)
			if err != nil {
				t.Fatal(err)
			}
			desc.Address.Address = "spoiled"
			wantInfo(t, g, "k", "value")
			if addr, err := g.GetNodeIDAddress(1); err != nil || addr.String() != "n1" {
				t.Errorf("GetNodeIDAddress = %v, %v", addr, err)
			}
		}
	})
}

// TestD06Patterns: MakePrefixPattern matches precisely, any other pattern matches a part of a key.
func TestD06Patterns(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		var precise, part calls
		register(t, g, gossip.MakePrefixPattern(gossip.KeyStorePrefix), precise.add)
		register(t, g, "store:1", part.add)
		pass(0)
		for _, key := range []string{"store:1", "mystore:1", "store", "stores:1"} {
			mustAdd(t, g, key, "v")
		}
		precise.want(t, "store:1=v")
		part.want(t, "store:1=v", "mystore:1=v")
	})
}

// TestD07Callbacks: a bad pattern is an error; known infos come first, by key; then each key in the order of its writes;
// deletes and expiries are no calls; a panic is logged and counted; after unregister there is no call.
func TestD07Callbacks(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		var log logBuffer
		cfg := config(net, 1)
		cfg.Logger = log.logger()
		g := start(t, cfg)
		if _, err := g.RegisterCallback("(", func(string, []byte) {}); !errors.Is(err, gossip.ErrConfig) {
			t.Errorf("RegisterCallback of a bad pattern = %v, want ErrConfig", err)
		}
		var want []string
		for i := range 100 {
			key := fmt.Sprintf("k%02d", 99-i)
			mustAdd(t, g, key, "old")
			want = append(want, fmt.Sprintf("k%02d=old", i))
		}
		var c calls
		unregister := register(t, g, "^k", c.add)
		c.want(t, want...)
		last := -1
		register(t, g, "^n$", func(_ string, content []byte) {
			var n int
			fmt.Sscan(string(content), &n)
			if n <= last {
				t.Errorf("%d after %d", n, last)
			}
			last = n
			if n == 5 {
				panic("on purpose")
			}
		})
		for i := range 20 {
			mustAdd(t, g, "n", fmt.Sprint(i))
			if i < 10 {
				pass(0)
			}
		}
		pass(time.Millisecond)
		if last != 19 {
			t.Errorf("the last call was for %d, want 19", last)
		}
		if got := g.Stats().CallbackPanics; got != 1 || !strings.Contains(log.String(), "callback panicked") {
			t.Errorf("%d panics are counted, want 1, and logged:\n%s", got, &log)
		}
		if err := g.DeleteInfo("k00"); err != nil {
			t.Fatal(err)
		}
		if err := g.AddInfo("k01", []byte("short"), time.Second); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		c.want(t, "k01=short")
		unregister()
		mustAdd(t, g, "k02", "new")
		c.want(t)
	})
}

// TestD08SameBytes: writing the same bytes again is no call, however often, and by whomever; nor beside a watch, which may
// want to see them.
func TestD08SameBytes(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a, b := start(t, config(net, 1)), start(t, config(net, 2))
		pass(time.Second)
		watch(t, t.Context(), a, "^k$", &gossip.WatchOptions{Redundant: true})
		var c calls
		register(t, a, "^k$", c.add)
		for _, g := range []*gossip.Gossip{a, b, a} {
			mustAdd(t, g, "k", "v")
			pass(10 * time.Millisecond)
		}
		c.want(t, "k=v")
		mustAdd(t, b, "k", "w")
		pass(10 * time.Millisecond)
		c.want(t, "k=w")
	})
}

// TestD09Connected: the cluster ID connects a node by whatever way it comes: over a link that was dialled, over one that
// was accepted, or written here.
func TestD09Connected(t *testing.T) {
	for writer := range 2 {
		bubble(t, func(t *testing.T, net *gossiptest.Network) {
			var nodes []*gossip.Gossip
			for id := range gossip.NodeID(2) {
				cfg := config(net, id+1)
				cfg.Timers.Sentinel = time.Hour // nobody keeps the cluster ID meanwhile
				nodes = append(nodes, start(t, cfg))
			}
			pass(time.Second)
			for _, g := range nodes {
				if isClosed(g.Connected()) {
					t.Errorf("node %d is connected before there is a cluster ID", g.GetNodeID())
				}
			}
			mustAdd(t, nodes[writer], gossip.KeyClusterID, "test")
			pass(10 * time.Millisecond)
			for _, g := range nodes {
				if !isClosed(g.Connected()) {
					t.Errorf("node %d is not connected by what node %d wrote", g.GetNodeID(), writer+1)
				}
			}
		})
	}
}

// TestD10NodeDescriptor: the ID is set before the first descriptor is written, which is therefore the node's; a second ID,
// ID 0 and an empty address are errors, and change nothing.
func TestD10NodeDescriptor(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 0))
		for _, bad := range []*gossip.NodeDescriptor{descriptor(0, "n0"), descriptor(7, "")} {
			if err := g.SetNodeDescriptor(bad); !errors.Is(err, gossip.ErrConfig) || g.GetNodeID() != 0 {
				t.Errorf("SetNodeDescriptor(%v) = %v, want ErrConfig; the ID is %d", bad, err, g.GetNodeID())
			}
		}
		if err := g.SetNodeDescriptor(descriptor(7, "n0")); err != nil {
			t.Fatal(err)
		}
		if err := g.SetNodeDescriptor(descriptor(8, "n0")); !errors.Is(err, gossip.ErrNodeIDSet) {
			t.Errorf("SetNodeDescriptor of a second ID = %v, want ErrNodeIDSet", err)
		}
		pass(time.Millisecond)
		for key, info := range g.Infos("node:") {
			if key != "node:7" || info.NodeID != 7 {
				t.Errorf("%s is an info of node %d, want node:7 of node 7", key, info.NodeID)
			}
		}
	})
}

// TestD11Never: neither what stands under keys like that of the system config, nor having no resolvers, ends a node.
func TestD11Never(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		cfg := config(net, 1)
		cfg.Resolvers = nil
		g := start(t, cfg)
		for _, key := range []string{"system-db", "system-db:1", "my-system-db", "system-dbs"} {
			mustAdd(t, g, key, "\xff\xff")
		}
		if err := g.SetResolvers(nil); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if s := g.Status(); !s.Ready {
			t.Errorf("Status = %+v, want one that is ready", s)
		}
		if got := g.Stats().BadSystemConfigs; got != 1 {
			t.Errorf("%d bad system configs are counted, want 1", got)
		}
	})
}

// TestD12NothingTwice: what a peer has been told it is not told again: while nothing happens, no info crosses a link.
func TestD12NothingTwice(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		var nodes []*gossip.Gossip
		for id := range gossip.NodeID(5) {
			cfg := config(net, id+1)
			cfg.Timers.Sentinel = time.Hour
			nodes = append(nodes, start(t, cfg))
		}
		for i := range 100 {
			mustAdd(t, nodes[i%5], fmt.Sprint("k", i), "v")
		}
		pass(5 * time.Second)
		for id, g := range nodes {
			for i := range 100 {
				wantInfo(t, g, fmt.Sprint("k", i), "v")
			}
			before := g.Stats().InfosReceived
			pass(time.Minute)
			if got := g.Stats().InfosReceived - before; got != 0 {
				t.Errorf("%d infos came to node %d although there was nothing new", got, id+1)
			}
		}
	})
}

// TestD14EndOfLink: a peer is listed as long as its link lives, whatever local address it claims to have.
func TestD14EndOfLink(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		_, a, unharmed := pair(t, net, nil)
		stranger := net.Listen("stranger")
		defer stranger.Close()
		link, err := stranger.Dial(t.Context(), transport.MakeAddr("mem", "n1"))
		if err != nil {
			t.Fatal(err)
		}
		first := hello(func(r *gossippb.Request) {
			r.LAddr = &gossippb.UnresolvedAddr{Network: "mem", Address: "n2"} // that of another peer
		})
		if err := link.Send(first); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Millisecond)
		if got := a.Incoming(); !slices.Equal(got, []gossip.NodeID{2, 9}) {
			t.Errorf("Incoming = %v, want nodes 2 and 9", got)
		}
		link.Close()
		pass(10 * time.Millisecond)
		if got := a.Incoming(); !slices.Equal(got, []gossip.NodeID{2}) {
			t.Errorf("after the link of node 9 has ended, Incoming = %v, want node 2", got)
		}
		unharmed()
	})
}

// TestD27Checksum: one value in a frame that does not match its checksum ends the link, and nothing of that frame is taken.
func TestD27Checksum(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		o, a, unharmed := pair(t, net, nil)
		stranger := net.Listen("stranger")
		defer stranger.Close()
		link, err := stranger.Dial(t.Context(), transport.MakeAddr("mem", "n1"))
		if err != nil {
			t.Fatal(err)
		}
		info := func(key, value string, seq uint64) *gossippb.Info {
			return &gossippb.Info{
				Value: &gossippb.Value{
					RawBytes:  []byte(value),
					Checksum:  proto.Uint32(crc32.ChecksumIEEE([]byte(key + "v"))),
					Timestamp: &gossippb.Timestamp{WallTime: 1},
				},
				NodeId: 9, Incarnation: 5, Seq: seq, Hops: 1,
			}
		}
		frame, err := proto.Marshal(&gossippb.Request{Delta: map[string]*gossippb.Info{"a": info("a", "v", 1), "b": info("b", "w", 2), "c": info("c", "v", 3)}})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range [][]byte{hello(nil), frame} {
			if err := link.Send(f); err != nil {
				t.Fatal(err)
			}
			pass(10 * time.Millisecond)
		}
		for _, key := range []string{"a", "b", "c"} {
			wantInfo(t, a, key, "")
		}
		if len(o.refused) != 1 || !errors.Is(o.refused[0], gossip.ErrCorrupt) {
			t.Errorf("the Observer has heard %v, want one ErrCorrupt", o.refused)
		}
		if got := a.Incoming(); slices.Contains(got, 9) {
			t.Errorf("Incoming = %v, want it without node 9", got)
		}
		unharmed()
	})
}
