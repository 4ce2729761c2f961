package gossiptest

import (
	"context"
	"regexp"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/internal/serial"
)

// failingBubble runs body as Bubble does, with a test that takes note of the failure instead.
func failingBubble(t *testing.T, body func(*Sim)) (text string) {
	t.Helper()
	r := freeRunner(t, body, func(s string) { text += s })
	r.seeds()
	return text
}

// idler is an application that does nothing, and says what it is.
type idler struct {
	*Host
	leak chan struct{} // not nil: goroutines of it wait for that, when it has ended too
}

func (i idler) String() string { return "idle" }

func (i idler) Run(ctx context.Context) error {
	if i.leak != nil {
		for range 3 {
			go leaking(i.leak)
		}
		go func() { // it ends in its own time
			<-ctx.Done()
			time.Sleep(time.Second)
		}()
	}
	<-ctx.Done()
	return nil
}

func leaking(c chan struct{}) { <-c }

func TestBubbleFailure(t *testing.T) {
	text := failingBubble(t, func(s *Sim) {
		c := NewCluster(s, 3, func(h *Host) idler { return idler{Host: h} })
		s.Faults(fault.Fault{Kind: fault.Pause, At: time.Second, For: time.Second, Nodes: []int{2}})
		s.Logf("of interest")
		c.Crash(1)
		c.Start(1)
		c.Crash(2)
		s.RunFor(3 * time.Second)
		s.Errorf("wrong")
	})
	want := regexp.MustCompile(`^seed \d+ \(run 1 of 1\), which may give another run the next time
  at 3s: wrong
  log: 0s: of interest
  the hosts at the end:
    n0: up, run 1, 0 connections; idle
    n1: up, run 2, 0 connections; idle
    n2: down, after run 1
  the faults:
    pause at 1s for 1s nodes 2
  as Go:
    s.Faults\(fault.Fault\{.*\}\)
  replay: GOSSIPTEST_SEED=\d+ go test -run '\^TestBubbleFailure\$' .
$`)
	if !want.MatchString(text) {
		t.Errorf("a failure says\n%s\nwant\n%v", text, want)
	}
}

func TestDescribeBytes(t *testing.T) {
	p := serial.Pass{At: time.Second, From: 1, Frame: []byte("GET /"), Stream: true, Fate: "cut"}
	if got, want := describe(p), "  1000.000ms  drop  n1 -> n0  5 bytes (cut)"; got != want {
		t.Errorf("describe() = %q, want %q", got, want)
	}
}

// TestLeak has goroutines left after all has ended, which are named.
func TestLeak(t *testing.T) {
	body := func(s *Sim) {
		NewCluster(s, 2, func(h *Host) idler { return idler{Host: h, leak: make(chan struct{})} })
		s.RunFor(time.Second)
	}
	for name, text := range map[string]string{"Bubble": failingBubble(t, body), "Run": failing(t, body)} {
		for _, part := range []string{
			`6 goroutines are left after the end of the run, at 1 places:`,
			`\n +6 of them:\n +goroutine \d+ \[chan receive \(durable\)[^\n]*"node": "n[01].1"`,
			`gossiptest\.leaking\(`,
		} {
			if !regexp.MustCompile(part).MatchString(text) {
				t.Errorf("%s: no %s in\n%s", name, part, text)
			}
		}
	}
}
