package gossip_test

import (
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// TestThousandCallbacks updates a key 16 times a second for a minute, which one of a thousand callbacks spends in its first
// call: all others are told of each update before the next one, and memory stays flat.
func TestThousandCallbacks(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		const updates = 16 * 60
		callbacks := 1000
		if raceEnabled {
			callbacks = 100
		}
		g := start(t, config(net, 1))
		var calls atomic.Int64
		for range callbacks - 1 {
			register(t, g, "^k$", func(string, []byte) { calls.Add(1) })
		}
		var slow []string
		register(t, g, "^k$", func(_ string, content []byte) {
			slow = append(slow, string(content))
			if len(slow) == 1 {
				time.Sleep(time.Minute)
			}
		})
		heap := func() int64 {
			var m runtime.MemStats
			runtime.GC() // twice, for what is in a sync.Pool
			runtime.GC()
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		var before int64
		for i := range updates {
			mustAdd(t, g, "k", fmt.Sprint(i))
			pass(time.Second / 16)
			if got, want := calls.Load(), int64((i+1)*(callbacks-1)); got != want {
				t.Fatalf("%v after update %d, there were %d calls, want %d", time.Second/16, i, got, want)
			}
			if i == updates/10 {
				before = heap()
			}
		}
		if grown := heap() - before; grown > 2<<20 { // 8 bytes a call would be 7 MB
			t.Errorf("the heap has grown by %d bytes in %d updates, want none", grown, updates*9/10)
		}
		pass(time.Second)
		if len(slow) != 2 || slow[0] != "0" || slow[1] != fmt.Sprint(updates-1) {
			t.Errorf("the callback that was away was told %q, want the first and the last update", slow)
		}
	})
}

// orderly checks that the values of each key, which are numbers, go up.
type orderly struct {
	t    *testing.T
	last map[string]int
}

func (o *orderly) tell(key string, content []byte) {
	n, err := strconv.Atoi(string(content))
	if last, known := o.last[key]; err != nil || known && n <= last {
		o.t.Errorf("told of %s=%s after %d: %v", key, content, last, err)
	}
	o.last[key] = n
}

// TestChurn has four nodes write 20,000 updates and deletions while callbacks and watches come and go on each.
func TestChurn(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		const nodes, updates, keys = 4, 20_000, 25
		var all []*gossip.Gossip
		for id := range gossip.NodeID(nodes) {
			all = append(all, start(t, config(net, id+1)))
		}
		pass(time.Second)
		var work sync.WaitGroup
		for _, g := range all {
			work.Go(func() { churn(t, g, updates/nodes, keys) })
		}
		work.Wait()
		pass(time.Minute)
		for _, g := range all {
			for id := range nodes {
				for i := range keys {
					key := fmt.Sprintf("k%d:%d", id+1, i)
					want, err := all[id].GetInfo(key)
					if err != nil {
						want = nil
					}
					wantInfo(t, g, key, string(want))
				}
			}
		}
	})
}

// churn writes at g, and has callbacks and watches come and go.
func churn(t *testing.T, g *gossip.Gossip, updates, keys int) {
	begin := func() (end func()) {
		o := &orderly{t: t, last: make(map[string]int)}
		var over atomic.Bool
		late := 0
		unregister := register(t, g, "^k", func(key string, content []byte) {
			if over.Load() {
				if late++; late > 1 {
					t.Error("a second call has begun after unregister returned")
				}
			}
			o.tell(key, content)
		})
		shy, calls := make(chan func(), 1), 0
		shy <- register(t, g, "^k", func(string, []byte) {
			if calls++; calls > 1 {
				t.Error("called after unregister was called from within the first call")
				return
			}
			(<-shy)()
		})
		seq, err := g.Watch(t.Context(), "k", &gossip.WatchOptions{Prefix: true})
		if err != nil {
			t.Error(err)
			return unregister
		}
		var watching sync.WaitGroup
		var enough atomic.Bool
		watching.Go(func() {
			stamps := make(map[string]time.Time)
			last := make(map[string]gossip.EventKind)
			for e := range seq {
				if enough.Load() {
					return
				}
				if stamp := e.Info.Stamp; stamp.Before(stamps[e.Key]) {
					t.Errorf("told that %s is %v as of %v after %v", e.Key, e.Kind, stamp, stamps[e.Key])
				}
				stamps[e.Key] = e.Info.Stamp
				kind, known := last[e.Key]
				live := known && kind != gossip.Deleted
				if live == (e.Kind == gossip.Added) {
					t.Errorf("told that %s is %v after it was %v, %v", e.Key, e.Kind, kind, known)
				}
				last[e.Key] = e.Kind
			}
		})
		return func() {
			unregister()
			over.Store(true)
			enough.Store(true)
			mustAdd(t, g, fmt.Sprintf("k%d:0", g.GetNodeID()), strconv.Itoa(int(time.Now().UnixNano()))) // wakes the watch
			watching.Wait()
		}
	}
	end := begin()
	for n := range updates {
		key := fmt.Sprintf("k%d:%d", g.GetNodeID(), 1+n%(keys-1))
		if n%17 == 16 {
			mustDelete(t, g, key)
		} else {
			mustAdd(t, g, key, strconv.Itoa(n))
		}
		if n%250 == 249 {
			next := begin()
			end()
			end = next
		}
		if n%50 == 49 {
			if err := g.Sync(t.Context()); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Millisecond)
		}
	}
	end()
}
