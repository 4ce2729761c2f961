package sim

import (
	"slices"

	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// Stats are totals since the start of a Sim. Frames and what is in them are counted where they arrive.
type Stats struct {
	Steps   int // inputs of all cores
	Dials   int // attempts
	Frames  int // that arrived
	Bytes   int // of these frames
	Infos   int // copies of infos
	Control int // bytes: 16 for each frame, and all of it but keys, values and 24 for each info
	Pings   int // frames with a ping and nothing else; they are in all the others, too
	Quiet   int // control bytes of these
	Lost    int // frames that nobody took
	Resent  int // losses of frames that were sent again
	Hops    int // links that an info crossed, at most
}

const (
	frameCost = 16 // of a frame, whatever carries it
	infoCost  = 24 // of an info, besides its key and value
)

// frame counts a frame of the given size.
func (t *Stats) frame(f *wire.Frame, size int) {
	t.Frames++
	t.Bytes += size
	t.Infos += len(f.Infos)
	t.Control += control(f, size)
	if ping(f) {
		t.Pings++
		t.Quiet += control(f, size)
	}
}

// ping reports whether there is nothing but a ping in a frame.
func ping(f *wire.Frame) bool {
	return f.Ping != nil && f.Hello == nil && f.Exchange == nil && f.Bye == nil && !f.MarksEnd &&
		len(f.Origins)+len(f.Infos)+len(f.Ranges)+len(f.Standins)+len(f.Adverts)+len(f.Prunes)+len(f.Grafts)+len(f.Marks) == 0
}

// control returns how much of a frame of the given size is neither keys and values nor what is granted for each info,
// with the cost of the frame.
func control(f *wire.Frame, size int) int {
	size += frameCost
	for i := range f.Infos {
		size -= infoCost + len(f.Infos[i].Key) + len(f.Infos[i].Value)
	}
	return size
}

// Stats returns the totals so far.
func (s *Sim) Stats() Stats {
	t, c := s.stats, s.net.Counts()
	t.Dials, t.Lost, t.Resent = c.Dials, c.Lost, c.Resent
	return t
}

// Links returns the nodes that the node has admitted links with, as it sees it, sorted.
func (s *Sim) Links(node int) []int {
	n := &s.nodes[node]
	if !n.up() {
		return nil
	}
	var peers []int
	for _, l := range n.core.Links() {
		if w, ok := s.net.Way(node, simnet.ID(l.Link)); ok && l.Admitted {
			peers = append(peers, w.To)
		}
	}
	slices.Sort(peers)
	return peers
}

// Ring returns all nodes, started or not, in the order in which the protocol puts them in a ring: each is to be linked to the
// next one that runs, and the last to the first.
func (s *Sim) Ring() []int {
	ring := make([]int, len(s.nodes))
	for i, id := range s.placedBase(0).Members() {
		ring[i] = int(id) - 1
	}
	return ring
}
