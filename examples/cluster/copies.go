package main

import (
	"context"
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/transport"
)

// copies counts how often a node receives an info, the first time included. It reads along as anybody could: the frames
// are the messages of gossip.proto.
type copies struct {
	key atomic.Pointer[string] // nil: count nothing
	n   atomic.Int64
}

// count returns t with all its links counted.
func (c *copies) count(t transport.Transport) transport.Transport {
	return &countedTransport{t, c}
}

type countedTransport struct {
	transport.Transport
	copies *copies
}

func (t *countedTransport) Dial(ctx context.Context, to transport.Addr) (transport.Link, error) {
	link, err := t.Transport.Dial(ctx, to)
	if err != nil {
		return nil, err
	}
	return &countedLink{link, t.copies, func() delta { return new(gossippb.Response) }}, nil
}

func (t *countedTransport) Accept() (transport.Link, error) {
	link, err := t.Transport.Accept()
	if err != nil {
		return nil, err
	}
	return &countedLink{link, t.copies, func() delta { return new(gossippb.Request) }}, nil
}

type countedLink struct {
	transport.Link
	copies  *copies
	message func() delta // of the kind that the peer sends
}

type delta interface {
	proto.Message
	GetDelta() map[string]*gossippb.Info
}

func (l *countedLink) Recv() ([]byte, error) {
	frame, err := l.Link.Recv()
	if key := l.copies.key.Load(); key != nil && err == nil {
		m := l.message()
		if proto.Unmarshal(frame, m) == nil && m.GetDelta()[*key] != nil {
			l.copies.n.Add(1)
		}
	}
	return frame, err
}
