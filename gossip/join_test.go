package gossip_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
)

func TestResolvers(t *testing.T) {
	own := func(g *gossip.Config) resolver.Resolver { return resolver.Static(g.Transport.Addr()) }
	fails := resolver.Func(func(context.Context) ([]transport.Addr, error) { return nil, errors.New("no such host") })
	for _, tt := range []struct {
		name   string
		bad    func(*gossip.Config) resolver.Resolver
		errors bool
		alone  bool // as far as the node can know, so it is fine
		logged string
	}{
		{name: "nothing", bad: func(*gossip.Config) resolver.Resolver { return resolver.Static() }, alone: true, logged: "resolvers name nobody"},
		{name: "own address", bad: own, alone: true, logged: "resolvers name nobody"},
		{name: "error", bad: func(*gossip.Config) resolver.Resolver { return fails }, errors: true, logged: "no such host"},
		{name: "panic", bad: func(*gossip.Config) resolver.Resolver {
			return resolver.Func(func(context.Context) ([]transport.Addr, error) { panic("no DNS") })
		}, errors: true, logged: "no DNS"},
		{name: "Goexit", bad: func(*gossip.Config) resolver.Resolver {
			return resolver.Func(func(context.Context) ([]transport.Addr, error) { runtime.Goexit(); return nil, nil })
		}, errors: true, logged: "Goexit"},
		{name: "hangs", bad: func(*gossip.Config) resolver.Resolver {
			return resolver.Func(func(ctx context.Context) ([]transport.Addr, error) { <-ctx.Done(); return nil, ctx.Err() })
		}, errors: true, logged: "context canceled"},
		{name: "nobody there", bad: func(*gossip.Config) resolver.Resolver {
			return resolver.Static(transport.MakeAddr("mem", "nobody"), transport.MakeAddr("carrier pigeon", "x"), transport.Addr{})
		}, logged: "dial failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, net *gossiptest.Network) {
				start(t, config(net, 1))
				cfg := config(net, 2)
				var log logBuffer
				cfg.Logger = log.logger()
				cfg.Resolvers = []resolver.Resolver{tt.bad(&cfg)}
				g := start(t, cfg)
				pass(time.Minute)
				if s := g.Status(); s.Partitioned == tt.alone || s.Ready != tt.alone || len(s.Links) > 0 {
					t.Errorf("Status = %+v", s)
				}
				if got := g.Stats().ResolverErrors > 0; got != tt.errors {
					t.Errorf("errors are counted: %v, want %v", got, tt.errors)
				}
				if !strings.Contains(log.String(), tt.logged) {
					t.Errorf("%q is not logged:\n%.2000s", tt.logged, &log)
				}
				if got := strings.Count(log.String(), "\n"); got > 200 {
					t.Errorf("%d lines are logged in a minute", got)
				}

				// Beside a good one, it does no harm.
				if err := g.SetResolvers([]resolver.Resolver{tt.bad(&cfg), resolver.Static(transport.MakeAddr("mem", "n1"))}); err != nil {
					t.Fatal(err)
				}
				pass(10 * time.Second)
				if got := g.Outgoing(); !slices.Equal(got, []gossip.NodeID{1}) {
					t.Errorf("Outgoing = %v, want node 1", got)
				}
			})
		})
	}
}

// TestSlowResolverIsHeard has one that always takes longer than a node waits beside one that only knows the node itself.
func TestSlowResolverIsHeard(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a := config(net, 1)
		start(t, a)
		cfg := config(net, 2)
		cfg.Resolvers = []resolver.Resolver{
			resolver.Static(cfg.Transport.Addr()),
			resolver.Func(func(context.Context) ([]transport.Addr, error) {
				time.Sleep(time.Second)
				return []transport.Addr{a.Transport.Addr()}, nil
			}),
		}
		g := start(t, cfg)
		pass(10 * time.Second)
		if got := g.Outgoing(); !slices.Equal(got, []gossip.NodeID{1}) {
			t.Errorf("Outgoing = %v, want node 1", got)
		}
	})
}

// TestDials has the transport do to dials of one address what a transport can do.
func TestDials(t *testing.T) {
	free := func(ctx context.Context) { <-ctx.Done() }
	for _, tt := range []struct {
		name string
		dial func(ctx context.Context) (transport.Link, error)
		want string
	}{
		{name: "hangs", dial: func(ctx context.Context) (transport.Link, error) { free(ctx); return nil, ctx.Err() }, want: "no answer in 5s"},
		{name: "error", dial: func(context.Context) (transport.Link, error) { return nil, errors.New("no route") }, want: "no route"},
		{name: "panic", dial: func(context.Context) (transport.Link, error) { panic("no dial tone") }, want: "no dial tone"},
		{name: "Goexit", dial: func(context.Context) (transport.Link, error) { runtime.Goexit(); return nil, nil }, want: "Goexit"},
		{name: "neither", dial: func(context.Context) (transport.Link, error) { return nil, nil }, want: "neither a link nor an error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, net *gossiptest.Network) {
				start(t, config(net, 1))
				cfg := config(net, 2)
				var log logBuffer
				cfg.Logger = log.logger()
				cfg.Resolvers = []resolver.Resolver{resolver.Static(transport.MakeAddr("mem", "bad"), transport.MakeAddr("mem", "n1"))}
				good := cfg.Transport
				tried := false
				cfg.Transport = &brokenTransport{Transport: good, dial: func(ctx context.Context, to transport.Addr) (transport.Link, error) {
					if !tried {
						tried = true // whichever is first
						return tt.dial(ctx)
					}
					return good.Dial(ctx, to)
				}}
				g := start(t, cfg)
				pass(20 * time.Second)
				if got := g.Outgoing(); !slices.Equal(got, []gossip.NodeID{1}) {
					t.Errorf("Outgoing = %v, want node 1", got)
				}
				if g.Stats().DialsFailed == 0 || !strings.Contains(log.String(), tt.want) {
					t.Errorf("%d dials are counted as failed, and the log says:\n%s", g.Stats().DialsFailed, &log)
				}
			})
		})
	}
}

// lateTimers is a clock whose timers of one duration fire just when they are stopped.
type lateTimers struct {
	clock.Clock
	duration time.Duration
}

type lateTimer struct {
	clock.Timer
	f func()
}

func (c lateTimers) AfterFunc(d time.Duration, f func()) clock.Timer {
	t := c.Clock.AfterFunc(d, f)
	if d != c.duration {
		return t
	}
	return lateTimer{t, f}
}

func (t lateTimer) Stop() bool {
	if t.Timer.Stop() {
		t.f() // puts its message behind the one that is being handled
	}
	return false
}

// TestDialEndsJustInTime has a dial succeed just before its time is up.
func TestDialEndsJustInTime(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		start(t, config(net, 1))
		cfg := config(net, 2)
		cfg.Timers.Dial = 1234 * time.Millisecond
		cfg.Clock = lateTimers{clock.System(), cfg.Timers.Dial}
		g := start(t, cfg)
		pass(time.Second)
		if s := g.Stats(); s.Dials != 1 || s.DialsFailed != 0 {
			t.Errorf("Stats count %d dials and %d failed, want 1 and 0", s.Dials, s.DialsFailed)
		}
		if got := g.Outgoing(); !slices.Equal(got, []gossip.NodeID{1}) {
			t.Errorf("Outgoing = %v, want node 1", got)
		}
	})
}

// TestDialsThatNeverReturn is about transports that do not listen to contexts: their goroutines are bounded, and links that
// come after all are closed.
func TestDialsThatNeverReturn(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		peer := net.Listen("peer")
		defer peer.Close()
		cfg := config(net, 1)
		cfg.MaxPeers = 1
		cfg.Resolvers = []resolver.Resolver{resolver.Static(peer.Addr())}
		good := cfg.Transport
		answer := make(chan struct{})
		var hanging atomic.Int64
		cfg.Transport = &brokenTransport{Transport: good, dial: func(ctx context.Context, to transport.Addr) (transport.Link, error) {
			hanging.Add(1)
			<-answer
			return good.Dial(context.WithoutCancel(ctx), to)
		}}
		g := start(t, cfg)
		pass(time.Hour)
		if got, limit := hanging.Load(), int64(4*1+16); got != limit {
			t.Errorf("%d dials hang, want %d", got, limit)
		}
		close(answer)
		for range hanging.Load() {
			link, err := peer.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if err := drain(link); !errors.Is(err, transport.ErrClosed) {
				t.Errorf("a link that came too late: %v, want ErrClosed", err)
			}
		}
		if s := g.Status(); len(s.Links) > 0 {
			t.Errorf("Status = %+v", s)
		}
	})
}
