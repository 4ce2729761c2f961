package main

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/transport"
)

// silent is an address where nobody answers: dial, in place of net.Dialer, waits there until it is told to stop. If it sees
// a deadline, it is too early with an error of its own, as a net.Dialer may be.
const silent = "silent:1"

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	if address == silent {
		if _, ok := ctx.Deadline(); ok {
			return nil, os.ErrDeadlineExceeded
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

func listen(t *testing.T) *Transport {
	t.Helper()
	tr, err := Listen("127.0.0.1:0", &Options{Dial: dial})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

// TestContract is all that a transport needs to show that it keeps the contract. Run it with -race.
func TestContract(t *testing.T) {
	gossiptest.TestTransport(t, gossiptest.TransportHarness{
		New: func(t *testing.T, n int) []transport.Transport {
			ts := make([]transport.Transport, n)
			for i := range ts {
				ts[i] = listen(t)
			}
			return ts
		},
		MaxFrame: maxFrame,
		Silent:   transport.MakeAddr("tcp", silent),
	})
}

// TestContractUnderWeather wraps the transports, as a test does that has faults between them.
func TestContractUnderWeather(t *testing.T) {
	gossiptest.TestTransport(t, gossiptest.TransportHarness{
		New: func(t *testing.T, n int) []transport.Transport {
			w := gossiptest.NewWeather(nil)
			ts := make([]transport.Transport, n)
			for i := range ts {
				ts[i] = gossiptest.Wrap(listen(t), w)
				t.Cleanup(func() { ts[i].Close() })
			}
			return ts
		},
		MaxFrame: maxFrame,
		Silent:   transport.MakeAddr("tcp", silent),
		Links:    100,
	})
}

// TestStrangers is what the suite leaves to each transport, since it does not know its bytes: they come from anybody.
func TestStrangers(t *testing.T) {
	for _, test := range []struct {
		name, sends string
		hangsUp     bool
		frames      int // that are received before the link ends
	}{
		{name: "hangs up at once", hangsUp: true},
		{name: "hangs up within a length", sends: "\x00\x00", hangsUp: true},
		{name: "hangs up within a frame", sends: "\x00\x00\x00\x02ok\x00\x00\x00\x09half", hangsUp: true, frames: 1},
		{name: "announces too much", sends: "\x00\x00\x00\x00\x00\x40\x00\x01", frames: 1},
		{name: "speaks something else", sends: "GET / HTTP/1.1\r\n\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tr := listen(t)
			mute := stranger(t, tr)
			conn := stranger(t, tr)
			if _, err := conn.Write([]byte(test.sends)); err != nil {
				t.Fatal(err)
			}
			if test.hangsUp {
				conn.Close()
			}
			for range 2 { // the mute one, who comes first, keeps nobody waiting
				l, err := tr.Accept()
				if err != nil {
					t.Fatal(err)
				}
				if l.Peer().Addr.String() == mute.LocalAddr().String() {
					continue
				}
				for range test.frames {
					if _, err := l.Recv(); err != nil {
						t.Fatal(err)
					}
				}
				for range 2 {
					if f, err := l.Recv(); !errors.Is(err, transport.ErrClosed) {
						t.Errorf("Recv = %q, %v, want an error that wraps ErrClosed", f, err)
					}
				}
			}
		})
	}
}

func stranger(t *testing.T, tr *Transport) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", tr.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestListen(t *testing.T) {
	tr, err := Listen(":0", &Options{Advertise: "host.example:7946"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tr.Addr(), transport.MakeAddr("tcp", "host.example:7946"); got != want {
		t.Errorf("Addr() = %q, want %q", got, want)
	}
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	for _, address := range []string{":0", "nowhere"} {
		if tr, err := Listen(address, nil); err == nil {
			t.Errorf("Listen(%q) with address %q, want an error", address, tr.Addr())
		}
	}
}
