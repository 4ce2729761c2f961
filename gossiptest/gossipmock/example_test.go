package gossipmock_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang/mock/gomock"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest/gossipfake"
	"github.com/grapevine-go/grapevine/gossiptest/gossipmock"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/storage"
	"github.com/grapevine-go/grapevine/transport"
)

// save tries again, once, if the store could not.
func save(ctx context.Context, s storage.Store, key string, value []byte) error {
	if s.Put(ctx, key, value) == nil {
		return nil
	}
	return s.Put(ctx, key, value)
}

// A store that fails once, and works when it is tried again.
func ExampleMockStore() {
	t := &exampleT{} // in a test: its *testing.T
	defer t.end()

	s := gossipmock.NewMockStore(gossipmock.NewController(t))
	gomock.InOrder(
		s.EXPECT().Put(gomock.Any(), "incarnation", []byte("7")).Return(errors.New("disk full")),
		s.EXPECT().Put(gomock.Any(), "incarnation", []byte("7")).Return(nil),
	)

	fmt.Println(save(t.Context(), s, "incarnation", []byte("7")))
	// Output: <nil>
}

// A call that was expected has to come, or the test fails when it ends.
func ExampleNewController() {
	t := &exampleT{} // in a test: its *testing.T

	s := gossipmock.NewMockStore(gossipmock.NewController(t))
	s.EXPECT().Put(gomock.Any(), gossipmock.Key("incarnation"), gossipmock.Value("7")).Return(nil).Times(2)

	fmt.Println(s.Put(t.Context(), "incarnation", []byte("7")))
	t.end()
	fmt.Println(t.failed)
	// Output:
	// <nil>
	// true
}

// Matchers look into what a mock is called with, here one of an interface of yours: w.EXPECT().Changed(m).
func ExampleInfo() {
	m := gossipmock.Info(gossipmock.KeyMatches("^feature:"), gossipmock.Value("on"), gossipmock.Origin(7))
	fmt.Println(m)

	e := gossip.Event{Kind: gossip.Added, Key: "feature:dark", Info: gossip.Info{Value: []byte("on"), NodeID: 7}}
	fmt.Println(m.Matches(e))
	e.Kind = gossip.Deleted
	fmt.Println(m.Matches(e))
	// Output:
	// is an info with a key that matches "^feature:", value "on", node 7
	// true
	// false
}

// A node greets whom it dials, and sends nothing more before it has an answer: another Send would not be expected.
func ExampleHandshake() {
	t := &exampleT{} // in a test: its *testing.T
	defer t.end()

	peer := transport.MakeAddr("tcp", "10.0.0.1:7946")
	greeted, ended := make(chan struct{}), make(chan struct{})
	link := gossipmock.NewMockLink(gossipmock.NewController(t))
	link.EXPECT().Peer().Return(transport.Peer{Addr: peer}).AnyTimes()
	link.EXPECT().Send(gossipmock.Handshake()).Do(func([]byte) { close(greeted) }).Return(nil)
	link.EXPECT().Recv().Do(func() { <-ended }).Return(nil, transport.ErrClosed).AnyTimes()
	link.EXPECT().Close().Do(func() { close(ended) }).Return(nil)
	link.EXPECT().Close().Return(nil).AnyTimes()

	g, err := gossip.New(gossip.Config{
		NodeID:    7,
		Transport: &gossipfake.Transport{DialFunc: func(context.Context, transport.Addr) (transport.Link, error) { return link, nil }},
		Resolvers: []resolver.Resolver{resolver.Static(peer)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	stop := g.Start(t.Context())
	<-greeted
	fmt.Println(stop())
	// Output: <nil>
}

// exampleT does in an example what a *testing.T does in a test.
type exampleT struct {
	failed   bool
	cleanups []func()
}

func (t *exampleT) Helper()                   {}
func (t *exampleT) Name() string              { return "Example" }
func (t *exampleT) Context() context.Context  { return context.Background() }
func (t *exampleT) Cleanup(f func())          { t.cleanups = append(t.cleanups, f) }
func (t *exampleT) Errorf(string, ...any)     { t.failed = true }
func (t *exampleT) Fatalf(s string, a ...any) { panic(fmt.Sprintf(s, a...)) }
func (t *exampleT) FailNow()                  { panic("FailNow") }

func (t *exampleT) end() {
	for _, f := range t.cleanups {
		f()
	}
}

// Of a frame, one can say what infos it has to carry.
func ExampleFrame() {
	fmt.Println(gossipmock.Frame(gossipmock.Key("feature:dark"), gossipmock.Deleted()))
	fmt.Println(gossipmock.Frame(gossipmock.Key("feature:dark"), gossipmock.Hops(1), gossipmock.TTL(time.Minute)))
	// Output:
	// is a frame of gossip that carries an info with key "feature:dark", deleted
	// is a frame of gossip that carries an info with key "feature:dark", hops 1, lifetime 1m0s
}
