package measure

import (
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// group says which figures an update belongs to.
type group uint8

const (
	none     group = iota
	measured       // delivery, copies, hops
	split          // written while the network is cut in two
	first          // of a node that has joined
	joining        // a descriptor of a node that joins
)

// update is a write that is watched.
type update struct {
	group  group
	node   int // that wrote it
	key    string
	at     time.Duration
	got    []time.Duration // by node, when it took it in; 0: it does not have it
	copies []int32         // by node, how often it came there
	wan    int             // copies that came from another zone
	hops   int
}

// recorder watches a Sim through its events.
type recorder struct {
	nodes   int
	zone    func(node int) int
	group   group  // that infos are written for now
	prefix  string // of the keys of these
	updates []*update
	byWrite []*update // by number of the write
	newest  map[string]*update

	ups, downs [][]time.Duration // of each node
	sent       []int             // frames of each node, since the last reset
	received   []int             // bytes of each node, 16 for each frame included
	healing    bool
	healed     int // copies of updates of the group split since healing
	remarks    int
	firstLink  []int // of each node, whom it was linked to first in its life; -1: nobody

	frames    int // sent by all
	part      []int
	parts     int // of the network, as links have connected it
	connected int // frames sent until it was one, 0 if it is not
}

func newRecorder(nodes, all int, zone func(int) int) *recorder {
	r := &recorder{
		nodes: nodes, zone: zone, newest: map[string]*update{}, byWrite: make([]*update, 1),
		ups: make([][]time.Duration, all), downs: make([][]time.Duration, all), sent: make([]int, all), received: make([]int, all),
		firstLink: make([]int, all), part: make([]int, all), parts: nodes,
	}
	for i := range r.part {
		r.part[i] = i
	}
	return r
}

// Prefixes of the keys of updates.
const (
	updateKey     = "update/"
	splitKey      = "split/"
	firstKey      = "first/"
	descriptorKey = "node:"
)

// event takes note of an event.
func (r *recorder) event(e sim.Event) {
	switch e.Kind {
	case sim.NodeUp:
		r.ups[e.Node] = append(r.ups[e.Node], e.At)
		r.firstLink[e.Node] = -1
	case sim.NodeDown:
		r.downs[e.Node] = append(r.downs[e.Node], e.At)
		for _, u := range r.updates {
			u.got[e.Node] = 0
		}
	case sim.LinkUp:
		if r.firstLink[e.Node] < 0 {
			r.firstLink[e.Node] = e.Peer
		}
		r.connect(e.Node, e.Peer)
	case sim.FrameSent:
		r.frames++
		r.sent[e.Node]++
	case sim.FrameReceived:
		r.received[e.Node] += e.Bytes + frameCost
		for _, w := range e.Writes {
			u := r.byWrite[w]
			if u == nil {
				continue
			}
			u.copies[e.Node]++
			if r.zone(e.Node) != r.zone(e.Peer) {
				u.wan++
			}
			if r.healing && u.group == split {
				r.healed++
			}
		}
	case sim.InfoWritten:
		r.written(e)
	case sim.InfoLearned:
		if u := r.byWrite[e.Write]; u != nil {
			u.got[e.Node] = e.At
			u.hops = max(u.hops, e.Hops)
		}
	case sim.Remark:
		if strings.Contains(e.Text, "clock") {
			r.remarks++
		}
	}
}

// frameCost is what a frame costs besides its bytes, and infoCost an info besides key and value.
const (
	frameCost = 16
	infoCost  = 24
)

// written begins to watch a write, if it is to be watched.
func (r *recorder) written(e sim.Event) {
	for len(r.byWrite) <= e.Write {
		r.byWrite = append(r.byWrite, nil)
	}
	if r.group == none || !strings.HasPrefix(e.Key, r.prefix) {
		return
	}
	u := &update{group: r.group, node: e.Node, key: e.Key, at: e.At, got: make([]time.Duration, len(r.ups)), copies: make([]int32, len(r.ups))}
	r.updates = append(r.updates, u)
	r.byWrite[e.Write] = u
	r.newest[e.Key] = u
}

// connect takes note that a link connects two nodes.
func (r *recorder) connect(a, b int) {
	a, b = r.root(a), r.root(b)
	if a == b || r.parts == 1 {
		return
	}
	r.part[a] = b
	if r.parts--; r.parts == 1 {
		r.connected = r.frames
	}
}

func (r *recorder) root(i int) int {
	for r.part[i] != i {
		r.part[i] = r.part[r.part[i]]
		i = r.part[i]
	}
	return i
}

// settled is how long a node has to run before an update counts for it.
const settled = 500 * time.Millisecond

// counts reports whether a node is one that should have the update: it has run since before that was written.
func (r *recorder) counts(u *update, node int) bool {
	if node == u.node {
		return false
	}
	ups, downs := r.ups[node], r.downs[node]
	return len(ups) > len(downs) && ups[len(ups)-1]+settled <= u.at
}

// copies returns how many copies of an update came to the nodes that count, and how many these are.
func (r *recorder) copies(u *update) (copies, nodes float64) {
	for node, n := range u.copies {
		if r.counts(u, node) {
			copies += float64(n)
			nodes++
		}
	}
	return copies, nodes
}

// missing returns how many nodes that run lack which newest updates of their keys, or updates that they count for.
func (r *recorder) missing() int {
	n := 0
	for _, u := range r.updates {
		newest := r.newest[u.key] == u
		for node, at := range u.got {
			if at == 0 && node != u.node && len(r.ups[node]) > len(r.downs[node]) && (newest || r.counts(u, node) && !r.newer(u, node)) {
				n++
			}
		}
	}
	return n
}

// newer reports whether the node has the newest update of the same key.
func (r *recorder) newer(u *update, node int) bool {
	return r.newest[u.key].node == node || r.newest[u.key].got[node] != 0
}

// reset forgets the updates and the counts of frames.
func (r *recorder) reset() {
	clear(r.byWrite)
	clear(r.newest)
	clear(r.sent)
	clear(r.received)
	r.updates, r.healed, r.healing = nil, 0, false
}
