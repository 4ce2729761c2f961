package gossiptest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/gossiptest/gossipfake"
	"github.com/grapevine-go/grapevine/transport"
)

func TestWrapDial(t *testing.T) {
	inWeather(t, nil, func(t *testing.T, s *stormy) {
		end := s.w.Begin(fault.Fault{Kind: fault.OneWay, Nodes: []int{1}, To: []int{0}})
		begin := time.Now()
		l, err := s.ts[0].Dial(t.Context(), s.ts[1].Addr())
		if l != nil || err == nil || time.Since(begin) != time.Second {
			t.Errorf("Dial across a cut: %v, %v after %v, want an error after 1s", l, err, time.Since(begin))
		}
		end()
		connect(t, s.ts[0], s.ts[1])
	})
}

// slowDial takes its time to dial.
type slowDial struct{ transport.Transport }

func (s slowDial) Dial(ctx context.Context, to transport.Addr) (transport.Link, error) {
	time.Sleep(200 * time.Millisecond)
	return s.Transport.Dial(ctx, to)
}

// TestWrapDialAcrossShortCut has a link lost before the real one is there.
func TestWrapDialAcrossShortCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, w := gossiptest.NewNetwork(nil, nil), gossiptest.NewWeather(nil)
		w.Network(gossiptest.NetworkModel{Latency: 50 * time.Millisecond, Jitter: -1})
		a, b := gossiptest.Wrap(slowDial{n.Listen("")}, w), gossiptest.Wrap(n.Listen(""), w)
		defer a.Close()
		defer b.Close()
		w.Faults(fault.Fault{Kind: fault.Partition, At: 40 * time.Millisecond, For: 20 * time.Millisecond, Nodes: []int{0}})
		near, far := connect(t, a, b)
		for _, l := range []transport.Link{near, far} {
			if _, err := l.Recv(); !errors.Is(err, transport.ErrClosed) {
				t.Errorf("Recv() = %v, want ErrClosed", err)
			}
		}
	})
}

// TestWrapClosedWhileDialling closes a transport that has just made the link which a Dial waits for.
func TestWrapClosedWhileDialling(t *testing.T) {
	for _, c := range []struct {
		name  string
		model *gossiptest.NetworkModel
	}{
		{name: "calm"},
		{name: "latency", model: &gossiptest.NetworkModel{Latency: time.Second, Jitter: -1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := gossiptest.NewWeather(nil)
				if c.model != nil {
					w.Network(*c.model)
				}
				dialling, closing, closed := make(chan struct{}), make(chan struct{}), false
				inner := &gossipfake.Link{}
				inner.CloseFunc = func() error { closed = true; return nil }
				tr := gossiptest.Wrap(&gossipfake.Transport{
					DialFunc: func(context.Context, transport.Addr) (transport.Link, error) {
						close(dialling)
						<-closing
						return inner, nil
					},
					CloseFunc: func() error { close(closing); return nil },
				}, w)
				far := transport.MakeAddr("fake", "far")
				defer gossiptest.Wrap(&gossipfake.Transport{AddrFunc: func() transport.Addr { return far }}, w).Close()
				go func() {
					<-dialling
					tr.Close()
				}()
				l, err := tr.Dial(t.Context(), far)
				if l != nil || !errors.Is(err, transport.ErrClosed) || !strings.HasPrefix(err.Error(), "dial far from nobody: ") {
					t.Errorf("Dial = link %t, %v; want no link, and an ErrClosed of dial far from nobody", l != nil, err)
				}
				if !closed {
					t.Error("the link beneath is left open")
				}
			})
		})
	}
}
