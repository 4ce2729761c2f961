package gossip_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// told writes an event for comparison: "added k=v", with "replay " and "3 dropped: " before it.
func told(e gossip.Event) string {
	s := fmt.Sprintf("%v %s", e.Kind, e.Key)
	if e.Kind != gossip.Expired && e.Kind != gossip.Deleted {
		s += "=" + string(e.Info.Value)
	}
	if e.Replay {
		s = "replay " + s
	}
	if e.Dropped > 0 {
		s = fmt.Sprintf("%d dropped: %s", e.Dropped, s)
	}
	return s
}

// consumer takes events when it is told to.
type consumer struct {
	next func() (gossip.Event, bool)
	stop func()
}

// watch begins a watch whose events the test pulls. It ends with the test, or after a day of the bubble, so that an event
// that does not come fails the test.
func watch(t *testing.T, ctx context.Context, g *gossip.Gossip, pattern string, opts *gossip.WatchOptions) *consumer {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 24*time.Hour)
	t.Cleanup(cancel)
	seq, err := g.Watch(ctx, pattern, opts)
	if err != nil {
		t.Fatal(err)
	}
	next, stop := iter.Pull(seq)
	t.Cleanup(stop)
	return &consumer{next, stop}
}

// want fails the test unless the next events are those.
func (c *consumer) want(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		e, ok := c.next()
		if got := told(e); !ok || got != w {
			t.Errorf("event %q, %v, want %q", got, ok, w)
		}
	}
}

// wantEnd fails the test unless the iteration ends.
func (c *consumer) wantEnd(t *testing.T) {
	t.Helper()
	if e, ok := c.next(); ok {
		t.Errorf("event %q, want the end", told(e))
	}
}

func mustDelete(t *testing.T, g *gossip.Gossip, key string) {
	t.Helper()
	if err := g.DeleteInfo(key); err != nil {
		t.Fatal(err)
	}
}

func TestWatchReplaysByKeyThenFollows(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		for _, key := range []string{"k2", "k3", "k1", "other"} {
			mustAdd(t, g, key, "old")
		}
		mustDelete(t, g, "k3")
		c := watch(t, t.Context(), g, "^k", nil)
		c.want(t, "replay added k1=old", "replay added k2=old")
		mustAdd(t, g, "other", "new")
		mustAdd(t, g, "k3", "new")
		c.want(t, "added k3=new")
		mustAdd(t, g, "k3", "new") // refreshed
		pass(0)
		mustAdd(t, g, "k3", "newer")
		c.want(t, "updated k3=newer")
		mustDelete(t, g, "k3")
		c.want(t, "deleted k3")
		if err := g.AddInfo("k4", []byte("v"), time.Second); err != nil {
			t.Fatal(err)
		}
		c.want(t, "added k4=v")
		before := time.Now()
		c.want(t, "expired k4")
		if waited := time.Since(before); waited != time.Second {
			t.Errorf("told after %v that an info with a TTL of 1s has expired", waited)
		}
	})
}

func TestWatchEvents(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		a, b := start(t, config(net, 1)), start(t, config(net, 2))
		pass(time.Second)
		c := watch(t, t.Context(), b, "^k$", &gossip.WatchOptions{Redundant: true})
		stamp := time.Now()
		if err := a.AddInfo("k", []byte("v"), time.Minute); err != nil {
			t.Fatal(err)
		}
		e, _ := c.next()
		e.Info.Value[0] = 'x' // it is the consumer's
		want := gossip.Info{Stamp: stamp, TTL: time.Minute, Hops: 1, NodeID: 1}
		if got := e.Info; got.Stamp.Sub(want.Stamp).Abs() > time.Microsecond || got.TTL != want.TTL || got.Hops != want.Hops || got.NodeID != want.NodeID {
			t.Errorf("Info = %+v, want %+v", got, want)
		}
		wantInfo(t, b, "k", "v")
		if err := a.AddInfo("k", []byte("v"), time.Minute); err != nil {
			t.Fatal(err)
		}
		c.want(t, "refreshed k=v")
		mustDelete(t, b, "k")
		e, _ = c.next()
		if got := e.Info; told(e) != "deleted k" || got.NodeID != 2 || got.Value != nil || got.TTL != 0 || !got.Expires.IsZero() {
			t.Errorf("event %q with %+v, want a deletion by node 2", told(e), got)
		}
	})
}

func TestEventKindString(t *testing.T) {
	for _, tt := range []struct {
		kind gossip.EventKind
		want string
	}{
		{kind: gossip.Added, want: "added"},
		{kind: gossip.Updated, want: "updated"},
		{kind: gossip.Refreshed, want: "refreshed"},
		{kind: gossip.Expired, want: "expired"},
		{kind: gossip.Deleted, want: "deleted"},
		{kind: 9, want: "EventKind(9)"},
	} {
		if got := tt.kind.String(); got != tt.want {
			t.Errorf("String() of %d = %q, want %q", tt.kind, got, tt.want)
		}
	}
}

// TestWatchCoalesces has a consumer that is away while keys go through what they can.
func TestWatchCoalesces(t *testing.T) {
	add := func(val string) func(*testing.T, *gossip.Gossip) {
		return func(t *testing.T, g *gossip.Gossip) { mustAdd(t, g, "k", val) }
	}
	remove := func(t *testing.T, g *gossip.Gossip) { mustDelete(t, g, "k") }
	type steps = []func(*testing.T, *gossip.Gossip)
	for _, tt := range []struct {
		name  string
		known bool
		opts  *gossip.WatchOptions
		steps steps
		want  []string
	}{
		{name: "added and updated", steps: steps{add("1"), add("2")}, want: []string{"added k=2"}},
		{name: "added and gone", steps: steps{add("1"), remove}},
		{name: "added, gone and back", steps: steps{add("1"), remove, add("2")}, want: []string{"added k=2"}},
		{name: "updated twice", known: true, steps: steps{add("1"), add("2")}, want: []string{"updated k=2"}},
		{name: "updated and refreshed", known: true, steps: steps{add("1"), add("1")}, want: []string{"updated k=1"}},
		{name: "updated and gone", known: true, steps: steps{add("1"), remove}, want: []string{"deleted k"}},
		{name: "gone and back", known: true, steps: steps{remove, add("1")}, want: []string{"updated k=1"}},
		{name: "gone, back and gone", known: true, steps: steps{remove, add("1"), remove}, want: []string{"deleted k"}},
		{name: "refreshed", known: true, steps: steps{add("0"), add("0")}},
		{name: "refreshed, redundant", known: true, opts: &gossip.WatchOptions{Redundant: true}, steps: steps{add("0"), add("0")}, want: []string{"refreshed k=0"}},
		{name: "refreshed and updated", known: true, opts: &gossip.WatchOptions{Redundant: true}, steps: steps{add("0"), add("1")}, want: []string{"updated k=1"}},
		{name: "every", opts: &gossip.WatchOptions{Every: true}, steps: steps{add("1"), add("2"), add("2"), remove, add("1")},
			want: []string{"added k=1", "updated k=2", "deleted k", "added k=1"}},
		{name: "every, redundant", opts: &gossip.WatchOptions{Every: true, Redundant: true}, steps: steps{add("1"), add("1")},
			want: []string{"added k=1", "refreshed k=1"}},
		{name: "every, bounded", known: true, opts: &gossip.WatchOptions{Every: true, Buffer: 2}, steps: steps{add("1"), add("2"), remove, add("3")},
			want: []string{"2 dropped: deleted k", "added k=3"}},
	} {
		bubble(t, func(t *testing.T, net *gossiptest.Network) {
			g := start(t, config(net, 1))
			if tt.known {
				mustAdd(t, g, "k", "0")
			}
			c := watch(t, t.Context(), g, "^k", tt.opts)
			if tt.known {
				c.want(t, "replay added k=0")
			}
			synctest.Wait()
			for _, step := range tt.steps {
				step(t, g)
			}
			synctest.Wait()
			t.Log(tt.name)
			c.want(t, tt.want...)
			mustAdd(t, g, "kz", "") // and nothing before that
			c.want(t, "added kz=")
		})
	}
}

// TestWatchBeginsAtTheCall iterates long after.
func TestWatchBeginsAtTheCall(t *testing.T) {
	for _, tt := range []struct {
		opts *gossip.WatchOptions
		want []string
	}{
		{want: []string{"replay added a=2", "added d=1"}},
		{opts: &gossip.WatchOptions{Every: true}, want: []string{"replay added a=0", "replay added b=0", "updated a=1", "updated a=2", "deleted b", "added c=1", "deleted c", "added d=1"}},
	} {
		bubble(t, func(t *testing.T, net *gossiptest.Network) {
			g := start(t, config(net, 1))
			mustAdd(t, g, "a", "0")
			mustAdd(t, g, "b", "0")
			c := watch(t, t.Context(), g, "^.$", tt.opts)
			synctest.Wait()
			mustAdd(t, g, "a", "1")
			mustAdd(t, g, "a", "2")
			mustDelete(t, g, "b")
			mustAdd(t, g, "c", "1")
			mustDelete(t, g, "c")
			mustAdd(t, g, "d", "1")
			pass(time.Hour)
			c.want(t, tt.want...)
		})
	}
}

func TestWatchDropsAreCounted(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		mustAdd(t, g, "k", "old")
		c := watch(t, t.Context(), g, "^k", &gossip.WatchOptions{Every: true})
		synctest.Wait()
		for i := range 1024 + 7 {
			mustAdd(t, g, "k", fmt.Sprint(i))
			synctest.Wait()
		}
		c.want(t, "replay added k=old", "7 dropped: updated k=7", "updated k=8")
		if got := g.Stats().WatchDropped; got != 7 {
			t.Errorf("Stats count %d dropped, want 7", got)
		}
	})
}

func TestWatchPrefix(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g := start(t, config(net, 1))
		for _, key := range []string{"a.b", "axb", "a.", "xa.b"} {
			mustAdd(t, g, key, "")
		}
		c := watch(t, t.Context(), g, "a.", &gossip.WatchOptions{Prefix: true})
		c.want(t, "replay added a.=", "replay added a.b=")
		mustAdd(t, g, "axc", "")
		mustAdd(t, g, "a.c", "")
		c.want(t, "added a.c=")
	})
}

func TestWatchErrors(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g, err := gossip.New(config(net, 1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.Watch(t.Context(), "(", nil); !errors.Is(err, gossip.ErrConfig) {
			t.Errorf("Watch of a bad pattern = %v, want ErrConfig", err)
		}
		if _, err := g.Watch(t.Context(), "(", &gossip.WatchOptions{Prefix: true}); err != nil {
			t.Errorf("Watch of a prefix that is no pattern = %v", err)
		}
		if _, err := g.Watch(t.Context(), "", &gossip.WatchOptions{Buffer: -1}); !errors.Is(err, gossip.ErrConfig) {
			t.Errorf("Watch with a negative Buffer = %v, want ErrConfig", err)
		}
		if err := g.Start(t.Context())(); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Watch(t.Context(), "", nil); !errors.Is(err, gossip.ErrStopped) {
			t.Errorf("Watch after Run = %v, want ErrStopped", err)
		}
	})
}

// TestWatchEnds ends watches in all ways. What waits for a consumer is not told any more.
func TestWatchEnds(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		g, err := gossip.New(config(net, 1))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := watch(t, ctx, g, "^k", nil)
		stopped := watch(t, t.Context(), g, "^k", nil)
		seq, err := g.Watch(t.Context(), "^k", nil)
		if err != nil {
			t.Fatal(err)
		}
		stop := g.Start(t.Context())
		synctest.Wait()
		mustAdd(t, g, "k", "v")
		n := 0
		for range seq {
			n++
			break
		}
		for range seq {
			n++
		}
		if n != 1 {
			t.Errorf("%d events of a loop that was left after one and begun again, want 1", n)
		}
		ended.want(t, "added k=v")
		stopped.want(t, "added k=v")
		mustAdd(t, g, "k", "v2")
		synctest.Wait()
		cancel()
		ended.wantEnd(t)
		time.AfterFunc(time.Second, func() {
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
		stopped.want(t, "updated k=v2")
		stopped.wantEnd(t) // waits for the stop
	})
}
