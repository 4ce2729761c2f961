package gossiptest_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest"
)

// shouter is a service over plain connections: it sends back each line in capitals.
type shouter struct{ net.Listener }

func (s shouter) Run(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { s.Close() })()
	for {
		c, err := s.Accept()
		if err != nil {
			return nil
		}
		go func() {
			defer c.Close()
			for lines := bufio.NewScanner(c); lines.Scan(); {
				fmt.Fprintln(c, strings.ToUpper(lines.Text()))
			}
		}()
	}
}

// TestShouter is what a test of such a service is like: a call takes two latencies, of which none is waited for.
func TestShouter(t *testing.T) {
	gossiptest.Bubble(t, func(s *gossiptest.Sim) {
		s.Network(gossiptest.NetworkModel{Latency: time.Second, Jitter: -1})
		c := gossiptest.NewCluster(s, 2, func(h *gossiptest.Host) shouter { return shouter{h.Listen()} })
		conn, err := c.Host(0).Dial(s.Context(), c.Host(1).Transport().Addr())
		if err != nil {
			s.Fatal(err)
		}
		defer conn.Close()
		begin := s.Now()
		fmt.Fprintln(conn, "hello")
		answer, err := bufio.NewReader(conn).ReadString('\n')
		if took := s.Now() - begin; answer != "HELLO\n" || err != nil || took != 2*time.Second {
			s.Errorf("%q, %v after %v, want HELLO after 2s", answer, err, took)
		}
	})
}
