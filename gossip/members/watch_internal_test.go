package members

import (
	"testing"

	"github.com/grapevine-go/grapevine/gossip"
)

// TestMarkOnce: however often a member changes while a consumer is away, it waits in one place.
func TestMarkOnce(t *testing.T) {
	w := &watch{wake: make(chan struct{}, 1), marked: map[gossip.NodeID]bool{}}
	for i := range 10 {
		w.mark(3, i == 0)
		w.mark(4, false)
	}
	if len(w.queue) != 2 || !w.marked[3] || w.marked[4] {
		t.Errorf("%v wait, of the replay: %v, want 3 and 4, and 3 of the replay", w.queue, w.marked)
	}
}
