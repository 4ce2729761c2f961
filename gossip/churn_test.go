package gossip_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// TestThousandCallbacks updates a key 16 times a second for a minute of a manual clock, which one of a thousand callbacks
// spends in its first call: each of the others is told of each update, none later than the next one is due, and memory
// stays flat.
func TestThousandCallbacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // for its Wait; no time passes in the bubble
		const interval = time.Second / 16
		const updates = int(time.Minute / interval)
		callbacks := 1000
		if raceEnabled {
			callbacks = 100
		}
		clk := gossiptest.NewClock(time.Time{})
		cfg := config(gossiptest.NewNetwork(clk, nil), 1)
		cfg.Clock = clk
		g := start(t, cfg)
		var calls, latest atomic.Int64 // of all but one; the longest time from an update to a call
		for range callbacks - 1 {
			register(t, g, "^k$", func(_ string, content []byte) {
				calls.Add(1)
				at := time.Unix(0, int64(binary.BigEndian.Uint64(content)))
				for late := int64(clk.Now().Sub(at)); ; {
					if was := latest.Load(); late <= was || latest.CompareAndSwap(was, late) {
						return
					}
				}
			})
		}
		var slow []time.Time // of the updates that the one is told of
		free := make(chan struct{})
		register(t, g, "^k$", func(_ string, content []byte) {
			slow = append(slow, time.Unix(0, int64(binary.BigEndian.Uint64(content))))
			<-free
		})
		heap := func() int64 {
			var m runtime.MemStats
			runtime.GC() // twice, for what is in a sync.Pool
			runtime.GC()
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		begin := clk.Now()
		clk.AfterFunc(time.Minute, func() { close(free) })
		value := make([]byte, 2048)
		var before int64
		for i := range updates {
			binary.BigEndian.PutUint64(value, uint64(clk.Now().UnixNano()))
			if err := g.AddInfo("k", value, 0); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if i == updates-1 {
				if grown := heap() - before; grown > 1<<20 { // all values would be 1.7 MB, 8 bytes a call 7 MB
					t.Errorf("the heap has grown by %d bytes in %d updates, want none", grown, updates*9/10)
				}
			}
			clk.Advance(interval)
			synctest.Wait()
			if got, want := calls.Load(), int64((i+1)*(callbacks-1)); got != want {
				t.Fatalf("%v after update %d, there were %d calls, want %d", interval, i, got, want)
			}
			if i == updates/10 {
				before = heap()
			}
		}
		if got := time.Duration(latest.Load()); got > interval {
			t.Errorf("a callback was told of an update after %v, want %v at most", got, interval)
		}
		last := begin.Add(time.Minute - interval)
		if len(slow) != 2 || !slow[0].Equal(begin) || !slow[1].Equal(last) {
			t.Errorf("the callback that was away was told of the updates at %v, want those at %v and %v", slow, begin, last)
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

// goroutines counts those of the bubble it is called in.
func goroutines() int {
	buf := make([]byte, 1<<20)
	own, _, _ := strings.Cut(string(buf[:runtime.Stack(buf, false)]), "\n")
	_, bubble, _ := strings.Cut(own, "synctest bubble ")
	return strings.Count(string(buf[:runtime.Stack(buf, true)]), "synctest bubble "+bubble)
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
		before := goroutines()
		var work sync.WaitGroup
		for _, g := range all {
			work.Go(func() { churn(t, g, updates/nodes, keys) })
		}
		work.Wait()
		pass(time.Minute)
		if got := goroutines(); got != before {
			t.Errorf("%d goroutines run after all callbacks and watches have gone, %d before they came", got, before)
		}
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
	begun := 0
	begin := func() (end func()) {
		begun++
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
		latest, every := follow(t, g, nil), follow(t, g, &gossip.WatchOptions{Every: true, Buffer: 10 * updates})
		leave := begun%2 == 0
		return func() {
			unregister()
			over.Store(true)
			latest(leave)
			every(!leave)
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

// follow watches all keys and checks that what it is told of each fits what it was told before. The watch ends when the
// loop over it is left, or when its context ends.
func follow(t *testing.T, g *gossip.Gossip, opts *gossip.WatchOptions) (end func(leave bool)) {
	ctx, cancel := context.WithCancel(t.Context())
	seq, err := g.Watch(ctx, "^k", opts)
	if err != nil {
		t.Error(err)
		return func(bool) { cancel() }
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
			if stamp := e.Info.Stamp; !stamp.After(stamps[e.Key]) {
				t.Errorf("told that %s is %v as of %v after %v", e.Key, e.Kind, stamp, stamps[e.Key])
			}
			stamps[e.Key] = e.Info.Stamp
			kind, known := last[e.Key]
			live := known && kind != gossip.Deleted
			if live == (e.Kind == gossip.Added) || e.Dropped > 0 {
				t.Errorf("told that %s is %v after it was %v, %v, and of %d dropped", e.Key, e.Kind, kind, known, e.Dropped)
			}
			last[e.Key] = e.Kind
		}
	})
	return func(leave bool) {
		enough.Store(leave)
		if leave { // once there is something else to be told
			mustAdd(t, g, fmt.Sprintf("k%d:0", g.GetNodeID()), strconv.Itoa(int(time.Now().UnixNano())))
		} else {
			cancel()
		}
		watching.Wait()
		cancel()
	}
}
