package gossip

import (
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
)

// Status says how a node is.
type Status struct {
	Ready       bool          // it runs, the start is on record in the Store, it is not Partitioned, and it has not left
	Partitioned bool          // KeySentinel was seen and has expired, or there is no link though the Resolvers name others, or cannot say
	NodeID      NodeID        // 0: it has none yet
	ClusterID   string        // "": not known yet
	Incarnation uint64        // of this start of the node; higher than any before. 0: not on record yet
	ClockOffset time.Duration // what this node adds to its clock for the stamps of infos, as most of its peers show another time; mostly 0
	Links       []LinkStatus  // in the order in which they were opened; callers last
}

// LinkStatus describes a link.
type LinkStatus struct {
	Peer        Peer   // the other end
	Incarnation uint64 // of the peer; 0: not known yet
	Admitted    bool   // both ends have agreed to it; infos flow
	Caller      bool   // no link: the peer calls now and then, by Gossip or the RPC of that name, and holds a place meanwhile
}

// snapshot is what the loop publishes of itself. It is immutable.
type snapshot struct {
	running     bool
	incarnation uint64
	cluster     string
	others      bool // there may be somebody to link to
	sentinel    bool // KeySentinel has been seen
	clockOffset time.Duration
	links       []core.LinkInfo
}

// publishStatus shows readers how the node is.
func (l *loop) publishStatus() {
	l.g.snapshot.Store(&snapshot{
		running:     l.running,
		incarnation: l.durable,
		cluster:     l.cluster,
		others:      l.others(),
		sentinel:    l.sentinel,
		clockOffset: l.clockOffset,
		links:       l.linkInfos,
	})
}

// Status returns how the node is. It waits for nothing; so do [Gossip.Incoming] and [Gossip.Outgoing].
func (g *Gossip) Status() Status {
	s := g.snapshot.Load()
	status := Status{NodeID: g.GetNodeID(), ClusterID: s.cluster, Incarnation: s.incarnation, ClockOffset: s.clockOffset}
	admitted := false
	for _, k := range s.links {
		admitted = admitted || k.Admitted && !k.Caller
		status.Links = append(status.Links, LinkStatus{
			Peer:        Peer{NodeID: NodeID(k.Node), Addr: fromWire(k.Addr), Dialed: k.Dialed},
			Incarnation: k.Incarnation,
			Admitted:    k.Admitted,
			Caller:      k.Caller,
		})
	}
	if s.running {
		expired := s.sentinel && !live(g.records.get(KeySentinel), g.now().Mono)
		status.Partitioned = expired || !admitted && s.others
		status.Ready = s.incarnation != 0 && !status.Partitioned && !g.commands.left.Load()
	}
	return status
}

// Incoming returns the IDs of the nodes whose links this node has accepted and admitted, and of those that call it by
// Gossip or the RPC of that name, until ten Intervals after the last call; sorted. The slice is the caller's.
func (g *Gossip) Incoming() []NodeID { return g.linked(false) }

// Outgoing returns the IDs of the nodes that this node has dialled and that have admitted it, sorted. The slice is the
// caller's.
func (g *Gossip) Outgoing() []NodeID { return g.linked(true) }

func (g *Gossip) linked(dialed bool) []NodeID {
	ids := []NodeID{}
	for _, k := range g.snapshot.Load().links {
		if k.Admitted && k.Dialed == dialed && k.Node != 0 {
			ids = append(ids, NodeID(k.Node))
		}
	}
	slices.Sort(ids)
	return ids
}

// Connected returns a channel that is closed, for good, when an info under KeyClusterID is first seen.
func (g *Gossip) Connected() <-chan struct{} { return g.connected }
