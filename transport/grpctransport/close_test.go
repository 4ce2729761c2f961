package grpctransport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/gossip/gossippb/gossipgrpc"
	"github.com/grapevine-go/grapevine/transport"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// bubble runs f in a synctest bubble, on a node that listens in memory and dials itself. The bubble ends only
// if no goroutine is left in it.
func bubble(t *testing.T, f func(t *testing.T, n *grpctransport.Transport, m *memory)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		n := listen(t, &grpctransport.Options{Listener: m, Dialer: m.dial})
		f(t, n, m)
	})
}

// outcome runs f in the background; the channel it returns gets f's error.
func outcome(f func() error) <-chan error {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return c
}

// pending reports an error if there is one already, though everything that can go on has.
func pending(t *testing.T, what string, c <-chan error) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-c:
		t.Errorf("%s did not block: %v", what, err)
	default:
	}
}

func recv(l transport.Link) func() error {
	return func() error { _, err := l.Recv(); return err }
}

// flood sends on l until that fails.
func flood(l transport.Link) func() error {
	return func() error {
		frame := make([]byte, 16<<10)
		for {
			if err := l.Send(frame); err != nil {
				return err
			}
		}
	}
}

// TestCloseUnblocks ends a link or a transport in every way while calls are blocked at both ends.
func TestCloseUnblocks(t *testing.T) {
	for _, call := range []struct {
		name string
		make func(transport.Link) func() error
	}{{"Recv", recv}, {"Send", flood}} {
		for _, end := range []struct {
			name  string
			close func(n *grpctransport.Transport, dialled, accepted transport.Link)
		}{
			{"dialler", func(_ *grpctransport.Transport, dialled, _ transport.Link) { dialled.Close() }},
			{"acceptor", func(_ *grpctransport.Transport, _, accepted transport.Link) { accepted.Close() }},
			{"transport", func(n *grpctransport.Transport, _, _ transport.Link) { n.Close() }},
		} {
			t.Run(call.name+"/"+end.name, func(t *testing.T) {
				bubble(t, func(t *testing.T, n *grpctransport.Transport, _ *memory) {
					dialled, accepted := connect(t, n, n)
					ends := map[string]transport.Link{"dialler": dialled, "acceptor": accepted}
					blocked := make(map[string]<-chan error)
					for who, l := range ends {
						blocked[who] = outcome(call.make(l))
						pending(t, call.name+" of the "+who, blocked[who])
					}
					end.close(n, dialled, accepted)
					for who, l := range ends {
						if call.name == "Send" {
							drain(t, who, l) // the news is behind what the other end sent
						}
						if err := <-blocked[who]; !errors.Is(err, transport.ErrClosed) {
							t.Errorf("blocked %s of the %s: got %v, want %v", call.name, who, err, transport.ErrClosed)
						}
						drain(t, who, l)
						if err := l.Send(nil); !errors.Is(err, transport.ErrClosed) {
							t.Errorf("Send of the %s afterwards: got %v, want %v", who, err, transport.ErrClosed)
						}
						if err := l.Close(); err != nil {
							t.Errorf("Close of the %s afterwards: %v", who, err)
						}
					}
				})
			})
		}
	}
}

// drain receives what may have been on its way when the link ended, and then the end.
func drain(t testing.TB, who string, l transport.Link) {
	t.Helper()
	for {
		if _, err := l.Recv(); err != nil {
			if !errors.Is(err, transport.ErrClosed) {
				t.Errorf("Recv of the %s afterwards: got %v, want %v", who, err, transport.ErrClosed)
			}
			return
		}
	}
}

// TestAcceptorsLastFrames has the accepting end send and close at once: the dialling one gets it all, then the end.
// A transport that closes is no different.
func TestAcceptorsLastFrames(t *testing.T) {
	for _, tt := range []struct {
		name  string
		close func(n *grpctransport.Transport, accepted transport.Link)
	}{
		{"link", func(_ *grpctransport.Transport, accepted transport.Link) { accepted.Close() }},
		{"transport", func(n *grpctransport.Transport, _ transport.Link) { n.Close() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *grpctransport.Transport, m *memory) {
				from := listen(t, &grpctransport.Options{Listener: newMemory(), Dialer: m.dial})
				dialled, accepted := connect(t, from, n)
				const frames = 100
				for i := range frames {
					if err := accepted.Send(fmt.Append(nil, "frame ", i)); err != nil {
						t.Fatal(err)
					}
				}
				tt.close(n, accepted)
				for i := range frames {
					got, err := dialled.Recv()
					if want := fmt.Sprint("frame ", i); err != nil || string(got) != want {
						t.Fatalf("Recv = %q, %v, want %q", got, err, want)
					}
				}
				if _, err := dialled.Recv(); !errors.Is(err, transport.ErrClosed) {
					t.Errorf("Recv after the last frame: got %v, want %v", err, transport.ErrClosed)
				}
			})
		})
	}
}

// TestCloseDoesNotWaitForPeers closes a transport whose peers do nothing: one does not receive, another never said that
// it was one.
func TestCloseDoesNotWaitForPeers(t *testing.T) {
	bubble(t, func(t *testing.T, n *grpctransport.Transport, m *memory) {
		_, accepted := connect(t, n, n)
		sending := outcome(flood(accepted))
		pending(t, "Send", sending)
		silent, err := m.dial(t.Context(), n.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
		reading := outcome(func() error { _, err := io.Copy(io.Discard, silent); return err }) // the server speaks first
		synctest.Wait()
		begin := time.Now()
		n.Close()
		if got, limit := time.Since(begin), 100*time.Millisecond; got > limit {
			t.Errorf("Close took %v, want at most %v", got, limit)
		}
		if err := <-sending; !errors.Is(err, transport.ErrClosed) {
			t.Errorf("Send: got %v, want %v", err, transport.ErrClosed)
		}
		<-reading
	})
}

// TestSilentClient has a client connect and say nothing: it is let go of, and keeps nobody waiting.
func TestSilentClient(t *testing.T) {
	bubble(t, func(t *testing.T, n *grpctransport.Transport, m *memory) {
		silent, err := m.dial(t.Context(), n.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
		begin := time.Now()
		for range 2 {
			dialled, accepted := connect(t, n, n)
			echo(t, accepted)
			exchange(t, dialled)
			io.Copy(io.Discard, silent)
		}
		if got, want := time.Since(begin), 20*time.Second; got != want {
			t.Errorf("the silent client was cut off after %v, want %v", got, want)
		}
	})
}

// TestClientWithoutAStream has a client connect, say what makes it one of gRPC, and never open a stream.
func TestClientWithoutAStream(t *testing.T) {
	bubble(t, func(t *testing.T, n *grpctransport.Transport, m *memory) {
		conn, err := m.dial(t.Context(), n.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		go io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+"\x00\x00\x00\x04\x00\x00\x00\x00\x00") // and empty settings
		begin := time.Now()
		io.Copy(io.Discard, conn)
		if got, least, most := time.Since(begin), time.Minute, 2*time.Minute; got < least || got > most {
			t.Errorf("the client was cut off after %v, want between %v and %v", got, least, most)
		}
	})
}

// TestClosedTransport calls everything on a transport that is closed, from several goroutines.
func TestClosedTransport(t *testing.T) {
	bubble(t, func(t *testing.T, n *grpctransport.Transport, _ *memory) {
		accepting := outcome(func() error { _, err := n.Accept(); return err })
		pending(t, "Accept", accepting)
		var closers sync.WaitGroup
		for range 3 {
			closers.Go(func() {
				if err := n.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
		}
		closers.Wait()
		_, dialErr := n.Dial(t.Context(), n.Addr())
		_, acceptErr := n.Accept()
		for what, err := range map[string]error{"blocked Accept": <-accepting, "Accept": acceptErr, "Dial": dialErr} {
			if !errors.Is(err, transport.ErrClosed) {
				t.Errorf("%s: got %v, want %v", what, err, transport.ErrClosed)
			}
		}
	})
}

// TestCloseEndsDial closes a transport that dials an address where nobody answers.
func TestCloseEndsDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := listen(t, &grpctransport.Options{Listener: newMemory(), Dialer: hang})
		dialling := outcome(func() error { _, err := n.Dial(t.Context(), n.Addr()); return err })
		pending(t, "Dial", dialling)
		n.Close()
		if err := <-dialling; !errors.Is(err, transport.ErrClosed) {
			t.Errorf("Dial: got %v, want %v", err, transport.ErrClosed)
		}
	})
}

func hang(ctx context.Context, _ transport.Addr) (net.Conn, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestListenerFails closes the listener under a transport: it cannot accept any more and says why.
func TestListenerFails(t *testing.T) {
	bubble(t, func(t *testing.T, n *grpctransport.Transport, m *memory) {
		m.Close()
		_, err := n.Accept()
		if !errors.Is(err, transport.ErrClosed) || !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept: got %v, want %v and %v", err, transport.ErrClosed, net.ErrClosed)
		}
	})
}

// TestStopEmbeddersServer stops an embedder's server the way that Register's documentation says, while a link is up.
func TestStopEmbeddersServer(t *testing.T) {
	n, s := register(t, nil, nil)
	dialled, accepted := connect(t, listen(t, nil), n)
	n.Close()
	s.GracefulStop()
	if _, err := accepted.Recv(); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("acceptor's Recv: got %v, want %v", err, transport.ErrClosed)
	}
	if _, err := dialled.Recv(); !errors.Is(err, transport.ErrClosed) || status.Code(err) != codes.Unavailable {
		t.Errorf("dialler's Recv: got %v, want %v and %v", err, transport.ErrClosed, codes.Unavailable)
	}
}

// TestEmbeddersServerGoesOn closes the transport on an embedder's server: that one lives on and refuses links.
func TestEmbeddersServerGoesOn(t *testing.T) {
	n, _ := register(t, nil, nil)
	cc := client(t, n.Addr().String())
	n.Close()
	stream, err := gossipgrpc.NewGossipClient(cc).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("client's Recv: got %v, want %v", err, codes.Unavailable)
	}
}

// TestEmbedderStopsServer has the embedder stop the server without a word: both ends notice.
func TestEmbedderStopsServer(t *testing.T) {
	n, s := register(t, nil, nil)
	dialled, accepted := connect(t, listen(t, nil), n)
	s.Stop()
	for who, l := range map[string]transport.Link{"dialler": dialled, "acceptor": accepted} {
		if _, err := l.Recv(); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("Recv of the %s: got %v, want %v", who, err, transport.ErrClosed)
		}
	}
}
