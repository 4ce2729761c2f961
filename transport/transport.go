// Package transport says what a gossip node needs from whatever connects it to
// its peers: links, which carry whole frames, both ways, in order.
//
// # Contract
//
// [Transport] and [Link] are for others to implement. Their comments are the
// whole contract: each method lists every outcome it can have, and an
// implementation needs nothing else to go by. gossiptest.TestTransport checks
// an implementation against it, sentence by sentence.
//
// Four rules hold for both interfaces.
//   - Whatever ends a link or a transport, its errors wrap [ErrClosed]. The
//     cause, where one is known, is wrapped beside it:
//     fmt.Errorf("recv from %s: %w: %w", peer, transport.ErrClosed, cause).
//   - A blocked call has somebody who can unblock it, named in its comment. No
//     call waits for a peer that says nothing.
//   - Where several errors are due at once, as to a Dial whose context has ended
//     and whose transport is closed, any of them will do.
//   - Nothing a peer sends makes a method panic.
//
// Implementations live in packages of their own (transport/grpctransport) and
// do not know what a frame holds.
package transport

import (
	"context"
	"errors"
)

var (
	// ErrClosed is wrapped by every error of a [Link] that has ended and of a [Transport] that is closed. For a
	// link it makes no difference who ended it, or whether by Close or because the connection was lost.
	ErrClosed = errors.New("transport: closed")

	// ErrFrameTooLarge is wrapped by the error of a Send whose frame is over the limit of the transport. The frame
	// is not sent and the link stays up.
	ErrFrameTooLarge = errors.New("transport: frame too large")
)

// Peer describes the far end of a link.
type Peer struct {
	// Addr is the far end as this end sees it: where its bytes come from. It is for logs and never the zero Addr,
	// but nothing to dial: of an accepted link it may hold a port that nobody listens on, or be the address of a
	// load balancer.
	Addr Addr

	// Identity is the name under which the transport authenticated the far end, in a form that the transport
	// documents. "" means that it authenticated nobody.
	Identity string
}

// Link is one connection between two transports. It carries frames, both ways at once.
//
// # Frames
//
// A frame is a sequence of bytes, perhaps an empty one; nil is the empty frame too. It arrives as one frame, with the
// bytes it was sent with, once, and behind all frames that were sent before it in the same direction. What arrives is
// all that was sent for as long as the link is up, and a prefix of it, without gaps, if the link ends on the way.
//
// The largest frame is the transport's choice, of which it says how large it is: at least 64 KiB (65,536 bytes), and
// the same for all of its links.
//
// # Concurrency
//
// One Send and one Recv may run at the same time, no matter on which goroutines. Peer and Close may be called at any
// time and from any number of goroutines. Links are independent, also those between the same two transports: one whose
// far end does not read delays no other.
//
// # End
//
// A link ends when Close is called at either end, when the transport of either end is closed, or when the connection
// is lost, which includes that a peer broke the rules of the transport. It never comes back. A transport notices the
// loss of a connection when it can: a peer that has gone without a word may keep a link up for ever, and it is for the
// user to send something and miss the answer.
//
// How an end shows:
//   - At an end where Close has returned, Send sends nothing and Recv returns no frame: both return ErrClosed at once.
//   - At the other end, Recv may first return frames that came before the end, then returns ErrClosed. Send returns
//     ErrClosed as soon as the end is known there; until then it may return nil for frames that nobody will receive.
//     The news may come behind the frames sent before it: an end that does not call Recv may learn late.
//   - An error of Recv is final for the link: every later Send and Recv returns ErrClosed. An ErrClosed of Send is
//     final for Send, while Recv may still have frames to return.
//
// A link that has ended still wants its Close.
type Link interface {
	// Send sends a frame. A link bounds what it holds of frames that the far end has not received: above that bound
	// Send blocks, until the far end receives or the link ends. Close, at either end or of either transport, unblocks
	// it. Returning nil says that the frame is on its way, not that it arrived.
	//
	// From the call on, nobody changes the bytes of frame: neither the caller nor the link, nor whoever receives
	// them. So the link may keep frame for as long as it likes, may hand this very slice to the far end, and the
	// caller may send it on other links, also at the same time. The link does not write behind the end of frame
	// either, if the slice has room there.
	//
	// Outcomes:
	//  1. nil: frame goes out, behind the earlier ones.
	//  2. An error wrapping ErrClosed: the link has ended. Frame may have gone out or not.
	//  3. An error wrapping ErrFrameTooLarge, and not ErrClosed: frame is larger than the limit. Nothing of it goes
	//     out, and the link is as it was before the call.
	Send(frame []byte) error

	// Recv waits for the next frame. Close, at either end or of either transport, unblocks it.
	//
	// The frame is for reading only. It stays as it is until the next Recv on this link is called, even if the link
	// ends meanwhile; after that the link may use the memory again.
	//
	// Outcomes:
	//  1. A frame and nil. The empty frame may be nil or not.
	//  2. nil and an error wrapping ErrClosed: the link has ended. There is no other error: what goes wrong in
	//     receiving ends the link.
	Recv() ([]byte, error)

	// Peer describes the far end. It does not block, and returns the same at any time, after Close too.
	Peer() Peer

	// Close ends the link. It does not wait: not for the far end, not for frames in flight, which may be lost, and
	// not for the Send and Recv that it unblocks.
	//
	// Outcomes:
	//  1. nil: the link has ended, by this call or before. Any call but the first returns nil and does nothing.
	//  2. An error: the link has ended all the same; the error says what could not be released.
	Close() error
}

// Transport makes links with peers: by dialling, and by accepting what others dial. It can be dialled from its creation
// on. All methods may be called at any time and from any number of goroutines, except that only one Accept runs at a
// time.
type Transport interface {
	// Addr is what peers dial to reach this transport. It is the advertised address, not the one listened on, where
	// the two differ. It is not the zero Addr, does not block, and returns the same at any time, after Close too.
	Addr() Addr

	// Dial opens a link with the transport whose Addr is to. The far end's Accept returns its end of the link with no
	// need for a frame to be sent first; Dial may return before that or wait for it. There may be any number of
	// links between the same two transports. Dialling the own Addr either fails or makes a link with oneself.
	//
	// Ctx limits the call and nothing else: once Dial has returned, the end of ctx does not touch the link. Where
	// nobody answers, Dial blocks until ctx ends or the transport is closed, so give it a deadline; a transport may
	// have a limit of its own as well.
	//
	// Outcomes:
	//  1. A link and nil. The caller owns the link and has to close it. Where a transport cannot know at once whether
	//     anybody is there, the link may have ended already: its Recv says so.
	//  2. nil and an error wrapping ctx.Err(): ctx ended, before the call or during it. A link that the far end may
	//     have accepted meanwhile ends. The error is the same if something beneath, such as a net.Dialer, has seen the
	//     deadline of ctx a moment before ctx.Err() does.
	//  3. nil and an error wrapping ErrClosed: this transport was closed, before the call or during it.
	//  4. nil and an error wrapping neither: nobody is there, the far end refuses, or to is no address that this
	//     transport can dial, the zero Addr for example.
	Dial(ctx context.Context, to Addr) (Link, error)

	// Accept waits for the next link that a peer dials. Close unblocks it. What goes wrong with a single incoming
	// connection (a handshake that fails, a peer that hangs up) is no outcome of Accept, which goes on waiting; nor
	// may such a connection keep others waiting. What passes by itself, such as a lack of file descriptors, is no
	// outcome either: Accept tries again after a while. A transport may limit how many links wait for Accept, and
	// refuse the ones above.
	//
	// Outcomes:
	//  1. A link and nil. The caller owns the link and has to close it. Its far end may have closed it already.
	//  2. nil and an error wrapping ErrClosed: the transport was closed, before the call or during it, or cannot
	//     accept any more, which is final. There is no other error.
	Accept() (Link, error)

	// Close closes the transport and every link it has made, as their Close would: those dialled, those accepted,
	// and those that nobody has accepted yet. It unblocks every Dial, Accept, Send and Recv. It waits for no peer.
	//
	// When Close has returned, every goroutine that the transport or one of its links started has ended or is about
	// to: none waits for anything any more. What the transport holds is released; what it was given and did not open
	// itself, such as a server that others use too, stays open.
	//
	// Outcomes:
	//  1. nil: the transport is closed, by this call or before. Any call but the first does nothing but wait for the
	//     first, and returns nil.
	//  2. An error: the transport is closed all the same; the error says what could not be released.
	Close() error
}
