package gossiptest

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/internal/serial"
	"github.com/grapevine-go/grapevine/transport"
)

// Bubble runs body in a simulated network, as [Run] does, whose hosts talk over connections: what is tested may use gRPC, TLS or any other code that
// works on a net.Conn, as it is, in virtual time.
//
//	func TestOrdersOverGRPC(t *testing.T) {
//		gossiptest.Bubble(t, func(s *gossiptest.Sim) {
//			c := gossiptest.NewCluster(s, 5, func(h *gossiptest.Host) *gossip.Gossip {
//				tr, err := grpctransport.Listen("", &grpctransport.Options{Listener: h.Listen(), Dialer: h.Dial})
//				if err != nil {
//					s.Fatal(err)
//				}
//				cfg := h.Config()
//				cfg.Transport = tr
//				g, err := gossip.New(cfg)
//				if err != nil {
//					s.Fatal(err)
//				}
//				return g
//			})
//			s.Faults(fault.Fault{Kind: fault.Partition, At: 5 * time.Second, For: 20 * time.Second, Nodes: []int{3, 4}})
//			...
//			c.Converged(10*time.Second, func(g *gossip.Gossip) any { return contents(g) })
//		})
//	}
//
// Everything that a [Sim], a [Cluster] and a [Host] have is there: faults, conditions, crashes and restarts. Deadlines, keepalive and
// timeouts of what is tested pass in virtual time.
//
// # Connections
//
// [Host.Listen] and [Host.Dial] make them. They take the latency of the network, lose nothing and keep the order; what the network loses is sent again, and comes
// late. A cut loses what is sent, without a word: a connection that has lost something ends when the cut does, with ECONNRESET, and what lives above it may
// notice before.
// 256 KiB may be written and not read, then Write blocks. The faults Datagrams, Duplicate and Reorder do nothing to connections; what a
// [Sim.Rule] drops comes late, too.
//
// # What a seed means
//
// The seed decides about faults, latencies and losses, but not about which of two goroutines comes first: what runs above connections is not run step by
// step, and gRPC draws random numbers of its own. So a seed gives much the same run again and not the same one. What must be found and repeated is for
// Run, with the transport of the Host; this is to see the real one at work.
//
// One seed is tried, unless GOSSIPTEST_RUNS says more; GOSSIPTEST_SEED says which. A failure shows the seed, what is wrong, the faults, and
// how the hosts are. Goroutines that are left when everything has ended, and five seconds of virtual time more have passed, are a failure that shows where they are.
// A run that hangs ends the process, as one of Run does.
//
// Bubble is called on the goroutine of the test, outside of any bubble.
func Bubble(t *testing.T, body func(s *Sim)) {
	t.Helper()
	freeRunner(t, body, func(text string) { t.Helper(); t.Error(strings.TrimRight(text, "\n")) }).seeds()
}

func freeRunner(t *testing.T, body func(s *Sim), fail func(string)) *runner {
	t.Helper()
	e := environment(t, 1)
	e.check, e.shrink, e.save = "none", false, false
	return &runner{t: t, name: t.Name(), body: body, env: e, patience: hangLimit, free: true, fail: fail}
}

// Listen has the host accept connections, at the address that [Host.Transport] has, in place of links. It is for grpctransport.Options.Listener, and for
// whatever else takes a listener. It ends the run if the host listens already; to close the listener leaves its connections.
func (h *Host) Listen() net.Listener {
	l, err := h.run.Listen()
	if err != nil {
		h.sim.Fatal(err)
	}
	return l
}

// Dial opens a connection to the host with an address, which listens. It returns when the connection is up, or fails after the DialTimeout of the
// [NetworkModel] if nobody answers, and when ctx ends. A host that is up and does not listen closes it. It is for grpctransport.Options.Dialer.
func (h *Host) Dial(ctx context.Context, to transport.Addr) (net.Conn, error) {
	c, err := h.run.Stream(ctx, to)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Break ends all links and connections between two hosts, as something on the way does that forgets them: both ends are told, behind what is on
// its way: who reads has ECONNRESET then, not io.EOF. It returns how many there were. New ones can be made at once.
func (s *Sim) Break(i, j int) int { return s.world.Break(i, j) }

// state says how the hosts are.
func (s *Sim) state() string {
	s.mu.Lock()
	owners := slices.Clone(s.owners)
	s.mu.Unlock()
	var b strings.Builder
	for _, o := range owners {
		for i := range o.n {
			h := s.world.Host(o.first + i)
			runs, links := h.Count()
			fmt.Fprintf(&b, "%s: ", serial.Name(o.first+i))
			if !o.cluster.Up(i) {
				fmt.Fprintf(&b, "down, after run %d\n", runs)
				continue
			}
			fmt.Fprintf(&b, "up, run %d, %d connections%s\n", runs, links, about(o.cluster.app(i)))
		}
	}
	return b.String()
}

// about says what is known of an application.
func about(app any) string {
	switch app := app.(type) {
	case interface{ Status() gossip.Status }:
		st := app.Status()
		var peers []string
		for _, l := range st.Links {
			peers = append(peers, fmt.Sprint(l.Peer.NodeID))
		}
		return fmt.Sprintf("; node %d, ready %v, partitioned %v, links to %s", st.NodeID, st.Ready, st.Partitioned, strings.Join(peers, " "))
	case fmt.Stringer:
		return "; " + app.String()
	}
	return ""
}
