package serial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/transport"
)

// Network is the network of the addresses of hosts.
const Network = "sim"

// Addr returns the address of a host.
func Addr(host int) transport.Addr { return transport.MakeAddr(Network, Name(host)) }

// hostAt returns the host with an address.
func (w *World) hostAt(a transport.Addr) (int, bool) {
	text := a.String()
	if a.Network() != Network || len(text) < 2 {
		return 0, false
	}
	i, err := strconv.Atoi(text[1:])
	if err != nil || i < 0 || i >= len(w.hosts) || a != Addr(i) {
		return 0, false
	}
	return i, true
}

var (
	errDead   = fmt.Errorf("%w: the process has crashed", transport.ErrClosed)
	errFailed = errors.New("nobody answers")
	errFarEnd = fmt.Errorf("%w: ended at the other end", transport.ErrClosed)
	errBroken = fmt.Errorf("%w: broken on the way", transport.ErrClosed)
)

// endpoint is the transport of a run. World.mu guards its fields.
type endpoint struct {
	run     *Run
	closed  bool
	backlog []*conn
	accept  *call
	takers  []*call // of Listener.Accept, of which any number may be blocked
	conns   map[simnet.ID]*conn
	dials   map[uint64]*call
	dialed  uint64 // so many
	listens bool   // for streams, in place of links
}

// Transport is the transport of a run.
type Transport struct{ r *Run }

var _ transport.Transport = Transport{}

// Transport returns the transport of the run.
func (r *Run) Transport() Transport { return Transport{r} }

func (t Transport) Addr() transport.Addr { return Addr(t.r.host.id) }

func (t Transport) Dial(ctx context.Context, to transport.Addr) (transport.Link, error) {
	l, err := t.dial(ctx, to, false)
	if err != nil {
		return nil, fmt.Errorf("dial %s from %s: %w", to, t.Addr(), err)
	}
	return l, nil
}

func (t Transport) dial(ctx context.Context, to transport.Addr, stream bool) (*conn, error) {
	r, w := t.r, t.r.w
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var end simnet.ID
	err := r.turn(ctx, simnet.Out, "dial "+to.String(), 0, func(k *call) bool {
		host, ok := w.hostAt(to)
		switch {
		case r.net.closed:
			k.err = transport.ErrClosed
			return true
		case !ok:
			k.err = fmt.Errorf("%w: no such address", errFailed)
			return true
		}
		k.end, k.stream = &end, stream
		r.net.dialed++
		r.net.dials[r.net.dialed] = k
		w.net.Dial(r.host.id, r.net.dialed, host)
		return false
	})
	if err != nil {
		return nil, err
	}
	w.lock()
	defer w.mu.Unlock()
	return r.net.conns[end], nil
}

func (t Transport) Accept() (transport.Link, error) {
	r, w := t.r, t.r.w
	e := &r.net
	err := r.ready("accept", 0, func(k *call) bool {
		if len(e.backlog) == 0 && !e.closed {
			if e.accept != nil {
				w.races(r, "Accept", "transport")
			}
			e.accept = k
			return false
		}
		return true
	})
	w.lock()
	defer w.mu.Unlock()
	if err != nil || e.closed {
		return nil, fmt.Errorf("accept at %s: %w", t.Addr(), transport.ErrClosed)
	}
	l := e.backlog[0]
	e.backlog = slices.Delete(e.backlog, 0, 1)
	return l, nil
}

func (t Transport) Close() error {
	r, w := t.r, t.r.w
	e := &r.net
	// That a crash came first makes no difference.
	_ = r.turn(context.Background(), simnet.Out, "close", 0, func(*call) bool {
		if e.closed {
			return true
		}
		e.closed = true
		for _, c := range e.backlog {
			c.shut()
		}
		e.backlog = nil
		w.net.Links(r.host.id, func(id simnet.ID) { e.conns[id].shut() })
		for n, k := range e.dials {
			r.task(0, simnet.Leave, "dial", n, func() { k.finish(transport.ErrClosed) })
		}
		if k := e.accept; k != nil {
			r.task(0, simnet.Leave, "accept", 0, func() { k.finish(nil) })
		}
		return true
	})
	return nil
}

// races takes note that two goroutines make a call at once of which the contract of package transport allows one. mu is held.
func (w *World) races(r *Run, call, of string) {
	w.net.Fail(fmt.Errorf("two goroutines of %s are in %s of one %s, and one at a time may be", Name(r.host.id), call, of))
}

// conn is one end of a link. World.mu guards its fields.
type conn struct {
	run     *Run
	id      simnet.ID
	peer    transport.Addr
	inbox   [][]byte
	recv    *call
	send    *call
	closing *call
	stream  *Stream // that it is one end of; nil: it is a link
	closed  bool    // here
	ended   bool    // the network has said so
	broken  bool    // and that it broke: neither end has closed it
}

var _ transport.Link = (*conn)(nil)

// open makes the conn of a link. mu is held.
func (r *Run) open(id simnet.ID) *conn {
	way, _ := r.w.net.Way(r.host.id, id)
	c := &conn{run: r, id: id, peer: Addr(way.To)}
	r.net.conns[id] = c
	return c
}

func (c *conn) Peer() transport.Peer { return transport.Peer{Addr: c.peer} }

func (c *conn) Send(frame []byte) error {
	r, w := c.run, c.run.w
	if limit := w.opts.MaxFrame; len(frame) > limit {
		w.lock()
		over := c.closed || c.ended || r.dead
		w.mu.Unlock()
		if !over {
			return c.fail("send to", fmt.Errorf("%w: %d bytes, over %d", transport.ErrFrameTooLarge, len(frame), limit))
		}
	}
	err := r.turn(context.Background(), simnet.Out, "send", uint64(c.id), func(k *call) bool {
		switch {
		case c.closed || c.ended:
			k.err = c.end()
			return true
		case c.send != nil:
			w.races(r, "Send", "link with "+c.peer.String())
			return true
		}
		c.send = k
		w.transmit(c, frame)
		return false
	})
	if err != nil {
		return c.fail("send to", err)
	}
	return nil
}

func (c *conn) Recv() ([]byte, error) {
	r, w := c.run, c.run.w
	err := r.ready("recv", uint64(c.id), func(k *call) bool {
		if len(c.inbox) == 0 && !c.closed && !c.ended {
			if c.recv != nil {
				w.races(r, "Recv", "link with "+c.peer.String())
			}
			c.recv = k
			return false
		}
		return true
	})
	w.lock()
	defer w.mu.Unlock()
	switch {
	case err != nil:
		return nil, c.fail("recv from", err)
	case c.closed || len(c.inbox) == 0:
		return nil, c.fail("recv from", c.end())
	}
	frame := c.inbox[0]
	c.inbox = slices.Delete(c.inbox, 0, 1)
	return frame, nil
}

func (c *conn) Close() error {
	r, w := c.run, c.run.w
	w.lock()
	if r.dead {
		w.mu.Unlock()
		return nil
	}
	k := c.closing
	if k == nil { // whoever closes it again has no turn of his own, which could not be told from this one
		k = newCall()
		c.closing = k
		r.wait(k)
		r.task(0, simnet.Out, "close link", uint64(c.id), func() {
			c.shut()
			k.finish(nil)
		})
	}
	w.unlock()
	<-k.done
	return nil
}

// shut ends the link, once. mu is held.
func (c *conn) shut() {
	if c.closed {
		return
	}
	c.closed = true
	if !c.ended {
		c.run.w.net.Close(c.run.host.id, c.id)
	}
}

// down takes in that the link has ended. mu is held.
func (c *conn) down() {
	c.ended = true
	if c.stream != nil {
		c.stream.changed.Broadcast()
	}
	if c.recv != nil {
		c.recv.finish(nil)
	}
	if k := c.send; k != nil { // not beside the one that receives
		c.run.task(0, simnet.Leave, "send", uint64(c.id), func() { k.finish(c.end()) })
	}
}

// end is the error of a link that has ended.
func (c *conn) end() error {
	if c.closed {
		return transport.ErrClosed
	}
	if c.broken {
		return errBroken
	}
	return errFarEnd
}

func (c *conn) fail(what string, err error) error {
	return fmt.Errorf("%s %s at %s: %w", what, c.peer, Addr(c.run.host.id), err)
}
