package main

import (
	"context"
	"fmt"
	"net"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// node is one member of the cluster, with its own server and sockets.
type node struct {
	id      gossip.NodeID
	gossip  *gossip.Gossip
	sockets *sockets
	copies  *copies
	stop    func() error
	dead    bool
}

// listen gives a node an address, before any of them runs: so all can be told where the first ones are.
func listen(id gossip.NodeID) (*node, transport.Transport, error) {
	n := &node{id: id, sockets: &sockets{}, copies: &copies{}}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	t, err := grpctransport.Listen("", &grpctransport.Options{
		Listener: n.sockets.listener(lis),
		Dialer: func(ctx context.Context, to transport.Addr) (net.Conn, error) {
			return n.sockets.dial(ctx, to)
		},
	})
	if err != nil {
		lis.Close()
		return nil, nil, err
	}
	return n, n.copies.count(t), nil
}

// assemble makes the gossip.Gossip of a node. The first one keeps the sentinel.
func (n *node) assemble(t transport.Transport, seeds resolver.Resolver, observer *gossip.Observer) error {
	g, err := gossip.New(gossip.Config{
		ClusterID:    "example",
		Transport:    t,
		Resolvers:    []resolver.Resolver{seeds},
		NodeID:       n.id,
		KeepSentinel: n.id == 1,
		Observer:     observer,
	})
	if err != nil {
		return fmt.Errorf("node %d: %w", n.id, err)
	}
	n.gossip = g
	return nil
}

// kill ends the node as a crash would: its connections break, and nothing it says later gets out.
func (n *node) kill() {
	n.dead = true
	n.sockets.cut()
}

// links returns the IDs of the nodes it is linked to.
func (n *node) links() []gossip.NodeID {
	return append(n.gossip.Outgoing(), n.gossip.Incoming()...)
}
