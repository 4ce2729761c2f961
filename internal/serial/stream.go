package serial

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/grapevine-go/grapevine/transport"
)

const (
	streamWindow = 256 << 10 // bytes that are written and not read
	streamChunk  = 32 << 10  // bytes that travel together
)

// Stream is one end of a connection of two hosts, over which bytes go as frames go over a link. Unlike a link it does not wait for its turn: who
// writes or reads may hold a lock.
type Stream struct {
	c       *conn
	link    int
	side    int
	changed sync.Cond // anything at all; with World.mu, which guards what follows

	out    []byte // written, and not on its way
	busy   bool   // something is leaving
	flight int    // bytes that have left and were not read at the other end
	over   bool   // Close was called

	reading, writing limit
}

var _ net.Conn = (*Stream)(nil)

// limit is a deadline.
type limit struct {
	at    time.Time // zero: none
	timer *time.Timer
}

func (l *limit) passed() bool { return !l.at.IsZero() && !time.Now().Before(l.at) }

// set sets the limit, and has f called when it passes.
func (l *limit) set(t time.Time, f func()) {
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	if l.at = t; !t.IsZero() {
		l.timer = time.AfterFunc(time.Until(t), f)
	}
}

// flow makes a conn one end of a stream.
func (c *conn) flow(side int) {
	w := c.run.w
	way, _ := w.net.Way(c.run.host.id, c.id)
	s := &Stream{c: c, link: way.Link, side: side}
	s.changed.L = &w.mu
	c.stream = s
	ends := w.streams[s.link]
	ends[side] = s
	w.streams[s.link] = ends
}

// Stream dials a connection to a host that listens.
func (r *Run) Stream(ctx context.Context, to transport.Addr) (*Stream, error) {
	c, err := r.Transport().dial(ctx, to, true)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: Network, Addr: to, Err: err}
	}
	return c.stream, nil
}

// gone reports whether nothing of the run has an effect, or the stream is closed here. mu is held, as for all that follow.
func (s *Stream) gone() bool { return s.over || s.c.run.dead }

// push sends what was written.
func (s *Stream) push() {
	c := s.c
	if s.busy || c.closed || c.ended || c.run.dead {
		return
	}
	if len(s.out) == 0 {
		if s.over {
			c.shut()
		}
		return
	}
	n := min(len(s.out), streamChunk)
	chunk := slices.Clone(s.out[:n])
	s.out = slices.Delete(s.out, 0, n)
	s.busy = true
	s.flight += n
	c.run.w.transmit(c, chunk)
}

// sent is when what was leaving has left.
func (s *Stream) sent() {
	s.busy = false
	s.push()
}

// Write takes in all of b, which it copies, as soon as there is room.
func (s *Stream) Write(b []byte) (n int, err error) {
	w := s.c.run.w
	w.lock()
	defer w.unlock()
	for {
		switch {
		case s.gone():
			return n, s.fail("write", net.ErrClosed)
		case s.c.broken:
			return n, s.fail("write", syscall.ECONNRESET)
		case s.c.ended:
			return n, s.fail("write", syscall.EPIPE)
		case s.writing.passed():
			return n, s.fail("write", os.ErrDeadlineExceeded)
		case len(b) == 0:
			return n, nil
		}
		if room := min(streamWindow-s.flight-len(s.out), len(b)); room > 0 {
			s.out = append(s.out, b[:room]...)
			b, n = b[room:], n+room
			s.push()
			continue
		}
		s.wait()
	}
}

// wait lets the world go on until something has changed.
func (s *Stream) wait() {
	w := s.c.run.w
	if w.early() {
		select {
		case w.kick <- struct{}{}:
		default:
		}
	}
	s.changed.Wait()
	w.net.Pass(time.Since(w.start))
}

// Read returns what has arrived, at the end of the stream io.EOF, or ECONNRESET if it is a broken one.
func (s *Stream) Read(b []byte) (n int, err error) {
	w, c := s.c.run.w, s.c
	w.lock()
	defer w.unlock()
	for {
		switch {
		case s.gone():
			return 0, s.fail("read", net.ErrClosed)
		case s.reading.passed():
			return 0, s.fail("read", os.ErrDeadlineExceeded)
		case len(b) == 0:
			return 0, nil
		case len(c.inbox) > 0:
			n = copy(b, c.inbox[0])
			if c.inbox[0] = c.inbox[0][n:]; len(c.inbox[0]) == 0 {
				c.inbox = slices.Delete(c.inbox, 0, 1)
			}
			if far := w.streams[s.link][1-s.side]; far != nil {
				far.flight -= n
				far.changed.Broadcast()
			}
			return n, nil
		case c.broken:
			return 0, s.fail("read", syscall.ECONNRESET)
		case c.ended:
			return 0, io.EOF
		}
		s.wait()
	}
}

// Close ends the stream, behind what was written.
func (s *Stream) Close() error {
	w := s.c.run.w
	w.lock()
	defer w.unlock()
	if s.over {
		return s.fail("close", net.ErrClosed)
	}
	s.over = true
	s.reading.set(time.Time{}, nil)
	s.writing.set(time.Time{}, nil)
	s.push()
	ends := w.streams[s.link]
	if ends[s.side] = nil; ends[1-s.side] == nil {
		delete(w.streams, s.link)
	} else {
		w.streams[s.link] = ends
	}
	s.changed.Broadcast()
	return nil
}

func (s *Stream) LocalAddr() net.Addr  { return Addr(s.c.run.host.id) }
func (s *Stream) RemoteAddr() net.Addr { return s.c.peer }

func (s *Stream) SetDeadline(t time.Time) error {
	return s.limit(t, &s.reading, &s.writing)
}

func (s *Stream) SetReadDeadline(t time.Time) error { return s.limit(t, &s.reading) }

func (s *Stream) SetWriteDeadline(t time.Time) error { return s.limit(t, &s.writing) }

func (s *Stream) limit(t time.Time, limits ...*limit) error {
	w := s.c.run.w
	w.lock()
	defer w.unlock()
	if s.gone() {
		return s.fail("set deadline", net.ErrClosed)
	}
	for _, l := range limits {
		l.set(t, s.wake)
	}
	s.changed.Broadcast()
	return nil
}

// wake has blocked calls look again.
func (s *Stream) wake() {
	w := s.c.run.w
	w.lock()
	defer w.unlock()
	s.changed.Broadcast()
}

func (s *Stream) fail(op string, err error) error {
	return &net.OpError{Op: op, Net: Network, Source: s.LocalAddr(), Addr: s.c.peer, Err: err}
}

// Listener accepts the streams that are dialled to a run.
type Listener struct{ r *Run }

var _ net.Listener = Listener{}

// Listen has the run accept streams in place of links, until the Listener is closed.
func (r *Run) Listen() (Listener, error) {
	r.w.lock()
	defer r.w.unlock()
	if r.net.listens {
		return Listener{}, &net.OpError{Op: "listen", Net: Network, Addr: Addr(r.host.id), Err: syscall.EADDRINUSE}
	}
	r.net.listens = true
	return Listener{r}, nil
}

// Addr returns the address of the host.
func (l Listener) Addr() net.Addr { return Addr(l.r.host.id) }

// Accept returns the next stream. Any number of goroutines may call it at once.
func (l Listener) Accept() (net.Conn, error) {
	for {
		if c, err := l.next(); c != nil || err != nil {
			return c, err
		}
	}
}

// next waits for a stream, and returns it; nil if another goroutine has taken it.
func (l Listener) next() (net.Conn, error) {
	e, w := &l.r.net, l.r.w
	err := l.r.ready("accept", 0, func(k *call) bool {
		if len(e.backlog) == 0 && e.listens {
			e.takers = append(e.takers, k)
			return false
		}
		return true
	})
	w.lock()
	defer w.unlock()
	switch {
	case err != nil || !e.listens:
		return nil, &net.OpError{Op: "accept", Net: Network, Addr: l.Addr(), Err: net.ErrClosed}
	case len(e.backlog) == 0:
		return nil, nil
	}
	c := e.backlog[0]
	e.backlog = slices.Delete(e.backlog, 0, 1)
	return c.stream, nil
}

// Close has Accept return an error, and whatever it has not returned end.
func (l Listener) Close() error {
	e, w := &l.r.net, l.r.w
	w.lock()
	defer w.unlock()
	if !e.listens {
		return fmt.Errorf("close listener of %s: %w", l.Addr(), net.ErrClosed)
	}
	e.listens = false
	for _, c := range e.backlog {
		if !l.r.dead {
			c.shut()
		}
	}
	e.backlog = nil
	for _, k := range e.takers {
		k.finish(nil)
	}
	e.takers = nil
	return nil
}
