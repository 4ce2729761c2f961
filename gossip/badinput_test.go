package gossip_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/transport"
)

// observed notes what an Observer hears.
type observed struct {
	mu      sync.Mutex // guards what follows
	refused []*gossip.RefusedError
	infos   []string
	up      []gossip.Peer
	down    []gossip.Peer
}

func (o *observed) observer() *gossip.Observer {
	return &gossip.Observer{
		LinkUp:   func(p gossip.Peer) { o.mu.Lock(); defer o.mu.Unlock(); o.up = append(o.up, p) },
		LinkDown: func(p gossip.Peer) { o.mu.Lock(); defer o.mu.Unlock(); o.down = append(o.down, p) },
		Refused:  func(e *gossip.RefusedError) { o.mu.Lock(); defer o.mu.Unlock(); o.refused = append(o.refused, e) },
		InfoRefused: func(key string, err error) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.infos = append(o.infos, key+": "+err.Error())
		},
	}
}

// pair starts nodes 1 and 2, linked, with an observer of node 1; the function returned fails the test if they have
// noticed anything of what came between.
func pair(t *testing.T, net *gossiptest.Network, change func(*gossip.Config)) (o *observed, a *gossip.Gossip, unharmed func()) {
	t.Helper()
	o = new(observed)
	cfg := config(net, 1)
	cfg.Observer = o.observer()
	if change != nil {
		change(&cfg)
	}
	a = start(t, cfg)
	b := start(t, config(net, 2))
	pass(time.Second)
	if len(o.up) != 1 {
		t.Fatalf("node 1 has %d links, want 1", len(o.up))
	}
	return o, a, func() {
		t.Helper()
		synctest.Wait()
		if len(o.down) > 0 && slices.ContainsFunc(o.down, func(p gossip.Peer) bool { return p.NodeID == 2 }) {
			t.Error("the link between 1 and 2 has ended")
		}
		mustAdd(t, a, "from 1", "v")
		mustAdd(t, b, "from 2", "v")
		pass(100 * time.Millisecond)
		wantInfo(t, a, "from 2", "v")
		wantInfo(t, b, "from 1", "v")
	}
}

func TestOtherCluster(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		near, a, unharmed := pair(t, net, nil)
		var far observed
		cfg := config(net, 3)
		cfg.ClusterID = "other"
		cfg.Observer = far.observer()
		g := start(t, cfg)
		mustAdd(t, g, "k", "v")
		pass(time.Second)
		if got := g.Stats().RefusedUs.OtherCluster; got == 0 {
			t.Error("node 3 has not counted that it was refused")
		}
		for _, o := range []*observed{near, &far} {
			if len(o.refused) == 0 {
				t.Fatal("the Observer has not heard of it")
			}
			if e := o.refused[0]; !errors.Is(e, gossip.ErrOtherCluster) || e.ByPeer != (o == &far) {
				t.Errorf("the Observer has heard %v, ByPeer %v", e, e.ByPeer)
			}
		}
		if got := near.refused[0].Peer; got.NodeID != 3 || got.Addr != cfg.Transport.Addr() {
			t.Errorf("refused %+v, want node 3 at n3", got)
		}
		if a.Stats().Refused.OtherCluster == 0 {
			t.Error("node 1 has not counted that it refused")
		}
		wantInfo(t, a, "k", "")
		if s := g.Status(); s.Ready || len(s.Links) > 0 && s.Links[0].Admitted {
			t.Errorf("node 3: Status = %+v", s)
		}
		unharmed()
	})
}

func TestDuplicateNodeID(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		_, _, unharmed := pair(t, net, nil)
		third := config(net, 3)
		_ = start(t, third)
		pass(time.Second)
		var errs []error
		var mu sync.Mutex
		var wg sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		for i := range 2 {
			cfg := config(net, 7+gossip.NodeID(i))
			cfg.NodeID = 7
			g, err := gossip.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				err := g.Run(ctx)
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			})
			pass(time.Second)
		}
		pass(30 * time.Second)
		cancel()
		wg.Wait()
		if len(errs) != 2 || !errors.Is(errs[0], gossip.ErrDuplicateNodeID) || errs[1] != nil {
			t.Errorf("Run of two nodes with one ID = %v, want ErrDuplicateNodeID of one, and nil of the other when it is stopped", errs)
		}
		unharmed()
	})
}

// hello returns the first frame of a stranger that dials.
func hello(change func(*gossippb.Request)) []byte {
	r := &gossippb.Request{
		NodeId: 9,
		Addr:   &gossippb.UnresolvedAddr{Network: "mem", Address: "stranger"},
		Hello:  &gossippb.Hello{MinVersion: 1, MaxVersion: 1, ClusterId: "test", Incarnation: 5, Instance: 99, Reason: gossippb.Reason_JOIN},
	}
	if change != nil {
		change(r)
	}
	b, err := proto.Marshal(r)
	if err != nil {
		panic(err)
	}
	return b
}

// TestBadFrames has a stranger send frames that none may send.
func TestBadFrames(t *testing.T) {
	info := func(change func(*gossippb.Info)) []byte {
		i := &gossippb.Info{
			Value:       &gossippb.Value{RawBytes: []byte("v"), Checksum: proto.Uint32(0x7eb6749a), Timestamp: &gossippb.Timestamp{WallTime: 1}}, // of "k", "v"
			NodeId:      9,
			Incarnation: 5,
			Seq:         1,
			Hops:        1,
		}
		change(i)
		return hello(func(r *gossippb.Request) { r.Hello = nil; r.Delta = map[string]*gossippb.Info{"k": i} })
	}
	keyed := func(key string) []byte {
		sum := crc32.ChecksumIEEE([]byte(key + "v"))
		written := key
		if !utf8.ValidString(key) { // which no encoder writes
			written = strings.Repeat("#", len(key))
		}
		i := &gossippb.Info{
			Value:  &gossippb.Value{RawBytes: []byte("v"), Checksum: &sum, Timestamp: &gossippb.Timestamp{WallTime: 1}},
			NodeId: 9, Incarnation: 5, Seq: 1, Hops: 1,
		}
		b := hello(func(r *gossippb.Request) { r.Hello = nil; r.Delta = map[string]*gossippb.Info{written: i} })
		return bytes.Replace(b, []byte(written), []byte(key), 1)
	}
	count := func(s gossip.Stats) gossip.Refusals { return s.Refused }
	for _, tt := range []struct {
		name   string
		frames [][]byte
		want   error
		count  func(gossip.Stats) uint64
	}{
		{
			name:   "garbage",
			frames: [][]byte{[]byte("GET / HTTP/1.1\r\n\r\n")},
			want:   gossip.ErrCorrupt,
			count:  func(s gossip.Stats) uint64 { return count(s).Corrupt },
		},
		{
			name:   "truncated",
			frames: [][]byte{hello(nil)[:20]},
			want:   gossip.ErrCorrupt,
			count:  func(s gossip.Stats) uint64 { return count(s).Corrupt },
		},
		{
			name:   "garbage once admitted",
			frames: [][]byte{hello(nil), bytes.Repeat([]byte{0xff}, 100)},
			want:   gossip.ErrCorrupt,
			count:  func(s gossip.Stats) uint64 { return count(s).Corrupt },
		},
		{
			name:   "oversized",
			frames: [][]byte{hello(nil), make([]byte, 2<<20+1)},
			want:   gossip.ErrMisbehaved,
			count:  func(s gossip.Stats) uint64 { return count(s).Misbehaved },
		},
		{
			name:   "future version",
			frames: [][]byte{hello(func(r *gossippb.Request) { r.Hello.MinVersion, r.Hello.MaxVersion = 90, 99 })},
			want:   gossip.ErrVersion,
			count:  func(s gossip.Stats) uint64 { return count(s).Version },
		},
		{
			name:   "wrong checksum",
			frames: [][]byte{hello(nil), info(func(i *gossippb.Info) { i.Value.RawBytes = []byte("w") })},
			want:   gossip.ErrCorrupt,
			count:  func(s gossip.Stats) uint64 { return count(s).Corrupt },
		},
		{
			name:   "value over the limit",
			frames: [][]byte{hello(nil), info(func(i *gossippb.Info) { i.Value.RawBytes = make([]byte, 1<<20+1) })},
			want:   gossip.ErrMisbehaved,
			count:  func(s gossip.Stats) uint64 { return count(s).Misbehaved },
		},
		{
			name:   "empty key",
			frames: [][]byte{hello(nil), keyed("")},
			want:   gossip.ErrCorrupt,
			count:  func(s gossip.Stats) uint64 { return count(s).Corrupt },
		},
		{
			name:   "key over the limit",
			frames: [][]byte{hello(nil), keyed(strings.Repeat("k", 1<<10+1))},
			want:   gossip.ErrMisbehaved,
			count:  func(s gossip.Stats) uint64 { return count(s).Misbehaved },
		},
		{
			name:   "key not UTF-8",
			frames: [][]byte{hello(nil), keyed("key\xff")},
			want:   gossip.ErrCorrupt,
			count:  func(s gossip.Stats) uint64 { return count(s).Corrupt },
		},
		{
			name:   "no hello",
			frames: [][]byte{info(func(*gossippb.Info) {})},
			want:   gossip.ErrMisbehaved,
			count:  func(s gossip.Stats) uint64 { return count(s).Misbehaved },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, net *gossiptest.Network) {
				var log logBuffer
				o, a, unharmed := pair(t, net, func(cfg *gossip.Config) { cfg.Logger = log.logger() })
				stranger := net.Listen("stranger")
				defer stranger.Close()
				link, err := stranger.Dial(t.Context(), transport.MakeAddr("mem", "n1"))
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range tt.frames {
					if err := link.Send(f); err != nil {
						t.Errorf("Send: %v", err)
					}
					pass(10 * time.Millisecond)
				}
				pass(5 * time.Second)
				if err := drain(link); !errors.Is(err, transport.ErrClosed) {
					t.Errorf("the link of the stranger: %v, want ErrClosed", err)
				}
				if got := tt.count(a.Stats()); got != 1 {
					t.Errorf("counted %d times, want 1: %+v", got, a.Stats().Refused)
				}
				if len(o.refused) != 1 || !errors.Is(o.refused[0], tt.want) {
					t.Errorf("the Observer has heard %v, want one %v", o.refused, tt.want)
				} else if got := o.refused[0].Peer.Addr.String(); got != "stranger" {
					t.Errorf("the Observer has heard of the peer at %q, want the stranger", got)
				}
				if !strings.Contains(log.String(), "link refused") {
					t.Errorf("not logged:\n%s", &log)
				}
				wantInfo(t, a, "k", "")
				unharmed()
			})
		})
	}
}

// TestOtherClusterInInfo has a peer hand on a cluster ID that is not the cluster's: it is refused, and nothing else is.
func TestOtherClusterInInfo(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		var log logBuffer
		o, a, unharmed := pair(t, net, func(cfg *gossip.Config) {
			cfg.Logger, cfg.Timers.Sentinel = log.logger(), time.Hour // nobody keeps a cluster ID by default yet
		})
		stranger := net.Listen("stranger")
		defer stranger.Close()
		link, err := stranger.Dial(t.Context(), transport.MakeAddr("mem", "n1"))
		if err != nil {
			t.Fatal(err)
		}
		frame, err := proto.Marshal(&gossippb.Request{Delta: map[string]*gossippb.Info{gossip.KeyClusterID: {
			Value: &gossippb.Value{
				RawBytes:  []byte("other"),
				Checksum:  proto.Uint32(crc32.ChecksumIEEE([]byte(gossip.KeyClusterID + "other"))),
				Timestamp: &gossippb.Timestamp{WallTime: 1},
			},
			NodeId:      9,
			Incarnation: 5,
			Seq:         1,
			Hops:        1,
		}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range [][]byte{hello(nil), frame} {
			if err := link.Send(f); err != nil {
				t.Fatal(err)
			}
			pass(10 * time.Millisecond)
		}
		wantInfo(t, a, gossip.KeyClusterID, "")
		if isClosed(a.Connected()) {
			t.Error("connected by the ID of another cluster")
		}
		if got := a.Stats().InfosRefused; got != 1 {
			t.Errorf("counted %d times, want 1", got)
		}
		if want := []string{"cluster-id: gossip: other cluster"}; !slices.Equal(o.infos, want) {
			t.Errorf("the Observer has heard %q, want %q", o.infos, want)
		}
		if !strings.Contains(log.String(), "info refused") {
			t.Errorf("not logged:\n%s", &log)
		}
		unharmed()
	})
}

// drain receives until link ends.
func drain(link transport.Link) error {
	for {
		if _, err := link.Recv(); err != nil {
			return err
		}
	}
}

// TestSilentStrangers has more of them dial than a node takes in, and say nothing.
func TestSilentStrangers(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		_, a, unharmed := pair(t, net, func(cfg *gossip.Config) { cfg.MaxPeers = 2 })
		stranger := net.Listen("stranger")
		defer stranger.Close()
		for range 100 {
			if _, err := stranger.Dial(t.Context(), transport.MakeAddr("mem", "n1")); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if got := a.Stats(); got.Accepts-got.AcceptsDropped > 4*2+16 || got.AcceptsDropped < 100-4*2-16 {
			t.Errorf("of %d links, %d were closed at once, want all but 24", got.Accepts, got.AcceptsDropped)
		}
		pass(10 * time.Second) // those that say nothing are closed
		if got := len(a.Status().Links); got != 1 {
			t.Errorf("%d links are left, want 1", got)
		}
		start(t, config(net, 3))
		pass(time.Second)
		unharmed()
	})
}

func TestObserverHearsOfLinks(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		var o observed
		cfg := config(net, 1)
		cfg.Observer = o.observer()
		cfg.Resolvers = nil
		start(t, cfg)
		other := config(net, 2)
		crashes, err := gossip.New(other)
		if err != nil {
			t.Fatal(err)
		}
		stop := crashes.Start(t.Context())
		pass(time.Second)
		want := []gossip.Peer{{NodeID: 2, Addr: other.Transport.Addr()}}
		if !slices.Equal(o.up, want) || len(o.down) > 0 {
			t.Errorf("links up: %v, down: %v, want %v up", o.up, o.down, want)
		}
		net.Crash(other.Transport.Addr())
		pass(time.Second)
		if err := stop(); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("Run of the node that crashed = %v, want ErrClosed", err)
		}
		if !slices.Equal(o.down, want) {
			t.Errorf("after the crash, links down: %v, want %v", o.down, want)
		}
	})
}

// TestObserverThatHangs delays nobody; what it does not hear is counted.
func TestObserverThatHangs(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		free := make(chan struct{})
		defer close(free)
		cfg := config(net, 1)
		cfg.Limits.Infos = 4
		var log logBuffer
		cfg.Logger = log.logger()
		cfg.Observer = &gossip.Observer{InfoRefused: func(string, error) { <-free }}
		g := start(t, cfg)
		for i := range 2000 {
			mustAdd(t, g, fmt.Sprint("k", i), "v")
		}
		pass(0)
		s := g.Stats()
		if s.InfosRefused < 1990 {
			t.Errorf("Stats count %d infos refused, want all but 4", s.InfosRefused)
		}
		if s.EventsDropped+1024+1 < s.InfosRefused {
			t.Errorf("%d infos refused and %d events dropped, with 1024 waiting", s.InfosRefused, s.EventsDropped)
		}
		if !strings.Contains(log.String(), "limit reached") {
			t.Error("the log does not say why")
		}
	})
}
