package gossiptest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/transport"
)

// connect returns both ends of a new link.
func connect(t *testing.T, from, to transport.Transport) (near, far transport.Link) {
	t.Helper()
	near, err := from.Dial(t.Context(), to.Addr())
	if err != nil {
		t.Fatal(err)
	}
	far, err = to.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}

func send(t *testing.T, l transport.Link, frames ...string) {
	t.Helper()
	for _, frame := range frames {
		if err := l.Send([]byte(frame)); err != nil {
			t.Errorf("Send(%q): %v", frame, err)
		}
	}
}

func receive(t *testing.T, l transport.Link, want ...string) {
	t.Helper()
	for _, frame := range want {
		if got, err := l.Recv(); err != nil || string(got) != frame {
			t.Errorf("Recv() = %q, %v, want %q", got, err, frame)
		}
	}
}

// expectEnd checks that Recv and Send say that the link has ended, with the cause, unless that is nil.
func expectEnd(t *testing.T, l transport.Link, cause string) {
	t.Helper()
	frame, err := l.Recv()
	if err == nil || !errors.Is(err, transport.ErrClosed) || !strings.HasSuffix(err.Error(), cause) {
		t.Errorf("Recv() = %q, %v, want an error that wraps ErrClosed and ends in %q", frame, err, cause)
	}
	if err := l.Send(nil); !errors.Is(err, transport.ErrClosed) || errors.Is(err, transport.ErrFrameTooLarge) {
		t.Errorf("Send() = %v, want ErrClosed", err)
	}
}

// elapsed returns the virtual time that f takes.
func elapsed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// noTimers is the clock of the machine, without its timers.
type noTimers struct{ t *testing.T }

func (noTimers) Now() time.Time { return time.Now() }

func (c noTimers) AfterFunc(d time.Duration, f func()) clock.Timer {
	c.t.Errorf("the network has set a timer of %v, want none", d)
	return time.AfterFunc(d, f)
}

func TestNetworkAtOnce(t *testing.T) {
	n := gossiptest.NewNetwork(noTimers{t}, nil)
	a, b := n.Listen("a"), n.Listen("b")
	defer a.Close()
	defer b.Close()
	near, far := connect(t, a, b)
	if got, want := near.Peer(), (transport.Peer{Addr: b.Addr()}); got != want {
		t.Errorf("Peer() at the near end = %v, want %v", got, want)
	}
	if got, want := far.Peer(), (transport.Peer{Addr: a.Addr()}); got != want {
		t.Errorf("Peer() at the far end = %v, want %v", got, want)
	}
	frame := []byte("frame")
	if err := near.Send(frame); err != nil {
		t.Fatal(err)
	}
	got, err := far.Recv()
	if err != nil || &got[0] != &frame[0] {
		t.Errorf("Recv() = %q, %v, want the slice that was sent", got, err)
	}
	send(t, far, "", "back")
	receive(t, near, "", "back")
	send(t, near, "last")
	if err := near.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	receive(t, far, "last")
	expectEnd(t, far, "EOF")
	expectEnd(t, near, "closed")
	if got, want := n.Stats(), (gossiptest.NetworkStats{Dials: 1, Links: 1, Frames: 4, Bytes: 13}); got != want {
		t.Errorf("Stats() = %+v, want %+v", got, want)
	}
}

func TestNetworkNames(t *testing.T) {
	n := gossiptest.NewNetwork(nil, nil)
	n.Listen("n2")
	var got []string
	for _, name := range []string{"", "", "b", "a"} {
		addr := n.Listen(name).Addr()
		if addr.Network() != "mem" {
			t.Errorf("Listen(%q).Addr() is of network %q, want mem", name, addr.Network())
		}
		got = append(got, addr.String())
	}
	if want := []string{"n1", "n3", "b", "a"}; !cmp.Equal(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("Listen with a name in use does not panic")
			}
		}()
		n.Listen("a")
	}()
	for _, name := range []string{"n1", "n2", "n3"} {
		n.Crash(transport.MakeAddr("mem", name))
	}
	addrs, err := n.Resolver().Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(addrs), "[a b]"; got != want {
		t.Errorf("Resolve() = %s, want %s", got, want)
	}
	if got := n.Listen("n2").Addr().String(); got != "n2" {
		t.Errorf("Listen after a crash: %q, want n2", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if addrs, err := n.Resolver().Resolve(ctx); addrs != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("Resolve with an ended context = %v, %v, want context.Canceled", addrs, err)
	}
}

func TestNetworkMisuse(t *testing.T) {
	n := gossiptest.NewNetwork(nil, nil)
	for name, misuse := range map[string]func(){
		"negative Latency":  func() { gossiptest.NewNetwork(nil, &gossiptest.NetworkOptions{Latency: -1}) },
		"negative MaxFrame": func() { gossiptest.NewNetwork(nil, &gossiptest.NetworkOptions{MaxFrame: -1}) },
		"SetLatency":        func() { n.SetLatency(-1) },
		"SetLink":           func() { n.SetLink(transport.Addr{}, transport.Addr{}, gossiptest.LinkOptions{Latency: -1}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			misuse()
		}()
	}
}

func TestNetworkLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := gossiptest.NewNetwork(nil, &gossiptest.NetworkOptions{Latency: 10 * time.Millisecond})
		a, b := n.Listen("a"), n.Listen("b")
		defer a.Close()
		defer b.Close()
		n.SetLink(b.Addr(), a.Addr(), gossiptest.LinkOptions{Latency: 3 * time.Millisecond})
		var near, far transport.Link
		check := func(what string, want time.Duration, f func()) {
			t.Helper()
			if got := elapsed(f); got != want {
				t.Errorf("%s takes %v, want %v", what, got, want)
			}
		}
		check("Dial", 13*time.Millisecond, func() { near, far = connect(t, a, b) })
		check("a frame from a to b", 10*time.Millisecond, func() {
			send(t, near, "1")
			receive(t, far, "1")
		})
		check("a frame from b to a", 3*time.Millisecond, func() {
			send(t, far, "1")
			receive(t, near, "1")
		})
		check("a frame behind one that was sent with a longer latency", 3*time.Millisecond, func() {
			send(t, far, "2")
			n.SetLink(b.Addr(), a.Addr(), gossiptest.LinkOptions{})
			send(t, far, "3")
			receive(t, near, "2", "3")
		})
		check("a frame without latency", 0, func() {
			send(t, far, "4")
			receive(t, near, "4")
		})
		check("the end of a link", 10*time.Millisecond, func() {
			send(t, near, "last")
			near.Close()
			receive(t, far, "last")
			expectEnd(t, far, "EOF")
		})
		check("a refused dial", 20*time.Millisecond, func() {
			if _, err := a.Dial(t.Context(), transport.MakeAddr("mem", "nobody")); err == nil || !strings.HasSuffix(err.Error(), "refused") {
				t.Errorf("Dial of nobody: %v, want an error that ends in refused", err)
			}
		})
	})
}

// TestNetworkManual has frames delivered by a manual clock, on the goroutine that moves it.
func TestNetworkManual(t *testing.T) {
	clk := gossiptest.NewClock(time.Time{})
	n := gossiptest.NewNetwork(clk, nil)
	a, b := n.Listen("a"), n.Listen("b")
	near, far := connect(t, a, b)
	n.SetLatency(time.Second)
	send(t, near, "1")
	clk.Advance(500 * time.Millisecond)
	send(t, near, "2", "3")
	if got, want := clk.Pending(), 1; got != want {
		t.Errorf("the network has set %d timers, want %d", got, want)
	}
	clk.Advance(500 * time.Millisecond)
	receive(t, far, "1")
	if !clk.AdvanceToNext() {
		t.Fatal("no timer is set with frames on their way")
	}
	receive(t, far, "2", "3")
	a.Close()
	b.Close()
	clk.Advance(time.Second)
	if got := clk.Pending(); got != 0 {
		t.Errorf("%d timers are set after everything has arrived, want none", got)
	}
}

// TestNetworkOrder has everything due at one time arrive in the order in which it was sent.
func TestNetworkOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := gossiptest.NewNetwork(nil, &gossiptest.NetworkOptions{Latency: time.Second})
		hub := n.Listen("hub")
		defer hub.Close()
		var want []string
		for i := range 20 {
			tr := n.Listen(fmt.Sprint("t", (i*7)%20))
			defer tr.Close()
			want = append(want, tr.Addr().String())
			go tr.Dial(t.Context(), hub.Addr())
			synctest.Wait()
		}
		var got []string
		for range want {
			l, err := hub.Accept()
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, l.Peer().Addr.String())
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("order of links differs from the order of dials (-got +want):\n%s", diff)
		}
	})
}

func TestNetworkBackPressure(t *testing.T) {
	ends := map[string]func(n *gossiptest.Network, near, far transport.Link){
		"near link":  func(n *gossiptest.Network, near, far transport.Link) { near.Close() },
		"far link":   func(n *gossiptest.Network, near, far transport.Link) { far.Close() },
		"near crash": func(n *gossiptest.Network, near, far transport.Link) { n.Crash(far.Peer().Addr) },
		"far crash":  func(n *gossiptest.Network, near, far transport.Link) { n.Crash(near.Peer().Addr) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := gossiptest.NewNetwork(nil, nil)
				a, b := n.Listen("a"), n.Listen("b")
				defer a.Close()
				defer b.Close()
				near, far := connect(t, a, b)
				sent, ended := 0, false
				go func() {
					for near.Send([]byte{byte(sent)}) == nil {
						sent++
					}
					ended = true
				}()
				synctest.Wait()
				const room = 64
				if sent != room || ended {
					t.Fatalf("%d frames were sent before Send blocked, want %d", sent, room)
				}
				for i := range 3 {
					if frame, err := far.Recv(); err != nil || int(frame[0]) != i {
						t.Fatalf("Recv() = %v, %v, want [%d]", frame, err, i)
					}
					synctest.Wait()
				}
				if got, want := sent, room+3; got != want {
					t.Errorf("%d frames were sent after 3 were received, want %d", got, want)
				}
				end(n, near, far)
				synctest.Wait()
				if !ended {
					t.Error("Send still blocks after the end of the link")
				}
			})
		})
	}
}

func TestNetworkFrameTooLarge(t *testing.T) {
	n := gossiptest.NewNetwork(nil, &gossiptest.NetworkOptions{MaxFrame: 4})
	a, b := n.Listen("a"), n.Listen("b")
	near, far := connect(t, a, b)
	if err := near.Send([]byte("12345")); !errors.Is(err, transport.ErrFrameTooLarge) || errors.Is(err, transport.ErrClosed) {
		t.Errorf("Send of 5 bytes: %v, want ErrFrameTooLarge", err)
	}
	send(t, near, "1234")
	receive(t, far, "1234")
}

func TestNetworkCloseUnblocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := gossiptest.NewNetwork(nil, nil)
		a, b := n.Listen("a"), n.Listen("b")
		near, far := connect(t, a, b)
		n.OneWay(a.Addr(), b.Addr())
		var accepted, dialed, received error
		go func() { _, accepted = a.Accept() }()
		go func() { _, dialed = a.Dial(t.Context(), b.Addr()) }()
		go func() { _, received = near.Recv() }()
		synctest.Wait()
		for range 2 {
			if err := a.Close(); err != nil {
				t.Errorf("Close() = %v", err)
			}
		}
		synctest.Wait()
		for call, err := range map[string]error{"Accept": accepted, "Dial": dialed, "Recv": received} {
			if !errors.Is(err, transport.ErrClosed) || errors.Is(err, io.EOF) {
				t.Errorf("%s after Close: %v, want ErrClosed", call, err)
			}
		}
		if err := near.Close(); err != nil {
			t.Errorf("Close of a link that has ended = %v", err)
		}
		if err := far.Close(); err != nil { // the news has not come through
			t.Errorf("Close of the far end = %v", err)
		}
		if _, err := a.Accept(); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("Accept after Close: %v, want ErrClosed", err)
		}
	})
}

func BenchmarkNetwork(b *testing.B) {
	n := gossiptest.NewNetwork(nil, nil)
	from, to := n.Listen(""), n.Listen("")
	near, err := from.Dial(b.Context(), to.Addr())
	if err != nil {
		b.Fatal(err)
	}
	far, err := to.Accept()
	if err != nil {
		b.Fatal(err)
	}
	frame := make([]byte, 256)
	b.ReportAllocs()
	for b.Loop() {
		if err := near.Send(frame); err != nil {
			b.Fatal(err)
		}
		if _, err := far.Recv(); err != nil {
			b.Fatal(err)
		}
	}
}
