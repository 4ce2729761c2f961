package gossip

import (
	"fmt"
	"net"

	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
	"github.com/grapevine-go/grapevine/transport"
)

// NodeDescriptor describes a node: its ID and address, and what the application says about it.
type NodeDescriptor = gossippb.NodeDescriptor

// SetNodeDescriptor sets the ID of this node, if it had none, and publishes desc under [MakeNodeIDKey] of it, from now on
// and until the node leaves. It copies desc. It may be called again to change anything but the ID.
//
// Errors wrap ErrConfig for ID 0 or an empty address, ErrNodeIDSet for a second ID, ErrTooLarge, ErrLimit or ErrStopped, as
// those of AddInfo. Like AddInfo, it waits for nothing.
func (g *Gossip) SetNodeDescriptor(desc *NodeDescriptor) error {
	c, err := g.describe(desc)
	if err == nil {
		err = g.admit(c)
	}
	if err != nil {
		return fmt.Errorf("set descriptor of node %d: %w", desc.GetNodeId(), err)
	}
	return nil
}

// describe returns the command that publishes desc.
func (g *Gossip) describe(desc *NodeDescriptor) (*command, error) {
	if desc.GetNodeId() == 0 {
		return nil, fmt.Errorf("%w: node ID 0", ErrConfig)
	}
	if desc.GetAddress().GetAddress() == "" {
		return nil, fmt.Errorf("%w: no address", ErrConfig)
	}
	value, err := proto.MarshalOptions{Deterministic: true}.Marshal(desc)
	if err != nil {
		return nil, err
	}
	key := MakeNodeIDKey(NodeID(desc.GetNodeId()))
	if err := g.checkInfo(key, len(value)); err != nil {
		return nil, err
	}
	return &command{Command: core.Command{Op: core.OpDescriptor, Node: desc.GetNodeId(), Key: key, Value: string(value)}}, nil
}

// describeSelf publishes the least that others have to know of a node whose ID was configured, unless the application
// has said more.
func (g *Gossip) describeSelf() error {
	id := g.GetNodeID()
	if id == 0 {
		return nil
	}
	c, err := g.describe(&NodeDescriptor{
		NodeId:  uint64(id),
		Address: &gossippb.UnresolvedAddr{Network: g.addr.Network(), Address: g.addr.String()},
	})
	if err != nil {
		return err
	}
	c.fallback = true
	return g.admit(c)
}

// GetNodeDescriptor returns the descriptor of a node, the caller's own copy. The error wraps ErrNotFound if the node
// is not known, or has left.
func (g *Gossip) GetNodeDescriptor(id NodeID) (*NodeDescriptor, error) {
	desc := new(NodeDescriptor)
	if err := g.GetInfoProto(MakeNodeIDKey(id), desc); err != nil {
		return nil, fmt.Errorf("descriptor of node %d: %w", id, err)
	}
	return desc, nil
}

// GetNodeID returns the ID of this node, 0 if it has none yet.
func (g *Gossip) GetNodeID() NodeID { return NodeID(g.nodeID.Load()) }

// GetNodeIDAddress returns the address in the descriptor of a node, a transport.Addr. The error wraps ErrNotFound as that of
// GetNodeDescriptor does, and for a descriptor without an address, which is no node's own.
func (g *Gossip) GetNodeIDAddress(id NodeID) (net.Addr, error) {
	desc, err := g.GetNodeDescriptor(id)
	if err != nil {
		return nil, fmt.Errorf("address of node %d: %w", id, err)
	}
	addr := desc.GetAddress()
	if addr.GetAddress() == "" {
		return nil, fmt.Errorf("address of node %d: its descriptor has none: %w", id, ErrNotFound)
	}
	return transport.MakeAddr(addr.GetNetwork(), addr.GetAddress()), nil
}

// fromWire and toWire convert between the addresses of the protocol and those of the transport.
func fromWire(a wire.Addr) transport.Addr { return transport.MakeAddr(a.Network, a.Address) }

func toWire(a transport.Addr) wire.Addr { return wire.Addr{Network: a.Network(), Address: a.String()} }
