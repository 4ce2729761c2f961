package core_test

import (
	"fmt"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// What stands under a node's own descriptor's key is its own word of this life, whatever somebody else, or the node itself
// before its clock was set back, has stamped later. It does not fight about it more than once in a ping period.
func TestOwnDescriptorStands(t *testing.T) {
	earlier := func(p *peer) core.Origin { return core.Origin{Node: 1, Incarnation: 100} }
	other := func(p *peer) core.Origin { return core.Origin{Node: 7, Incarnation: p.inc} }
	tests := []struct {
		name    string
		origin  func(*peer) core.Origin
		deleted bool
	}{
		{name: "an earlier life", origin: earlier},
		{name: "another node", origin: other},
		{name: "another node deletes it", origin: other, deleted: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(1, nil)
			w.start(1)
			w.describe(1)
			p := w.admitted(t, 7, 1, wire.Chord)
			o := tt.origin(p)
			own := func() *core.Record { return w.nodes[1].core.Record("node:1") }
			write := func(seq uint64) int64 {
				stamp := hour + int64(seq)*second
				if tt.deleted {
					p.send(frame(tombstone(o, seq, "node:1", stamp, hour), claim(o, seq-1, seq)))
				} else {
					p.send(frame(info(o, seq, "node:1", descriptor(1), stamp, hour), claim(o, seq-1, seq)))
				}
				return epoch + stamp
			}
			for seq := range uint64(3) {
				w.idle(p, 2*second)
				stamp := write(seq + 1)
				if r := own(); r.Node != 1 || r.Incarnation != w.nodes[1].core.Incarnation() || r.State != wire.Live || r.Stamp.Wall <= stamp {
					t.Fatalf("holds %s of incarnation %d, want its own, stamped later", show(r), r.Incarnation)
				}
			}
			// The news of its earlier life's failure are void by that.
			p.send(frame(info(other(p), 10, fmt.Sprint("suspect:1:", epoch+hour+3*second), fmt.Sprint(5*second), 2*second, hour)))
			if n := named(w, 1, core.Refuting, 7); n != 0 {
				t.Errorf("%d refutations, want none", n)
			}
			written := w.nodes[1].core.Marks()[w.origin(1)]
			for seq := range uint64(20) {
				w.idle(p, 100*ms)
				write(seq + 5)
			}
			if n := w.nodes[1].core.Marks()[w.origin(1)] - written; n < 1 || n > 3 {
				t.Errorf("wrote it %d times within two seconds, want 1 to 3", n)
			}
			w.idle(p, 2*second)
			if r := own(); r.Node != 1 || r.Incarnation != w.nodes[1].core.Incarnation() {
				t.Errorf("at last there is %s, want its own", show(r))
			}
		})
	}
}

// A node that learns its ID in the network is not one of its own peers, though its earlier life was a member.
func TestLearnedIDIsNoMember(t *testing.T) {
	w := newWorld(1, func(c *core.Config) { c.Node = 0 })
	w.handDials = true
	w.start(1)
	p := w.admitted(t, 7, 1, wire.Chord)
	o := core.Origin{Node: 7, Incarnation: p.inc}
	old := core.Origin{Node: 5, Incarnation: 100}
	p.send(frame(
		info(o, 1, "node:7", descriptor(7), 1, hour), claim(o, 0, 1),
		info(old, 1, "node:5", descriptor(5), 1, hour), claim(old, 0, 1)))
	w.command(1, core.Command{Op: core.OpDescriptor, Node: 5, Key: "node:5", Value: descriptor(5)})
	w.idle(p, 20*second)
	if n := dialsTo(w, 1, 5); n != 0 {
		t.Errorf("%d dials to where its earlier life was, want none", n)
	}
}
