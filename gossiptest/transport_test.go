package gossiptest_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/transport"
)

func TestTransportSound(t *testing.T) { gossiptest.TestTransport(t, baseHarness(nil)) }

func TestTransportSoundInBubble(t *testing.T) {
	h := baseHarness(nil)
	for _, c := range gossiptest.TransportCases(h) {
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if err := c.Run(t, h); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestTransportCasesFollowTheHarness(t *testing.T) {
	names := func(h gossiptest.TransportHarness) string {
		var b strings.Builder
		for _, c := range gossiptest.TransportCases(h) {
			fmt.Fprintf(&b, "%s ", c.Name)
		}
		return b.String()
	}
	for _, c := range []struct {
		optional string
		with     gossiptest.TransportHarness
	}{
		{optional: "frame-limit", with: gossiptest.TransportHarness{MaxFrame: 1}},
		{optional: "dial-silent", with: gossiptest.TransportHarness{Silent: baseSilent}},
	} {
		if got := names(gossiptest.TransportHarness{}); strings.Contains(got, c.optional) {
			t.Errorf("cases of an empty harness: %s, want none named %s", got, c.optional)
		}
		if got := names(c.with); !strings.Contains(got, c.optional) {
			t.Errorf("cases: %s, want one named %s", got, c.optional)
		}
	}
}

func TestTransportRules(t *testing.T) {
	testRules(t, "../transport/transport.go", gossiptest.TransportCases(baseHarness(nil)),
		func(c gossiptest.TransportCase) (name, rule string) { return c.Name, c.Rule })
}

// TestTransportHang runs a case that hangs in a bubble, where the clock goes on to the watchdog when all else waits.
func TestTransportHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := baseHarness(func(n *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, accept: func() (transport.Link, error) {
				<-n.over
				return nil, transport.ErrClosed
			}}
		})
		h.Timeout = time.Hour
		start := time.Now()
		err := gossiptest.TransportCases(h)[0].Run(t, h)
		if err == nil || time.Since(start) != time.Hour {
			t.Fatalf("after %v: %v, want an error after an hour", time.Since(start), err)
		}
		for _, want := range []string{"frames: hangs: not over after 1h0m0s", "brokenTransport.Accept", "\nrule: It arrives"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("no %q in: %v", want, err)
			}
		}
	})
}

// TestTransportHangInCleanUp proves that of a hang the rule is shown even if the clean-up hangs as well: go test shows no
// log of a test that does not end. The test runs itself, with a harness whose clean-up ends with standard input.
func TestTransportHangInCleanUp(t *testing.T) {
	const child = "GOSSIPTEST_HANG_IN_CLEAN_UP"
	if os.Getenv(child) != "" {
		h := baseHarness(func(n *baseNet, b *baseTransport) transport.Transport {
			return brokenTransport{baseTransport: b, accept: func() (transport.Link, error) {
				<-n.over
				return nil, transport.ErrClosed
			}}
		})
		sound := h.New
		h.New = func(t *testing.T, n int) []transport.Transport {
			t.Cleanup(func() { io.Copy(io.Discard, os.Stdin) })
			return sound(t, n)
		}
		h.Timeout = time.Nanosecond
		gossiptest.TestTransport(t, h)
		return
	}

	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTransportHangInCleanUp$", gossiptest.ChildTimeout)
	cmd.Env = append(os.Environ(), child+"=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for s := bufio.NewScanner(stderr); len(lines) < 2 && s.Scan(); {
		lines = append(lines, s.Text())
	}
	stdin.Close()
	got := strings.Join(lines, "\n")
	if want := "/frames: frames: hangs: not over after 1ns\nrule: It arrives as one frame"; !strings.Contains(got, want) {
		t.Errorf("while the clean-up hangs, standard error has %q, want %q in it", got, want)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("a transport that hangs passes")
	}
}

func TestTransportErrorIsWrapped(t *testing.T) {
	cause := errors.New("no route")
	h := baseHarness(func(_ *baseNet, b *baseTransport) transport.Transport {
		return brokenTransport{baseTransport: b, accept: func() (transport.Link, error) { return nil, cause }}
	})
	if err := gossiptest.TransportCases(h)[0].Run(t, h); !errors.Is(err, cause) {
		t.Errorf("Run with an Accept that fails: %v, want an error wrapping its error", err)
	}
}

func ExampleTransportCases() {
	for _, c := range gossiptest.TransportCases(gossiptest.TransportHarness{}) {
		if strings.HasPrefix(c.Name, "close-") {
			fmt.Printf("%s: %s\n", c.Name, c.Rule)
		}
	}
	// Output:
	// close-unblocks-recv: Recv waits for the next frame. Close, at either end or of either transport, unblocks it.
	// close-unblocks-send: Close, at either end or of either transport, unblocks it.
	// close-any-time: Peer and Close may be called at any time and from any number of goroutines.
}
