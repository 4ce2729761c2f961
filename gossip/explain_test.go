package gossip_test

import (
	"errors"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// TestExplainPending asks about what a node that does not run yet was given.
func TestExplainPending(t *testing.T) {
	g, err := gossip.New(config(gossiptest.NewNetwork(nil, nil), 1))
	if err != nil {
		t.Fatal(err)
	}
	mustAdd(t, g, "k", "v")
	if e, err := g.Explain("k"); err != nil || !e.Pending || e.Key != "k" || string(e.Info.Value) != "v" || e.Info.NodeID != 1 {
		t.Errorf("Explain = %+v, %v, want it Pending", e, err)
	}
}

func TestExplain(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a := start(t, config(net, 1))
		if _, err := a.Explain("k"); !errors.Is(err, gossip.ErrNotFound) {
			t.Errorf("Explain of nothing = %v, want ErrNotFound", err)
		}
		written := time.Now()
		if err := a.AddInfo("k", []byte("v"), time.Hour); err != nil {
			t.Fatal(err)
		}
		if e, err := a.Explain("k"); err != nil || e.Key != "k" || string(e.Info.Value) != "v" || e.Info.NodeID != 1 {
			t.Errorf("Explain of what was just written = %+v, %v", e, err)
		}
		pass(10 * time.Second)
		b := start(t, config(net, 2)) // hears of it 10 seconds after it was written
		pass(5 * time.Second)

		own, err := a.Explain("k")
		if err != nil || own.Pending || own.Incarnation == 0 || own.Seq == 0 || own.Logical != 0 || own.Peer != (gossip.Peer{}) || own.Delay != 0 || !own.Taken.Equal(written) {
			t.Errorf("Explain at the origin = %+v, %v", own, err)
		}
		if got, want := own.Info.Age, 15*time.Second; got != want {
			t.Errorf("Age at the origin = %v, want %v", got, want)
		}
		e, err := b.Explain("k")
		if err != nil {
			t.Fatal(err)
		}
		if e.Info.NodeID != 1 || e.Incarnation != own.Incarnation || e.Seq != own.Seq || e.Logical != own.Logical || e.Info.Hops != 1 ||
			e.Info.Stamp.Sub(written).Abs() > time.Microsecond || !e.Info.Expires.Equal(own.Info.Expires.Add(e.Taken.Sub(written)-e.Delay)) {
			t.Errorf("Explain = %+v, want what the origin says: %+v", e, own)
		}
		if e.Peer.NodeID != 1 || !e.Peer.Dialed || e.Peer.Addr.String() != "n1" {
			t.Errorf("Peer = %v, want node 1 at n1", e.Peer)
		}
		// What the links took is missing from the age: one millisecond.
		if got, want := e.Delay, e.Taken.Sub(written)-time.Millisecond; got != want || want < 10*time.Second {
			t.Errorf("Delay = %v, taken %v after it was written", got, e.Taken.Sub(written))
		}
		if got, want := e.Info.Age, 15*time.Second-time.Millisecond; got != want {
			t.Errorf("Age = %v, want %v", got, want)
		}
		mustDelete(t, b, "k")
		if _, err := b.Explain("k"); !errors.Is(err, gossip.ErrNotFound) {
			t.Errorf("Explain after DeleteInfo = %v, want ErrNotFound", err)
		}
	})
}

// TestExplainAfterTheLink has the peer go over whose link an info came.
func TestExplainAfterTheLink(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a, err := gossip.New(config(net, 1))
		if err != nil {
			t.Fatal(err)
		}
		stop := a.Start(t.Context())
		mustAdd(t, a, "k", "v")
		b := start(t, config(net, 2))
		pass(time.Second)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		if e, err := b.Explain("k"); err != nil || e.Peer != (gossip.Peer{}) || e.Info.NodeID != 1 {
			t.Errorf("Explain = %+v, %v, want an info of node 1 and no Peer", e, err)
		}
	})
}

// TestExplainOwnBesideACaller has somebody hold a place without a link: nothing own has come from there.
func TestExplainOwnBesideACaller(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		mustAdd(t, g, "k", "v")
		pass(time.Second)
		c := newCaller(50, 1)
		c.call(t, g, c.write("c", "v", time.Now()))
		pass(0) // the end of the call
		if links := g.Status().Links; len(links) != 1 || !links[0].Caller {
			t.Fatalf("Status().Links = %+v, want the caller", links)
		}
		if e, err := g.Explain("k"); err != nil || e.Peer != (gossip.Peer{}) {
			t.Errorf("Explain of an own info = %+v, %v, want no Peer", e, err)
		}
		if e, err := g.Explain("c"); err != nil || e.Info.NodeID != 50 || e.Peer != (gossip.Peer{}) {
			t.Errorf("Explain of what a caller brought = %+v, %v, want no Peer: the call is over", e, err)
		}
	})
}
