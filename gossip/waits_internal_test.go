package gossip

import (
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
)

// TestSyncForgetsTheAbandoned: calls of Sync whose contexts have ended leave nothing behind at a callback that hangs.
func TestSyncForgetsTheAbandoned(t *testing.T) {
	l := &loop{asked: make(map[uint64]*command)}
	r := &registration{pattern: pattern{form: prefixed}, busy: true}
	l.index.add(r)
	for n := range uint64(3) {
		c := &command{Command: core.Command{N: n, Op: core.OpSync}, reply: make(chan response, 1)}
		l.asked[n] = c
		if !l.sync(c) {
			t.Error("sync does not wait for a callback at work")
		}
		if len(l.asked) != 1 || len(r.syncs) != 1 {
			t.Errorf("%d calls are known to the node and %d to the callback, want the last one", len(l.asked), len(r.syncs))
		}
		c.abandoned.Store(true)
	}
}

// TestSystemConfigCallbackIsForgotten looks at what is left of one that was unregistered.
func TestSystemConfigCallbackIsForgotten(t *testing.T) {
	l := &loop{g: &Gossip{inbox: newInbox()}}
	r := &registration{system: true}
	l.registered(r)
	l.g.unregister(r)()
	for _, m := range l.g.inbox.close() {
		l.handle(m)
	}
	if len(l.systemRegs) != 0 {
		t.Errorf("%d are registered, want none", len(l.systemRegs))
	}
}
