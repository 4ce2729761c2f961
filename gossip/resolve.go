package gossip

import (
	"context"
	"log/slog"
	"slices"
	"strconv"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
)

// source is a Resolver and what it last said. It belongs to the loop, but for the call under way.
type source struct {
	resolver resolver.Resolver
	name     string
	heard    bool        // it has answered without an error
	known    []wire.Addr // its last answer that was no error
	asked    uint64      // n of the resolving it was last called for
	busy     bool
	cancel   context.CancelFunc
	timer    clock.Timer

	addrs []transport.Addr // of the call that has ended
	err   error
}

func newSources(resolvers []resolver.Resolver) []*source {
	var all []*source
	for i, r := range resolvers {
		all = append(all, &source{resolver: r, name: "resolver " + strconv.Itoa(i)})
	}
	return all
}

// resolving is one round of asking all resolvers. It belongs to the loop.
//
// The core gets one answer: when all have answered, or an interval after the first that named somebody, or when time
// is up. An answer that comes later counts the next time, so a slow resolver is heard and holds up nobody.
type resolving struct {
	n       uint64
	active  bool
	hurried bool // somebody is named
	waiting int  // for how many
	timer   clock.Timer
}

// stop ends the round.
func (r *resolving) stop() {
	r.active = false
	if r.timer != nil {
		r.timer.Stop()
		r.timer = nil
	}
}

// resolve asks all resolvers that are not at work on an earlier question.
func (l *loop) resolve() {
	r, g := &l.resolving, l.g
	if r.active {
		return
	}
	r.n++
	r.active, r.hurried, r.waiting = true, false, 0
	for _, s := range l.sources {
		if !s.busy {
			l.ask(s)
		}
	}
	timeout := message{kind: inResolveTimeout, n: r.n}
	if r.waiting == 0 {
		g.inbox.put(timeout)
		return
	}
	r.timer = g.cfg.Clock.AfterFunc(g.cfg.Timers.Dial, func() { g.inbox.put(timeout) })
}

// ask calls one resolver.
func (l *loop) ask(s *source) {
	g := l.g
	l.resolving.waiting++
	s.busy, s.asked, s.err = true, l.resolving.n, errExited
	ctx, cancel := context.WithCancel(l.ctx)
	s.cancel = cancel
	s.timer = g.cfg.Clock.AfterFunc(g.cfg.Timers.Dial, cancel)
	l.spawn(s.name, func() {
		defer g.inbox.put(message{kind: inAnswered, body: s})
		s.err = guard(func() (err error) { s.addrs, err = s.resolver.Resolve(ctx); return err })
	})
}

// stop ends the call under way, as far as it listens.
func (s *source) stop() {
	if s.busy {
		s.cancel()
		s.timer.Stop()
	}
}

// answered takes in what a resolver says.
func (l *loop) answered(s *source) {
	s.stop()
	s.busy = false
	if !slices.Contains(l.sources, s) { // replaced meanwhile
		return
	}
	r := &l.resolving
	if s.err != nil {
		l.g.stats.resolverErrors.Add(1)
		l.report(event{level: slog.LevelWarn, text: "resolver failed", attr: slog.String("resolver", s.name), err: s.err})
	} else {
		s.heard, s.known = true, nil
		for _, a := range s.addrs {
			s.known = append(s.known, toWire(a))
		}
	}
	s.addrs = nil
	if !r.active || s.asked != r.n {
		return
	}
	switch r.waiting--; {
	case r.waiting == 0:
		l.resolved()
	case len(s.known) > 0 && !r.hurried:
		r.hurried = true
		r.timer.Reset(min(l.g.cfg.Interval, l.g.cfg.Timers.Dial))
	}
}

// resolved tells the core whom the resolvers name.
func (l *loop) resolved() {
	l.resolving.stop()
	var addrs []wire.Addr
	for _, s := range l.sources {
		addrs = append(addrs, s.known...)
	}
	l.publishStatus()
	l.step(core.Input{Kind: core.InResolved, Addrs: addrs})
}

// others reports whether there may be somebody to link to: the resolvers name others than this node, or have not said.
func (l *loop) others() bool {
	own := toWire(l.g.addr)
	return slices.ContainsFunc(l.sources, func(s *source) bool {
		return !s.heard || slices.ContainsFunc(s.known, func(a wire.Addr) bool { return a != own })
	})
}

// setSources replaces the resolvers. Those that are asked just now are not waited for.
func (l *loop) setSources(sources []*source) {
	l.stopSources()
	l.sources = sources
	if r := &l.resolving; r.active {
		r.stop()
		l.resolve()
	}
	l.publishStatus()
}

func (l *loop) stopSources() {
	for _, s := range l.sources {
		s.stop()
	}
}
