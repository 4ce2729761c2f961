package gossiptest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/transport"
)

func TestNetworkDial(t *testing.T) {
	n := gossiptest.NewNetwork(nil, nil)
	a, b := n.Listen("a"), n.Listen("b")
	gone := n.Listen("gone")
	gone.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name string
		from transport.Transport
		ctx  context.Context
		to   transport.Addr
		is   error // that the error wraps
		text string
	}{
		{name: "ended context", from: a, ctx: ended, to: b.Addr(), is: context.Canceled, text: "dial b from a: context canceled"},
		{name: "closed", from: gone, ctx: t.Context(), to: b.Addr(), is: transport.ErrClosed, text: "dial b from gone: transport: closed"},
		{name: "closed, far end", from: a, ctx: t.Context(), to: gone.Addr(), text: "dial gone from a: connection refused"},
		{name: "nobody", from: a, ctx: t.Context(), to: transport.MakeAddr("mem", "c"), text: "dial c from a: connection refused"},
		{name: "other network", from: a, ctx: t.Context(), to: transport.MakeAddr("tcp", "b"), text: `dial b from a: network "tcp" is not "mem"`},
		{name: "zero address", from: a, ctx: t.Context(), text: `dial  from a: network "" is not "mem"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l, err := test.from.Dial(test.ctx, test.to)
			if l != nil || err == nil || err.Error() != test.text {
				t.Fatalf("Dial() = %v, %v, want the error %q", l, err, test.text)
			}
			for _, sentinel := range []error{context.Canceled, transport.ErrClosed} {
				if got, want := errors.Is(err, sentinel), sentinel == test.is; got != want {
					t.Errorf("errors.Is(%v, %v) = %v, want %v", err, sentinel, got, want)
				}
			}
		})
	}
	t.Run("self", func(t *testing.T) {
		near, far := connect(t, a, a)
		send(t, near, "to myself")
		receive(t, far, "to myself")
		near.Close()
		expectEnd(t, far, "EOF")
	})
	t.Run("backlog", func(t *testing.T) {
		links := 0
		for ; ; links++ {
			if _, err := a.Dial(t.Context(), b.Addr()); err != nil {
				break
			}
		}
		if want := 1024; links != want {
			t.Errorf("%d links wait for Accept before a dial is refused, want %d", links, want)
		}
	})
}

// TestNetworkDialEnds ends dials half-way, when the far end has a link already.
func TestNetworkDialEnds(t *testing.T) {
	const latency = time.Second
	tests := []struct {
		name  string
		end   func(n *gossiptest.Network, a, b transport.Transport, cancel func())
		want  error  // of Dial; nil: a link
		cause string // of the end of the far link
	}{
		{
			name: "context", want: context.Canceled, cause: "EOF",
			end: func(n *gossiptest.Network, a, b transport.Transport, cancel func()) { cancel() },
		},
		{
			name: "Close", want: transport.ErrClosed, cause: "EOF",
			end: func(n *gossiptest.Network, a, b transport.Transport, cancel func()) { a.Close() },
		},
		{
			name: "crash", want: transport.ErrClosed, cause: "reset",
			end: func(n *gossiptest.Network, a, b transport.Transport, cancel func()) { n.Crash(a.Addr()) },
		},
		{
			name: "crash of the far end", cause: "closed",
			end: func(n *gossiptest.Network, a, b transport.Transport, cancel func()) { n.Crash(b.Addr()) },
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := gossiptest.NewNetwork(clock.System(), &gossiptest.NetworkOptions{Latency: latency})
				a, b := n.Listen("a"), n.Listen("b")
				defer a.Close()
				defer b.Close()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				dialed := make(chan error, 1)
				go func() {
					l, err := a.Dial(ctx, b.Addr())
					if err == nil {
						expectEnd(t, l, "reset")
					}
					dialed <- err
				}()
				far, err := b.Accept()
				if err != nil {
					t.Fatal(err)
				}
				send(t, far, "never received")
				test.end(n, a, b, cancel)
				if err := <-dialed; !errors.Is(err, test.want) {
					t.Errorf("Dial() = %v, want %v", err, test.want)
				}
				expectEnd(t, far, test.cause)
			})
		})
	}
}
