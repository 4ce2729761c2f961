package core_test

import (
	"slices"
	"testing"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestAddressChanges: a node that says that it is elsewhere is dialled there from then on.
func TestAddressChanges(t *testing.T) {
	moved := wire.Addr{Network: "test", Address: "elsewhere"}
	value, err := (&gossippb.NodeDescriptor{
		NodeId: 2, Address: &gossippb.UnresolvedAddr{Network: moved.Network, Address: moved.Address},
	}).MarshalVT()
	if err != nil {
		t.Fatal(err)
	}
	w := pair(nil)
	w.run(5 * second)
	w.handDials = true
	w.nodes[1].seeds = nil
	w.command(1, core.Command{Op: core.OpResolvers})
	w.command(2, core.Command{Op: core.OpDescriptor, Node: 2, Key: "node:2", Value: string(value)})
	w.run(second)
	before := len(w.nodes[1].dials)
	w.sever(1, 2)
	w.run(5 * second)
	dialled := w.nodes[1].dials[before:]
	if len(dialled) == 0 || slices.ContainsFunc(dialled, func(d core.Dial) bool { return d.Addr != moved }) {
		t.Errorf("node 1 dials %+v, want node 2 where it is now", dialled)
	}
}
