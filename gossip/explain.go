package gossip

import (
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
)

// Explanation says where an info comes from and how it came here.
type Explanation struct {
	Key  string // what was asked about
	Info Info   // what [Gossip.GetInfo] returns, by whom, since when, and until when

	// Pending says that this node has written it and has not taken it in yet. What follows is zero then.
	Pending bool

	Incarnation uint64        // of the origin: which start of it has written the info
	Seq         uint64        // the number of the write, among all of that start of the origin
	Logical     int32         // what orders writes of the same Info.Stamp
	Peer        Peer          // over whose link it came; zero for an own info, and when that link has ended
	Taken       time.Time     // when this node took it in, by its clock
	Delay       time.Duration // Info.Age when it did: how long the nodes on its way have held it, without what links took
}

// Explain says where the live info under key comes from. The error wraps ErrNotFound as that of GetInfo does, so for what
// is deleted or has expired, too: of that, a [Gossip.Watch] tells who deleted it, and when. Like GetInfo, Explain waits for
// nothing.
func (g *Gossip) Explain(key string) (Explanation, error) {
	if w, ok := g.commands.written(key); ok && !w.deleted {
		return Explanation{Key: key, Info: w.info(), Pending: true}, nil
	} else if ok {
		return Explanation{}, fmt.Errorf("explain %s: %w", shown(key), ErrNotFound)
	}
	now := g.now()
	rec := g.records.get(key)
	if !live(rec, now.Mono) {
		return Explanation{}, fmt.Errorf("explain %s: %w", shown(key), ErrNotFound)
	}
	return Explanation{
		Key:         key,
		Info:        makeInfo(rec, now),
		Incarnation: rec.Incarnation,
		Seq:         rec.Seq,
		Logical:     rec.Stamp.Logical,
		Peer:        g.linkPeer(rec.From),
		Taken:       time.Unix(0, now.Wall).Add(time.Duration(rec.Taken - now.Mono)),
		Delay:       time.Duration(rec.Taken - rec.Born),
	}, nil
}

// linkPeer returns the other end of a link that is open, zero if it is not, or id is 0.
func (g *Gossip) linkPeer(id core.LinkID) Peer {
	for _, k := range g.snapshot.Load().links {
		if k.Link == id && !k.Caller { // a caller has no link
			return Peer{NodeID: NodeID(k.Node), Addr: fromWire(k.Addr), Dialed: k.Dialed}
		}
	}
	return Peer{}
}
