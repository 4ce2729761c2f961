package gossip_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/storage"
	"github.com/grapevine-go/grapevine/transport"
)

// TestLinksThatFail has the first link of a node that dials fail as a link of a bad transport can. The next one works.
func TestLinksThatFail(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fail   func(*brokenLink)
		logged string
	}{
		{name: "Send fails", fail: func(l *brokenLink) {
			l.send = func([]byte) error { return fmt.Errorf("send: %w: broken pipe", transport.ErrClosed) }
		}},
		{name: "Send panics", fail: func(l *brokenLink) {
			l.send = func([]byte) error { panic("no buffer") }
		}},
		{name: "Send exits", fail: func(l *brokenLink) {
			l.send = func([]byte) error { runtime.Goexit(); return nil }
		}},
		{name: "frame too large", fail: func(l *brokenLink) {
			l.send = func([]byte) error { return transport.ErrFrameTooLarge }
		}, logged: "lower Limits.Frame"},
		{name: "Recv panics", fail: func(l *brokenLink) {
			l.recv = func() ([]byte, error) { panic("no memory") }
		}, logged: "no memory"},
		{name: "Recv exits", fail: func(l *brokenLink) {
			l.recv = func() ([]byte, error) { runtime.Goexit(); return nil, nil }
		}, logged: "Goexit"},
		{name: "Recv exits after a frame", fail: func(l *brokenLink) {
			frames := 0
			l.recv = func() ([]byte, error) {
				if frames++; frames > 1 {
					runtime.Goexit()
				}
				return l.Link.Recv()
			}
		}, logged: "Goexit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, net *gossiptest.Network) {
				cfg := config(net, 1)
				var log logBuffer
				cfg.Logger = log.logger()
				links := 0
				cfg.Transport = &brokenTransport{Transport: cfg.Transport, accepted: func(l transport.Link) transport.Link {
					if links++; links > 1 {
						return l
					}
					bad := &brokenLink{Link: l}
					tt.fail(bad)
					return bad
				}}
				a, b := start(t, cfg), start(t, config(net, 2))
				pass(20 * time.Second)
				if links < 2 {
					t.Errorf("%d links were accepted, want another one after the bad one", links)
				}
				if got := a.Incoming(); !slices.Equal(got, []gossip.NodeID{2}) {
					t.Errorf("Incoming = %v, want node 2", got)
				}
				mustAdd(t, a, "k", "v")
				pass(100 * time.Millisecond)
				wantInfo(t, b, "k", "v")
				if !strings.Contains(log.String(), tt.logged) {
					t.Errorf("%q is not logged:\n%s", tt.logged, &log)
				}
			})
		})
	}
}

// TestLastFrameIsNotWaitedForLong refuses a peer that does not read.
func TestLastFrameIsNotWaitedForLong(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		cfg := config(net, 1)
		cfg.Transport = &brokenTransport{Transport: cfg.Transport, accepted: func(l transport.Link) transport.Link {
			closed := make(chan struct{})
			go func() { // until the link is closed
				for _, err := l.Recv(); err == nil; _, err = l.Recv() {
				}
				close(closed)
			}()
			return &brokenLink{
				Link: l,
				send: func([]byte) error { <-closed; return transport.ErrClosed },
				recv: func() func() ([]byte, error) {
					frames := [][]byte{hello(nil), []byte("garbage")}
					return func() ([]byte, error) {
						if len(frames) == 0 {
							<-closed
							return nil, transport.ErrClosed
						}
						f := frames[0]
						frames = frames[1:]
						return f, nil
					}
				}(),
			}
		}}
		g := start(t, cfg)
		stranger := net.Listen("stranger")
		defer stranger.Close()
		if _, err := stranger.Dial(t.Context(), cfg.Transport.Addr()); err != nil {
			t.Fatal(err)
		}
		pass(900 * time.Millisecond)
		if got := len(g.Status().Links); got != 1 {
			t.Errorf("%d links, want the one whose answer has not gone", got)
		}
		pass(200 * time.Millisecond)
		if got := len(g.Status().Links); got != 0 {
			t.Errorf("%d links after a second, want none", got)
		}
	})
}

func TestTransportWhoseCloseFails(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		for name, closing := range map[string]func() error{
			"error": func() error { return errors.New("file is stuck") },
			"panic": func() error { panic("file is stuck") },
		} {
			cfg := config(net, 1)
			var log logBuffer
			cfg.Logger = log.logger()
			cfg.Transport = &brokenTransport{Transport: cfg.Transport, close: closing}
			g, err := gossip.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			stop := g.Start(t.Context())
			pass(time.Second)
			if err := stop(); err != nil {
				t.Errorf("%s: Run = %v, want nil", name, err)
			}
			if !strings.Contains(log.String(), "file is stuck") {
				t.Errorf("%s: not logged:\n%s", name, &log)
			}
		}
	})
}

// TestD24ClusterIDIsAdopted: a node without a cluster ID adopts the first it hears, and enforces it from then on, in the first frame.
func TestD24ClusterIDIsAdopted(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		start(t, config(net, 1))
		cfg := config(net, 2)
		cfg.ClusterID = ""
		g := start(t, cfg)
		pass(time.Second)
		if got := g.Status().ClusterID; got != "test" {
			t.Errorf("ClusterID = %q, want that of the peer", got)
		}
		var log logBuffer
		other := config(net, 3)
		other.ClusterID = "other"
		other.Resolvers = []resolver.Resolver{resolver.Static(cfg.Transport.Addr())}
		other.Logger = log.logger()
		h := start(t, other)
		pass(time.Second)
		if h.Stats().RefusedUs.OtherCluster == 0 || !strings.Contains(log.String(), "gossip: other cluster") {
			t.Errorf("the node that adopted an ID does not enforce it:\n%s", &log)
		}
	})
}

// TestMaxPeers has more nodes join through one than it takes links.
func TestMaxPeers(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		var nodes []*gossip.Gossip
		for id := range gossip.NodeID(30) {
			cfg := config(net, id+1)
			cfg.MaxPeers = 3
			if id > 0 {
				cfg.Resolvers = []resolver.Resolver{resolver.Static(transport.MakeAddr("mem", "n1"))}
			}
			nodes = append(nodes, start(t, cfg))
		}
		var redirected, redirectedUs uint64
		for range 200 {
			pass(50 * time.Millisecond)
			for _, g := range nodes {
				if in, out := len(g.Incoming()), len(g.Outgoing()); in > 3 || out > 3 {
					t.Fatalf("node %d has %d links in and %d out, want at most 3 each", g.GetNodeID(), in, out)
				}
			}
		}
		for _, g := range nodes {
			s := g.Stats()
			redirected += s.Redirected
			redirectedUs += s.RedirectedUs
			for id := range gossip.NodeID(30) {
				if _, err := g.GetNodeDescriptor(id + 1); err != nil {
					t.Errorf("node %d: %v", g.GetNodeID(), err)
				}
			}
		}
		if redirected == 0 || redirectedUs == 0 {
			t.Errorf("%d redirects are counted, and %d at the other end", redirected, redirectedUs)
		}
	})
}

// TestParents has some nodes receive each info from two peers: those that want that, and no others.
func TestParents(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		var nodes []*gossip.Gossip
		for id := range gossip.NodeID(6) {
			cfg := config(net, id+1)
			cfg.Parents = int(id % 3) // 0 is 1
			if id > 0 {
				cfg.Resolvers = []resolver.Resolver{resolver.Static(transport.MakeAddr("mem", "n1"))}
			}
			nodes = append(nodes, start(t, cfg))
		}
		pass(10 * time.Second)
		const updates = 20
		write := func() {
			for n := range updates {
				mustAdd(t, nodes[0], "k", fmt.Sprint(n))
				pass(200 * time.Millisecond)
			}
		}
		write()
		var before []uint64
		for _, g := range nodes {
			before = append(before, g.Stats().InfosReceived)
		}
		write()
		for i, g := range nodes[1:] {
			copies := float64(g.Stats().InfosReceived-before[i+1]) / updates
			if want := float64(max(1, (i+1)%3)); copies < want || copies > want*1.3 { // the sentinel comes besides
				t.Errorf("node %d has received %v copies of each update, want %v", i+2, copies, want)
			}
		}
	})
}

// TestRestart has a node come back with its ID, with and without the memory of its Store.
func TestRestart(t *testing.T) {
	for _, remembers := range []bool{true, false} {
		bubble(t, func(t *testing.T, net *gossiptest.Network) {
			a := start(t, config(net, 1))
			store := new(storage.Memory)
			for life := range 3 {
				cfg := config(net, 2)
				if remembers {
					cfg.Store = store
				}
				g, err := gossip.New(cfg)
				if err != nil {
					t.Fatal(err)
				}
				mustAdd(t, g, "life", fmt.Sprint(life))
				stop := g.Start(t.Context())
				pass(2 * time.Second)
				wantInfo(t, a, "life", fmt.Sprint(life))
				if err := stop(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestInfosLimit has a peer send more infos than a node has room for.
func TestInfosLimit(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		cfg := config(net, 1)
		cfg.Limits.Infos = 10
		var log logBuffer
		cfg.Logger = log.logger()
		g, h := start(t, cfg), start(t, config(net, 2))
		pass(time.Second)
		for i := range 20 {
			mustAdd(t, h, fmt.Sprint("k", i), "v")
		}
		pass(time.Second)
		if g.Stats().LimitHits == 0 || !strings.Contains(log.String(), "limit reached") {
			t.Errorf("not counted, or not logged:\n%.2000s", &log)
		}
	})
}

// TestD04ClockAhead: a write over an info of the future follows its stamp, so that it stands.
func TestD04ClockAhead(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		cfg := config(net, 1)
		var log logBuffer
		cfg.Logger = log.logger()
		ahead := config(net, 2)
		ahead.Clock = aheadClock{time.Hour}
		g, h := start(t, cfg), start(t, ahead)
		for i := range 10 { // before its peers have told it better
			pass(10 * time.Millisecond)
			mustAdd(t, h, fmt.Sprint("k", i), "v")
		}
		pass(time.Minute)
		if got := g.Stats().ClocksAhead; got < 10 {
			t.Errorf("counted %d times, want 10", got)
		}
		if got := strings.Count(log.String(), "clock of a node is ahead"); got != 1 {
			t.Errorf("logged %d times in a minute, want once", got)
		}
		before := g.Stats().ClocksAhead
		mustAdd(t, h, "late", "v")
		pass(time.Second)
		if got := g.Stats().ClocksAhead; got != before {
			t.Errorf("an info from after the correction of its clock is counted, too")
		}
		if s, r := h.Status(), g.Status(); (s.ClockOffset+time.Hour).Abs() > 10*time.Millisecond || r.ClockOffset != 0 {
			t.Errorf("ClockOffset is %v where the clock is an hour ahead, and %v where it is right", s.ClockOffset, r.ClockOffset)
		}
		mustAdd(t, g, "k0", "mine") // replaces what it has read
		pass(time.Second)
		wantInfo(t, h, "k0", "mine")
	})
}

// TestObserverThatPanics is called again.
func TestObserverThatPanics(t *testing.T) {
	for name, end := range map[string]func(){"panic": func() { panic("boom") }, "Goexit": runtime.Goexit} {
		bubble(t, func(t *testing.T, net *gossiptest.Network) {
			cfg := config(net, 1)
			heard := 0
			cfg.Observer = &gossip.Observer{LinkUp: func(gossip.Peer) { heard++; end() }}
			g := start(t, cfg)
			start(t, config(net, 2))
			pass(time.Second)
			start(t, config(net, 3))
			pass(time.Second)
			if heard < 2 {
				t.Errorf("%s: called %d times, want again after the first", name, heard)
			}
			if got := g.Stats().EventsDropped; name == "panic" && got != uint64(heard) {
				t.Errorf("%s: %d events are counted as dropped, want %d", name, got, heard)
			}
		})
	}
}

func TestPeerString(t *testing.T) {
	addr := transport.MakeAddr("tcp", "10.0.0.1:7946")
	for _, c := range []struct {
		peer gossip.Peer
		want string
	}{
		{peer: gossip.Peer{NodeID: 7, Addr: addr}, want: "node 7 at 10.0.0.1:7946"},
		{peer: gossip.Peer{NodeID: 7}, want: "node 7"},
		{peer: gossip.Peer{Addr: addr}, want: "peer at 10.0.0.1:7946"},
		{peer: gossip.Peer{}, want: "peer"},
	} {
		if got := c.peer.String(); got != c.want {
			t.Errorf("%#v is %q, want %q", c.peer, got, c.want)
		}
	}
}
