package gossip

import (
	"sync/atomic"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// Stats counts what a node has done since New. No field ever goes down.
type Stats struct {
	FramesSent, FramesReceived uint64 // over links, and for callers of Gossip
	BytesSent, BytesReceived   uint64 // of these frames, without what the transport adds

	InfosReceived uint64 // in frames; the same info counts each time it comes
	InfosTaken    uint64 // of those, the ones that were news, deletions aside
	InfosRefused  uint64 // of peers and of this node
	InfosExpired  uint64 // whose lifetime has ended here

	Dials          uint64   // attempts
	DialsFailed    uint64   // those that timed out included
	Accepts        uint64   // links that peers have dialled, whatever became of them
	AcceptsDropped uint64   // links closed at once because too many were open
	Redirected     uint64   // peers sent elsewhere, because this node was full
	RedirectedUs   uint64   // times a peer sent this node elsewhere
	Refused        Refusals // links that this node refused or ended
	RefusedUs      Refusals // links that a peer refused this node or ended

	Callbacks          uint64 // calls
	CallbacksCoalesced uint64 // updates that a newer one of the same key came before
	CallbackPanics     uint64 // calls that panicked or ended their goroutine
	WatchDropped       uint64 // events that watches with WatchOptions.Every had no room for

	BadSystemConfigs uint64 // values under KeySystemConfig that do not decode

	CommandsDropped uint64 // calls of AddInfo and the like that the stopping node did not take in any more
	EventsDropped   uint64 // not delivered to the Logger or the Observer: too slow, or panicked
	ClocksAhead     uint64 // infos stamped more than Timers.MaxSkew ahead
	LimitHits       uint64 // times that Limits.Infos or Limits.Origins kept something of a peer out
	ResolverErrors  uint64 // calls of a Resolver that failed, timed out or panicked
	StoreErrors     uint64 // writes to the Store that failed
}

// Refusals counts links by the reason for their end.
type Refusals struct {
	Busy          uint64 // no room for another link, or a limit reached
	OtherCluster  uint64 // see ErrOtherCluster
	Version       uint64 // see ErrVersion
	Self          uint64 // both ends are the same node
	DuplicateLink uint64 // the pair has a link already
	DuplicateNode uint64 // a newer start of a node with the same ID is known
	Corrupt       uint64 // see ErrCorrupt
	Misbehaved    uint64 // see ErrMisbehaved
	Unauthorized  uint64 // see ErrUnauthorized
	Leaving       uint64 // a node has left
	Other         uint64 // for no reason given, or one that this node does not know
}

// counters are Stats while they are counted.
type counters struct {
	framesSent, framesReceived, bytesSent, bytesReceived  atomic.Uint64
	infosReceived, infosTaken, infosRefused, infosExpired atomic.Uint64
	dials, dialsFailed, accepts, acceptsDropped           atomic.Uint64
	redirected, redirectedUs                              atomic.Uint64
	refused, refusedUs                                    refusals
	callbacks, callbacksCoalesced, callbackPanics         atomic.Uint64
	watchDropped                                          atomic.Uint64
	badSystemConfigs                                      atomic.Uint64
	commandsDropped, eventsDropped                        atomic.Uint64
	clocksAhead, limitHits, resolverErrors, storeErrors   atomic.Uint64
}

// refusals counts by wire.Refusal; what peers say beyond those counts as NoRefusal.
type refusals [wire.Leaving + 1]atomic.Uint64

func (r *refusals) add(reason wire.Refusal) {
	if reason < 0 || int(reason) >= len(r) {
		reason = wire.NoRefusal
	}
	r[reason].Add(1)
}

func (r *refusals) load() Refusals {
	return Refusals{
		Busy:          r[wire.Busy].Load(),
		OtherCluster:  r[wire.OtherCluster].Load(),
		Version:       r[wire.Version].Load(),
		Self:          r[wire.Self].Load(),
		DuplicateLink: r[wire.DuplicateLink].Load(),
		DuplicateNode: r[wire.DuplicateNode].Load(),
		Corrupt:       r[wire.Corrupt].Load(),
		Misbehaved:    r[wire.Misbehaved].Load(),
		Unauthorized:  r[wire.Unauthorized].Load(),
		Leaving:       r[wire.Leaving].Load(),
		Other:         r[wire.NoRefusal].Load(),
	}
}

// Stats returns the counters. It is cheap and waits for nothing.
func (g *Gossip) Stats() Stats {
	c := &g.stats
	return Stats{
		FramesSent:         c.framesSent.Load(),
		FramesReceived:     c.framesReceived.Load(),
		BytesSent:          c.bytesSent.Load(),
		BytesReceived:      c.bytesReceived.Load(),
		InfosReceived:      c.infosReceived.Load(),
		InfosTaken:         c.infosTaken.Load(),
		InfosRefused:       c.infosRefused.Load(),
		InfosExpired:       c.infosExpired.Load(),
		Dials:              c.dials.Load(),
		DialsFailed:        c.dialsFailed.Load(),
		Accepts:            c.accepts.Load(),
		AcceptsDropped:     c.acceptsDropped.Load(),
		Redirected:         c.redirected.Load(),
		RedirectedUs:       c.redirectedUs.Load(),
		Refused:            c.refused.load(),
		RefusedUs:          c.refusedUs.load(),
		Callbacks:          c.callbacks.Load(),
		CallbacksCoalesced: c.callbacksCoalesced.Load(),
		CallbackPanics:     c.callbackPanics.Load(),
		WatchDropped:       c.watchDropped.Load(),
		BadSystemConfigs:   c.badSystemConfigs.Load(),
		CommandsDropped:    c.commandsDropped.Load(),
		EventsDropped:      c.eventsDropped.Load(),
		ClocksAhead:        c.clocksAhead.Load(),
		LimitHits:          c.limitHits.Load(),
		ResolverErrors:     c.resolverErrors.Load(),
		StoreErrors:        c.storeErrors.Load(),
	}
}
