package gossip

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/internal/core"
)

// Run joins the network and serves it until ctx ends; then it returns nil. It returns an error if the node cannot go
// on: one that wraps ErrDuplicateNodeID if another node runs with its ID, the Store's if that cannot say what it
// remembers, the Transport's if that cannot accept any more. A Gossip runs once; the error of a second Run is
// ErrAlreadyRun.
//
// Run owns every goroutine of the node, its links and Config.Transport: when it returns, they are closed, and the goroutines
// have ended. It waits no longer than Timers.Shutdown for those which are in code that is not this package's, such as
// a Callback; if some are left then, its error names them.
func (g *Gossip) Run(ctx context.Context) error {
	if g.ran.Swap(true) {
		return ErrAlreadyRun
	}
	cfg := g.coreConfig()
	if g.tracer != nil {
		g.tracer.Begin(cfg)
	}
	helpersCtx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // ends when the loop says so
	defer cancel()
	l := &loop{
		g:       g,
		ctx:     helpersCtx,
		core:    core.New(cfg),
		links:   make(map[core.LinkID]*link),
		spawned: make(map[string]uint64),
		asked:   make(map[uint64]*command),
		sources: newSources(g.cfg.Resolvers),
		outlets: newOutlets(&g.cfg),
		cluster: g.cfg.ClusterID,
	}
	defer context.AfterFunc(ctx, func() { g.inbox.put(message{kind: inStop}) })()
	l.start()
	left := l.run()
	cancel()
	return errors.Join(l.fatal, l.stop(left))
}

// coreConfig returns what the core is made of.
func (g *Gossip) coreConfig() core.Config {
	cfg, t := &g.cfg, &g.cfg.Timers
	// What tells this process from all others follows from the seed too, so that a run can be repeated; nodes that
	// were given the same seed differ in the rest.
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %d %s %d", cfg.Seed, cfg.NodeID, g.addr, g.born.UnixNano())
	c := core.Config{
		ClusterID: cfg.ClusterID,
		Node:      uint64(cfg.NodeID),
		Addr:      toWire(g.addr),
		Seed:      cfg.Seed,
		Instance:  h.Sum64(),
		MaxPeers:  cfg.MaxPeers,
		Parents:   cfg.Parents,
		Resolvers: len(cfg.Resolvers),
		Limits:    core.Limits{Infos: cfg.Limits.Infos, Origins: cfg.Limits.Origins, Frame: cfg.Limits.Frame},
		Timers: core.Timers{
			Ping:     int64(t.Ping),
			Advert:   int64(t.Advert),
			Graft:    int64(t.Graft),
			Pace:     int64(t.Pace),
			Interval: int64(cfg.Interval),
			Resolve:  int64(t.Resolve),
			MaxTTL:   int64(t.MaxTTL),
			MaxSkew:  int64(t.MaxSkew),
		},
		Sentinel:    int64(t.Sentinel),
		ClusterLife: int64(t.ClusterID),
	}
	if cfg.KeepSentinel {
		c.Keep = []core.Keep{
			{Key: KeyClusterID, Value: cfg.ClusterID, TTL: int64(t.ClusterID)},
			{Key: KeySentinel, Value: cfg.ClusterID, TTL: int64(t.Sentinel)},
		}
	}
	return c
}

// start asks the store what it remembers: that is the first thing the core has to know.
func (l *loop) start() {
	g := l.g
	if g.cfg.Store == nil {
		g.inbox.put(message{kind: inLoaded})
		return
	}
	l.spawn("read from the store", func() {
		m := message{kind: inLoaded, body: errExited}
		defer func() { g.inbox.put(m) }()
		if err := guard(func() (err error) { m.n, err = g.load(l.ctx); return err }); err != nil {
			m.body = err
		} else {
			m.body = nil
		}
	})
}

// run takes in what happens until the node stops, and returns what it has taken out of the inbox and not taken in.
func (l *loop) run() (left []message) {
	for {
		batch := l.g.inbox.take()
		for i, m := range batch {
			switch {
			case m.kind == inStop:
				return append(l.held, batch[i+1:]...)
			case m.kind == inLoaded:
				l.loaded(m)
			case l.running:
				l.handle(m)
			default:
				l.held = append(l.held, m)
			}
			if l.fatal != nil {
				return append(l.held, batch[i+1:]...)
			}
		}
	}
}

// loaded begins the node's life: nothing but what the application wants can have come before.
func (l *loop) loaded(m message) {
	g := l.g
	if err, _ := m.body.(error); err != nil {
		l.fail("start", err)
		return
	}
	l.running = true
	l.publishStatus()
	l.report(event{level: slog.LevelInfo, text: "node starts", attr: slog.Uint64("seed", g.cfg.Seed)})
	l.spawn("accept", g.accept)
	l.step(core.Input{Kind: core.InStart, Incarnation: m.n})
	if err := g.describeSelf(); err != nil {
		l.report(event{level: slog.LevelError, text: "node does not describe itself", err: err})
	}
	held := l.held
	l.held = nil
	for i, m := range held {
		l.handle(m)
		if l.fatal != nil {
			l.held = held[i+1:]
			return
		}
	}
}

// stop ends all that the node has begun, and waits for it.
func (l *loop) stop(left []message) error {
	g := l.g
	g.stopping.Store(true)
	close(g.stopped)
	g.commands.close()
	left = append(left, g.inbox.close()...)
	l.stopTimers()
	for _, k := range slices.SortedFunc(maps.Values(l.links), func(a, b *link) int { return int(a.id) - int(b.id) }) {
		k.release()
		l.spawn("close link to "+k.addr.String(), func() { closeLink(k.conn) })
	}
	for _, m := range left {
		l.discard(m)
	}
	for _, n := range slices.Sorted(maps.Keys(l.asked)) {
		g.lose(l.asked[n])
	}
	var closed error
	l.spawn("close the transport", func() { closed = guard(g.cfg.Transport.Close) })
	l.running = false
	l.linkInfos = nil
	l.publishStatus()

	expired := make(chan struct{})
	limit := g.cfg.Clock.AfterFunc(g.cfg.Timers.Shutdown, func() { close(expired) })
	defer limit.Stop()
	hung := g.helpers.wait(expired)
	if hung == "" && closed != nil { // its goroutine has ended
		l.queue(event{level: slog.LevelWarn, text: "transport closed", err: closed})
	}
	for hung == "" && l.lastEvents() {
		hung = g.helpers.wait(expired)
	}
	if hung != "" {
		return fmt.Errorf("gossip: after %v, still at work: %s", g.cfg.Timers.Shutdown, hung)
	}
	return nil
}

// discard lets go of a message that came too late.
func (l *loop) discard(m message) {
	switch m.kind {
	case core.InFrame, core.InBadFrame:
		<-m.link.credit
	case inCommand:
		l.g.lose(m.body.(*command))
	case inLinked:
		l.spawn("close link to "+m.link.addr.String(), func() { closeLink(m.link.conn) })
	case inDialEnded:
		if k := m.body.(*dialing); k.conn != nil {
			l.spawn("close link to "+k.addr.String(), func() { closeLink(k.conn) })
		}
	case inReport:
		l.queue(*m.body.(*event))
	}
}

func (l *loop) stopTimers() {
	if l.timer != nil {
		l.timer.Stop()
	}
	if t := l.persister.waiting; t != nil {
		t.Stop()
	}
	for _, k := range l.dials {
		k.cancel()
		k.timer.Stop()
	}
	l.resolving.stop()
	l.stopSources()
}

// reset sets a timer, made at first use, to fire a deadline in d nanoseconds.
func (l *loop) reset(t clock.Timer, d int64) clock.Timer {
	wait := time.Duration(max(d, 0))
	if t == nil {
		return l.g.cfg.Clock.AfterFunc(wait, func() { l.g.inbox.put(message{kind: core.InDeadline}) })
	}
	t.Reset(wait)
	return t
}

// runError says what a node could not do any more.
type runError struct {
	what string
	err  error
}

func (e *runError) Error() string { return "gossip: " + e.what + ": " + e.err.Error() }
func (e *runError) Unwrap() error { return e.err }
