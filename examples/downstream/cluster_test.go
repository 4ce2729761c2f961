package flags_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"example.com/flags"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// server is what runs on a host of a cluster: a node, the service on it, and somebody who watches a flag.
type server struct {
	*flags.Service
	node *gossip.Gossip

	mu   sync.Mutex // guards dark
	dark flags.Flag // as the watch has seen it last
}

func newServer(h *gossiptest.Host) *server { return serverOf(h, h.Config()) }

func serverOf(h *gossiptest.Host, cfg gossip.Config) *server {
	g, err := gossip.New(cfg)
	if err != nil {
		h.Sim().Fatal(err)
	}
	return &server{Service: flags.New(g), node: g}
}

// Run is what main does in production.
func (s *server) Run(ctx context.Context) error {
	stop := s.node.Start(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		for f := range s.Watch(ctx, "dark") {
			s.mu.Lock()
			s.dark = f
			s.mu.Unlock()
		}
	})
	err := s.Service.Run(ctx)
	wg.Wait()
	return errors.Join(err, stop())
}

// seen is what hosts have to agree on.
type seen struct {
	Flags map[string]flags.Flag
	Dark  flags.Flag
}

func (s *server) seen() seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return seen{Flags: s.All(), Dark: s.dark}
}

// Whatever the network and the machines do: when it is over, all servers have the same flags, and so has who watches.
func TestFlagsConverge(t *testing.T) {
	gossiptest.RunSeeds(t, 100, func(s *gossiptest.Sim) {
		c := gossiptest.NewCluster(s, 5, newServer)
		s.Network(gossiptest.NetworkModel{Latency: 5 * time.Millisecond, Jitter: 0.5, Loss: 0.02})
		s.Chaos(fault.Chaos{Count: 12, Within: 20 * time.Second})
		for i := range 20 {
			s.At(time.Duration(i)*time.Second, func() {
				name := "dark"
				if i%3 > 0 {
					name = fmt.Sprint("feature", i)
				}
				err := c.App(i%5).Set(name, flags.Flag{On: true, Percent: i})
				if err != nil && !errors.Is(err, gossip.ErrStopped) { // the server may be down
					s.Error(err)
				}
			})
		}
		s.At(19*time.Second, func() { _ = c.App(0).Delete("feature1") })
		s.RunFor(20 * time.Second)
		c.Converged(10*time.Second, func(s *server) any { return s.seen() })
	})
}
