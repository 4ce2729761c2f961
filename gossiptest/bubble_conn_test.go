package gossiptest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// listening is an application that lets the test use its listener.
type listening struct {
	*gossiptest.Host
	net.Listener
}

func (l listening) Run(ctx context.Context) error {
	<-ctx.Done()
	return l.Listener.Close()
}

// plain is a connection of two hosts over a network whose latency is 10 ms, of which n1 listens.
type plain struct {
	*gossiptest.Sim
	hosts     *gossiptest.Cluster[listening]
	near, far net.Conn
}

func overConns(t *testing.T, f func(t *testing.T, p *plain)) {
	t.Helper()
	gossiptest.Bubble(t, func(s *gossiptest.Sim) {
		s.Network(gossiptest.NetworkModel{Latency: 10 * time.Millisecond, Jitter: -1})
		p := &plain{Sim: s}
		p.hosts = gossiptest.NewCluster(s, 2, func(h *gossiptest.Host) listening { return listening{h, h.Listen()} })
		p.near, p.far = p.connect()
		f(t, p)
		p.near.Close()
		p.far.Close()
	})
}

// Any number of goroutines may accept at once: none is forgotten, and none has what another one has.
func TestAcceptOfSeveral(t *testing.T) {
	overConns(t, func(t *testing.T, p *plain) {
		const n = 4
		accepted := make(chan net.Conn, n)
		accept := func() {
			c, err := p.hosts.App(1).Accept()
			if err != nil {
				p.Errorf("Accept: %v", err)
			}
			accepted <- c
		}
		dial := func() {
			c, err := p.hosts.Host(0).Dial(p.Context(), p.hosts.Host(1).Transport().Addr())
			if err != nil {
				p.Fatal(err)
			}
			p.Cleanup(func() { c.Close() })
		}
		for range n / 2 { // they wait for what is dialled
			go accept()
		}
		p.RunFor(time.Second)
		for range n - 1 {
			dial()
		}
		p.RunFor(time.Second)
		for range n / 2 { // they find one there, for which one of them is too late
			go accept()
		}
		p.RunFor(time.Second)
		dial()
		p.RunFor(time.Second)
		if got := len(accepted); got != n {
			p.Errorf("%d of %d connections are accepted", got, n)
		}
		seen := map[net.Conn]bool{}
		for range len(accepted) {
			c := <-accepted
			if c == nil || seen[c] {
				p.Fatalf("Accept returned %v, twice or without an error", c)
			}
			seen[c] = true
			c.Close()
		}
	})
}

func (p *plain) connect() (near, far net.Conn) {
	near, err := p.hosts.Host(0).Dial(p.Context(), p.hosts.Host(1).Transport().Addr())
	if err != nil {
		p.Fatal(err)
	}
	far, err = p.hosts.App(1).Accept()
	if err != nil {
		p.Fatal(err)
	}
	return near, far
}

func (p *plain) write(c net.Conn, text string) {
	if n, err := c.Write([]byte(text)); n != len(text) || err != nil {
		p.Errorf("Write(%q) = %d, %v", text, n, err)
	}
}

// read reads some text, which has to take as long as is said.
func (p *plain) read(c net.Conn, want string, takes time.Duration) {
	begin := p.Now()
	got := make([]byte, len(want))
	n, err := io.ReadFull(c, got)
	if string(got[:n]) != want || err != nil || p.Now()-begin != takes {
		p.Errorf("Read() = %.50q, %v after %v, want %.50q after %v", got[:n], err, p.Now()-begin, want, takes)
	}
}

// readEnd reads the end of a connection.
func (p *plain) readEnd(c net.Conn, want error, takes time.Duration) {
	begin := p.Now()
	n, err := c.Read(make([]byte, 1))
	if n != 0 || !errors.Is(err, want) || p.Now()-begin != takes {
		p.Errorf("Read() = %d, %v after %v, want %v after %v", n, err, p.Now()-begin, want, takes)
	}
}

const ms = time.Millisecond

func TestConns(t *testing.T) {
	for name, f := range map[string]func(t *testing.T, p *plain){
		"latency": func(t *testing.T, p *plain) {
			p.write(p.near, "hello")
			p.write(p.near, ", you")
			p.read(p.far, "he", 10*ms)
			p.read(p.far, "llo, you", 0)
			p.write(p.far, "bye")
			p.read(p.near, "bye", 10*ms)
			if got := p.near.RemoteAddr().String() + p.near.LocalAddr().String() + p.far.RemoteAddr().String() + p.far.LocalAddr().Network(); got != "n1n0n0sim" {
				t.Errorf("addresses are %s", got)
			}
		},
		"what is written stays as it was": func(t *testing.T, p *plain) {
			b := []byte("a")
			p.near.Write(b)
			b[0] = 'b'
			p.read(p.far, "a", 10*ms)
		},
		"close": func(t *testing.T, p *plain) {
			big := make([]byte, 100<<10)
			p.write(p.near, string(big))
			p.near.Close()
			p.read(p.far, string(big), 10*ms)
			p.readEnd(p.far, io.EOF, 0)
			p.readEnd(p.near, net.ErrClosed, 0)
			if _, err := p.near.Write(nil); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Write after Close: %v, want net.ErrClosed", err)
			}
			if err := p.near.Close(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("another Close: %v, want net.ErrClosed", err)
			}
			if _, err := p.far.Write([]byte("a")); !errors.Is(err, syscall.EPIPE) {
				t.Errorf("Write to a closed end: %v, want EPIPE", err)
			}
		},
		"close unblocks": func(t *testing.T, p *plain) {
			p.At(p.Now()+time.Second, func() { p.near.Close() })
			p.readEnd(p.near, net.ErrClosed, time.Second)
		},
		"deadlines": func(t *testing.T, p *plain) {
			p.near.SetReadDeadline(time.Now().Add(time.Second))
			p.readEnd(p.near, os.ErrDeadlineExceeded, time.Second)
			p.near.SetDeadline(time.Time{})
			p.At(p.Now()+time.Second, func() { p.near.SetDeadline(time.Unix(1, 0)) })
			p.readEnd(p.near, os.ErrDeadlineExceeded, time.Second)
			if _, err := p.near.Write([]byte("a")); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("Write after its deadline: %v, want os.ErrDeadlineExceeded", err)
			}
			p.near.SetDeadline(time.Time{})
			p.write(p.near, "a")
			p.read(p.far, "a", 10*ms)
		},
		"back-pressure": func(t *testing.T, p *plain) {
			const window, total = 256 << 10, 1 << 20
			p.near.SetWriteDeadline(time.Now().Add(time.Second))
			n, err := p.near.Write(make([]byte, total))
			if n != window || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("Write() = %d, %v, want %d and os.ErrDeadlineExceeded", n, err, window)
			}
			p.near.SetWriteDeadline(time.Time{})
			p.At(p.Now(), func() { p.write(p.near, string(make([]byte, total-window))) })
			p.read(p.far, string(make([]byte, total)), 30*ms) // three windows more
		},
		"bandwidth": func(t *testing.T, p *plain) {
			p.Faults(fault.Fault{Kind: fault.Bandwidth, At: p.Now(), For: time.Hour, Nodes: []int{0}, Amount: 10})
			p.RunFor(0)
			p.write(p.near, "1234567890")
			p.read(p.far, "1234567890", 1010*ms)
		},
		"a cut": func(t *testing.T, p *plain) {
			p.Faults(fault.Fault{Kind: fault.OneWay, At: p.Now(), For: 5 * time.Second, Nodes: []int{0}, To: []int{1}})
			p.RunFor(0)
			p.write(p.far, "a")
			p.read(p.near, "a", 10*ms)
			p.write(p.near, "lost")
			p.readEnd(p.far, syscall.ECONNRESET, 5*time.Second) // 10 ms after the cut
		},
		"a cut of what is on its way": func(t *testing.T, p *plain) {
			p.Faults(fault.Fault{Kind: fault.Partition, At: p.Now() + 5*ms, For: 15 * ms, Nodes: []int{0}})
			p.write(p.near, "lost")
			p.readEnd(p.far, syscall.ECONNRESET, 30*ms)
		},
		"what keeps no contract": func(t *testing.T, p *plain) {
			for _, k := range []fault.Kind{fault.Datagrams, fault.Duplicate, fault.Reorder} {
				p.Faults(fault.Fault{Kind: k, At: p.Now(), For: time.Hour, Amount: 1})
			}
			p.RunFor(0)
			p.write(p.near, "a")
			p.read(p.far, "a", 10*ms)
			remove := p.Rule(func(*gossiptest.Packet) gossiptest.Verdict { return gossiptest.Verdict{Drop: true} })
			p.write(p.near, "b")
			remove()
			p.write(p.near, "c")
			p.read(p.far, "bc", 50*ms) // b was sent again
		},
		"a connection that is broken": func(t *testing.T, p *plain) {
			other, others := p.connect()
			if got := p.Break(1, 0); got != 2 {
				t.Errorf("Break ends %d connections, want 2", got)
			}
			p.readEnd(p.near, syscall.ECONNRESET, 10*ms)
			p.readEnd(p.far, syscall.ECONNRESET, 0)
			p.readEnd(other, syscall.ECONNRESET, 0)
			if _, err := p.near.Write([]byte("a")); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("Write to a broken connection: %v, want ECONNRESET", err)
			}
			others.Close()
			other.Close()
			if got := p.Break(1, 0); got != 0 {
				t.Errorf("Break ends %d connections, want none", got)
			}
		},
		"a connection that is broken behind what was written": func(t *testing.T, p *plain) {
			p.write(p.near, "a")
			p.Break(0, 1)
			p.RunFor(time.Second)
			p.read(p.far, "a", 0)
			p.readEnd(p.far, syscall.ECONNRESET, 0)
		},
		"a connection to an earlier run": func(t *testing.T, p *plain) {
			p.Faults(fault.Fault{Kind: fault.Silence, At: p.Now(), For: time.Second, Nodes: []int{1}})
			p.RunFor(2 * time.Second)
			p.write(p.near, "a")
			p.readEnd(p.near, syscall.ECONNRESET, 20*ms)
		},
		"a crash": func(t *testing.T, p *plain) {
			p.hosts.Crash(1)
			p.readEnd(p.far, net.ErrClosed, 0)
			p.readEnd(p.near, io.EOF, 10*ms)
			_, err := p.hosts.Host(0).Dial(p.Context(), p.hosts.Host(1).Transport().Addr())
			if op := (*net.OpError)(nil); !errors.As(err, &op) {
				t.Errorf("Dial of a host that is down: %v, want a net.OpError", err)
			}
		},
		"a crash unblocks": func(t *testing.T, p *plain) {
			p.At(p.Now()+time.Second, func() { p.hosts.Crash(0) })
			p.readEnd(p.near, net.ErrClosed, time.Second)
		},
		"a listener that is closed": func(t *testing.T, p *plain) {
			p.hosts.App(0).Close()
			if _, err := p.hosts.App(0).Accept(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Accept() = %v, want net.ErrClosed", err)
			}
			c, err := p.hosts.Host(1).Dial(p.Context(), p.hosts.Host(0).Transport().Addr())
			if err != nil {
				t.Fatal(err)
			}
			p.readEnd(c, io.EOF, 20*ms)
			c.Close()
			p.hosts.Host(0).Listen() // once more
		},
	} {
		t.Run(name, func(t *testing.T) { overConns(t, f) })
	}
}

// TestConnOfTwoWriters has two goroutines write while a third one reads.
func TestConnOfTwoWriters(t *testing.T) {
	overConns(t, func(t *testing.T, p *plain) {
		for i := range 2 {
			p.At(p.Now(), func() {
				for range 1000 {
					fmt.Fprintf(p.near, "%0100d", i)
				}
			})
		}
		got := make([]byte, 100)
		for range 2000 {
			if _, err := io.ReadFull(p.far, got); err != nil || string(got[:99]) != fmt.Sprintf("%099d", 0) {
				t.Fatalf("Read() = %q, %v: what two have written is mixed", got, err)
			}
		}
	})
}
