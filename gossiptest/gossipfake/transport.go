package gossipfake

import (
	"context"
	"fmt"
	"sync"

	"github.com/grapevine-go/grapevine/transport"
)

// nobody returns the address of what has none.
func nobody() transport.Addr { return transport.MakeAddr("fake", "nobody") }

// Transport is a transport.Transport of functions. Without Base, a nil function is that of a transport which reaches nobody and whom
// nobody reaches: Addr returns "nobody" in the network "fake", Dial fails at once, and Accept blocks until Close.
type Transport struct {
	AddrFunc   func() transport.Addr                                                // Addr
	DialFunc   func(ctx context.Context, to transport.Addr) (transport.Link, error) // Dial
	AcceptFunc func() (transport.Link, error)                                       // Accept
	CloseFunc  func() error                                                         // Close

	// Base does what a nil function is for; nil: nobody does. Its links are passed on as they are.
	Base transport.Transport

	end end
}

var _ transport.Transport = (*Transport)(nil)

// Addr calls AddrFunc.
func (t *Transport) Addr() transport.Addr {
	switch {
	case t.AddrFunc != nil:
		return t.AddrFunc()
	case t.Base != nil:
		return t.Base.Addr()
	}
	return nobody()
}

// Dial calls DialFunc.
func (t *Transport) Dial(ctx context.Context, to transport.Addr) (transport.Link, error) {
	switch {
	case t.DialFunc != nil:
		return t.DialFunc(ctx, to)
	case t.Base != nil:
		return t.Base.Dial(ctx, to)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("dial %v: %w", to, err)
	}
	if t.end.come() {
		return nil, fmt.Errorf("dial %v: %w", to, transport.ErrClosed)
	}
	return nil, fmt.Errorf("dial %v: nobody is there", to)
}

// Accept calls AcceptFunc.
func (t *Transport) Accept() (transport.Link, error) {
	switch {
	case t.AcceptFunc != nil:
		return t.AcceptFunc()
	case t.Base != nil:
		return t.Base.Accept()
	}
	<-t.end.wait()
	return nil, fmt.Errorf("accept: %w", transport.ErrClosed)
}

// Close calls CloseFunc. An AcceptFunc and a DialFunc that block have to be unblocked by the CloseFunc beside them.
func (t *Transport) Close() error {
	t.end.now()
	switch {
	case t.CloseFunc != nil:
		return t.CloseFunc()
	case t.Base != nil:
		return t.Base.Close()
	}
	return nil
}

// Link is a transport.Link of functions. Without Base, a nil function is that of a link whose far end says nothing and reads everything:
// Send drops the frame and returns nil, Recv blocks, both until Close, and Peer returns "nobody" in the network "fake".
type Link struct {
	SendFunc  func(frame []byte) error // Send
	RecvFunc  func() ([]byte, error)   // Recv
	PeerFunc  func() transport.Peer    // Peer
	CloseFunc func() error             // Close

	// Base does what a nil function is for; nil: nobody does.
	Base transport.Link

	end end
}

var _ transport.Link = (*Link)(nil)

// Send calls SendFunc.
func (l *Link) Send(frame []byte) error {
	switch {
	case l.SendFunc != nil:
		return l.SendFunc(frame)
	case l.Base != nil:
		return l.Base.Send(frame)
	case l.end.come():
		return fmt.Errorf("send to %v: %w", l.Peer().Addr, transport.ErrClosed)
	}
	return nil
}

// Recv calls RecvFunc.
func (l *Link) Recv() ([]byte, error) {
	switch {
	case l.RecvFunc != nil:
		return l.RecvFunc()
	case l.Base != nil:
		return l.Base.Recv()
	}
	<-l.end.wait()
	return nil, fmt.Errorf("recv from %v: %w", l.Peer().Addr, transport.ErrClosed)
}

// Peer calls PeerFunc.
func (l *Link) Peer() transport.Peer {
	switch {
	case l.PeerFunc != nil:
		return l.PeerFunc()
	case l.Base != nil:
		return l.Base.Peer()
	}
	return transport.Peer{Addr: nobody()}
}

// Close calls CloseFunc. A RecvFunc that blocks has to be unblocked by the CloseFunc beside it.
func (l *Link) Close() error {
	l.end.now()
	switch {
	case l.CloseFunc != nil:
		return l.CloseFunc()
	case l.Base != nil:
		return l.Base.Close()
	}
	return nil
}

// end is something that happens once. The zero value is ready: the channel belongs to the bubble, if any, in which it is first asked for.
type end struct {
	mu   sync.Mutex // guards what follows
	done chan struct{}
	over bool
}

// wait returns a channel that is closed when the end has come.
func (e *end) wait() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.done == nil {
		e.done = make(chan struct{})
		if e.over {
			close(e.done)
		}
	}
	return e.done
}

// come reports whether the end has come.
func (e *end) come() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.over
}

// now is the end, if it has not come.
func (e *end) now() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.over && e.done != nil {
		close(e.done)
	}
	e.over = true
}
