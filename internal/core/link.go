package core

import (
	"slices"
	"sort"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// link is one connection to a peer. What each step looks at, for each link, stands first: a large simulation's links are
// in no cache.
type link struct {
	id       LinkID
	dialed   bool
	admitted bool
	closing  bool // Outputs.Closes named it; only InDown is awaited
	busy     bool
	wake     bool // flush may have something to do
	announce bool
	leaf     bool
	parted   bool  // it has ended because one end could do without it
	ahead    int32 // how many more frames of news this end has sent than the peer, see counted
	// The peer covers all that the base does of the origins this core has nothing of its own of.
	based bool

	tat       int64 // pace: theoretical arrival time of the next frame
	lastSent  int64
	lastRecv  int64
	helloBy   int64 // a Hello is due until then
	closeAt   int64 // after the verdict was sent; 0: not
	advertAt  int64 // 0: nothing to advertise
	compareAt int64
	exchange  *exchange // nil: the link is no unary exchange

	// Sending.
	hello   *wire.Hello
	bye     *wire.Bye
	marks   marksOut
	dirty   []*origin
	pings   []wire.Ping
	strays  []*keyState // to be sent with the marks
	prunes  []*origin
	grafts  []*origin
	adverts []*origin
	part    part

	// Per origin, by slot, in pages: what of returns stays where it is.
	page *[perPage]perOrigin // the first, which is all there is in most
	per  []*[perPage]perOrigin
	// The incarnations that the peer's node IDs stand for.
	lives map[uint64]*origin
	// In how many more frames it is said what this node's stand for, by slot.
	again map[int32]int

	reason   wire.Reason
	dial     *dial     // while the Hello of a dialled link is unanswered
	to       wire.Addr // that was dialled
	node     uint64
	inc      uint64
	instance uint64
	cluster  string
	addr     wire.Addr
	join     bool               // one end joined through the other
	handed   int                // how often the peer was named as an alternate
	upAt     int64              // Mono at which it was admitted
	nodeAt   int64              // Mono since when it is one of the overlay: upAt, or when a leaf got its ID
	offsets  [keptOffsets]int64 // of the peer's wall clock from this node's, in nanoseconds: the last few
	timed    int                // how many there were
	distance

	// Comparing marks.
	foreign    bool   // the marks at the beginning of this link were not only of the joining node itself
	sentDigest uint64 // of the marks, in this node's Hello
	compares   int
	asked      uint64           // id of the Ping that waits for its answer, or 0
	shown      map[int32]uint64 // the peer's marks, while they come in
	bulk       bool             // everything the peer lacks is pushed once its marks are here
	since      map[int32]uint64 // hw of what moved since the marks were compared, before it did
	unequal    uint64           // the peer's digest in its last Ping, if it was not ours; 0: it was
	unequalTo  uint64           // ours then
	equalTo    uint64           // the digest that the peer's was found equal to; 0: none, or it has turned out to lack something since
	marksFrom  int64            // Mono before which no more marks are taken
	inquireAt  int64            // Mono before which no more are sent because a frame was lost
	leavePing  uint64
}

// perOrigin is a link's state of one origin, in 16 bytes: with ten links and a thousand origins, it is most of what a node has.
type perOrigin struct {
	known    uint64 // the peer covers everything up to here: it said so, or was claimed it on this link
	toldLow  uint32 // see told
	toldHigh uint16
	bits     flags // and above them the mode, what is in link.prunes, and hops
}

// flags are what a perOrigin says in a bit each.
type flags uint16

const (
	chosen    flags = 1 << iota // mode was chosen
	inDirty                     // in link.dirty
	asRepair                    // what is dirty was asked for
	inAdverts                   // in link.adverts
	needed                      // the peer has asked for adverts
	declared                    // the peer knows which incarnation the node ID stands for
	inGrafts                    // in link.grafts
	asking                      // in link.grafts, and still wanted

	modeShift  = 8  // what this end sends, in two bits
	pruneShift = 10 // in link.prunes, as the mode plus one; 0: not; 2, for which there is no mode: it was
	hopsShift  = 12 // see hops
)

func (p *perOrigin) is(f flags) bool { return p.bits&f != 0 }

func (p *perOrigin) put(f flags, on bool) {
	if p.bits &^= f; on {
		p.bits |= f
	}
}

// mode returns what this end sends.
func (p *perOrigin) mode() wire.Mode { return wire.Mode(p.bits >> modeShift & 3) }

func (p *perOrigin) setMode(m wire.Mode) { p.bits = p.bits&^(3<<modeShift) | flags(m)<<modeShift }

// choose sets the mode, for good.
func (p *perOrigin) choose(m wire.Mode) {
	p.setMode(m)
	p.bits |= chosen
}

// pruning returns the mode that the peer is to be asked for, if there is one.
func (p *perOrigin) pruning() (m wire.Mode, ok bool) {
	m = wire.Mode(p.bits>>pruneShift&3) - 1
	return m, m >= 0 && m != wire.Eager
}

// setPruning sets that mode; a negative one is none.
func (p *perOrigin) setPruning(m wire.Mode) {
	p.bits = p.bits&^(3<<pruneShift) | flags(m+1)<<pruneShift
}

// pruned reports whether the peer was asked not to push, and has not been asked to since.
func (p *perOrigin) pruned() bool { return p.bits>>pruneShift&3 == flags(wire.Eager+1) }

// setPruned notes that it was.
func (p *perOrigin) setPruned() { p.setPruning(wire.Eager) }

// hops returns how far the peer is from the origin, at most, as far as adverts told; 0: nothing.
func (p *perOrigin) hops() uint32 { return uint32(p.bits >> hopsShift) }

// setHops notes it; more hops than fit in four bits are as many as do.
func (p *perOrigin) setHops(n uint32) {
	p.bits = p.bits&(1<<hopsShift-1) | flags(min(n, 15))<<hopsShift
}

// told returns up to where the peer was sent adverts.
func (p *perOrigin) told() uint64 {
	if to := uint64(p.toldHigh)<<32 | uint64(p.toldLow); to != wire.MaxSeq-1 {
		return to
	}
	return wire.MaxSeq // which has a bit too many
}

func (p *perOrigin) tell(to uint64) {
	to = min(to, wire.MaxSeq-1)
	p.toldHigh, p.toldLow = uint16(to>>32), uint32(to)
}

// part is a range that did not fit one frame: everything up to seq is sent, nothing claimed. Its origin is the first of link.dirty.
type part struct {
	o   *origin
	seq uint64
}

// marksOut says how far the marks of all origins are sent.
type marksOut struct {
	pending bool
	at      int
}

func (c *Core) link(id LinkID) *link {
	if len(c.links) == 0 || id < c.links[0].id {
		return nil
	}
	// IDs rise by one at least, and often by no more: it cannot be behind this place, and is likely there.
	last := min(int(id-c.links[0].id), len(c.links)-1)
	i := last
	if c.links[i].id > id {
		i = sort.Search(last, func(i int) bool { return c.links[i].id >= id })
	}
	if c.links[i].id != id {
		return nil
	}
	return c.links[i]
}

func (c *Core) addLink(id LinkID) *link {
	l := &link{id: id, lives: map[uint64]*origin{}, lastRecv: c.now.Mono, lastSent: c.now.Mono}
	l.helloBy = c.now.Mono + 3*c.cfg.Timers.Ping
	c.links = append(c.links, l)
	c.out.Links = true
	return l
}

const perPage = 32

// of returns the link's state of o.
func (l *link) of(o *origin) *perOrigin {
	if o.slot < perPage {
		if l.page == nil {
			l.page = new([perPage]perOrigin)
		}
		return &l.page[o.slot]
	}
	page := int(o.slot)/perPage - 1
	for len(l.per) <= page {
		l.per = append(l.per, nil)
	}
	if l.per[page] == nil {
		l.per[page] = new([perPage]perOrigin)
	}
	return &l.per[page][o.slot%perPage]
}

// up reports whether the link with that id carries infos.
func (c *Core) up(id LinkID) bool {
	if id == 0 {
		return false
	}
	l := c.link(id)
	return l != nil && l.admitted && !l.closing
}

// end closes a link: at once, or behind what is being sent.
func (c *Core) end(l *link, why wire.Refusal) {
	if l.closing {
		return
	}
	l.closing = true
	c.out.Closes = append(c.out.Closes, Close{l.id, why})
	c.out.Links = true
	if l.admitted {
		c.detach(l)
	}
}

// refuse ends a link for what the peer did, says so to operators, and leaves the peer alone for a while.
func (c *Core) refuse(l *link, why wire.Refusal) {
	c.event(Event{Kind: PeerRefused, Link: l.id, Node: l.node, Addr: l.addr, Refusal: why})
	c.overlay.shun(c, l.peerAddr(), l.node)
	c.end(l, why)
}

// peerAddr returns where the peer can be dialled, as far as is known.
func (l *link) peerAddr() wire.Addr {
	if l.addr.Address == "" {
		return l.to
	}
	return l.addr
}

// down takes in that a link has ended.
func (c *Core) down(id LinkID) {
	l := c.link(id)
	if l == nil {
		return
	}
	was := l.admitted && !l.closing
	if was {
		l.closing = true
		c.overlay.cut(c, l)
		c.detach(l)
		c.doubt(l)
	}
	if l.dial != nil {
		c.overlay.unanswered(c, l)
	}
	c.links = slices.DeleteFunc(c.links, func(x *link) bool { return x == l })
	c.out.Links = true
}

// detach is the end of an admitted link for the trees and the overlay.
func (c *Core) detach(l *link) {
	c.event(Event{Kind: LinkDown, Link: l.id, Node: l.node, Addr: l.addr})
	c.rescale()
	c.leaveLost(l)
	c.treeLost(l)
	c.overlay.lost(c, l)
}

// linkDue does what a link had put off until now.
func (c *Core) linkDue(l *link) {
	now := c.now.Mono
	if l.closing {
		return
	}
	if l.closeAt != 0 && now >= l.closeAt {
		c.end(l, 0)
		return
	}
	if !l.admitted {
		if now >= l.helloBy && l.closeAt == 0 {
			c.end(l, 0)
		}
		return // an exchange looks for news in each step
	}
	if now >= l.lastRecv+3*c.cfg.Timers.Ping {
		c.end(l, 0)
		c.doubt(l)
		return
	}
	if l.compareAt != 0 && now >= l.compareAt {
		l.compareAt = 0
		c.compare(l)
	}
	if now >= c.pingAt(l) && len(l.pings) == 0 && !l.busy {
		c.pingNow(l)
		l.wake = true
	}
	if l.advertAt != 0 && now >= l.advertAt || l.pending() && now >= l.clear(c) {
		l.wake = true
	}
}

// next returns when linkDue has something to do again.
func (l *link) next(c *Core) int64 {
	if l.closing {
		return never
	}
	if l.exchange != nil {
		return l.exchange.next(c, l)
	}
	if !l.admitted {
		if l.closeAt != 0 {
			return l.closeAt
		}
		return l.helloBy
	}
	at := l.lastRecv + 3*c.cfg.Timers.Ping
	if l.closeAt != 0 {
		at = min(at, l.closeAt)
	}
	if l.compareAt != 0 {
		at = min(at, l.compareAt)
	}
	if l.busy || !c.durable {
		return at
	}
	if len(l.pings) == 0 {
		at = min(at, c.pingAt(l))
	}
	if l.pending() {
		at = min(at, l.clear(c))
	}
	if l.advertAt != 0 {
		at = min(at, max(l.advertAt, l.clear(c)))
	}
	return at
}

// pending reports whether there is anything to send that does not wait for company.
func (l *link) pending() bool {
	return len(l.dirty) > 0 || l.hello != nil || l.bye != nil || len(l.pings) > 0 || l.announce || l.marks.pending || len(l.strays) > 0 ||
		len(l.prunes) > 0 || len(l.grafts) > 0
}

// burst frames are sent at once; after that, one each pace. Measured: the first frames of an idle link wait for
// nobody, and a busy link sends fuller ones.
const burst = 2

// pace is how often a busy link sends a frame. While a network assembles, everybody has something new for everybody:
// fuller frames are worth waiting for. Later only the busiest links wait.
func (c *Core) pace() int64 {
	if c.overlay.settled(c) {
		return c.cfg.Timers.Pace / 5
	}
	return c.cfg.Timers.Pace
}

// clear returns when the pace allows another frame (the virtual scheduling of ITU-T I.371, "GCRA").
func (l *link) clear(c *Core) int64 { return l.tat - (burst-1)*c.pace() }

// moved is told before hw of o moves: what is compared just now must not count what comes later.
func (l *link) moved(o *origin) {
	if l.since == nil {
		return
	}
	if _, ok := l.since[o.idx]; !ok {
		l.since[o.idx] = o.hw
	}
}
