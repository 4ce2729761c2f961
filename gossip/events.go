package gossip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// event is something to log, and perhaps to tell the Observer. What is zero is not mentioned.
type event struct {
	level   slog.Level
	text    string // constant
	tell    tell
	peer    Peer
	key     string
	err     error
	refused *RefusedError
	attr    slog.Attr
}

// tell says which function of the Observer an event is for.
type tell uint8

const (
	nobody tell = iota
	linkUp
	linkDown
	refused
	infoRefused
)

// log writes e.
func (e *event) log(logger *slog.Logger) {
	attrs := make([]slog.Attr, 0, 5)
	if e.peer != (Peer{}) {
		attrs = append(attrs, slog.Uint64("node", uint64(e.peer.NodeID)), slog.String("addr", e.peer.Addr.String()))
	}
	if e.key != "" {
		attrs = append(attrs, slog.String("key", e.key))
	}
	if e.attr.Key != "" {
		attrs = append(attrs, e.attr)
	}
	if e.err != nil {
		attrs = append(attrs, slog.Any("err", e.err))
	}
	logger.LogAttrs(context.Background(), e.level, e.text, attrs...)
}

// maxEvents is how many events may wait for the Logger or the Observer; what comes on top is dropped and counted.
const maxEvents = 1024

// outlet hands events to the Logger or to the Observer in batches: one goroutine at a time, which ends with its batch.
// It belongs to the loop, a batch under way to its goroutine.
type outlet struct {
	name    string
	wants   func(*event) bool
	deliver func(event)
	waiting []event
	batch   []event
	next    int // in batch
	busy    bool
}

// newOutlets returns what there is to hand events to.
func newOutlets(cfg *Config) []*outlet {
	var all []*outlet
	if logger := cfg.Logger; logger != nil {
		all = append(all, &outlet{
			name:    "Logger",
			wants:   func(e *event) bool { return e.text != "" },
			deliver: func(e event) { e.log(logger) },
		})
	}
	if observer := cfg.Observer; observer != nil {
		all = append(all, &outlet{
			name:    "Observer",
			wants:   func(e *event) bool { return e.tell != nobody },
			deliver: observer.observe,
		})
	}
	return all
}

// report hands e to those who listen.
func (l *loop) report(e event) {
	l.queue(e)
	for _, o := range l.outlets {
		o.run(l)
	}
}

// queue has e wait for those who listen.
func (l *loop) queue(e event) {
	for _, o := range l.outlets {
		if !o.wants(&e) {
			continue
		}
		if len(o.waiting) == maxEvents {
			l.g.stats.eventsDropped.Add(1)
			continue
		}
		o.waiting = append(o.waiting, e)
	}
}

// run starts a goroutine for what waits, unless one is at work.
func (o *outlet) run(l *loop) {
	if o.busy {
		return
	}
	if o.next == len(o.batch) {
		o.batch, o.waiting, o.next = o.waiting, nil, 0
	}
	if len(o.batch) == 0 {
		return
	}
	o.busy = true
	g := l.g
	l.spawn(o.name, func() {
		defer g.inbox.put(message{kind: inBatch, body: o})
		for o.next < len(o.batch) {
			e := o.batch[o.next]
			o.next++
			if err := guard(func() error { o.deliver(e); return nil }); err != nil {
				g.stats.eventsDropped.Add(1)
			}
		}
	})
}

// ended takes the end of a batch in. What a call that ended its goroutine has left goes on in another one.
func (o *outlet) ended(l *loop) {
	o.busy = false
	o.run(l)
}

// lastEvents starts goroutines for what waits when the inbox is closed and none runs. It reports whether it started any.
func (l *loop) lastEvents() (more bool) {
	for _, o := range l.outlets {
		o.ended(l)
		more = more || o.busy
	}
	return more
}

// heard reports an event of the core.
func (l *loop) heard(e core.Event) {
	peer := Peer{NodeID: NodeID(e.Node), Addr: fromWire(e.Addr)}
	var ended, bad error
	if k := l.links[e.Link]; k != nil {
		peer.Dialed, ended, bad = k.dialed, k.ended, k.bad
		if peer.Addr.IsZero() {
			peer.Addr = k.addr
		}
	}
	switch e.Kind {
	case core.LinkUp:
		l.report(event{level: slog.LevelInfo, text: "link up", tell: linkUp, peer: peer})
	case core.LinkDown:
		l.report(event{level: slog.LevelInfo, text: "link down", tell: linkDown, peer: peer, err: ended})
	case core.DialFailed:
		if ended == nil {
			ended = l.dialErr
		}
		l.report(event{level: slog.LevelDebug, text: "dial failed", peer: peer, err: ended})
	case core.PeerRefused:
		l.g.stats.refused.add(e.Refusal)
		l.refused(peer, e.Refusal, false, bad)
	case core.PeerRefusedUs:
		l.g.stats.refusedUs.add(e.Refusal)
		l.refused(peer, e.Refusal, true, nil)
	case core.PeerRedirected:
		l.g.stats.redirected.Add(1)
		l.report(event{level: slog.LevelDebug, text: "peer redirected: no room", peer: peer})
	case core.RedirectedUs:
		l.g.stats.redirectedUs.Add(1)
		l.report(event{level: slog.LevelDebug, text: "redirected by peer", peer: peer})
	case core.ClusterAdopted:
		l.cluster = e.Text
		l.publishStatus()
		l.report(event{level: slog.LevelInfo, text: "cluster ID adopted", peer: peer, attr: slog.String("cluster", e.Text)})
	case core.InfoRefused:
		l.g.stats.infosRefused.Add(1)
		err := refusal(e.Refusal)
		if err == nil {
			err = ErrLimit
		}
		l.report(event{level: slog.LevelWarn, text: "info refused", tell: infoRefused, peer: peer, key: e.Text, err: err})
	case core.IncarnationRaised:
		l.report(event{level: slog.LevelWarn, text: "another start of this node is about: incarnation raised", peer: peer})
	case core.ClockAhead:
		l.g.stats.clocksAhead.Add(1)
		if now := l.g.last.Load(); l.clockWarned == 0 || now-l.clockWarned >= int64(time.Minute) {
			l.clockWarned = now
			l.report(event{level: slog.LevelWarn, text: "the clock of a node is ahead", peer: peer, key: e.Text})
		}
	case core.ClockCorrected:
		l.clockOffset = time.Duration(e.Offset)
		l.publishStatus()
		l.report(event{level: slog.LevelWarn, text: "the clock of this node differs from its peers': stamps corrected", attr: slog.Duration("offset", l.clockOffset)})
	case core.NoSeeds:
		l.report(event{level: slog.LevelWarn, text: "resolvers name nobody to join"})
	case core.Suspecting:
		l.report(event{level: slog.LevelWarn, text: "member suspected: its link is lost, and nobody answers at its address", peer: peer})
	case core.Refuting:
		l.report(event{level: slog.LevelInfo, text: "suspicion of this node refuted", peer: peer})
	case core.LimitHit:
		l.g.stats.limitHits.Add(1)
		l.report(event{level: slog.LevelError, text: "limit reached", peer: peer, attr: slog.String("what", e.Text), err: ErrLimit})
	}
}

// refused reports that a link was refused or ended for r, and what was wrong with a frame, if that is the reason.
func (l *loop) refused(peer Peer, r wire.Refusal, byPeer bool, bad error) {
	reason := refusal(r)
	if reason != nil && bad != nil {
		reason = fmt.Errorf("%w: %v", reason, bad)
	}
	if reason == nil {
		l.report(event{level: slog.LevelDebug, text: "link refused", peer: peer, attr: slog.String("why", ordinary(r))})
		return
	}
	err := &RefusedError{Peer: peer, Reason: reason, ByPeer: byPeer}
	l.report(event{level: slog.LevelWarn, text: "link refused", tell: refused, peer: peer, err: err, refused: err})
}

// ordinary names the reasons that need nobody's attention.
func ordinary(r wire.Refusal) string {
	switch r {
	case wire.Busy:
		return "no room"
	case wire.Self:
		return "same node"
	case wire.DuplicateLink:
		return "linked already"
	case wire.DuplicateNode:
		return "same node ID"
	case wire.Leaving:
		return "leaving"
	}
	return "unknown"
}

// ownRefused reports that the core did not do what a command wanted.
func (l *loop) ownRefused(c *command, err error) {
	if errors.Is(err, ErrStopped) {
		l.g.stats.commandsDropped.Add(1)
	} else {
		l.g.stats.infosRefused.Add(1)
	}
	l.report(event{level: slog.LevelWarn, text: "own info refused", tell: infoRefused, key: c.Key, err: err})
}
