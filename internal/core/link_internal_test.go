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
	for f := chosen; f <= inGrafts; f <<= 1 {
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
