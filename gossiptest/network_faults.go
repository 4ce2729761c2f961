package gossiptest

import (
	"errors"
	"slices"

	"github.com/grapevine-go/grapevine/transport"
)

// errReset is the cause of the end of links whose other end crashed.
var errReset = errors.New("connection reset")

// Partition splits the network: two addresses reach each other only if there is a group with both. All addresses in none
// of the groups are a group of their own. One that is in several reaches the members of all of them.
//
// A partition takes the place of an earlier one; one-way cuts stay. What crosses neither any more is let through, as
// Heal does. Partition without groups makes the network whole again, but for the one-way cuts.
func (n *Network) Partition(groups ...[]transport.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.groups = make(map[transport.Addr][]int)
	for i, group := range groups {
		for _, addr := range group {
			n.groups[addr] = append(n.groups[addr], i)
		}
	}
	n.release()
}

// OneWay cuts the direction from one address to another, and leaves the other direction as it is. It adds to earlier
// cuts and to a partition. A dial in either direction blocks, since its answer has to come back.
func (n *Network) OneWay(from, to transport.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.oneWay[pair{from, to}] = true
}

// Heal ends the partition and all one-way cuts. What was held back by them is on its way now, in the order in which it
// was sent. It does not wake endpoints that Silence has put to sleep.
func (n *Network) Heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.groups = nil
	clear(n.oneWay)
	n.release()
}

// Crash ends the endpoint at addr as the death of a process does whose machine lives on. The endpoint is closed: all
// its methods return transport.ErrClosed, as those of its links do, and dials to it are refused until another endpoint
// listens there. What it had sent and what had not arrived yet is lost. The other ends of its links are told so, one
// latency later: when they have received what had arrived, Recv returns an error that says "connection reset". Crash
// does nothing if there is no endpoint at addr, or it is closed.
func (n *Network) Crash(addr transport.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	ep := n.endpoints[addr]
	if ep == nil || ep.closed {
		return
	}
	for _, l := range ep.links {
		l.peer.lost = n.serial
	}
	ep.close(errReset)
	n.run()
}

// Silence ends the endpoint at addr as the death of a machine does, or of its network card: from now on nothing arrives
// at it and nothing leaves it, while no link ends. Nobody is told; dials to it block until their context ends. It is for
// good: Heal does not undo it, and when its owner closes it, nobody hears of that. Another endpoint may listen at addr
// then. Silence does nothing if there is no endpoint at addr.
func (n *Network) Silence(addr transport.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ep := n.endpoints[addr]; ep != nil {
		ep.silent = true
	}
}

// cut reports whether what is to travel from one address to another is held back. n.mu is held.
func (n *Network) cut(p pair) bool {
	if n.oneWay[p] {
		return true
	}
	if n.groups == nil {
		return false
	}
	from, to := n.groups[p.from], n.groups[p.to]
	if len(from) == 0 || len(to) == 0 {
		return len(from) != len(to)
	}
	return !slices.ContainsFunc(from, func(group int) bool { return slices.Contains(to, group) })
}
