package gossiptest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
)

var errNoAnswer = errors.New("no answer")

// directory is what a baseResolver looks things up in.
type directory struct {
	wait   bool // it never answers
	fails  bool
	others []*directory // asked as well

	mu    sync.Mutex // guards addrs
	addrs []transport.Addr
}

func (d *directory) look() []transport.Addr {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.addrs
}

// answer is the simplest resolver that keeps the whole contract.
func (d *directory) answer(ctx context.Context) ([]transport.Addr, error) {
	if d.wait {
		<-ctx.Done()
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("resolve: %w", ctx.Err())
	}
	addrs, answered := slices.Clone(d.look()), !d.fails
	for _, o := range d.others {
		if more, err := o.answer(ctx); err == nil {
			addrs, answered = append(addrs, more...), true
		}
	}
	if !answered {
		return nil, errNoAnswer
	}
	return addrs, nil
}

// breakResolver returns a resolver that is broken in some way. over is closed at the end of the test.
type breakResolver func(d *directory, over <-chan struct{}) resolver.Func

func someAddrs(n int) (addrs []transport.Addr) {
	for i := range n {
		addrs = append(addrs, transport.MakeAddr("tcp", fmt.Sprintf("10.0.0.%d:7946", i)))
	}
	return addrs
}

// baseResolvers returns the harness of the sound resolver, broken, unless br is nil.
func baseResolvers(br breakResolver) gossiptest.ResolverHarness {
	open := func(t *testing.T, d *directory) resolver.Resolver {
		if br == nil {
			return resolver.Func(d.answer)
		}
		over := make(chan struct{})
		t.Cleanup(func() { close(over) })
		return br(d, over)
	}
	return gossiptest.ResolverHarness{
		New:     func(t *testing.T) resolver.Resolver { return open(t, &directory{addrs: someAddrs(3)}) },
		Want:    someAddrs(3),
		Nobody:  func(t *testing.T) resolver.Resolver { return open(t, &directory{}) },
		Failing: func(t *testing.T) resolver.Resolver { return open(t, &directory{fails: true}) },
		Silent:  func(t *testing.T) resolver.Resolver { return open(t, &directory{wait: true}) },
		Changing: func(t *testing.T) (resolver.Resolver, func() []transport.Addr) {
			d := &directory{addrs: someAddrs(1)}
			return open(t, d), func() []transport.Addr {
				d.mu.Lock()
				defer d.mu.Unlock()
				d.addrs = someAddrs((len(d.addrs) + 1) % 4)
				return d.addrs
			}
		},
		Partly: func(t *testing.T) resolver.Resolver {
			return open(t, &directory{fails: true, others: []*directory{{addrs: someAddrs(1)}, {fails: true}}})
		},
	}
}

func TestResolverSound(t *testing.T) { gossiptest.TestResolver(t, baseResolvers(nil)) }

// TestResolvers: what package resolver has, and the kit.
func TestResolvers(t *testing.T) {
	a, b := transport.MakeAddr("tcp", "a:1"), transport.MakeAddr("unix", "/b")
	parsed := func(spec string) func(t *testing.T) resolver.Resolver {
		return func(t *testing.T) resolver.Resolver {
			r, err := resolver.Parse(spec)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
	}
	network := gossiptest.NewNetwork(nil, nil)
	first := network.Listen("first")
	t.Cleanup(func() { first.Close() })
	for name, h := range map[string]gossiptest.ResolverHarness{
		"Static": {
			New:    func(*testing.T) resolver.Resolver { return resolver.Static(a, b) },
			Want:   []transport.Addr{b, a},
			Nobody: func(*testing.T) resolver.Resolver { return resolver.Static() },
		},
		"Func": {
			New: func(*testing.T) resolver.Resolver {
				return resolver.Func(func(context.Context) ([]transport.Addr, error) { return []transport.Addr{a}, nil })
			},
			Want: []transport.Addr{a},
		},
		"Parse tcp":  {New: parsed("a:1"), Want: []transport.Addr{a}},
		"Parse unix": {New: parsed("unix=/b"), Want: []transport.Addr{b}},
		"Network": {
			New:    func(*testing.T) resolver.Resolver { return network.Resolver() },
			Want:   []transport.Addr{first.Addr()},
			Nobody: func(*testing.T) resolver.Resolver { return gossiptest.NewNetwork(nil, nil).Resolver() },
		},
	} {
		t.Run(name, func(t *testing.T) { gossiptest.TestResolver(t, h) })
	}
}

// TestHostResolver: the resolver of a simulated host.
func TestHostResolver(t *testing.T) {
	t.Setenv("GOSSIPTEST_CHECK", "none") // calls race with the ends of their contexts
	for _, c := range gossiptest.ResolverCases(gossiptest.ResolverHarness{}) {
		t.Run(c.Name, func(t *testing.T) {
			gossiptest.Run(t, func(s *gossiptest.Sim) {
				hosts := gossiptest.NewCluster(s, 2, func(h *gossiptest.Host) idle { return idle{} })
				if err := c.Run(nil, gossiptest.ResolverHarness{
					New:  func(*testing.T) resolver.Resolver { return hosts.Host(1).Resolver() },
					Want: []transport.Addr{hosts.Host(0).Transport().Addr(), hosts.Host(1).Transport().Addr()},
				}); err != nil {
					s.Error(err)
				}
			})
		})
	}
}

// TestResolverBroken shows that each case catches what it is there for.
func TestResolverBroken(t *testing.T) {
	testBroken(t, gossiptest.ResolverCases(baseResolvers(nil)), func(c gossiptest.ResolverCase) string { return c.Name },
		brokenResolvers, func(b brokenResolverKind) (caughtBy, how string) { return b.caughtBy, b.how },
		func(t *testing.T, c gossiptest.ResolverCase, b brokenResolverKind) error {
			return inBubble(t, func(t *testing.T) error { return c.Run(t, baseResolvers(b.resolver)) })
		})
}

func TestResolverCasesFollowTheHarness(t *testing.T) {
	names := func(h gossiptest.ResolverHarness) (names []string) {
		for _, c := range gossiptest.ResolverCases(h) {
			names = append(names, c.Name)
		}
		return names
	}
	all := baseResolvers(nil)
	for _, c := range []struct {
		optional string
		with     gossiptest.ResolverHarness
	}{
		{optional: "nobody", with: gossiptest.ResolverHarness{Nobody: all.Nobody}},
		{optional: "failing", with: gossiptest.ResolverHarness{Failing: all.Failing}},
		{optional: "silent", with: gossiptest.ResolverHarness{Silent: all.Silent}},
		{optional: "of-the-moment", with: gossiptest.ResolverHarness{Changing: all.Changing}},
		{optional: "one-answers", with: gossiptest.ResolverHarness{Partly: all.Partly}},
	} {
		if got := names(gossiptest.ResolverHarness{}); slices.Contains(got, c.optional) {
			t.Errorf("cases of an empty harness: %s, want none named %s", got, c.optional)
		}
		if got := names(c.with); !slices.Contains(got, c.optional) {
			t.Errorf("cases: %s, want one named %s", got, c.optional)
		}
	}
}

func TestResolverRules(t *testing.T) {
	testRules(t, "../resolver/resolver.go", gossiptest.ResolverCases(baseResolvers(nil)),
		func(c gossiptest.ResolverCase) (name, rule string) { return c.Name, c.Rule })
}

// TestResolverFirstAnswer: without Want, the first answer is what the others are compared with.
func TestResolverFirstAnswer(t *testing.T) {
	calls := 0
	h := gossiptest.ResolverHarness{New: func(*testing.T) resolver.Resolver {
		return resolver.Func(func(context.Context) ([]transport.Addr, error) {
			calls++
			return someAddrs(calls), nil
		})
	}}
	err := gossiptest.ResolverCases(h)[0].Run(nil, h)
	if err == nil || !strings.Contains(err.Error(), "want the set [tcp=10.0.0.0:7946]") {
		t.Errorf("Run with another answer each time: %v, want an error with the first one", err)
	}
}

// A resolver that forgets to say that it could not find out.
func ExampleResolverCase_Run() {
	h := gossiptest.ResolverHarness{
		New: func(*testing.T) resolver.Resolver { return resolver.Static() },
		Failing: func(*testing.T) resolver.Resolver {
			return resolver.Func(func(context.Context) ([]transport.Addr, error) { return nil, nil })
		},
	}
	for _, c := range gossiptest.ResolverCases(h) {
		if err := c.Run(nil, h); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// failing: the resolver returned [] and error <nil>, want no address and an error
	// rule: No address and an error: the resolver could not find out.
}
