package gossiptest_test

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/gossiptest/gossipfake"
	"github.com/grapevine-go/grapevine/gossiptest/gossipmock"
	"github.com/grapevine-go/grapevine/transport"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// This is the code that docs/testing.md shows.

// Orders knows which orders are paid, on every server.
type Orders struct {
	g *gossip.Gossip

	mu   sync.Mutex // guards paid
	paid map[string]bool
}

func NewOrders(cfg gossip.Config) (*Orders, error) {
	g, err := gossip.New(cfg)
	if err != nil {
		return nil, err
	}
	o := &Orders{g: g, paid: make(map[string]bool)}
	_, err = g.RegisterCallback(gossip.MakePrefixPattern("order"), func(key string, val []byte) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.paid[key] = string(val) == "paid"
	})
	return o, err
}

func (o *Orders) Run(ctx context.Context) error { return o.g.Run(ctx) }

func (o *Orders) Pay(id string) error {
	return o.g.AddInfo(gossip.MakeKey("order", id), []byte("paid"), 0)
}

func (o *Orders) Paid() map[string]bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maps.Clone(o.paid)
}

func TestOrders(t *testing.T) {
	gossiptest.Run(t, func(s *gossiptest.Sim) {
		c := gossiptest.NewCluster(s, 5, func(h *gossiptest.Host) *Orders {
			o, err := NewOrders(h.Config())
			if err != nil {
				s.Fatal(err)
			}
			return o
		})
		s.Chaos(fault.Chaos{Count: 12, Within: 20 * time.Second})
		for i := range 10 {
			s.At(time.Duration(i)*2*time.Second, func() {
				_ = c.App(i % 5).Pay(fmt.Sprint(i)) // fails where the host is down
			})
		}
		s.RunFor(30 * time.Second)
		c.Converged(10*time.Second, func(o *Orders) any { return o.Paid() })
	})
}

func TestOrdersOverGRPC(t *testing.T) {
	gossiptest.Bubble(t, func(s *gossiptest.Sim) {
		c := gossiptest.NewCluster(s, 5, func(h *gossiptest.Host) *Orders {
			tr, err := grpctransport.Listen("", &grpctransport.Options{Listener: h.Listen(), Dialer: h.Dial})
			if err != nil {
				s.Fatal(err)
			}
			cfg := h.Config()
			cfg.Transport = tr
			o, err := NewOrders(cfg)
			if err != nil {
				s.Fatal(err)
			}
			return o
		})
		s.Faults(fault.Fault{Kind: fault.Partition, At: 5 * time.Second, For: 20 * time.Second, Nodes: []int{3, 4}})
		s.At(10*time.Second, func() { _ = c.App(1).Pay("1") })
		s.RunFor(20 * time.Second)
		s.Break(0, 1) // what is connected there ends, as if a router had forgotten it
		c.Converged(10*time.Second, func(o *Orders) any { return o.Paid() })
	})
}

// TestFragments has what docs/testing.md shows of smaller things.
func TestFragments(t *testing.T) {
	n := gossiptest.NewNetwork(nil, nil)
	listen := func(*testing.T) transport.Transport { return n.Listen("") }

	w := gossiptest.NewWeather(&gossiptest.WeatherOptions{Seed: 7})
	a, b := gossiptest.Wrap(listen(t), w), gossiptest.Wrap(listen(t), w)
	w.Network(gossiptest.NetworkModel{Latency: 20 * time.Millisecond})   // on top of what there is
	heal := w.Begin(fault.Fault{Kind: fault.Partition, Nodes: []int{0}}) // or w.Faults and w.Chaos, at their times

	heal()
	if err := errors.Join(a.Close(), b.Close()); err != nil {
		t.Error(err)
	}
	fakes(t)
}

func fakes(t *testing.T) {
	store := &gossipfake.Store{PutFunc: func(context.Context, string, []byte) error { return errors.New("disk full") }}
	n := gossiptest.NewNode(t, &gossiptest.NodeOptions{Configure: func(c *gossip.Config) { c.Store = store }})

	if err := n.Stop(); err != nil {
		t.Error(err)
	}
	mocks(t)
}

func mocks(t *testing.T) {
	ctrl := gossipmock.NewController(t)

	link := gossipmock.NewMockLink(ctrl)
	link.EXPECT().Send(gossipmock.Frame(gossipmock.KeyMatches("^feature:"), gossipmock.Value("on"))).Return(nil)

	const key, val = "feature:dark", "on"
	sum := crc32.ChecksumIEEE([]byte(key + val))
	frame, err := proto.Marshal(&gossippb.Request{Delta: map[string]*gossippb.Info{
		key: {NodeId: 1, Incarnation: 1, Seq: 1, Value: &gossippb.Value{RawBytes: []byte(val), Checksum: &sum}},
	}})
	if err = errors.Join(err, link.Send(frame)); err != nil {
		t.Error(err)
	}
}

func TestComparing(t *testing.T) {
	gossiptest.RunSeeds(t, 2, func(s *gossiptest.Sim) {
		c := gossiptest.NewCluster(s, 3, func(h *gossiptest.Host) *gossip.Gossip {
			g, err := gossip.New(h.Config())
			if err != nil {
				s.Fatal(err)
			}
			return g
		})
		s.At(time.Second, func() { _ = c.App(0).AddInfo("order/1", []byte("paid"), 0) })
		s.RunFor(2 * time.Second)
		compare(c)
	})
}

func compare(c *gossiptest.Cluster[*gossip.Gossip]) {
	c.Converged(10*time.Second, func(g *gossip.Gossip) any { return maps.Collect(g.Infos("order/")) })
}
