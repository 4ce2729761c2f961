package gossip_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/storage"
)

func TestStoreRemembersIncarnation(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		store := new(storage.Memory)
		var last uint64
		for range 3 {
			cfg := config(net, 1)
			cfg.Store = store
			cfg.Clock = frozenClock{time.Unix(1, 0)} // the wall clock does not help
			g, err := gossip.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			stop := g.Start(t.Context())
			synctest.Wait()
			got := g.Status().Incarnation
			if got <= last {
				t.Errorf("incarnation %d after %d", got, last)
			}
			last = got
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestStoreThatCannotBeRead(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		broken := errors.New("disk on fire")
		for _, tt := range []struct {
			name  string
			store storage.Store
			want  error
		}{
			{name: "error", store: &brokenStore{get: func() ([]byte, error) { return nil, broken }}, want: broken},
			{name: "garbage", store: &brokenStore{get: func() ([]byte, error) { return []byte("many"), nil }}},
			{name: "panic", store: &brokenStore{get: func() ([]byte, error) { panic("no disk") }}},
		} {
			cfg := config(net, 1)
			cfg.Store = tt.store
			g, err := gossip.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			err = g.Run(t.Context())
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%s: Run = %v, want an error that wraps %v", tt.name, err, tt.want)
			}
		}
	})
}

// TestStopBeforeTheStoreAnswers ends a node that has not begun: what was given to it is lost, and counted.
func TestStopBeforeTheStoreAnswers(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		cfg := config(net, 1)
		cfg.Store = &brokenStore{get: func() ([]byte, error) { time.Sleep(time.Second); return nil, storage.ErrNotFound }}
		g, err := gossip.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var c calls
		register(t, g, "", c.add)
		mustAdd(t, g, "k1", "v")
		stop := g.Start(t.Context())
		pass(10 * time.Millisecond)
		mustAdd(t, g, "k2", "v")
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := g.Leave(t.Context()); !errors.Is(err, gossip.ErrStopped) {
				t.Errorf("Leave = %v, want ErrStopped", err)
			}
		})
		pass(10 * time.Millisecond)
		if err := stop(); err != nil {
			t.Errorf("stop = %v, want nil", err)
		}
		wg.Wait()
		if got := g.Stats().CommandsDropped; got != 2 {
			t.Errorf("%d commands are counted as dropped, want 2", got)
		}
		for _, key := range []string{"k1", "k2"} {
			wantInfo(t, g, key, "")
		}
		c.want(t)
	})
}

// TestStoreThatFails does not let the node join before it works.
func TestStoreThatFails(t *testing.T) {
	bubble(t, func(t *testing.T, net *gossiptest.Network) {
		start(t, config(net, 1))
		cfg := config(net, 2)
		puts := 0
		cfg.Store = &brokenStore{put: func() error {
			if puts++; puts < 4 {
				return errors.New("disk full")
			}
			return nil
		}}
		g := start(t, cfg)
		pass(600 * time.Millisecond) // the third attempt is after 100 + 200 ms, the fourth 400 ms later
		if got := g.Stats(); got.StoreErrors != 3 || got.FramesSent != 0 {
			t.Errorf("Stats count %d errors and %d frames, want 3 and 0", got.StoreErrors, got.FramesSent)
		}
		if s := g.Status(); s.Ready || s.Incarnation != 0 {
			t.Errorf("Status = %+v", s)
		}
		pass(time.Second)
		if s := g.Status(); !s.Ready || s.Incarnation == 0 {
			t.Errorf("Status = %+v, want it ready", s)
		}
	})
}
