package gossiptest_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
)

func TestNewNode(t *testing.T) {
	g := gossiptest.NewNode(t, nil)
	if err := g.AddInfo("color", []byte("green"), 0); err != nil {
		t.Fatal(err)
	}
	if got, err := g.GetInfo("color"); err != nil || string(got) != "green" {
		t.Errorf("GetInfo = %q, %v, want green", got, err)
	}
}

// spy is a test that keeps its failures to itself.
type spy struct {
	testing.TB
	said []string
}

func (s *spy) Errorf(format string, args ...any) {
	s.said = append(s.said, fmt.Sprintf(format, args...))
}

func (s *spy) Fatalf(format string, args ...any) {
	s.Errorf(format, args...)
	runtime.Goexit()
}

// TestNewNodeThatEnds has Run fail before the node is connected.
func TestNewNodeThatEnds(t *testing.T) {
	var s spy
	t.Run("node", func(t *testing.T) {
		s.TB = t
		done := make(chan struct{})
		go func() { // as Fatalf ends it
			defer close(done)
			gossiptest.NewNode(&s, &gossiptest.NodeOptions{Configure: func(cfg *gossip.Config) {
				cfg.KeepSentinel = false // would be all it takes to be connected
				cfg.Transport.Close()
			}})
		}()
		<-done
	})
	if len(s.said) != 2 || !strings.Contains(s.said[0], "node 1 ended") || !strings.Contains(s.said[1], "accept") {
		t.Errorf("NewNode of a node that cannot run says %q, want that it ended, and why", s.said)
	}
}

// hears returns a channel that is closed when g learns key.
func hears(t *testing.T, g *gossiptest.Node, key string) <-chan struct{} {
	t.Helper()
	heard := make(chan struct{})
	_, err := g.RegisterCallback("^"+key+"$", func(string, []byte) { close(heard) })
	if err != nil {
		t.Fatal(err)
	}
	return heard
}

func TestNodesOfOneNetwork(t *testing.T) {
	opts := &gossiptest.NodeOptions{Network: gossiptest.NewNetwork(nil, nil)}
	a, b := gossiptest.NewNode(t, opts), gossiptest.NewNode(t, opts)
	heard := hears(t, a, "hello")
	if err := b.AddInfo("hello", nil, 0); err != nil {
		t.Fatal(err)
	}
	<-heard
	if got := slices.Concat(a.Incoming(), a.Outgoing()); len(got) != 1 || got[0] != b.GetNodeID() {
		t.Errorf("%s is linked to %v, want to %d", a, got, b.GetNodeID())
	}
}

// TestNodesOnAManualClock proves that nodes join while the clock stands still, and that what they put off until later
// happens when it is moved.
func TestNodesOnAManualClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clk := gossiptest.NewClock(time.Time{})
		opts := &gossiptest.NodeOptions{Network: gossiptest.NewNetwork(clk, nil)}
		a, b := gossiptest.NewNode(t, opts), gossiptest.NewNode(t, opts)
		if err := b.AddInfo("hello", nil, time.Minute); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			synctest.Wait()
			clk.Advance(gossiptest.Interval)
		}
		synctest.Wait()
		if _, err := a.GetInfo("hello"); err != nil {
			t.Errorf("GetInfo at %s = %v, want the info", a, err)
		}
		clk.Advance(time.Minute)
		if _, err := a.GetInfo("hello"); !errors.Is(err, gossip.ErrNotFound) {
			t.Errorf("GetInfo at %s after the info's life = %v, want ErrNotFound", a, err)
		}
	})
}

func TestNodeInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := gossiptest.NewNetwork(nil, &gossiptest.NetworkOptions{Latency: time.Millisecond})
		opts := &gossiptest.NodeOptions{Network: net}
		a, b := gossiptest.NewNode(t, opts), gossiptest.NewNode(t, opts)
		b.Crash()
		time.Sleep(time.Second)
		synctest.Wait()
		if got := slices.Concat(a.Incoming(), a.Outgoing()); len(got) != 0 {
			t.Errorf("after the crash %s is linked to %v", a, got)
		}
	})
}

// TestStopTwiceAtOnce has two goroutines stop a node that takes its time: in a bubble, time passes for both.
func TestStopTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gossiptest.NewNode(t, nil)
		if _, err := g.RegisterCallback("^k$", func(string, []byte) { time.Sleep(time.Second) }); err != nil {
			t.Fatal(err)
		}
		if err := g.AddInfo("k", nil, 0); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		var stopping sync.WaitGroup
		for range 2 {
			stopping.Go(func() {
				if err := g.Stop(); err != nil {
					t.Errorf("Stop = %v, want nil", err)
				}
			})
		}
		stopping.Wait()
	})
}

func TestNodeConfigure(t *testing.T) {
	g := gossiptest.NewNode(t, &gossiptest.NodeOptions{Configure: func(cfg *gossip.Config) {
		cfg.NodeID = 42
		cfg.Limits.Value = 16
	}})
	if got := g.GetNodeID(); got != 42 {
		t.Errorf("GetNodeID = %d, want 42", got)
	}
	if err := g.AddInfo("k", make([]byte, 17), 0); !errors.Is(err, gossip.ErrTooLarge) {
		t.Errorf("AddInfo over the limit = %v, want ErrTooLarge", err)
	}
}

// TestStopOnAManualClock proves that a node with a callback that hangs is ended by the clock that nobody else moves.
func TestStopOnAManualClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clk := gossiptest.NewClock(time.Time{})
		g := gossiptest.NewNode(t, &gossiptest.NodeOptions{Network: gossiptest.NewNetwork(clk, nil)})
		started, release := make(chan struct{}), make(chan struct{})
		if _, err := g.RegisterCallback("^stuck$", func(string, []byte) { close(started); <-release }); err != nil {
			t.Fatal(err)
		}
		if err := g.AddInfo("stuck", nil, 0); err != nil {
			t.Fatal(err)
		}
		<-started
		if err := g.Stop(); err == nil {
			t.Error("Stop = nil while a callback hangs, want an error that names it")
		}
		close(release)
	})
}
