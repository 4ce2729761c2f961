package gossiptest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/transport"
)

// orders is a service of its own: what one node is told, it tells two others a few times. It never asks what it has missed, which is
// the bug.
type orders struct {
	tr   transport.Transport
	clk  clock.Clock
	rand interface{ IntN(int) int }
	self int
	n    int

	mu  sync.Mutex
	all map[string]string
	hot map[string]int
}

func newOrders(n int) func(h *Host) *orders {
	return func(h *Host) *orders {
		o := &orders{tr: h.Transport(), clk: h.Clock(), rand: h.Rand(), self: h.Index(), n: n, all: map[string]string{}, hot: map[string]int{}}
		return o
	}
}

func (o *orders) Put(k, v string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all[k] < v {
		o.all[k], o.hot[k] = v, 4
	}
}

func (o *orders) Snapshot() map[string]string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maps.Clone(o.all)
}

func (o *orders) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	defer o.tr.Close()
	wg.Go(func() {
		for {
			l, err := o.tr.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer l.Close()
				frame, err := l.Recv()
				if err != nil {
					return
				}
				k, v, _ := strings.Cut(string(frame), "=")
				o.Put(k, v)
			})
		}
	})
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			for _, line := range o.rumours() {
				for range 2 {
					to := (o.self + 1 + o.rand.IntN(o.n-1)) % o.n
					o.tell(ctx, to, line)
				}
			}
		}
	}
}

func (o *orders) rumours() (lines []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, k := range slices.Sorted(maps.Keys(o.hot)) {
		lines = append(lines, k+"="+o.all[k])
		if o.hot[k]--; o.hot[k] <= 0 {
			delete(o.hot, k)
		}
	}
	return lines
}

func (o *orders) tell(ctx context.Context, to int, line string) {
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	addr, _ := transport.ParseAddr(fmt.Sprintf("sim:n%d", to))
	if l, err := o.tr.Dial(ctx, addr); err == nil {
		_ = l.Send([]byte(line))
		_ = l.Close()
	}
}

// member is a gossip node as an application.
type member struct{ *gossip.Gossip }

func newMember(h *Host) member {
	g, err := gossip.New(h.Config())
	if err != nil {
		h.Sim().Fatal(err)
	}
	return member{g}
}

func (m member) infos() map[string]string {
	all := map[string]string{}
	for k, v := range m.Infos("order/") {
		all[k] = string(v.Value)
	}
	return all
}

func TestGossipConverges(t *testing.T) {
	Run(t, func(s *Sim) {
		c := NewCluster(s, 5, newMember)
		s.Chaos(fault.Chaos{Count: 12})
		for i := range 10 {
			s.At(time.Duration(i)*2*time.Second, func() { c.App(i%5).AddInfo(fmt.Sprint("order/", i), []byte("paid"), 0) })
		}
		s.RunFor(30 * time.Second)
		c.Converged(10*time.Second, func(m member) any { return m.infos() })
	})
}
