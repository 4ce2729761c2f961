package gossipfake_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/gossiptest/gossipfake"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/storage"
	"github.com/grapevine-go/grapevine/transport"
)

// What fakes do by themselves keeps the contracts.
func TestContracts(t *testing.T) {
	addr := transport.MakeAddr("mem", "a")
	t.Run("Store", func(t *testing.T) {
		gossiptest.TestStore(t, gossiptest.StoreHarness{Open: func(*testing.T, string) storage.Store { return &gossipfake.Store{} }})
	})
	t.Run("Clock", func(t *testing.T) {
		gossiptest.TestClock(t, gossiptest.ClockHarness{New: func(*testing.T) clock.Clock { return &gossipfake.Clock{} }})
	})
	t.Run("Resolver", func(t *testing.T) {
		gossiptest.TestResolver(t, gossiptest.ResolverHarness{
			New:    func(*testing.T) resolver.Resolver { return &gossipfake.Resolver{Base: resolver.Static(addr)} },
			Nobody: func(*testing.T) resolver.Resolver { return &gossipfake.Resolver{} },
			Want:   []transport.Addr{addr},
		})
	})
	t.Run("Transport with Base", func(t *testing.T) {
		gossiptest.TestTransport(t, gossiptest.TransportHarness{Links: 10, MaxFrame: 4 << 20, New: func(t *testing.T, n int) (all []transport.Transport) {
			network := gossiptest.NewNetwork(nil, nil)
			for range n {
				tr := &gossipfake.Transport{Base: passing{network.Listen("")}}
				t.Cleanup(func() { tr.Close() })
				all = append(all, tr)
			}
			return all
		}})
	})
}

// passing is a transport whose links are fakes over those of another.
type passing struct{ transport.Transport }

func (p passing) Dial(ctx context.Context, to transport.Addr) (transport.Link, error) {
	l, err := p.Transport.Dial(ctx, to)
	if err != nil {
		return nil, err
	}
	return &gossipfake.Link{Base: l}, nil
}

// A Transport and a Link without functions do what is said at their types.
func TestNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, link := &gossipfake.Transport{}, &gossipfake.Link{}
		nobody := transport.MakeAddr("fake", "nobody")
		if tr.Addr() != nobody || link.Peer().Addr != nobody {
			t.Errorf("Addr is %v, that of Peer %v, want %v", tr.Addr(), link.Peer().Addr, nobody)
		}
		if l, err := tr.Dial(t.Context(), nobody); l != nil || err == nil || errors.Is(err, transport.ErrClosed) {
			t.Errorf("Dial = %v, %v, want an error that is not ErrClosed", l, err)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := tr.Dial(ended, nobody); !errors.Is(err, context.Canceled) {
			t.Errorf("Dial with an ended context: %v", err)
		}
		if err := link.Send([]byte("frame")); err != nil {
			t.Errorf("Send: %v", err)
		}
		var accepted, received bool
		go func() {
			l, err := tr.Accept()
			if l != nil || !errors.Is(err, transport.ErrClosed) {
				t.Errorf("Accept = %v, %v, want ErrClosed", l, err)
			}
			accepted = true
		}()
		go func() {
			frame, err := link.Recv()
			if frame != nil || !errors.Is(err, transport.ErrClosed) {
				t.Errorf("Recv = %q, %v, want ErrClosed", frame, err)
			}
			received = true
		}()
		synctest.Wait()
		if accepted || received {
			t.Fatalf("before Close, Accept has returned: %v, Recv: %v", accepted, received)
		}
		for range 2 {
			if err := errors.Join(tr.Close(), link.Close()); err != nil {
				t.Errorf("Close: %v", err)
			}
			synctest.Wait()
			if !accepted || !received {
				t.Errorf("after Close, Accept has returned: %v, Recv: %v", accepted, received)
			}
		}
		_, dial := tr.Dial(t.Context(), nobody)
		_, accept := tr.Accept()
		_, recv := link.Recv()
		for name, err := range map[string]error{"Dial": dial, "Accept": accept, "Recv": recv, "Send": link.Send(nil)} {
			if !errors.Is(err, transport.ErrClosed) {
				t.Errorf("%s after Close: %v, want ErrClosed", name, err)
			}
		}
	})
}

// A Timer without functions is not pending.
func TestTimer(t *testing.T) {
	timer := &gossipfake.Timer{}
	if stop, reset, again := timer.Stop(), timer.Reset(time.Nanosecond), timer.Stop(); stop || reset || again {
		t.Errorf("Stop, Reset, Stop = %v, %v, %v, want false", stop, reset, again)
	}
}

// calls are the names of functions that were called.
type calls []string

func (c *calls) of(name string) { *c = append(*c, name) }

// every calls each method of each fake.
func every(ctx context.Context, tr transport.Transport, l transport.Link, r resolver.Resolver, c clock.Clock, t clock.Timer, s storage.Store) {
	tr.Addr()
	_, _ = tr.Dial(ctx, transport.Addr{})
	_, _ = tr.Accept()
	_ = tr.Close()
	_ = l.Send(nil)
	_, _ = l.Recv()
	l.Peer()
	_ = l.Close()
	_, _ = r.Resolve(ctx)
	c.Now()
	c.AfterFunc(0, nil)
	t.Stop()
	t.Reset(0)
	_, _ = s.Get(ctx, "")
	_ = s.Put(ctx, "", nil)
	_ = s.Delete(ctx, "")
}

// Each function is called in place of the Base, and the Base where there is none.
func TestFunctions(t *testing.T) {
	var got calls
	tr := &gossipfake.Transport{
		AddrFunc:   func() transport.Addr { got.of("Addr"); return transport.Addr{} },
		DialFunc:   func(context.Context, transport.Addr) (transport.Link, error) { got.of("Dial"); return nil, nil },
		AcceptFunc: func() (transport.Link, error) { got.of("Accept"); return nil, nil },
		CloseFunc:  func() error { got.of("Close"); return nil },
	}
	link := &gossipfake.Link{
		SendFunc:  func([]byte) error { got.of("Send"); return nil },
		RecvFunc:  func() ([]byte, error) { got.of("Recv"); return nil, nil },
		PeerFunc:  func() transport.Peer { got.of("Peer"); return transport.Peer{} },
		CloseFunc: func() error { got.of("Close of a link"); return nil },
	}
	res := &gossipfake.Resolver{ResolveFunc: func(context.Context) ([]transport.Addr, error) { got.of("Resolve"); return nil, nil }}
	clk := &gossipfake.Clock{
		NowFunc:       func() time.Time { got.of("Now"); return time.Time{} },
		AfterFuncFunc: func(time.Duration, func()) clock.Timer { got.of("AfterFunc"); return nil },
	}
	timer := &gossipfake.Timer{
		StopFunc:  func() bool { got.of("Stop"); return true },
		ResetFunc: func(time.Duration) bool { got.of("Reset"); return true },
	}
	store := &gossipfake.Store{
		GetFunc:    func(context.Context, string) ([]byte, error) { got.of("Get"); return nil, nil },
		PutFunc:    func(context.Context, string, []byte) error { got.of("Put"); return nil },
		DeleteFunc: func(context.Context, string) error { got.of("Delete"); return nil },
	}
	tr.Base, link.Base, res.Base = &gossipfake.Transport{}, &gossipfake.Link{}, &gossipfake.Resolver{} // not asked
	clk.Base, timer.Base, store.Base = &gossipfake.Clock{}, &gossipfake.Timer{}, &gossipfake.Store{}
	want := strings.Split("Addr,Dial,Accept,Close,Send,Recv,Peer,Close of a link,Resolve,Now,AfterFunc,Stop,Reset,Get,Put,Delete", ",")
	for name, call := range map[string]func(){
		"functions": func() { every(t.Context(), tr, link, res, clk, timer, store) },
		"Base": func() {
			every(t.Context(), &gossipfake.Transport{Base: tr}, &gossipfake.Link{Base: link}, &gossipfake.Resolver{Base: res},
				&gossipfake.Clock{Base: clk}, &gossipfake.Timer{Base: timer}, &gossipfake.Store{Base: store})
		},
	} {
		got = nil
		call()
		if !slices.Equal(got, want) {
			t.Errorf("%s: called are %q, want %q", name, got, want)
		}
	}
}
