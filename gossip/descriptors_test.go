package gossip_test

import (
	"errors"
	"testing"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// TestDescriptorsThatAreNone has somebody write what is no descriptor where one belongs.
func TestDescriptorsThatAreNone(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		mustAdd(t, g, gossip.MakeNodeIDKey(8), "\xff")
		if desc, err := g.GetNodeDescriptor(8); err == nil || errors.Is(err, gossip.ErrNotFound) {
			t.Errorf("GetNodeDescriptor of what does not decode = %v, %v, want another error than ErrNotFound", desc, err)
		}
		if addr, err := g.GetNodeIDAddress(8); err == nil {
			t.Errorf("GetNodeIDAddress of what does not decode = %v, want an error", addr)
		}
		mustAdd(t, g, gossip.MakeNodeIDKey(9), "") // decodes as a descriptor of nothing
		if addr, err := g.GetNodeIDAddress(9); !errors.Is(err, gossip.ErrNotFound) {
			t.Errorf("GetNodeIDAddress of an empty descriptor = %v, %v, want ErrNotFound", addr, err)
		}
	})
}
