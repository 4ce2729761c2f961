package main

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/grapevine-go/grapevine/transport"
)

// sockets are all connections of one node, so that they can be cut at once, as when its process dies.
type sockets struct {
	mu    sync.Mutex // guards all below
	dead  bool
	lis   net.Listener
	conns map[net.Conn]struct{}
}

var errDead = errors.New("this node was killed")

// listener makes the connections that lis accepts the node's.
func (s *sockets) listener(lis net.Listener) net.Listener {
	s.lis = lis
	return &trackedListener{lis, s}
}

type trackedListener struct {
	net.Listener
	sockets *sockets
}

func (l *trackedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.sockets.track(conn)
}

func (s *sockets) dial(ctx context.Context, to transport.Addr) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, to.Network(), to.String())
	if err != nil {
		return nil, err
	}
	return s.track(conn)
}

// track keeps conn in mind until it is closed.
func (s *sockets) track(conn net.Conn) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		conn.Close()
		return nil, errDead
	}
	if s.conns == nil {
		s.conns = make(map[net.Conn]struct{})
	}
	c := &trackedConn{conn, s}
	s.conns[c] = struct{}{}
	return c, nil
}

type trackedConn struct {
	net.Conn
	sockets *sockets
}

func (c *trackedConn) Close() error {
	c.sockets.mu.Lock()
	delete(c.sockets.conns, c)
	c.sockets.mu.Unlock()
	return c.Conn.Close()
}

// cut closes everything, without a goodbye.
func (s *sockets) cut() {
	s.mu.Lock()
	s.dead = true
	conns := s.conns
	s.conns = nil
	s.mu.Unlock()
	s.lis.Close()
	for c := range conns {
		c.(*trackedConn).Conn.Close()
	}
}
