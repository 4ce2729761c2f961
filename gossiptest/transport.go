package gossiptest

import (
	"context"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/transport"
)

// TransportHarness says how to try an implementation of [transport.Transport].
type TransportHarness struct {
	// New returns n transports, fresh ones, that can dial each other, each with an address of its own. It is called
	// on the goroutine of the test, once for each case, and closes by t.Cleanup what it opened; the transports may be
	// closed by then. The goroutines that it starts count as the transports': they end when the transports close.
	New func(t *testing.T, n int) []transport.Transport

	// MaxFrame is the size in bytes of the largest frame. Zero leaves out the case frame-limit.
	MaxFrame int

	// Silent is an address where nobody answers, so that a Dial goes on until its context ends. The zero Addr leaves
	// out the case dial-silent, and with it much of what a Dial can do wrong. For a transport with a handshake, a
	// socket that listens and never says a word is at such an address. For one whose Dial is over with the connection,
	// it is best to have an option for the function that connects, and one here that waits for its context.
	Silent transport.Addr

	// Links is how many links the case many-links makes between two transports, all open at once. Zero means 1,000. Fewer are
	// for a transport whose links each have something that the machine of the test is short of.
	Links int

	// Timeout is how long a case may take before it counts as hanging. Zero means a minute. It is there to turn a
	// hang into a failure that says where, so it may be generous: no case waits for it. TestTransport cuts it to the
	// case's share of what is left to the test (go test -timeout), to tell of every case in time even if all hang.
	Timeout time.Duration
}

// TransportCase is one rule of the contract of package transport, with an experiment that shows whether it is kept.
type TransportCase struct {
	Name string // lower case, with hyphens
	Rule string // the sentence of the contract, as it stands in a comment of package transport

	nodes int
	run   func(ctx context.Context, tr *transportTrial) error
}

// TestTransport checks an implementation of [transport.Transport], and of its links, against the contract of package
// transport: each of [TransportCases] is a subtest, whose failure quotes the rule that was broken.
//
//	func TestContract(t *testing.T) {
//		gossiptest.TestTransport(t, gossiptest.TransportHarness{
//			New: func(t *testing.T, n int) []transport.Transport {
//				ts := make([]transport.Transport, n)
//				for i := range ts {
//					tr, err := mytransport.Listen("127.0.0.1:0", nil)
//					if err != nil {
//						t.Fatal(err)
//					}
//					t.Cleanup(func() { tr.Close() })
//					ts[i] = tr
//				}
//				return ts
//			},
//			MaxFrame: mytransport.DefaultMaxFrame,
//			Silent:   silent, // see TransportHarness: without it, a case is left out
//		})
//	}
//
// Run it with -race, which sees a link that writes into a frame. No case sleeps, and none depends on how fast the
// transport or the machine is. A case that hangs is given up after the Timeout of the harness, and its goroutines are
// printed: the functions of the transport among them say which calls do not return. If its Close hangs too, so does the
// test, and go test shows no log of that; the rule is then found on standard error.
//
// To see which goroutines are the transport's, the cases label theirs (package runtime/pprof) and set
// tracebacklabels=1 in the GODEBUG of the process. A transport that replaces the labels of its goroutines hides them
// from the case named goroutines.
func TestTransport(t *testing.T, h TransportHarness) {
	cases := TransportCases(h)
	runSuite(t, h.Timeout, len(cases), func(i int) string { return cases[i].Name },
		func(t *testing.T, i int, timeout time.Duration) error {
			timely := h
			timely.Timeout = timeout
			return cases[i].Run(t, timely)
		})
}

// Run runs the case and returns how the transport broke the rule, or nil if it did not. The test t is for the harness,
// and fails only if the harness makes it; it may be nil for a harness that does without. TestTransport is for most; Run is
// for who wants to run some cases, or each in a bubble of testing/synctest: in a bubble a hang shows at once, without the
// Timeout.
func (c TransportCase) Run(t *testing.T, h TransportHarness) error {
	tr := &transportTrial{trial: newTrial(), harness: h}
	return tr.try(c.Name, c.Rule, h.Timeout,
		func() { tr.ts = h.New(t, c.nodes) },
		func(ctx context.Context) error { return c.run(ctx, tr) })
}
