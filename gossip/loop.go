package gossip

import (
	"context"
	"log/slog"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// loop owns the state of a running node. Everything that happens comes out of the inbox, one message after the other; no
// step waits for anything, and none calls code that is not this package's but Clock and Timer.
type loop struct {
	g       *Gossip
	ctx     context.Context // of the helpers; ends when the node stops
	core    *core.Core
	running bool
	held    []message // what came before the store had answered
	fatal   error     // ends the loop

	timer clock.Timer
	next  int64 // Mono for which timer is set; 0: not

	links     map[core.LinkID]*link
	lastLink  core.LinkID
	linkInfos []core.LinkInfo
	dials     []*dialing
	dialErr   error // the cause of the step's DialFailed
	spawned   map[string]uint64

	persister persister
	sources   []*source
	resolving resolving
	asked     map[uint64]*command // those the core has not answered
	outlets   []*outlet

	index   index
	matched []*registration // scratch
	told    []*registration // those with news since the last step
	watches int             // in index

	systemRegs []*registration // those for system configs, in no index

	durable  uint64 // the incarnation on record
	cluster  string
	sentinel bool // KeySentinel was seen
	met      bool // connected is closed

	clockOffset time.Duration // of the stamps
	clockWarned int64         // Mono of the last warning of clocks that are ahead; 0: none
}

// handle takes in what has happened.
func (l *loop) handle(m message) {
	err, _ := m.body.(error)
	switch m.kind {
	case core.InFrame:
		<-m.link.credit
		l.step(core.Input{Kind: core.InFrame, Link: m.link.id, Frame: m.body.(*wire.Frame)})
	case core.InBadFrame:
		<-m.link.credit
		m.link.bad = err
		l.step(core.Input{Kind: core.InBadFrame, Link: m.link.id, Reason: m.reason})
	case core.InSent:
		l.sent(m.link)
	case core.InDown:
		l.down(m.link, err)
	case core.InDeadline:
		l.deadline()
	case inCommand:
		l.command(m.body.(*command))
	case inRegister:
		l.registered(m.body.(*registration))
	case inUnregister:
		l.unregistered(m.body.(*registration))
	case inBatch:
		m.body.(interface{ ended(*loop) }).ended(l)
	case inReport:
		l.report(*m.body.(*event))
	case inLinked:
		l.serve(m.link)
		l.step(core.Input{Kind: core.InAccepted, Link: m.link.id})
	case inAcceptEnded:
		l.fail("accept", err)
	case inDialEnded:
		l.dialEnded(m.body.(*dialing))
	case inDialTimeout:
		l.dialTimeout(m.body.(*dialing))
	case inCloseNow:
		l.closeNow(m.link)
	case inPut:
		l.stored(m.n, err)
	case inPutAgain:
		l.putAgain()
	case inAnswered:
		l.answered(m.body.(*source))
	case inResolveTimeout:
		if l.resolving.active && l.resolving.n == m.n {
			l.resolved()
		}
	}
}

// step hands one input to the core and does what comes of it, in the order that Outputs lists: readers see what
// others are told next, and whoever waits for an answer finds all else done.
func (l *loop) step(in core.Input) {
	now := l.g.now()
	l.g.last.Store(now.Mono)
	out := l.core.Step(now, in)
	if l.g.tracer != nil {
		l.g.tracer.Step(now, &in, out)
	}
	if out.Persist != 0 {
		l.persist(out.Persist)
	}
	for _, s := range out.Sends {
		l.send(s)
	}
	for _, d := range out.Dials {
		l.dial(d)
	}
	for _, c := range out.Closes {
		l.close(c.Link)
	}
	if out.Resolve {
		l.resolve()
	}
	l.publish(out.Changes)
	for _, e := range out.Events {
		l.heard(e)
	}
	if out.Links {
		l.linkInfos = l.core.Links()
		l.publishStatus()
	}
	l.arm(out.Next, now.Mono)
	for _, r := range out.Replies {
		l.answer(r)
	}
	if out.Fatal != 0 {
		l.fail("stay in the network", ErrDuplicateNodeID)
	}
}

// publish shows changes to readers, then to callbacks.
func (l *loop) publish(changes []core.Change) {
	if len(changes) == 0 {
		return
	}
	g := l.g
	for _, c := range changes {
		rec := c.Record
		switch c.Kind {
		case core.Deleted:
			g.records.remove(rec.Key)
			continue
		case core.Expired:
			g.records.remove(rec.Key)
			g.stats.infosExpired.Add(1)
			continue
		}
		g.records.set(rec)
		if rec.From != 0 && c.Kind != core.Moved {
			g.stats.infosTaken.Add(1)
		}
		switch rec.Key {
		case KeyClusterID:
			if !l.met {
				l.met = true
				close(g.connected)
			}
		case KeySystemConfig:
			if c.Kind != core.Moved {
				l.systemConfig(rec)
			}
		case KeySentinel:
			if !l.sentinel {
				l.sentinel = true
				l.publishStatus()
			}
		}
	}
	for _, c := range changes {
		l.notify(c)
	}
	for _, r := range l.told {
		r.run(l)
	}
	clear(l.told)
	l.told = l.told[:0]
}

// arm sets the timer for the next deadline.
func (l *loop) arm(next, now int64) {
	if next == l.next {
		return
	}
	l.next = next
	if next == 0 {
		l.timer.Stop()
		return
	}
	l.timer = l.reset(l.timer, next-now)
}

// deadline takes in that the timer has fired. It may have been reset just then.
func (l *loop) deadline() {
	now := l.g.now()
	switch {
	case l.next == 0:
	case now.Mono < l.next:
		l.timer = l.reset(l.timer, l.next-now.Mono)
	default:
		l.next = 0
		l.step(core.Input{Kind: core.InDeadline})
	}
}

// fail ends the node.
func (l *loop) fail(what string, err error) {
	if l.fatal == nil {
		l.fatal = &runError{what, err}
		l.report(event{level: slog.LevelError, text: "node stops", err: l.fatal})
	}
}
