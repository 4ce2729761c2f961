package gossiptest_test

import (
	"errors"
	"slices"
	"sync"

	"github.com/grapevine-go/grapevine/transport"
)

var errBroken = errors.New("broken")

var brokenLinks = []broken{
	{
		caughtBy: "frames", how: "loses empty frames",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			return brokenLink{Link: l, send: func(frame []byte) error {
				if len(frame) == 0 {
					return nil
				}
				return l.Send(frame)
			}}
		},
	},
	{
		caughtBy: "frames", how: "sends in pieces of 16 KiB",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			return brokenLink{Link: l, send: func(frame []byte) error {
				for piece := range slices.Chunk(frame, 1<<14) {
					if err := l.Send(piece); err != nil {
						return err
					}
				}
				return nil
			}}
		},
	},
	{
		caughtBy: "frames", how: "lets a short frame overtake a long one",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			var long []byte
			return brokenLink{Link: l, send: func(frame []byte) error {
				if long == nil && len(frame) > 1000 {
					long = frame
					return nil
				}
				err := l.Send(frame)
				if long != nil {
					err = errors.Join(err, l.Send(long))
					long = nil
				}
				return err
			}}
		},
	},
	{
		caughtBy: "frames", how: "sends a frame twice",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			return brokenLink{Link: l, send: func(frame []byte) error {
				return errors.Join(l.Send(frame), l.Send(frame))
			}}
		},
	},
	{
		caughtBy: "shared-frame", how: "masks in place",
		link: func(n *baseNet, l *baseLink) transport.Link {
			mask := func(frame []byte) []byte {
				n.mu.Lock() // for the race detector
				defer n.mu.Unlock()
				wire := slices.Clone(frame)
				for i := range frame {
					frame[i] ^= 0xff
				}
				return wire
			}
			return brokenLink{Link: l, send: func(frame []byte) error { return l.Send(mask(frame)) }}
		},
	},
	{
		caughtBy: "shared-frame", how: "appends a check sum to the frame",
		link: func(n *baseNet, l *baseLink) transport.Link {
			sum := func(frame []byte) []byte {
				n.mu.Lock() // for the race detector
				defer n.mu.Unlock()
				return append(frame, 1, 2, 3, 4)
			}
			return brokenLink{Link: l, send: func(frame []byte) error { return l.Send(sum(frame)[:len(frame)]) }}
		},
	},
	{
		caughtBy: "held-frame", how: "takes a frame back on Close",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			var mu sync.Mutex // guards last
			var last []byte
			return brokenLink{
				Link: l,
				recv: func() ([]byte, error) {
					frame, err := l.Recv()
					mu.Lock()
					defer mu.Unlock()
					last = slices.Clone(frame)
					return last, err
				},
				close: func() error {
					mu.Lock()
					defer mu.Unlock()
					clear(last)
					return l.Close()
				},
			}
		},
	},
	{
		caughtBy: "held-frame", how: "has one buffer for both directions",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			var mu sync.Mutex // guards buf, at least while Send and Recv use it
			buf := make([]byte, baseLimit)
			return brokenLink{
				Link: l,
				send: func(frame []byte) error {
					mu.Lock()
					defer mu.Unlock()
					return l.Send(slices.Clone(buf[:copy(buf, frame)]))
				},
				recv: func() ([]byte, error) {
					frame, err := l.Recv()
					mu.Lock()
					defer mu.Unlock()
					return buf[:copy(buf, frame)], err
				},
			}
		},
	},
	{
		caughtBy: "frame-limit", how: "ends the link",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			return brokenLink{Link: l, send: func(frame []byte) error {
				err := l.Send(frame)
				if errors.Is(err, transport.ErrFrameTooLarge) {
					l.Close()
				}
				return err
			}}
		},
	},
	{
		caughtBy: "frame-limit", how: "drops the frame without an error",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			return brokenLink{Link: l, send: func(frame []byte) error {
				if len(frame) > baseLimit {
					return nil
				}
				return l.Send(frame)
			}}
		},
	},
	{
		caughtBy: "frame-limit", how: "has an error of its own",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			return brokenLink{Link: l, send: func(frame []byte) error {
				if len(frame) > baseLimit {
					return errBroken
				}
				return l.Send(frame)
			}}
		},
	},
	{
		caughtBy: "frame-limit", how: "sends it",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			return brokenLink{Link: l, send: func(frame []byte) error {
				if len(frame) <= baseLimit {
					return l.Send(frame)
				}
				select {
				case l.out <- frame:
					return nil
				case <-l.closed:
					return transport.ErrClosed
				}
			}}
		},
	},
	{
		caughtBy: "back-pressure", how: "queues without a bound",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			var queue [][]byte
			return brokenLink{Link: l, send: func(frame []byte) error {
				if isClosed(l.closed) {
					return l.Send(frame)
				}
				queue = append(queue, frame)
				return nil
			}}
		},
	},
	{
		caughtBy: "close-unblocks-recv", how: "Recv does not notice Close",
		link: func(n *baseNet, l *baseLink) transport.Link {
			return brokenLink{Link: l, recv: func() ([]byte, error) {
				if isClosed(l.closed) {
					return l.Recv()
				}
				select {
				case frame := <-l.in:
					return frame, nil
				case <-n.over:
					return nil, transport.ErrClosed
				}
			}}
		},
	},
	{
		caughtBy: "close-unblocks-recv", how: "Recv says io.EOF or the like",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			return brokenLink{Link: l, recv: func() ([]byte, error) {
				frame, err := l.Recv()
				if err != nil {
					err = errBroken
				}
				return frame, err
			}}
		},
	},
	{
		caughtBy: "close-unblocks-recv", how: "Close waits for Recv",
		link: func(n *baseNet, l *baseLink) transport.Link {
			turn := make(chan struct{}, 1) // holds a token while a frame is received, or Close closes
			take := func() bool {
				select {
				case turn <- struct{}{}:
					return true
				case <-n.over:
					return false
				}
			}
			return brokenLink{
				Link: l,
				recv: func() ([]byte, error) {
					if !take() {
						return nil, transport.ErrClosed
					}
					defer func() { <-turn }()
					return l.Recv()
				},
				close: func() error {
					if !take() {
						return transport.ErrClosed
					}
					defer func() { <-turn }()
					return l.Close()
				},
			}
		},
	},
	{
		caughtBy: "close-unblocks-send", how: "Send does not notice Close",
		link: func(n *baseNet, l *baseLink) transport.Link {
			return brokenLink{Link: l, send: func(frame []byte) error {
				if isClosed(l.closed) || len(frame) > baseLimit {
					return l.Send(frame)
				}
				select {
				case l.out <- frame:
					return nil
				case <-n.over:
					return transport.ErrClosed
				}
			}}
		},
	},
	{
		caughtBy: "closed-link", how: "Recv empties its queue after Close",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			return brokenLink{Link: l, recv: func() ([]byte, error) {
				select {
				case frame := <-l.in:
					return frame, nil
				default:
					return l.Recv()
				}
			}}
		},
	},
	{
		caughtBy: "closed-link", how: "Send returns nil after Close",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			return brokenLink{Link: l, send: func(frame []byte) error {
				if isClosed(l.closed) {
					return nil
				}
				return l.Send(frame)
			}}
		},
	},
	{
		caughtBy: "close-any-time", how: "a second Close is an error",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			var mu sync.Mutex // guards closed
			closed := false
			return brokenLink{Link: l, close: func() error {
				mu.Lock()
				defer mu.Unlock()
				if closed {
					return errBroken
				}
				closed = true
				return l.Close()
			}}
		},
	},
	{
		caughtBy: "addresses", how: "a peer without an address",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			return brokenLink{Link: l, peer: func() transport.Peer { return transport.Peer{Identity: "somebody"} }}
		},
	},
	{
		caughtBy: "addresses", how: "a peer with the address of this end",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			return brokenLink{Link: l, peer: func() transport.Peer { return transport.Peer{Addr: l.local} }}
		},
	},
	{
		caughtBy: "addresses", how: "Peer forgets after Close",
		link: func(_ *baseNet, l *baseLink) transport.Link {
			return brokenLink{Link: l, peer: func() transport.Peer {
				if isClosed(l.closed) {
					return transport.Peer{}
				}
				return l.Peer()
			}}
		},
	},
}
