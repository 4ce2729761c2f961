package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"

	"github.com/grapevine-go/grapevine/transport"
)

const maxFrame = 4 << 20 // bytes of the largest frame; no less than gossip.Limits.Frame

// A link is a connection. One Send and one Recv run at a time, so neither needs a lock: w is Send's, r and frame are
// Recv's. Both block in conn and nowhere else, so to close conn is to unblock them.
type link struct {
	transport *Transport
	conn      net.Conn
	peer      transport.Peer // a closed connection may not know any more
	closed    atomic.Bool
	w         *bufio.Writer
	r         *bufio.Reader
	frame     bytes.Buffer // what Recv returned last
}

func newLink(t *Transport, conn net.Conn) *link {
	peer := transport.Peer{Addr: transport.MakeAddr("tcp", conn.RemoteAddr().String())}
	return &link{transport: t, conn: conn, peer: peer, w: bufio.NewWriter(conn), r: bufio.NewReader(conn)}
}

// Send blocks when the kernel's buffers are full. After half a frame comes no other: w keeps to its first error.
func (l *link) Send(frame []byte) error {
	if l.closed.Load() {
		return fmt.Errorf("send to %s: %w", l.peer.Addr, transport.ErrClosed)
	}
	if len(frame) > maxFrame {
		return fmt.Errorf("send %d bytes to %s: %w", len(frame), l.peer.Addr, transport.ErrFrameTooLarge)
	}
	l.w.Write(binary.BigEndian.AppendUint32(l.w.AvailableBuffer(), uint32(len(frame))))
	l.w.Write(frame)
	if err := l.w.Flush(); err != nil { // theirs, too
		return fmt.Errorf("send to %s: %w: %w", l.peer.Addr, transport.ErrClosed, err)
	}
	return nil
}

// Recv ends the link, for Send as well, if anything goes wrong: behind half a frame, nothing makes sense any more.
func (l *link) Recv() ([]byte, error) {
	if l.closed.Load() { // frames may be left in r, but where Close has returned, none is received
		return nil, fmt.Errorf("recv from %s: %w", l.peer.Addr, transport.ErrClosed)
	}
	if err := l.read(); err != nil {
		return nil, fmt.Errorf("recv from %s: %w: %w", l.peer.Addr, transport.ErrClosed, errors.Join(err, l.Close()))
	}
	return l.frame.Bytes(), nil
}

// read reads a frame from a peer that may be anybody: it takes memory for the bytes that come, not for those announced.
func (l *link) read() error {
	var length [4]byte
	if _, err := io.ReadFull(l.r, length[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > maxFrame {
		return fmt.Errorf("a frame of %d bytes, which is over the limit", n)
	}
	l.frame.Reset()
	_, err := io.CopyN(&l.frame, l.r, int64(n))
	return err
}

// Peer returns where the connection leads to.
func (l *link) Peer() transport.Peer { return l.peer }

// Close closes the connection. What Recv has returned stays as it is.
func (l *link) Close() error {
	if l.closed.Swap(true) {
		return nil
	}
	l.transport.mu.Lock()
	delete(l.transport.links, l)
	l.transport.mu.Unlock()
	return l.conn.Close()
}
