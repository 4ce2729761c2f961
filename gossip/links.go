package gossip

import (
	"errors"
	"log/slog"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
	"github.com/grapevine-go/grapevine/transport"
)

// credits is how many frames of one link may wait in the inbox; its reader waits when they do, and the peer with it.
const credits = 4

// link is a link to a peer, and the two goroutines that serve it.
type link struct {
	conn   transport.Link
	addr   transport.Addr // where it goes to or comes from
	dialed bool
	out    chan []byte   // to the writer; of capacity 1, since the core has one frame under way
	credit chan struct{} // of capacity credits: holds one for each frame in the inbox

	// What follows belongs to the loop.
	id      core.LinkID
	sending bool
	closing bool // out is closed
	ended   error
	bad     error       // what was wrong with a frame
	grace   clock.Timer // gives the last frame time
}

// newLink returns a link over conn, not in service yet.
func newLink(conn transport.Link, addr transport.Addr, dialed bool) *link {
	return &link{conn: conn, addr: addr, dialed: dialed, out: make(chan []byte, 1), credit: make(chan struct{}, credits)}
}

// serve gives k a name and starts its goroutines.
func (l *loop) serve(k *link) {
	l.lastLink++
	k.id = l.lastLink
	l.links[k.id] = k
	l.spawn("read from "+k.addr.String(), func() { l.g.read(k) })
	l.spawn("write to "+k.addr.String(), func() { l.g.write(k) })
}

// read puts the frames of a link into the inbox. It alone says that the link has ended.
func (g *Gossip) read(k *link) {
	var ended error
	defer func() {
		closeLink(k.conn)
		if !k.dialed {
			g.accepted.Add(-1)
		}
		if !errors.Is(ended, transport.ErrClosed) {
			g.report(event{level: slog.LevelError, text: "transport broke its contract", peer: k.peer(), err: ended})
		}
		g.inbox.put(message{kind: core.InDown, link: k, body: ended})
	}()
	limits := g.wireLimits()
	for bad := false; ; {
		var raw []byte
		ended = errExited
		if ended = guard(func() (err error) { raw, err = k.conn.Recv(); return err }); ended != nil {
			return
		}
		g.stats.framesReceived.Add(1)
		g.stats.bytesReceived.Add(uint64(len(raw)))
		if bad { // the loop is closing the link; nothing counts any more
			continue
		}
		m := message{kind: core.InFrame, link: k}
		if frame, err := wire.Decode(raw, limits); err == nil {
			m.body = frame
			g.stats.infosReceived.Add(uint64(len(frame.Infos)))
		} else {
			bad = true
			m.kind, m.reason, m.body = core.InBadFrame, wire.Corrupt, err
			if errors.Is(err, wire.ErrTooLarge) {
				m.reason = wire.Misbehaved
			}
		}
		k.credit <- struct{}{}
		if !g.inbox.put(m) {
			<-k.credit
			return
		}
	}
}

// write sends the frames of a link, and closes it when there are no more or one cannot be sent.
func (g *Gossip) write(k *link) {
	defer closeLink(k.conn)
	failed := false
	for frame := range k.out {
		if failed {
			continue
		}
		if err := g.sendFrame(k, frame); err != nil {
			failed = true
			closeLink(k.conn)
		}
	}
}

// wireLimits are those of the frames that peers may send.
func (g *Gossip) wireLimits() wire.Limits {
	return wire.Limits{Frame: g.cfg.Limits.Frame, Key: g.cfg.Limits.Key, Value: g.cfg.Limits.Value, Items: frameItems}
}

// sendFrame sends one frame, and says so.
func (g *Gossip) sendFrame(k *link, frame []byte) (err error) {
	err = errExited
	defer func() {
		switch {
		case err == nil:
			g.stats.framesSent.Add(1)
			g.stats.bytesSent.Add(uint64(len(frame)))
			g.inbox.put(message{kind: core.InSent, link: k})
		case errors.Is(err, transport.ErrClosed):
		case errors.Is(err, transport.ErrFrameTooLarge):
			g.report(event{level: slog.LevelError, text: "frame over the limit of the transport: lower Limits.Frame", peer: k.peer(), err: err})
		default:
			g.report(event{level: slog.LevelError, text: "transport broke its contract", peer: k.peer(), err: err})
		}
	}()
	return guard(func() error { return k.conn.Send(frame) })
}

// peer describes the other end, as far as is known without its Hello.
func (k *link) peer() Peer { return Peer{Addr: k.addr, Dialed: k.dialed} }

// closeLink closes conn. Whatever goes wrong, it has ended, as far as anybody can do something about it.
func closeLink(conn transport.Link) { _ = guard(conn.Close) }

// send hands a frame to the writer, which has no other.
func (l *loop) send(s core.Send) {
	if k := l.links[s.Link]; k != nil && !k.closing {
		if k.sending {
			panic("gossip: the core sends a second frame before the first has gone")
		}
		k.sending = true
		k.out <- s.Frame
	}
}

// close ends a link: at once, or behind the frame that is being sent, which is given some time.
func (l *loop) close(id core.LinkID) {
	k := l.links[id]
	if k == nil || k.closing {
		return
	}
	k.closing = true
	close(k.out)
	if k.sending {
		g := l.g
		k.grace = g.cfg.Clock.AfterFunc(g.cfg.Timers.Ping, func() { g.inbox.put(message{kind: inCloseNow, link: k}) })
	}
}

// closeNow ends a link whose last frame does not get through.
func (l *loop) closeNow(k *link) {
	if l.links[k.id] == k {
		l.spawn("close link to "+k.addr.String(), func() { closeLink(k.conn) })
	}
}

// sent takes in that the frame of a link is on its way.
func (l *loop) sent(k *link) {
	k.sending = false
	if l.links[k.id] == k {
		l.step(core.Input{Kind: core.InSent, Link: k.id})
	}
}

// down takes in that a link has ended.
func (l *loop) down(k *link, err error) {
	k.ended = err
	l.step(core.Input{Kind: core.InDown, Link: k.id})
	delete(l.links, k.id)
	k.release()
}

// release ends the writer and stops the timer.
func (k *link) release() {
	if !k.closing {
		k.closing = true
		close(k.out)
	}
	if k.grace != nil {
		k.grace.Stop()
	}
}

// openLinks is how many links the node holds of those it did not ask for, and how many dials it leaves hanging: more than
// the core ever admits, so that it can tell the surplus where to go, and few enough to be cheap.
func (c *Config) openLinks() int { return 4*c.MaxPeers + 16 }

// accept puts the links that peers dial into the inbox.
func (g *Gossip) accept() {
	err := errExited
	defer func() { g.inbox.put(message{kind: inAcceptEnded, body: err}) }()
	for {
		var conn transport.Link
		var from transport.Addr
		err = guard(func() (err error) {
			if conn, err = g.cfg.Transport.Accept(); err == nil {
				from = conn.Peer().Addr
			}
			return err
		})
		if err != nil {
			return
		}
		g.stats.accepts.Add(1)
		if g.accepted.Add(1) > int64(g.cfg.openLinks()) {
			g.accepted.Add(-1)
			g.stats.acceptsDropped.Add(1)
			closeLink(conn)
			continue
		}
		k := newLink(conn, from, false)
		if !g.inbox.put(message{kind: inLinked, link: k}) {
			closeLink(conn)
		}
	}
}
