package core

import (
	"testing"
	"unsafe"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// What a link knows of an origin takes 16 bytes, and nothing in it stands in the way of another.
func TestPerOrigin(t *testing.T) {
	if size := unsafe.Sizeof(perOrigin{}); size != 16 {
		t.Errorf("it takes %d bytes, want 16", size)
	}
	for f := chosen; f < 1<<modeShift; f <<= 1 {
		for _, told := range []uint64{0, 1, 1 << 33, wire.MaxSeq - 2, wire.MaxSeq} {
			for _, mode := range []wire.Mode{wire.Lazy, wire.Eager, wire.Mute} {
				var p perOrigin
				p.put(f, true)
				p.tell(told)
				p.setMode(mode)
				pruning := wire.Mute - mode // there is no prune that asks for a push
				if mode == wire.Eager {
					pruning = wire.Lazy
				}
				p.setPruned()
				if _, ok := p.pruning(); !p.pruned() || ok || !p.is(f) || p.told() != told || p.mode() != mode {
					t.Errorf("flag %b, told %d, mode %d, pruned: it is %+v", f, told, mode, p)
				}
				p.setPruning(pruning)
				if got, ok := p.pruning(); p.pruned() || !p.is(f) || p.told() != told || p.mode() != mode || got != pruning || !ok {
					t.Errorf("flag %b, told %d, mode %d, pruning %d: it is %+v", f, told, mode, pruning, p)
				}
				p.setPruning(-1)
				p.put(f, false)
				p.choose(wire.Lazy)
				if _, ok := p.pruning(); ok || p.told() != told || p.mode() != wire.Lazy || p.bits != chosen {
					t.Errorf("flag %b, told %d, mode %d: without them it is %+v", f, told, mode, p)
				}
			}
		}
	}
}

// TestIsLeaf: a leaf has dialled this node, and has no ID. Who was dialled may have other links, with an ID or not yet.
func TestIsLeaf(t *testing.T) {
	for _, tt := range []struct {
		dialed, says bool
		id           uint64
		want         bool
	}{{id: 0, want: true}, {id: 7}, {id: 7, says: true, want: true}, {dialed: true}, {dialed: true, says: true}} {
		f := &wire.Frame{NodeID: tt.id, Hello: &wire.Hello{Leaf: tt.says}}
		if got := (&link{dialed: tt.dialed}).isLeaf(f); got != tt.want {
			t.Errorf("%+v: it is %v", tt, got)
		}
	}
}
