package sim

import (
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/internal/tracing"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// Place starts all nodes at once in a network that has been there for long. Each node holds the descriptors of all, and
// all have the links that the protocol wants, exactly: a ring in the order of hashed IDs, and chords at random. What was
// before, who has sent what to whom for instance, is not there: nobody has a place yet in the tree of any node's
// infos. From there on the nodes are on their own. A node that crashes starts empty.
//
// So even a large network costs little: what all hold is there once, and a node remembers what differs. Of the
// descriptors, which count as nobody's writes, the first is refreshed after a fourth of [Options.DescriptorTTL] or
// later. Place panics if a node has been started before.
//
// Functions given to [Sim.Observe] are told of steps in which the nodes write their descriptors and then take in those of the
// others.
func (s *Sim) Place() {
	for i := range s.nodes {
		if s.net.Boots(i) > 0 {
			panic(fmt.Sprintf("sim: Place: n%d has been started", i))
		}
	}
	base := s.placedBase(0)
	var held []*core.Record
	for _, r := range base.Live() {
		s.known.key(r.Key) // the i-th has index i
		held = append(held, r)
	}
	sum := uint64(0)
	for _, r := range held {
		sum += tracing.Identity(r)
	}
	s.observeWritten(held)
	for i := range s.nodes {
		n := &s.nodes[i]
		cfg := s.opts.config(i, 1)
		cfg.Base = base
		if ahead := s.Clock(i); ahead != 0 { // else it would take its clock's error for time that has passed
			cfg.Base = s.placedBase(ahead)
		}
		s.net.Boot(i)
		n.core = s.newCore(cfg)
		n.seen, _ = n.core.(inspected)
		n.base, n.count, n.sum = held, len(held), sum
		n.stored = s.placedLife()
		s.logLife(n, NodeUp, "")
		s.step(n, core.Input{Kind: core.InResume, Incarnation: n.stored})
		s.observeHeld(n, held)
	}
	ring := base.Members()
	for _, l := range placedLinks(s.opts.Seed, len(ring), core.Degree(len(ring))) {
		from, to := int(ring[l.from]-1), int(ring[l.to]-1)
		reason := wire.Chord
		if l.ring {
			reason = wire.Ring
		}
		dialed, accepted := s.net.Link(from, to)
		s.settleEnd(from, dialed, to, wire.Admitted, reason, base)
		s.settleEnd(to, accepted, from, wire.Asked, reason, base)
	}
}

// placedLife is the incarnation of all nodes that are placed: it begins before the first of their descriptors.
func (s *Sim) placedLife() uint64 {
	return uint64(epoch + int64(s.Now()) - int64(s.opts.DescriptorTTL)/4)
}

// placedBase makes what each node holds that is placed, if its wall clock is ahead by that much.
func (s *Sim) placedBase(ahead time.Duration) *core.Base {
	now := core.Now{Mono: int64(s.Now()), Wall: epoch + int64(s.Now())}
	records := make([]core.Record, len(s.nodes))
	for i := range records {
		ttl := int64(s.opts.DescriptorTTL)
		age := simnet.Below(simnet.Hash(s.opts.Seed, saltPlace, uint64(i)), ttl/4) // so that not all are refreshed at once
		records[i] = core.Record{
			Body: wire.NewBody(descriptorKey(i), s.descriptor(i), uint64(i)+1, 1,
				wire.Stamp{Wall: now.Wall - age}, ttl, 0, wire.Live, false, 0),
			Incarnation: s.placedLife(), Hops: 1,
			Born: now.Mono - age, Taken: now.Mono, Expires: now.Mono - age + ttl,
		}
	}
	now.Wall += int64(ahead)
	return core.NewBase(now, records)
}

// descriptor returns what node i gossips of itself.
func (s *Sim) descriptor(i int) string {
	addr := address(i)
	b, err := (&gossippb.NodeDescriptor{
		NodeId:  uint64(i) + 1,
		Address: &gossippb.UnresolvedAddr{Network: addr.Network, Address: addr.Address},
	}).MarshalVT()
	if err != nil {
		s.fail(fmt.Errorf("descriptor of n%d: %w", i, err))
	}
	return string(b)
}

// settleEnd tells the core at one end of a link that it has been there for long. The verdict is the peer's.
func (s *Sim) settleEnd(node int, l simnet.ID, other int, verdict wire.Verdict, reason wire.Reason, base *core.Base) {
	n, peer := &s.nodes[node], &s.nodes[other]
	cfg := s.opts.config(other, s.net.Boots(other))
	hello := wire.Hello{
		MinVersion: 1, MaxVersion: 1, ClusterID: cfg.ClusterID, Incarnation: peer.stored, Instance: cfg.Instance,
		Reason: reason, Verdict: verdict, Digest: base.Digest(),
		Wall: s.clock(peer).Wall / int64(time.Millisecond),
	}
	raw := wire.AppendHello(nil, cfg.Node, cfg.Addr, &hello, verdict != wire.Asked)
	f, err := wire.Decode(raw, limits())
	if err != nil {
		s.fail(fmt.Errorf("hello of n%d: %w", peer.id, err))
		return
	}
	s.stepRaw(n, core.Input{Kind: core.InLinked, Link: core.LinkID(l), Frame: f}, raw)
}

// placedLink is a link that one node has dialled to another, both by their places in the ring.
type placedLink struct {
	from, to int
	ring     bool
}

// placedLinks lists the links of a ring of n nodes with chords, so many links each. The chords are further rings, in
// random orders, so that each node has dialled as many as it has accepted; where the degree is odd, they are pairs at
// random besides, and with an odd number of nodes one has a link less.
func placedLinks(seed uint64, n, degree int) []placedLink {
	var links []placedLink
	there := map[[2]int]bool{}
	free := func(a, b int) bool { return a != b && !there[[2]int{min(a, b), max(a, b)}] }
	add := func(a, b int, ring bool) {
		if free(a, b) {
			there[[2]int{min(a, b), max(a, b)}] = true
			links = append(links, placedLink{a, b, ring})
		}
	}
	for i := range n {
		add(i, (i+1)%n, true)
	}
	if degree >= n-1 {
		for d := 2; d <= n/2; d++ {
			for i := range n {
				add(i, (i+d)%n, false)
			}
		}
		return links
	}
	for k := range (degree - 2) / 2 {
		order := chordOrder(simnet.Hash(seed, saltChords, uint64(k)), n, func(int) bool { return true }, free)
		for i := range order {
			add(order[i], order[(i+1)%n], false)
		}
	}
	if degree%2 != 0 {
		order := chordOrder(simnet.Hash(seed, saltChords, uint64(degree)), n, func(i int) bool { return i%2 == 0 && i+1 < n }, free)
		for i := 0; i+1 < len(order); i += 2 {
			add(order[i], order[i+1], false)
		}
	}
	return links
}

// chordOrder puts n nodes into a random order in which the i-th and the one behind it, or the first behind the last, may
// be linked wherever they are to be.
func chordOrder(seed uint64, n int, linked func(i int) bool, free func(a, b int) bool) []int {
	const tries = 1000 // more than enough but for a handful of nodes, where a few links are missing then
	var order []int
	for try := range uint64(tries) {
		order = order[:0]
		for i := range n {
			j := int(simnet.Below(simnet.Hash(seed, try, uint64(i)), int64(i)+1))
			order = append(order, i)
			order[i], order[j] = order[j], i
		}
		ok := true
		for i := 0; i < n && ok; i++ {
			for draw := uint64(0); linked(i) && ok && !free(order[i], order[(i+1)%n]); draw++ {
				rest := int64(n - i - 2)
				if ok = rest > 0 && draw < tries; ok {
					j := i + 2 + int(simnet.Below(simnet.Hash(seed, try, uint64(i), draw), rest))
					order[i+1], order[j] = order[j], order[i+1]
				}
			}
		}
		if ok {
			break
		}
	}
	return order
}
