package flags_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/google/go-cmp/cmp"

	"example.com/flags"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/gossiptest/gossipfake"
	"github.com/grapevine-go/grapevine/gossiptest/gossipmock"
	"github.com/grapevine-go/grapevine/storage"
)

// start runs a Service on a node of its own, until the test ends. The node is made as opts say; nil is fine.
func start(t *testing.T, opts *gossiptest.NodeOptions) (*flags.Service, *gossiptest.Node) {
	t.Helper()
	n := gossiptest.NewNode(t, opts)
	s := flags.New(n.Gossip)
	gossiptest.Start(t, s)
	return s, n
}

func TestSet(t *testing.T) {
	s, _ := start(t, nil)
	want := flags.Flag{On: true, Percent: 30}
	if err := s.Set("dark", want); err != nil {
		t.Fatal(err)
	}
	if got := s.Get("dark"); got != want {
		t.Errorf("Get = %v, want %v", got, want)
	}
	if err := s.Set("dark", flags.Flag{Percent: 101}); err == nil {
		t.Error("Set to 101 percent: no error")
	}
	if err := s.Delete("dark"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.All(), map[string]flags.Flag{}); diff != "" {
		t.Errorf("after Delete (-got +want):\n%s", diff)
	}
}

// The users who have a feature keep it as the percentage rises.
func TestEnabled(t *testing.T) {
	s, _ := start(t, nil)
	var had []string
	for percent := 0; percent <= 100; percent += 25 {
		if err := s.Set("dark", flags.Flag{On: true, Percent: percent}); err != nil {
			t.Fatal(err)
		}
		var have []string
		for i := range 1000 {
			if user := fmt.Sprint("user", i); s.Enabled("dark", user) {
				have = append(have, user)
			}
		}
		if n := len(have); n < percent*10-50 || n > percent*10+50 {
			t.Errorf("%d of 1000 users have it, want %d%%", n, percent)
		}
		for _, user := range had {
			if !slices.Contains(have, user) {
				t.Errorf("%s has lost it at %d%%", user, percent)
			}
		}
		had = have
	}
}

// What one server sets another one sees. In a bubble, Wait returns when everything has happened that can without more time.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := gossiptest.NewNetwork(nil, &gossiptest.NetworkOptions{Latency: time.Millisecond})
		a, _ := start(t, &gossiptest.NodeOptions{Network: network})
		b, _ := start(t, &gossiptest.NodeOptions{Network: network})
		var seen []flags.Flag
		go func() {
			for f := range b.Watch(t.Context(), "dark") {
				seen = append(seen, f)
			}
		}()
		for percent := 10; percent <= 30; percent += 10 {
			if err := a.Set("dark", flags.Flag{On: true, Percent: percent}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if err := a.Delete("dark"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if want := []flags.Flag{{}, {On: true, Percent: 10}, {On: true, Percent: 20}, {On: true, Percent: 30}, {}}; !slices.Equal(seen, want) {
			t.Errorf("seen are %v, want %v", seen, want)
		}
	})
}

// What is no flag, of a newer version for example, leaves the last one that was.
func TestUnknownForm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, n := start(t, nil)
		want := flags.Flag{On: true, Percent: 30}
		if err := s.Set("dark", want); err != nil {
			t.Fatal(err)
		}
		if err := n.AddInfo("flag:dark", []byte("{"), 0); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := s.Get("dark"); got != want {
			t.Errorf("Get = %v, want %v", got, want)
		}
	})
}

// A rollout of ten minutes takes no time in a bubble.
func TestRollout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := start(t, nil)
		begin := time.Now()
		if err := s.Rollout(t.Context(), "dark", time.Minute); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(begin); d != 9*time.Minute {
			t.Errorf("it takes %v, want 9m", d)
		}
		if got, want := s.Get("dark"), (flags.Flag{On: true, Percent: 100}); got != want {
			t.Errorf("Get = %v, want %v", got, want)
		}

		overtaken := make(chan error)
		go func() { overtaken <- s.Rollout(t.Context(), "search", time.Minute) }()
		time.Sleep(90 * time.Second)
		if err := s.Set("search", flags.Flag{}); err != nil {
			t.Fatal(err)
		}
		if err := <-overtaken; err == nil || !strings.Contains(err.Error(), "somebody else") {
			t.Errorf("Rollout of a flag that is switched off: %v", err)
		}
		if got := s.Get("search"); got.On {
			t.Errorf("it is on again: %v", got)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Rollout(ctx, "mail", time.Minute); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Rollout that has a second: %v", err)
		}
	})
}

// A server whose disk is full does not take part before there is room. A fake does as its function does.
func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var disk storage.Memory
		var full atomic.Bool
		full.Store(true)
		store := &gossipfake.Store{Base: &disk, PutFunc: func(ctx context.Context, key string, value []byte) error {
			if full.Load() {
				return errors.New("disk full")
			}
			return disk.Put(ctx, key, value)
		}}
		s, _ := start(t, &gossiptest.NodeOptions{Configure: func(c *gossip.Config) { c.Store = store }})
		time.Sleep(time.Minute)
		synctest.Wait()
		if err := s.Health(); err == nil {
			t.Error("Health with a full disk: no error")
		}
		full.Store(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		if err := s.Health(); err != nil {
			t.Errorf("Health with room on the disk: %v", err)
		}
	})
}

// The service writes nothing to the disk but what the node does when it starts. A mock fails the test for a call that is not expected.
func TestNothingIsStored(t *testing.T) {
	store := gossipmock.NewMockStore(gossipmock.NewController(t))
	store.EXPECT().Get(gomock.Any(), gossipmock.KeyMatches("^gossip\\.")).Return(nil, storage.ErrNotFound)
	store.EXPECT().Put(gomock.Any(), gossipmock.KeyMatches("^gossip\\."), gomock.Any()).Return(nil)
	s, n := start(t, &gossiptest.NodeOptions{Configure: func(c *gossip.Config) { c.Store = store }})
	if err := s.Set("dark", flags.Flag{On: true}); err != nil {
		t.Fatal(err)
	}
	if err := n.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := slices.Collect(maps.Keys(s.All())); !slices.Equal(got, []string{"dark"}) {
		t.Errorf("flags are %q, want dark", got)
	}
}
