package core

import (
	"math"
	"math/rand/v2"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// Protocol versions this node speaks.
const (
	minVersion = 1
	maxVersion = 1
)

const never = math.MaxInt64

// Core is one node's protocol state.
type Core struct {
	cfg Config
	rng *rand.Rand
	now Now
	out Outputs

	// Who this node is.
	node       uint64
	inc        uint64
	self       *origin // nil without an ID
	durable    bool    // the incarnation is: Hellos may be sent
	started    bool
	left       bool
	raised     bool
	raisedAt   int64 // Mono of the last raise
	raiseAt    int64 // gossip may cause a raise again from here on
	cluster    string
	clock      wire.Stamp // newest stamp given or seen
	correction int64      // of the wall clock, for stamps, in nanoseconds
	correctAt  int64      // Mono at which to look at it again; 0: no reason to
	lostTime   bool       // the wall clock has jumped since the last look
	descriptor keep
	keeps      []keep
	leaving    *leaving
	sentinel   sentinel
	resolvers  int

	// What it holds; of what the base has, only what this core has touched.
	baseState
	keys     map[string]*keyState
	expiry   heap[string]
	origins  []*origin // by idx
	heard    int       // of so many origins, those that only the base knows included
	nodes    map[uint64]*nodeState
	arrivals arrivals
	hash     uint64      // of the marks
	marks    uint32      // how many origins the hash covers
	fresh    []*keyState // whose part of the hash may have changed in this step
	caught   []*origin   // whose strays may have become none, since hw has moved
	unsorted []*origin   // that have late entries

	// Whom it is linked to, and whom it could be.
	links    []*link // by LinkID
	linksAt  int64   // Mono at which the first of them has something to do, unless something happens to it
	callers  []*caller
	dials    []*dial
	lastDial DialID
	grafts   heap[int32] // origins, by when to ask for what was advertised
	lets     []release
	lastPing uint64
	scratch  []byte        // a frame while it is written
	adverts  []wire.Advert // of the frame that is being written
	declares []wire.Origin // likewise
	skew     skew
	haste    haste
	doubts   []doubt
	scale    scale
	overlay
}

// New returns a core that waits for InStart. cfg is complete: the core knows no defaults.
func New(cfg Config) *Core {
	c := &Core{
		cfg: cfg, node: cfg.Node, cluster: cfg.ClusterID, resolvers: cfg.Resolvers,
		rng:  rand.New(rand.NewPCG(cfg.Seed, cfg.Instance)),
		keys: map[string]*keyState{}, nodes: map[uint64]*nodeState{},
		haste: haste{usual: cfg.Timers.Graft / 2},
	}
	for _, k := range cfg.Keep {
		c.keeps = append(c.keeps, keep{Keep: k})
	}
	c.overlay.init()
	return c
}

// Step takes one input in and returns what to do. The Outputs belong to the core and hold until the next Step.
func (c *Core) Step(now Now, in Input) *Outputs {
	c.out.reset()
	now.Mono = max(now.Mono, c.now.Mono)
	jump := now.Wall - c.now.Wall - (now.Mono - c.now.Mono)
	c.now = now
	if abs(jump) > c.cfg.Timers.MaxSkew/2 && in.Kind != InStart && in.Kind != InResume {
		c.jumped()
	}
	c.expire() // before anything: what has expired is not there any more
	switch in.Kind {
	case InStart:
		c.start(in.Incarnation)
	case InResume:
		c.resume(in.Incarnation)
	case InLinked:
		c.resumed(in.Link, in.Frame)
	case InPersisted:
		c.persisted(in.Incarnation)
	case InDialed:
		c.dialed(in.Dial, in.Link)
	case InDialFailed:
		c.dialFailed(in.Dial)
	case InAccepted:
		c.accepted(in.Link)
	case InFrame:
		if l := c.link(in.Link); l != nil && !l.closing {
			c.frame(l, in.Frame)
		}
	case InBadFrame:
		if l := c.link(in.Link); l != nil && !l.closing {
			c.refuse(l, in.Reason)
		}
	case InSent:
		if l := c.link(in.Link); l != nil {
			l.busy = false
			l.wake = true
		}
	case InDown:
		c.down(in.Link)
	case InResolved:
		c.resolved(in.Addrs)
	case InCommand:
		c.command(in.Command)
	case InDeadline:
	}
	c.due(in.Link)
	for _, l := range c.links {
		if l.wake || l.exchange != nil {
			c.flush(l)
		}
	}
	c.out.Next = c.next()
	return &c.out
}

// reset empties the outputs and lets go of what they pointed to.
func (o *Outputs) reset() {
	clear(o.Sends)
	clear(o.Changes)
	*o = Outputs{
		Sends: o.Sends[:0], Dials: o.Dials[:0], Closes: o.Closes[:0],
		Changes: o.Changes[:0], Events: o.Events[:0], Replies: o.Replies[:0],
	}
}

// start begins life under an incarnation newer than the one remembered.
func (c *Core) start(remembered uint64) {
	c.started = true
	c.begin()
	const latest = maxIncarnation - 1<<32 // for a clock that is centuries ahead: there is room for what comes after it
	c.inc = max(uint64(min(max(c.now.Wall, 1), latest)), min(remembered, maxIncarnation-2)+1)
	c.durable = false
	c.out.Persist = c.inc
	c.adoptSelf()
}

func (c *Core) persisted(inc uint64) {
	if inc != c.inc {
		return // raised meanwhile; that one is on its way
	}
	c.durable = true
	for _, l := range c.links {
		l.wake = true
	}
	c.overlay.ready(c)
}

// adoptSelf makes the origin of this node's ID and incarnation its own, and writes again what it keeps.
func (c *Core) adoptSelf() {
	if c.node == 0 || c.inc == 0 {
		return
	}
	if inc := c.latest(c.node); inc >= c.inc && inc < maxIncarnation-1 && (c.self == nil || inc != c.self.id.inc) {
		c.inc = inc + 1 // the ID is new to this process, but not to its peers
		c.durable = false
		c.out.Persist = c.inc
	}
	c.self = c.origin(originID{c.node, c.inc})
	c.self.tree = true
	for i := range c.keeps {
		c.keeps[i].at = c.now.Mono
	}
	if c.descriptor.Key != "" {
		c.descriptor.at = c.now.Mono
	}
	c.sentinel.wake(c)
}

// raise takes an incarnation newer than seen, which somebody else uses or has used. alive says that it is another live
// node that told: if this node has raised its own within the last ten seconds already, the two fight for one ID.
func (c *Core) raise(seen uint64, alive bool) {
	if seen < c.inc || seen >= maxIncarnation-1 || c.left {
		return
	}
	if alive && c.raised && c.now.Mono-c.raisedAt < duplicateWindow {
		c.out.Fatal = wire.DuplicateNode
		return
	}
	c.raised, c.raisedAt = true, c.now.Mono
	c.inc = seen + 1
	c.durable = false
	c.out.Persist = c.inc
	c.event(Event{Kind: IncarnationRaised, Node: c.node})
	c.adoptSelf()
	for _, l := range c.links {
		l.announce = true
	}
}

const duplicateWindow = 10e9

func (c *Core) event(e Event) { c.out.Events = append(c.out.Events, e) }

// due does what was put off until now. Of the links, it looks only at the one that the input is about as long as no other
// can have anything to do.
func (c *Core) due(about LinkID) {
	c.expire()
	c.tidy()
	c.graftDue()
	c.releaseDue()
	c.doubtsDue()
	c.correct()
	c.keepDue()
	c.sentinel.due(c)
	c.callersDue()
	c.overlay.due(c)
	if c.now.Mono < c.linksAt {
		if l := c.link(about); l != nil {
			c.linkDue(l)
		}
		return
	}
	for _, l := range c.links {
		c.linkDue(l)
	}
}

// next returns when due has something to do again.
func (c *Core) next() int64 {
	c.linksAt = never
	for _, l := range c.links {
		c.linksAt = min(c.linksAt, l.next(c))
	}
	at := min(c.linksAt, c.firstExpiry(), c.grafts.first(), c.overlay.next(c), c.keepNext(), c.sentinel.next(), c.doubtsNext())
	if c.correctAt != 0 {
		at = min(at, c.correctAt)
	}
	for _, r := range c.lets {
		at = min(at, r.at)
	}
	for _, k := range c.callers {
		at = min(at, c.leaves(k))
	}
	if at == never {
		return 0
	}
	return max(at, 1)
}

// Links lists the links in order of LinkID, those not admitted yet included, and behind them the callers: who takes part
// by unary exchanges. The slice is the caller's.
func (c *Core) Links() []LinkInfo {
	infos := make([]LinkInfo, 0, len(c.links))
	for _, l := range c.links {
		if l.exchange != nil {
			continue
		}
		infos = append(infos, LinkInfo{
			Link: l.id, Node: l.node, Incarnation: l.inc, Addr: l.addr,
			Dialed: l.dialed, Reason: l.reason, Admitted: l.admitted && !l.closing,
		})
	}
	for _, k := range c.callers {
		infos = append(infos, LinkInfo{Node: k.node, Incarnation: k.inc, Addr: k.addr, Admitted: true, Caller: true})
	}
	return infos
}

// mix hashes a few words; splitmix64's finalizer (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators).
func mix(words ...uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, w := range words {
		h += w + 0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}
