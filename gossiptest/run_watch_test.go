package gossiptest

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// hangs is set for the process that is to hang.
const hangs = "GOSSIPTEST_HANGS"

// A mutex that is held for ever ends the process within the time allowed, and the goroutine that waits for it is shown, with its host, and no other.
func TestHang(t *testing.T) {
	if os.Getenv(hangs) != "" {
		r := &runner{t: t, name: t.Name(), env: env{runs: 1}, dir: t.TempDir(), patience: 50 * time.Millisecond, fail: func(s string) { t.Error(s) }}
		r.body = func(s *Sim) {
			c := NewCluster(s, 3, newMember)
			var mu sync.Mutex
			c.App(1).RegisterCallback("order/", func(string, []byte) {
				mu.Lock()
				mu.Lock() // the bug
			})
			s.RunFor(time.Second)
			_ = c.App(0).AddInfo("order/1", []byte("paid"), 0)
			s.RunFor(time.Hour)
		}
		r.all()
		return
	}
	text, code := again(t, hangs+"=1")
	if code != 2 {
		t.Fatalf("the process ends with %d:\n%s", code, text)
	}
	for _, part := range []string{"gossiptest: TestHang hangs with seed ", "sync.Mutex.Lock", `"node": "n1.1"`, "run_watch_test.go:"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
	if n := strings.Count(text, "\ngoroutine "); n != 1 {
		t.Errorf("%d goroutines, want the one that hangs:\n%s", n, text)
	}
}
