package gossiptest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
)

// ResolverHarness says how to try an implementation of [resolver.Resolver]. Its functions are called on the goroutine of the
// test, each once at most for each case. They close by t.Cleanup what they opened, and end the test by t.Fatal if they
// cannot do what they are for.
type ResolverHarness struct {
	// New returns a resolver whose answer stays the same for as long as the case lasts.
	New func(t *testing.T) resolver.Resolver

	// Want is the answer of New's resolver, as a set. Nil means that the suite goes by its first answer.
	Want []transport.Addr

	// Nobody returns a resolver that knows nobody: its list is empty, its name has no addresses. Nil leaves out the case nobody.
	Nobody func(t *testing.T) resolver.Resolver

	// Failing returns a resolver that cannot find out: its file is not there, its server refuses. Nil, for one that always can,
	// leaves out the case failing.
	Failing func(t *testing.T) resolver.Resolver

	// Silent returns a resolver whose source never answers, so that a Resolve goes on until its context ends. For one that
	// asks a server, a socket that listens and never says a word is such a source. Nil, for a resolver that waits for
	// nothing, leaves out the case silent.
	Silent func(t *testing.T) resolver.Resolver

	// Changing returns a resolver and a function that changes what its source says, and returns what that is from now on, as
	// a set. It is called some times. Nil, for a resolver whose answer is always the same, leaves out the case of-the-moment.
	Changing func(t *testing.T) (r resolver.Resolver, change func() []transport.Addr)

	// Partly returns a resolver with several sources, of which one answers with addresses and another fails. Nil, for a
	// resolver with one source, leaves out the case one-answers.
	Partly func(t *testing.T) resolver.Resolver

	// Timeout is how long a case may take before it counts as hanging, as in [TransportHarness]. Zero means a minute.
	Timeout time.Duration
}

// ResolverCase is one rule of the contract of package resolver, with an experiment that shows whether it is kept.
type ResolverCase struct {
	Name string // lower case, with hyphens
	Rule string // the sentence of the contract, as it stands in a comment of package resolver

	prepare func(tr *resolverTrial) // nil: r is New's resolver
	run     func(ctx context.Context, tr *resolverTrial) error
}

// TestResolver checks an implementation of [resolver.Resolver] against the contract of package resolver: each of [ResolverCases]
// is a subtest, whose failure quotes the rule that was broken.
//
//	func TestContract(t *testing.T) {
//		gossiptest.TestResolver(t, gossiptest.ResolverHarness{
//			New:    func(t *testing.T) resolver.Resolver { return myresolver.New("testdata/peers") },
//			Want:   []transport.Addr{transport.MakeAddr("tcp", "10.0.0.1:7946")},
//			Silent: …, // without it, nothing is known of how a Resolve ends
//		})
//	}
//
// Run it with -race. No case sleeps or depends on how fast the resolver is. A case that hangs is given up after the Timeout of the
// harness, and its goroutines are printed.
func TestResolver(t *testing.T, h ResolverHarness) {
	cases := ResolverCases(h)
	runSuite(t, h.Timeout, len(cases), func(i int) string { return cases[i].Name },
		func(t *testing.T, i int, timeout time.Duration) error {
			timely := h
			timely.Timeout = timeout
			return cases[i].Run(t, timely)
		})
}

// Run runs the case and returns how the resolver broke the rule, or nil if it did not. The test t is for the harness, and may
// be nil, outside of a test, for a harness that does without. In a bubble of testing/synctest a hang shows at once, without
// the Timeout.
func (c ResolverCase) Run(t *testing.T, h ResolverHarness) error {
	tr := &resolverTrial{trial: newTrial(), harness: h, t: t}
	prepare := func() {
		if c.prepare != nil {
			c.prepare(tr)
			return
		}
		tr.r = h.New(t)
	}
	return tr.try(c.Name, c.Rule, h.Timeout, prepare, func(ctx context.Context) error { return c.run(ctx, tr) })
}

// ResolverCases returns the cases that h allows: all but those whose field of h is nil.
func ResolverCases(h ResolverHarness) []ResolverCase {
	cases := []ResolverCase{
		{
			Name: "answer",
			Rule: "Resolve returns the addresses at which peers may be found now.",
			run:  tryAnswer,
		},
		{
			Name: "slice",
			Rule: "The slice is the caller's, to keep and to change.",
			run:  trySlice,
		},
		{
			Name: "concurrent",
			Rule: "A Resolver is safe for concurrent use, so several nodes may share one.",
			run:  tryResolveConcurrently,
		},
		{
			Name: "ended-context",
			Rule: "No address and an error: the resolver could not find out. If ctx ended, the error wraps ctx.Err().",
			run:  tryResolveEnded,
		},
		{
			Name: "context-ends",
			Rule: "If ctx ended, the error wraps ctx.Err().",
			run:  tryResolveContextEnds,
		},
		{
			Name:    "silent",
			Rule:    "Resolve may block, to ask the network for example, until ctx ends at the latest.",
			prepare: func(tr *resolverTrial) { tr.r = tr.harness.Silent(tr.t) },
			run:     tryResolveSilent,
		},
		{
			Name:    "nobody",
			Rule:    "No address and nil: the resolver knows nobody at present. This is no error",
			prepare: func(tr *resolverTrial) { tr.r = tr.harness.Nobody(tr.t) },
			run:     tryNobody,
		},
		{
			Name:    "failing",
			Rule:    "No address and an error: the resolver could not find out.",
			prepare: func(tr *resolverTrial) { tr.r = tr.harness.Failing(tr.t) },
			run:     tryResolveFailing,
		},
		{
			Name: "of-the-moment",
			Rule: "an answer is of the moment: one that looks things up does so at each call and remembers nothing for longer " +
				"than it is true.",
			prepare: func(tr *resolverTrial) { tr.r, tr.change = tr.harness.Changing(tr.t) },
			run:     tryOfTheMoment,
		},
		{
			Name: "one-answers",
			Rule: "A resolver with several sources returns what it has rather than an error as long as one of them " +
				"answers.",
			prepare: func(tr *resolverTrial) { tr.r = tr.harness.Partly(tr.t) },
			run:     tryOneAnswers,
		},
	}
	left := map[string]bool{
		"silent": h.Silent == nil, "nobody": h.Nobody == nil, "failing": h.Failing == nil,
		"of-the-moment": h.Changing == nil, "one-answers": h.Partly == nil,
	}
	return slices.DeleteFunc(cases, func(c ResolverCase) bool { return left[c.Name] })
}

// resolverTrial is one run of a case.
type resolverTrial struct {
	trial
	harness ResolverHarness
	t       *testing.T
	r       resolver.Resolver
	change  func() []transport.Addr // of harness.Changing
}

// want returns what r is to answer.
func (tr *resolverTrial) want(ctx context.Context) ([]transport.Addr, error) {
	if tr.harness.Want != nil {
		return tr.harness.Want, nil
	}
	addrs, err := resolve(ctx, tr.r)
	return slices.Clone(addrs), err
}

// resolve returns an answer that is no error.
func resolve(ctx context.Context, r resolver.Resolver) ([]transport.Addr, error) {
	addrs, err := r.Resolve(ctx)
	if err != nil {
		return nil, fmt.Errorf("resolve: %w", err)
	}
	return addrs, nil
}

// wantAddrs checks that r answers with want.
func wantAddrs(ctx context.Context, r resolver.Resolver, want []transport.Addr) error {
	got, err := resolve(ctx, r)
	if err != nil {
		return err
	}
	return sameAddrs(got, want)
}

// sameAddrs compares two sets.
func sameAddrs(got, want []transport.Addr) error {
	for _, addrs := range [][2][]transport.Addr{{got, want}, {want, got}} {
		for _, a := range addrs[0] {
			if !slices.Contains(addrs[1], a) {
				return fmt.Errorf("the resolver returned %s, want the set %s", showAddrs(got), showAddrs(want))
			}
		}
	}
	return nil
}

func showAddrs(addrs []transport.Addr) string {
	text := "["
	for i, a := range addrs {
		if i > 0 {
			text += " "
		}
		text += a.Network() + "=" + a.String()
	}
	return text + "]"
}

// cutOrSame checks what a Resolve returned whose context has ended: its error, or an answer all the same.
func cutOrSame(ctx context.Context, addrs []transport.Addr, err error, want []transport.Addr) error {
	switch {
	case err == nil:
		return sameAddrs(addrs, want)
	case len(addrs) > 0 || !errors.Is(err, ctx.Err()):
		return fmt.Errorf("the resolver returned %s and error %v, want no address and one that wraps %v, of its context",
			showAddrs(addrs), err, ctx.Err())
	}
	return nil
}
