package gossiptest_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest"
)

// saver keeps a lock while it stores something, which takes time.
type saver struct {
	h  *gossiptest.Host
	mu sync.Mutex
}

func (s *saver) save(ctx context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.h.Store().Put(ctx, key, nil)
}

func (s *saver) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.save(ctx, "a") })
	wg.Go(func() { _ = s.save(ctx, "b") })
	wg.Wait()
	<-ctx.Done()
	return nil
}

// Who waits for a mutex is shown first, then who may hold it, and the rule, and how to see it again.
func TestHangNamesHolder(t *testing.T) {
	const child = "GOSSIPTEST_HANGS_IN_STORE"
	if os.Getenv(child) != "" {
		gossiptest.RunImpatient(t, func(s *gossiptest.Sim) {
			gossiptest.NewCluster(s, 1, func(h *gossiptest.Host) *saver { return &saver{h: h} })
			s.RunFor(time.Second)
		})
		return
	}
	text, code := gossiptest.Again(t, child+"=1")
	if code != 2 {
		t.Fatalf("the process ends with %d:\n%s", code, text)
	}
	waits, holds, ok := strings.Cut(text, "What waits on the same host, and may hold it:")
	if !ok || strings.Count(waits, "\ngoroutine ") != 1 || !strings.Contains(waits, "sync.Mutex.Lock") || !strings.Contains(waits, "No mutex is to be held while") {
		t.Errorf("who waits:\n%s", waits)
	}
	if !strings.Contains(holds, "Store.Put") || !strings.Contains(holds, "(*saver).save") || !strings.Contains(holds, "replay: GOSSIPTEST_SEED=") {
		t.Errorf("who may hold it:\n%s", holds)
	}
}
