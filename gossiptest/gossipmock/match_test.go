package gossipmock_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang/mock/gomock"
	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest/gossipmock"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// paid is an info in several forms.
var (
	paid       = gossip.Info{Value: []byte("paid"), TTL: time.Minute, Hops: 2, NodeID: 3}
	paidEvent  = gossip.Event{Kind: gossip.Updated, Key: "order/1", Info: paid}
	goneEvent  = gossip.Event{Kind: gossip.Deleted, Key: "order/1", Info: gossip.Info{Hops: 1, NodeID: 3}}
	typedEvent = gossip.KeyEvent[int]{Event: paidEvent, Value: 7}
	paidFrame  = infos(body("order/1", "paid", 3, time.Minute, wire.Live), body("order/2", "", 4, 0, wire.Tombstone), body("order/3", "", 4, 0, wire.Skeleton))
	helloFrame = wire.AppendHello(nil, 3, wire.Addr{Network: "tcp", Address: "a:1"}, &wire.Hello{MinVersion: 1, MaxVersion: 1, Incarnation: 1}, false)
	descriptor = &gossip.NodeDescriptor{NodeId: 3}
)

func body(key, value string, node uint64, ttl time.Duration, state wire.State) wire.Body {
	return wire.NewBody(key, value, node, 1, wire.Stamp{Wall: 1}, int64(ttl), 0, state, false, 0)
}

// infos is a frame that carries infos, the first of them over its second link.
func infos(bodies ...wire.Body) (frame []byte) {
	for i := range bodies {
		frame = wire.AppendInfo(frame, &bodies[i], 1, 2, 0)
	}
	return frame
}

// encoded returns the bytes of a message.
func encoded(m proto.Message) []byte {
	b, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

// What matches, and what does not.
func TestMatchers(t *testing.T) {
	unlike := gomock.Not(gossipmock.Key("order/1"))
	for _, c := range []struct {
		matcher gomock.Matcher
		yes, no []any
	}{
		{
			matcher: gossipmock.Key("order/1"),
			yes:     []any{"order/1", paidEvent, &paidEvent, goneEvent, typedEvent, &typedEvent},
			no:      []any{"order/10", paid, []byte("order/1"), 7, nil, (*gossip.Event)(nil), struct{ Event int }{}, paidFrame},
		},
		{
			matcher: gossipmock.KeyMatches("^order/"),
			yes:     []any{"order/1", paidEvent},
			no:      []any{"an order/1", paid},
		},
		{
			matcher: gossipmock.Value("paid"),
			yes:     []any{"paid", []byte("paid"), paid, &paid, paidEvent, typedEvent},
			no:      []any{"order/1", goneEvent, 7},
		},
		{
			matcher: gossipmock.Value([]byte{}),
			yes:     []any{[]byte{}, []byte(nil), gossip.Event{Key: "order/1"}},
			no:      []any{goneEvent, paid},
		},
		{
			matcher: gossipmock.Value(descriptor),
			yes:     []any{encoded(descriptor), encoded(&gossip.NodeDescriptor{NodeId: 3})},
			no:      []any{encoded(&gossip.NodeDescriptor{NodeId: 4}), []byte("\xff")},
		},
		{
			matcher: gossipmock.Value(gomock.Len(4)),
			yes:     []any{[]byte("paid"), paid},
			no:      []any{[]byte("due")},
		},
		{matcher: gossipmock.TTL(time.Minute), yes: []any{paid, paidEvent}, no: []any{goneEvent, "order/1", []byte("paid")}},
		{matcher: gossipmock.TTL(0), yes: []any{gossip.Info{}}, no: []any{paid, goneEvent}},
		{matcher: gossipmock.Hops(2), yes: []any{paid, paidEvent}, no: []any{goneEvent, gossip.Info{}}},
		{matcher: gossipmock.Origin(3), yes: []any{paid, paidEvent, goneEvent}, no: []any{gossip.Info{}, "3"}},
		{matcher: gossipmock.Deleted(), yes: []any{goneEvent}, no: []any{paid, paidEvent, "order/1"}},
		{matcher: gossipmock.Info(), yes: []any{paid, goneEvent, typedEvent}, no: []any{7, nil}},
		{
			matcher: gossipmock.Info(gossipmock.Key("order/1"), gossipmock.Value("paid")),
			yes:     []any{paidEvent},
			no:      []any{paid, goneEvent, gossip.Event{Key: "order/2", Info: paid}},
		},
		{matcher: gossipmock.Info(unlike), yes: []any{gossip.Event{Key: "order/2"}}, no: []any{paidEvent}},
		{matcher: gossipmock.Frame(), yes: []any{paidFrame, helloFrame}, no: []any{[]byte{}, nil, "frame", []byte("no frame")}},
		{matcher: gossipmock.Frame(gossipmock.Key("order/1")), yes: []any{paidFrame}, no: []any{helloFrame, paidEvent}},
		{matcher: gossipmock.Frame(gossipmock.Key("order/2"), gossipmock.Deleted(), gossipmock.Origin(4)), yes: []any{paidFrame}},
		{matcher: gossipmock.Frame(gossipmock.Key("order/1"), gossipmock.Deleted()), no: []any{paidFrame}},
		{matcher: gossipmock.Frame(gossipmock.Key("order/3")), no: []any{paidFrame}},
		{
			matcher: gossipmock.Frame(gossipmock.KeyMatches("^order/"), gossipmock.Value("paid"), gossipmock.TTL(time.Minute), gossipmock.Hops(2)),
			yes:     []any{paidFrame},
		},
		{matcher: gossipmock.Frame(unlike), yes: []any{paidFrame}, no: []any{infos(body("order/1", "paid", 3, 0, wire.Live))}},
		{matcher: gossipmock.Handshake(), yes: []any{helloFrame}, no: []any{paidFrame, []byte{}}},
	} {
		for _, x := range c.yes {
			if !c.matcher.Matches(x) {
				t.Errorf("%v: does not match %v", c.matcher, x)
			}
		}
		for _, x := range c.no {
			if c.matcher.Matches(x) {
				t.Errorf("%v: matches %v", c.matcher, x)
			}
		}
	}
}

// What is wanted, and what came instead, as it is shown with a failure.
func TestMatcherTexts(t *testing.T) {
	long := strings.Repeat("x", 50)
	for _, c := range []struct {
		matcher   gomock.Matcher
		got       any
		want, was string
	}{
		{
			matcher: gossipmock.Key("order/2"), got: paidEvent,
			want: `has key "order/2"`, was: `order/1 = "paid" (node 3, hops 2, lifetime 1m0s) (gossip.Event)`,
		},
		{matcher: gossipmock.KeyMatches("^node:"), got: "order/1", want: `has a key that matches "^node:"`, was: `order/1 (string)`},
		{matcher: gossipmock.Value("due"), got: []byte(long), want: `has value "due"`, was: `"` + long[:40] + `"... (50 bytes) ([]uint8)`},
		{matcher: gossipmock.Value(gomock.Nil()), got: []byte{0xff, 0}, want: `has value that is nil`, was: `ff00 ([]uint8)`},
		{matcher: gossipmock.TTL(0), got: goneEvent, want: `has no end`, was: `order/1 (node 3, hops 1, deleted) (gossip.Event)`},
		{matcher: gossipmock.Hops(1), got: &paid, want: `has hops 1`, was: `"paid" (node 3, hops 2, lifetime 1m0s) (*gossip.Info)`},
		{
			matcher: gossipmock.Info(gossipmock.Origin(7), gomock.Not(gossipmock.Deleted())), got: 7,
			want: `is an info with node 7, what not(has deleted)`, was: `7 (int)`,
		},
		{matcher: gossipmock.Info(), got: gossip.Info{}, want: `is an info`, was: `"" (node 0, hops 0, no end) (gossip.Info)`},
		{
			matcher: gossipmock.Frame(gossipmock.Key("order/9"), gossipmock.Deleted()), got: paidFrame,
			want: `is a frame of gossip that carries an info with key "order/9", deleted`,
			was: fmt.Sprintf(`a frame of gossip, %d bytes: order/1 = "paid" (node 3, hops 2, lifetime 1m0s); order/2 (node 4, hops 2, deleted)`,
				len(paidFrame)),
		},
		{
			matcher: gossipmock.Frame(), got: wire.AppendPing(wire.AppendMark(nil, wire.Mark{NodeID: 1, Incarnation: 1, Seq: 1}), wire.Ping{}),
			want: `is a frame of gossip`, was: `1 mark; ping`,
		},
		{matcher: gossipmock.Handshake(), got: []byte("no frame"), want: `is a frame of gossip that begins a link`, was: `"no frame" ([]uint8)`},
		{matcher: gossipmock.Handshake(), got: helloFrame, was: `: hello`},
	} {
		if got := c.matcher.String(); got != c.want && c.want != "" {
			t.Errorf("String() = %s, want %s", got, c.want)
		}
		if got := c.matcher.(gomock.GotFormatter).Got(c.got); !strings.HasSuffix(got, c.was) {
			t.Errorf("Got(%v) = %s, want %s", c.got, got, c.was)
		}
	}
}

// Mistakes in what is wanted show at once.
func TestMatcherMistakes(t *testing.T) {
	for name, f := range map[string]func(){
		"a pattern": func() { gossipmock.KeyMatches("(") },
		"a value":   func() { gossipmock.Value(7) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s that makes no sense does not panic", name)
				}
			}()
			f()
		}()
	}
}
