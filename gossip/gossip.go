package gossip

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/sched"
	"github.com/grapevine-go/grapevine/transport"
)

// Gossip is a node of the network. All methods may be called at any time, before and after Run too, by any number of
// goroutines.
type Gossip struct {
	cfg     Config
	addr    transport.Addr  // of the Transport
	sched   sched.Scheduler // nil: the Go scheduler
	times   sched.Times     // nil: Config.Clock
	tracer  sched.Tracer    // nil: nobody
	inbox   *inbox
	helpers helpers
	stats   counters

	born     time.Time    // by the Clock; core.Now.Mono counts from here
	last     atomic.Int64 // core.Now.Mono of the last input
	ran      atomic.Bool
	stopping atomic.Bool
	accepted atomic.Int64 // links that were accepted and have not ended

	commands  commands
	records   *records
	nodeID    atomic.Uint64
	snapshot  atomic.Pointer[snapshot]
	system    atomic.Pointer[core.Record] // of the last system config that decodes; nil: none so far
	connected chan struct{}
	stopped   chan struct{} // closed when stopping is true
}

// New returns a node that is ready to Run. It checks cfg, of which it keeps a copy, and reports everything that is
// wrong with it at once, in an error that wraps ErrConfig. It starts nothing and does no I/O.
func New(cfg Config) (*Gossip, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	g := &Gossip{
		cfg:       cfg,
		addr:      cfg.Transport.Addr(),
		sched:     sched.Of(cfg.Clock),
		inbox:     newInbox(),
		helpers:   helpers{running: make(map[string]int)},
		born:      cfg.Clock.Now(),
		commands:  commands{overlay: make(map[string]pendingWrite)},
		records:   newRecords(),
		connected: make(chan struct{}),
		stopped:   make(chan struct{}),
	}
	g.times, _ = cfg.Clock.(sched.Times)
	g.tracer, _ = cfg.Clock.(sched.Tracer)
	g.nodeID.Store(uint64(cfg.NodeID))
	g.snapshot.Store(&snapshot{cluster: cfg.ClusterID})
	return g, nil
}

// Clock returns the clock of the node: Config.Clock.
func (g *Gossip) Clock() clock.Clock { return g.cfg.Clock }

// now returns the time. Its Mono begins with 1, since 0 means never where the core says when, and never goes below
// that of the last input.
func (g *Gossip) now() core.Now {
	if g.times != nil {
		mono, wall := g.times.Times()
		return core.Now{Mono: max(1, mono, g.last.Load()), Wall: wall}
	}
	t := g.cfg.Clock.Now()
	return core.Now{Mono: max(1+int64(t.Sub(g.born)), g.last.Load()), Wall: t.UnixNano()}
}

// report has the loop report e, if there still is one.
func (g *Gossip) report(e event) {
	if !g.inbox.put(message{kind: inReport, body: &e}) {
		g.stats.eventsDropped.Add(1)
	}
}

// Start runs the node on a goroutine of its own. stop ends it and returns what Run returns, which is also how one learns
// why a node has ended by itself. It may be called any number of times, though not by a Callback, an Observer or a
// plug-in, for which Run waits.
func (g *Gossip) Start(ctx context.Context) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	var err error // to be read when ended is closed
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err = g.Run(ctx)
	}()
	return func() error {
		cancel()
		<-ended
		return err
	}
}
