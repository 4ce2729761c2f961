package gossip

import (
	"context"
	"errors"
	"fmt"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/transport"
)

// dialing is a Dial under way.
type dialing struct {
	id     core.DialID
	addr   transport.Addr
	cancel context.CancelFunc
	timer  clock.Timer
	over   bool           // the core has been told what came of it; it belongs to the loop
	conn   transport.Link // when it has ended
	err    error
}

// dial starts a Dial. One that does not come back in time has failed; its goroutine is left to its fate.
func (l *loop) dial(d core.Dial) {
	g := l.g
	g.stats.dials.Add(1)
	k := &dialing{id: d.ID, addr: fromWire(d.Addr), err: errExited}
	if len(l.dials) >= g.cfg.openLinks() {
		k.err = fmt.Errorf("%w: %d dials do not come back", ErrLimit, len(l.dials))
		g.inbox.put(message{kind: inDialEnded, body: k})
		return
	}
	var ctx context.Context
	ctx, k.cancel = context.WithCancel(l.ctx)
	k.timer = g.cfg.Clock.AfterFunc(g.cfg.Timers.Dial, func() { g.inbox.put(message{kind: inDialTimeout, body: k}) })
	l.dials = append(l.dials, k)
	l.spawn("dial "+k.addr.String(), func() {
		defer func() {
			if !g.inbox.put(message{kind: inDialEnded, body: k}) && k.conn != nil {
				closeLink(k.conn)
			}
		}()
		k.err = guard(func() (err error) {
			k.conn, err = g.cfg.Transport.Dial(ctx, k.addr)
			return err
		})
		if k.err == nil && k.conn == nil {
			k.err = errors.New("neither a link nor an error")
		}
	})
}

// dialTimeout gives up a Dial that has not come back.
func (l *loop) dialTimeout(k *dialing) {
	if !k.over {
		k.cancel()
		l.dialFailed(k, fmt.Errorf("no answer in %v", l.g.cfg.Timers.Dial))
	}
}

// dialEnded takes in what came of a Dial, which may have been given up meanwhile.
func (l *loop) dialEnded(k *dialing) {
	if k.cancel != nil {
		k.cancel()
		k.timer.Stop()
		l.forget(k)
	}
	switch {
	case k.err == nil && k.over:
		l.spawn("close link to "+k.addr.String(), func() { closeLink(k.conn) })
	case k.err == nil:
		k.over = true // its timer may have fired just now
		link := newLink(k.conn, k.addr, true)
		l.serve(link)
		l.step(core.Input{Kind: core.InDialed, Dial: k.id, Link: link.id})
	case !k.over:
		l.dialFailed(k, k.err)
	}
}

func (l *loop) dialFailed(k *dialing, err error) {
	k.over = true
	l.g.stats.dialsFailed.Add(1)
	l.dialErr = err // for the event that comes of it
	l.step(core.Input{Kind: core.InDialFailed, Dial: k.id})
	l.dialErr = nil
}

// forget takes k off the list.
func (l *loop) forget(k *dialing) {
	for i, other := range l.dials {
		if other == k {
			l.dials = append(l.dials[:i], l.dials[i+1:]...)
			return
		}
	}
}
