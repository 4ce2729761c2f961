package gossiptest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
)

// Network is a network in memory. [Network.Listen] makes transports that reach each other over it; its other methods
// say how fast it is, and make it fail.
//
// # Links
//
// A link never loses, changes or reorders frames while it is up. Frames are not copied: Recv returns the very slice
// that Send was given, which nobody may change. A link holds at most 64 frames in each direction, on the way or not yet
// received; with that many, Send blocks. A frame is at most as large as [NetworkOptions] says.
//
// Whatever travels takes the latency from its sender to its receiver: frames, the news that a link has ended, and each
// of the two halves of a dial, so that a link is accepted after one latency and Dial returns after both. The end of a
// link travels behind the frames that were sent before it, and the far end receives those first.
//
// Latencies pass on the clock that the network was made with, be it a [Clock], or clock.System() in a bubble of
// testing/synctest. Without latency, everything arrives at once, and the network uses no timer. It starts no goroutine
// either way.
//
// # Faults
//
// A cut between two addresses, made by [Network.Partition] or [Network.OneWay], holds back what would cross it, what
// was on the way when it was made included; links are reliable, and send again what got lost. After [Network.Heal] all
// of it arrives, in order, one latency later. So a link outlasts a cut of any length unless somebody closes it. A Dial
// across a cut blocks until the cut is healed, its context ends, or its transport is closed. Cuts are of addresses, and
// hold for endpoints that listen there later.
//
// [Network.Crash] and [Network.Silence] are about the endpoint that is at an address at the time, and its links.
//
// # Order
//
// The network does nothing in random order: what is due at one time arrives in the order in which it was sent, and
// whatever happens to several links happens in the order in which they were opened. Which of two goroutines comes
// first is not the network's to say.
//
// # Use
//
// The address of an endpoint is of the network "mem" and has the endpoint's name: transport.MakeAddr("mem", "n1"). A
// Network has nothing to close, but its endpoints have. It is safe for concurrent use.
type Network struct {
	clock    clock.Clock
	maxFrame int

	// mu guards what follows, endpoints and links. It is held while methods of clock are called, which its contract
	// allows.
	mu        sync.Mutex
	endpoints map[transport.Addr]*endpoint // the last one to listen at each address
	unnamed   int                          // names given to endpoints
	nodes     int                          // IDs given to nodes
	latency   time.Duration
	links     map[pair]LinkOptions
	groups    map[transport.Addr][]int // of the partition, those of each address; nil: no partition
	oneWay    map[pair]bool
	stats     NetworkStats
	traffic
}

// NetworkOptions are the knobs of a network. The zero value is a network without latency.
type NetworkOptions struct {
	Latency  time.Duration // see SetLatency; negative is an error of the program
	MaxFrame int           // largest frame in bytes; zero means 4 MiB, and negative is an error of the program
}

// LinkOptions say how one direction of the links between two addresses is.
type LinkOptions struct {
	Latency time.Duration // how long whatever travels is on the way; negative is an error of the program
}

// NetworkStats count what happened in a network. They only grow.
type NetworkStats struct {
	Dials  uint64 // calls of Dial, whatever came of them
	Links  uint64 // links opened: dials that found an endpoint
	Frames uint64 // frames that Send took
	Bytes  uint64 // bytes of those frames
}

// pair is a direction.
type pair struct{ from, to transport.Addr }

// network is the network of the addresses of endpoints.
const network = "mem"

// defaultMaxFrame is what NetworkOptions.MaxFrame means by zero.
const defaultMaxFrame = 4 << 20

// NewNetwork returns a network without endpoints whose latencies pass on clk; nil means clock.System(). Nil opts are
// the zero NetworkOptions.
func NewNetwork(clk clock.Clock, opts *NetworkOptions) *Network {
	if clk == nil {
		clk = clock.System()
	}
	if opts == nil {
		opts = &NetworkOptions{}
	}
	if opts.MaxFrame < 0 {
		panic(fmt.Sprintf("gossiptest: NewNetwork: negative MaxFrame %d", opts.MaxFrame))
	}
	checkLatency("NewNetwork", opts.Latency)
	return &Network{
		clock:     clk,
		maxFrame:  cmp.Or(opts.MaxFrame, defaultMaxFrame),
		endpoints: make(map[transport.Addr]*endpoint),
		latency:   opts.Latency,
		links:     make(map[pair]LinkOptions),
		oneWay:    make(map[pair]bool),
	}
}

// Listen returns a transport whose address is the given name. An empty name stands for the first of "n1", "n2", … that
// nobody has had. The caller closes the transport.
//
// After an endpoint was closed, or crashed, another one may listen under its name, as a process does that is started
// again. Listen panics if the name belongs to an endpoint that is not closed.
func (n *Network) Listen(name string) transport.Transport {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name == "" {
		n.unnamed++
		if next := fmt.Sprintf("n%d", n.unnamed); n.endpoints[address(next)] == nil {
			name = next
		}
	}
	addr := address(name)
	if there := n.endpoints[addr]; there != nil && !there.closed {
		panic(fmt.Sprintf("gossiptest: Listen(%q): the endpoint of that name is not closed", name))
	}
	ep := newEndpoint(n, addr)
	n.endpoints[addr] = ep
	n.release() // of dials to a silent predecessor
	return ep
}

func address(name string) transport.Addr { return transport.MakeAddr(network, name) }

// Resolver returns a resolver that answers with the addresses of all endpoints that are not closed, sorted as text. One
// that has gone silent is among them, since nobody can know. It answers from all sides of a partition.
func (n *Network) Resolver() resolver.Resolver { return resolver.Func(n.resolve) }

func (n *Network) resolve(ctx context.Context) ([]transport.Addr, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("resolve %s network: %w", network, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var addrs []transport.Addr
	for addr, ep := range n.endpoints {
		if !ep.closed {
			addrs = append(addrs, addr)
		}
	}
	slices.SortFunc(addrs, func(a, b transport.Addr) int { return cmp.Compare(a.String(), b.String()) })
	return addrs, nil
}

// SetLatency sets how long whatever is sent from now on is on the way, each way, where SetLink says nothing else. It
// panics if d is negative. What was sent before arrives when it would have, and nothing overtakes it on its link.
func (n *Network) SetLatency(d time.Duration) {
	checkLatency("SetLatency", d)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.latency = d
}

// SetLink sets how links behave in the direction from one address to another, whoever dialled, for what is sent from
// now on. The other direction is as it was. It panics if opts.Latency is negative.
func (n *Network) SetLink(from, to transport.Addr, opts LinkOptions) {
	checkLatency("SetLink", opts.Latency)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.links[pair{from, to}] = opts
}

func checkLatency(caller string, d time.Duration) {
	if d < 0 {
		panic(fmt.Sprintf("gossiptest: %s: negative latency %v", caller, d))
	}
}

// Stats returns the counts so far.
func (n *Network) Stats() NetworkStats {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stats
}
