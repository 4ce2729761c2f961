package gossip_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// caller is somebody who can only make requests.
type caller struct {
	id, incarnation, seq uint64
	last                 *gossippb.Response
	infos                map[string]string
	wrote                map[string]*gossippb.Info // the latest of each key
	covered              uint64                    // how much of it has arrived at the node that answered last
}

func newCaller(id, incarnation uint64) *caller {
	return &caller{id: id, incarnation: incarnation, last: &gossippb.Response{MaxSeq: -1}, infos: map[string]string{}, wrote: map[string]*gossippb.Info{}}
}

// request asks for what has come since the last response.
func (c *caller) request() *gossippb.Request {
	return &gossippb.Request{
		NodeId: c.id, Incarnation: c.incarnation, ClusterId: "test", MaxSeq: c.last.GetMaxSeq(), Cursor: c.last.GetCursor(),
	}
}

// write is a request with one more info of the caller.
func (c *caller) write(key, value string, at time.Time) *gossippb.Request {
	c.seq++
	r := c.request()
	c.wrote[key] = &gossippb.Info{
		NodeId: c.id, Incarnation: c.incarnation, Seq: c.seq,
		Value: &gossippb.Value{
			RawBytes:  []byte(value),
			Checksum:  proto.Uint32(gossippb.Checksum(key, []byte(value))),
			Timestamp: &gossippb.Timestamp{WallTime: at.UnixNano()},
		},
	}
	r.Delta = map[string]*gossippb.Info{key: c.wrote[key]}
	r.Ranges = []*gossippb.Range{{NodeId: c.id, Incarnation: c.incarnation, From: c.seq - 1, To: c.seq}}
	return r
}

// repeat has r, a request to write, bring again what had not arrived at the node that answered last.
func (c *caller) repeat(r *gossippb.Request) *gossippb.Request {
	for key, in := range c.wrote {
		if in.GetSeq() > c.covered {
			r.Delta[key] = in
		}
	}
	r.Ranges[0].From = c.covered
	return r
}

// note takes a response in and returns how many infos it had.
func (c *caller) note(r *gossippb.Response) int {
	if was, is := c.last.GetCursor(), r.GetCursor(); was.GetNodeId() != is.GetNodeId() || was.GetIncarnation() != is.GetIncarnation() {
		c.covered = 0
	}
	for _, in := range r.GetRanges() {
		if in.GetNodeId() == c.id && in.GetIncarnation() == c.incarnation {
			c.covered = in.GetTo()
		}
	}
	c.last = r
	for key, in := range r.GetDelta() {
		if c.infos[key] = string(in.GetValue().GetRawBytes()); in.GetState() != gossippb.State_LIVE {
			delete(c.infos, key)
		}
	}
	return len(r.GetDelta())
}

// call makes a request of g that has to be answered.
func (c *caller) call(t *testing.T, g *gossip.Gossip, r *gossippb.Request) int {
	t.Helper()
	resp, err := g.Gossip(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait() // the answer is there before the node has told its readers of the call
	return c.note(resp)
}

// TestGossip: a caller hears of what is there at once, and then of news; what it writes reaches all.
func TestGossip(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a, b := start(t, config(net, 1)), start(t, config(net, 2))
		mustAdd(t, a, "a", "1")
		pass(time.Second)
		c := newCaller(50, 1)
		begin := time.Now()
		if c.call(t, a, c.request()); c.infos["a"] != "1" || c.infos["node:1"] == "" || c.infos["node:2"] == "" || time.Since(begin) != 0 {
			t.Errorf("first contact brings %q after %v", c.infos, time.Since(begin))
		}
		if got := a.Incoming(); !slices.Equal(got, []gossip.NodeID{2, 50}) {
			t.Errorf("Incoming = %v, want the link and the caller", got)
		}

		if n := c.call(t, a, c.request()); n != 0 || time.Since(begin) < 150*time.Millisecond || time.Since(begin) > 250*time.Millisecond {
			t.Errorf("without news the answer has %d infos after %v", n, time.Since(begin))
		}
		begin = time.Now()
		time.AfterFunc(50*time.Millisecond, func() { mustAdd(t, b, "b", "2") })
		if n := c.call(t, a, c.request()); n != 1 || c.infos["b"] != "2" || time.Since(begin) > 60*time.Millisecond {
			t.Errorf("with news the answer has %d infos, and all are %q, after %v", n, c.infos, time.Since(begin))
		}

		c.call(t, a, c.write("c", "3", time.Now()))
		pass(100 * time.Millisecond)
		for i, g := range []*gossip.Gossip{a, b} {
			wantInfo(t, g, "c", "3")
			for key, info := range g.Infos("c") {
				if key == "c" && (info.NodeID != 50 || info.Hops != i+1) {
					t.Errorf("c is an info of node %d over %d hops, want 50 and %d", info.NodeID, info.Hops, i+1)
				}
			}
		}
		if _, ok := c.infos["c"]; ok {
			t.Error("the caller is told what it wrote")
		}

		pass(2 * time.Second)
		if got := a.Incoming(); !slices.Equal(got, []gossip.NodeID{2}) {
			t.Errorf("Incoming = %v after ten intervals without a request", got)
		}
	})
}

// TestGossipAcrossRestart: the node restarts between two requests, even without memory of its first life.
func TestGossipAcrossRestart(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		start(t, config(net, 1))
		g, err := gossip.New(config(net, 2))
		if err != nil {
			t.Fatal(err)
		}
		stop := g.Start(t.Context())
		mustAdd(t, g, "old", "1")
		pass(time.Second)
		c := newCaller(50, 1)
		c.call(t, g, c.request())
		for i := range 50 { // that many numbers of the first life
			mustAdd(t, g, "often", fmt.Sprint(i))
			pass(10 * time.Millisecond)
		}
		c.call(t, g, c.write("mine", "1", time.Now()))
		before := c.last.GetMaxSeq()
		pass(100 * time.Millisecond)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		g = start(t, config(net, 2))
		mustAdd(t, g, "new", "2")
		pass(time.Second)
		clear(c.infos) // it is told everything anew
		if c.call(t, g, c.write("mine", "2", time.Now())); c.infos["new"] != "2" || c.infos["old"] != "1" || c.last.GetMaxSeq() <= before {
			t.Errorf("after the restart it is told %q, up to %d after %d", c.infos, c.last.GetMaxSeq(), before)
		}
		wantInfo(t, g, "mine", "2")
	})
}

// TestGossipRepeats: a node goes before it has handed on what it was brought. The caller sees that from a Range, and brings it
// to another one again.
func TestGossipRepeats(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a, b := start(t, config(net, 1)), start(t, config(net, 2))
		cfg := config(net, 3)
		dies, err := gossip.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		stop := dies.Start(t.Context())
		pass(time.Second)
		c := newCaller(50, 1)
		net.Silence(cfg.Transport.Addr())
		if c.call(t, dies, c.write("lost", "1", time.Now())); c.covered != 1 {
			t.Errorf("node 3 covers %d, want 1", c.covered)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if c.call(t, a, c.write("k", "2", time.Now())); c.covered != 0 {
			t.Errorf("node 1 covers %d, want 0: it lacks the first", c.covered)
		}
		if c.call(t, a, c.repeat(c.write("l", "3", time.Now()))); c.covered != 3 {
			t.Errorf("node 1 covers %d, want 3", c.covered)
		}
		pass(100 * time.Millisecond)
		for _, g := range []*gossip.Gossip{a, b} {
			wantInfo(t, g, "lost", "1")
			wantInfo(t, g, "k", "2")
			wantInfo(t, g, "l", "3")
		}
	})
}

// TestGossipBehindBalancer: each request goes to another of two nodes than the one before.
func TestGossipBehindBalancer(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		nodes := []*gossip.Gossip{start(t, config(net, 1)), start(t, config(net, 2))}
		pass(time.Second)
		c := newCaller(50, 1)
		for i := range 20 {
			mustAdd(t, nodes[i/2%2], fmt.Sprint("k", i), fmt.Sprint(i))
			c.call(t, nodes[i%2], c.write(fmt.Sprint("c", i%3), fmt.Sprint(i), time.Now()))
			pass(time.Duration(i%4) * 7 * time.Millisecond)
		}
		pass(time.Second)
		c.call(t, nodes[0], c.request())
		for i := range 20 {
			if got := c.infos[fmt.Sprint("k", i)]; got != fmt.Sprint(i) {
				t.Errorf("k%d is %q to the caller", i, got)
			}
		}
		for i := 17; i < 20; i++ {
			for _, g := range nodes {
				wantInfo(t, g, fmt.Sprint("c", i%3), fmt.Sprint(i))
			}
		}
		var covered uint64
		for _, r := range c.last.GetRanges() {
			if r.GetNodeId() == c.id {
				covered = r.GetTo()
			}
		}
		if covered != c.seq {
			t.Errorf("node 1 covers %d of the caller, want %d", covered, c.seq)
		}
	})
}

// TestGossipLostRequest: what comes after a lost request waits at the node that was asked, until another one brings what
// was lost; bringing it once more does nothing.
func TestGossipLostRequest(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a, b := start(t, config(net, 1)), start(t, config(net, 2))
		pass(time.Second)
		c := newCaller(50, 1)
		lost := c.write("lost", "1", time.Now())
		c.call(t, a, c.write("next", "2", time.Now()))
		pass(100 * time.Millisecond)
		wantInfo(t, a, "next", "2")
		if _, err := b.GetInfo("next"); !errors.Is(err, gossip.ErrNotFound) {
			t.Errorf("beyond a gap, GetInfo at the other node: %v, want ErrNotFound", err)
		}

		again := c.request()
		again.Delta, again.Ranges = lost.GetDelta(), []*gossippb.Range{{NodeId: c.id, Incarnation: c.incarnation, To: c.seq}}
		var taken uint64
		for range 2 {
			taken = b.Stats().InfosTaken
			c.call(t, a, again)
			pass(100 * time.Millisecond)
			for _, g := range []*gossip.Gossip{a, b} {
				wantInfo(t, g, "lost", "1")
				wantInfo(t, g, "next", "2")
			}
		}
		if got := b.Stats().InfosTaken; got != taken {
			t.Errorf("the same request again makes news of %d infos", got-taken)
		}
	})
}

// TestGossipErrors: what Gossip returns for requests that are refused, of any size and kind.
func TestGossipErrors(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		cfg := config(net, 1)
		cfg.MaxPeers = 1
		g := start(t, cfg)
		pass(time.Second)
		for _, tt := range []struct {
			name   string
			change func(*gossippb.Request)
			want   error
		}{
			{"other cluster", func(r *gossippb.Request) { r.ClusterId = "other" }, gossip.ErrOtherCluster},
			{"the node's ID", func(r *gossippb.Request) { r.NodeId = 1 }, gossip.ErrDuplicateNodeID},
			{"no incarnation", func(r *gossippb.Request) { r.Delta["k"].Incarnation = 0 }, gossip.ErrMisbehaved},
			{"no seq", func(r *gossippb.Request) { r.Delta["k"].Seq = 0 }, gossip.ErrCorrupt},
			{"wrong checksum", func(r *gossippb.Request) { r.Delta["k"].Value.RawBytes = []byte("w") }, gossip.ErrCorrupt},
			{"not UTF-8", func(r *gossippb.Request) {
				r.Delta["\xff"] = proto.CloneOf(r.Delta["k"])
				r.Delta["\xff"].Value.Checksum = proto.Uint32(gossippb.Checksum("\xff", []byte("v")))
			}, gossip.ErrCorrupt},
			{"nil info", func(r *gossippb.Request) { r.Delta["l"] = nil }, gossip.ErrCorrupt},
			{"a Hello", func(r *gossippb.Request) { r.Hello = new(gossippb.Hello) }, gossip.ErrMisbehaved},
			{"large value", func(r *gossippb.Request) { r.Delta["k"].Value.RawBytes = make([]byte, 2<<20) }, gossip.ErrMisbehaved},
			{"long cluster ID", func(r *gossippb.Request) { r.ClusterId = string(make([]byte, 2000)) }, gossip.ErrMisbehaved},
		} {
			r := newCaller(50, 1).write("k", "v", time.Now())
			tt.change(r)
			if resp, err := g.Gossip(t.Context(), r); resp != nil || !errors.Is(err, tt.want) {
				t.Errorf("%s: Gossip = %v, %v, want %v", tt.name, resp, err, tt.want)
			}
		}
		wantInfo(t, g, "k", "")

		// Extremes that are no offence.
		r := newCaller(math.MaxUint64, 1).request()
		r.MaxSeq, r.Cursor = math.MinInt64, &gossippb.Cursor{NodeId: 1, Incarnation: math.MaxUint64, Claimed: math.MaxUint64}
		if resp, err := g.Gossip(t.Context(), r); err != nil || len(resp.GetDelta()) == 0 {
			t.Errorf("Gossip with numbers of all sizes = %v, %v", resp, err)
		}
		// That was the only place, and there is nobody to name.
		if _, err := g.Gossip(t.Context(), newCaller(50, 1).request()); !errors.Is(err, gossip.ErrLimit) {
			t.Errorf("without a place, Gossip = %v, want ErrLimit", err)
		}
		if _, err := g.Gossip(t.Context(), nil); !errors.Is(err, gossip.ErrLimit) {
			t.Errorf("Gossip(nil) = %v, want ErrLimit", err)
		}
	})
}

// TestGossipEnds: what ends a call that waits.
func TestGossipEnds(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		cause := errors.New("enough")
		cfg := config(net, 1)
		cfg.Interval = time.Hour
		g, err := gossip.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if _, err := g.Gossip(ctx, newCaller(50, 1).request()); !errors.Is(err, cause) {
			t.Errorf("before Run: %v, want the cause", err)
		}
		if _, err := g.Gossip(ctx, newCaller(50, 1).request()); !errors.Is(err, cause) {
			t.Errorf("with a context that has ended: %v, want the cause", err)
		}
		stop := g.Start(t.Context())
		pass(time.Second)
		c := newCaller(50, 1)
		c.call(t, g, c.request())
		ctx, cancel = context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if _, err := g.Gossip(ctx, c.request()); !errors.Is(err, cause) {
			t.Errorf("while it waits: %v, want the cause", err)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := g.Gossip(t.Context(), c.request())
			ended <- err
		}()
		synctest.Wait()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, gossip.ErrStopped) {
			t.Errorf("when Run ends: %v, want ErrStopped", err)
		}
		if _, err := g.Gossip(t.Context(), c.request()); !errors.Is(err, gossip.ErrStopped) {
			t.Errorf("after Run: %v, want ErrStopped", err)
		}
	})
}

// TestGossipTooMany: requests that wait are bounded, and each gets an answer. They wait for the node to run, so that none of them
// makes room for another.
func TestGossipTooMany(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		cfg := config(net, 1)
		cfg.MaxPeers = 1 // 20 open links
		g, err := gossip.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		c := newCaller(50, 1)
		results := make(chan error, 100)
		for range cap(results) {
			go func() {
				_, err := g.Gossip(t.Context(), c.request())
				results <- err
			}()
		}
		synctest.Wait()
		if got := len(results); got != 80 {
			t.Errorf("%d of 100 requests have an answer before the node runs, want 80", got)
		}
		for range len(results) {
			if err := <-results; !errors.Is(err, gossip.ErrLimit) {
				t.Errorf("Gossip = %v, want ErrLimit", err)
			}
		}
		stop := g.Start(t.Context())
		for range 20 {
			if err := <-results; err != nil {
				t.Errorf("Gossip = %v when the node runs", err)
			}
		}
		c.call(t, g, c.request())
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestGossipRedirects: a full node names another one and takes in what it is brought all the same.
func TestGossipRedirects(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		cfg := config(net, 1)
		cfg.MaxPeers = 1
		a, b := start(t, cfg), start(t, config(net, 2))
		pass(time.Second)
		c := newCaller(50, 1)
		if n := c.call(t, a, c.write("k", "v", time.Now())); n != 0 || c.last.GetAlternate().GetAddress() != "n2" || c.last.GetMaxSeq() != 0 {
			t.Errorf("the answer is %v, want an alternate and nothing else", c.last)
		}
		pass(100 * time.Millisecond)
		wantInfo(t, b, "k", "v")
		if got := a.Incoming(); !slices.Equal(got, []gossip.NodeID{2}) {
			t.Errorf("Incoming = %v, want the link", got)
		}
		if c.call(t, b, c.request()); c.infos["node:1"] == "" {
			t.Errorf("the alternate answers %v", c.last)
		}
		if s := b.Status().Links; len(s) != 2 || !s[1].Caller || s[1].Peer.NodeID != 50 || !s[1].Admitted || s[1].Incarnation != 1 {
			t.Errorf("Status().Links = %+v", s)
		}
	})
}

// TestGossipPagesBehindBalancer: what takes several responses to tell comes through a balancer, too.
func TestGossipPagesBehindBalancer(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		nodes := []*gossip.Gossip{start(t, config(net, 1)), start(t, config(net, 2))}
		const infos = 200
		for i := range infos {
			mustAdd(t, nodes[i%2], fmt.Sprint("k", i), strings.Repeat("v", 1000))
		}
		pass(time.Second)
		c := newCaller(50, 1)
		for i := range 12 {
			c.call(t, nodes[i%2], c.request())
		}
		if got := len(c.infos); got < infos {
			t.Errorf("after 12 requests, the caller knows %d infos, want all %d", got, infos)
		}
	})
}
