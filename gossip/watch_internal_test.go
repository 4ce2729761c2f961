package gossip

import (
	"testing"
	"testing/synctest"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/transport"
)

// idle is a Transport of which nothing but its address is asked.
type idle struct{ transport.Transport }

func (idle) Addr() transport.Addr { return transport.MakeAddr("test", "idle") }

// TestWatchBeginsBetweenPublishAndNotify begins a watch at the moment when readers see a change that has not been told yet: it is
// told once.
func TestWatchBeginsBetweenPublishAndNotify(t *testing.T) {
	for _, every := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			g, err := New(Config{Transport: idle{}})
			if err != nil {
				t.Fatal(err)
			}
			l := &loop{g: g, running: true}
			w, err := g.watch(t.Context(), "k", &WatchOptions{Prefix: true, Every: every})
			if err != nil {
				t.Fatal(err)
			}
			handle := func() {
				g.inbox.put(message{}) // says nothing, so that take does not wait
				for _, m := range g.inbox.take() {
					l.handle(m)
				}
			}
			rec := record("k", 1)
			g.records.set(rec)
			handle()        // the registration
			synctest.Wait() // the watch has read what is published
			told := 0
			count := func() {
				for _, ok := w.take(); ok; _, ok = w.take() {
					told++
				}
			}
			count()
			l.notify(core.Change{Kind: core.Added, Record: rec})
			handle()
			count()
			if told != 1 {
				t.Errorf("with Every %v, told %d times of one info", every, told)
			}
		})
	}
}
