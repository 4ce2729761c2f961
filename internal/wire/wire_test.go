package wire_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// wide are limits that allow whatever a test makes.
var wide = wire.Limits{Frame: 8 << 20, Key: 1 << 10, Value: 1 << 20, Items: 1 << 20}

var stamp = wire.Stamp{Wall: 1_700_000_000_000_000_000, Logical: 2}

// bodies returns the bodies of n infos with keys of 32 bytes and values of 256.
func bodies(n int) []wire.Body {
	value := strings.Repeat("v", 256)
	list := make([]wire.Body, n)
	for i := range list {
		key := fmt.Sprintf("node:%027d", i)
		at := wire.Stamp{Wall: stamp.Wall + int64(i), Logical: int32(i % 3)}
		list[i] = wire.NewBody(key, value, 7, uint64(i+1), at, 60e9, 0, wire.Live, false, 0)
	}
	return list
}

// encode writes a decoded frame again, every part of it.
func encode(f *wire.Frame) []byte { return encodeInto(nil, f) }

// encodeInto is encode behind b.
func encodeInto(b []byte, f *wire.Frame) []byte {
	if f.Hello != nil {
		b = wire.AppendHello(b, f.NodeID, f.Addr, f.Hello, false)
	}
	if f.Exchange != nil {
		id, addr := f.NodeID, f.Addr
		if f.Hello != nil {
			id, addr = 0, wire.Addr{} // are there already
		}
		b = wire.AppendExchange(b, id, addr, f.Exchange)
	}
	b = wire.AppendOrigins(b, f.Origins...)
	for i := range f.Infos {
		in := &f.Infos[i]
		b = wire.AppendClaimingInfo(b, &in.Body, in.Incarnation, in.Hops, in.Age, in.Claims, in.Repair)
	}
	for _, r := range f.Ranges {
		b = wire.AppendRange(b, r)
	}
	for _, s := range f.Standins {
		b = wire.AppendStandin(b, s)
	}
	b = wire.AppendAdverts(b, f.Adverts...)
	for _, p := range f.Prunes {
		b = wire.AppendPrune(b, p)
	}
	for _, g := range f.Grafts {
		b = wire.AppendGraft(b, g)
	}
	for _, m := range f.Marks {
		b = wire.AppendMark(b, m)
	}
	if f.MarksEnd {
		b = wire.AppendMarksEnd(b)
	}
	if f.Ping != nil {
		b = wire.AppendPing(b, *f.Ping)
	}
	if f.Bye != nil {
		b = wire.AppendBye(b, *f.Bye)
	}
	return b
}

// TestEnums compares the enums with those of gossippb, by number and name.
func TestEnums(t *testing.T) {
	number := func(v any) int64 { return reflect.ValueOf(v).Int() }
	tests := []struct {
		enum protoreflect.EnumDescriptor
		want map[string]any
	}{
		{gossippb.Reason(0).Descriptor(), map[string]any{
			"REASON_UNSPECIFIED": wire.Reason(0), "JOIN": wire.Join, "RING": wire.Ring, "CHORD": wire.Chord, "HEAL": wire.Heal,
			"PROBE": wire.Probe, "NEAR": wire.Near,
		}},
		{gossippb.Verdict(0).Descriptor(), map[string]any{
			"ASKED": wire.Asked, "ADMITTED": wire.Admitted, "REDIRECTED": wire.Redirected, "REFUSED": wire.Refused,
		}},
		{gossippb.Refusal(0).Descriptor(), map[string]any{
			"REFUSAL_UNSPECIFIED": wire.NoRefusal, "BUSY": wire.Busy, "OTHER_CLUSTER": wire.OtherCluster, "VERSION": wire.Version,
			"SELF": wire.Self, "DUPLICATE_LINK": wire.DuplicateLink, "DUPLICATE_NODE": wire.DuplicateNode, "CORRUPT": wire.Corrupt,
			"MISBEHAVED": wire.Misbehaved, "UNAUTHORIZED": wire.Unauthorized, "LEAVING": wire.Leaving,
		}},
		{gossippb.State(0).Descriptor(), map[string]any{
			"LIVE": wire.Live, "TOMBSTONE": wire.Tombstone, "SKELETON": wire.Skeleton,
		}},
		{gossippb.Mode(0).Descriptor(), map[string]any{"LAZY": wire.Lazy, "EAGER": wire.Eager, "MUTE": wire.Mute}},
	}
	for _, tt := range tests {
		values := tt.enum.Values()
		if values.Len() != len(tt.want) {
			t.Errorf("%s has %d values, want %d", tt.enum.Name(), values.Len(), len(tt.want))
		}
		for i := range values.Len() {
			v := values.Get(i)
			want, ok := tt.want[string(v.Name())]
			if !ok || int64(v.Number()) != number(want) {
				t.Errorf("%s is %d here, want %d", v.Name(), want, v.Number())
			}
		}
	}
}

func TestBones(t *testing.T) {
	for _, state := range []wire.State{wire.Live, wire.Tombstone, wire.Skeleton} {
		body := wire.NewBody("k", "value", 1, 2, stamp, 3, 4, state, false, 5)
		want := wire.NewBody("k", "", 1, 2, stamp, 3, 4, wire.Skeleton, false, 5)
		if got := body.Bones(); got != want {
			t.Errorf("Bones() of state %d = %+v, want %+v", state, got, want)
		}
	}
}

// TestNewBody takes what is said of a value that is not there: only a live info has one.
func TestNewBody(t *testing.T) {
	tests := []struct {
		state wire.State
		want  string
	}{
		{state: wire.Live, want: "value"},
		{state: wire.Tombstone, want: ""},
		{state: wire.Skeleton, want: ""},
	}
	for _, tt := range tests {
		got := wire.NewBody("k", "value", 1, 2, stamp, 3, 4, tt.state, false, 5)
		if got.Key != "k" || got.Value != tt.want || got.State != tt.state {
			t.Errorf("NewBody in state %d has key %q and value %q, want k and %q", tt.state, got.Key, got.Value, tt.want)
		}
	}
}

// TestInfoSize adds infos of all sizes, and compares with what their sizes promised.
func TestInfoSize(t *testing.T) {
	for _, size := range []int{0, 1, 100, 127, 128, 200, 16_000, 17_000, 1 << 20} {
		body := wire.NewBody("key", strings.Repeat("v", size), 1<<63, 1<<63, wire.Stamp{Wall: -1, Logical: -1}, 1<<62, 1<<62, wire.Live, false, -1)
		frame := wire.AppendClaimingInfo(nil, &body, 1<<63, 1<<31, 1<<62, 1<<62, true)
		if got, limit := len(frame), wire.InfoSize(&body); got > limit || limit-got > 10 {
			t.Errorf("AppendInfo of a value of %d bytes adds %d, InfoSize says %d", size, got, limit)
		}
		var m gossippb.Request
		if err := proto.Unmarshal(frame, &m); err != nil || len(m.Delta["key"].GetValue().GetRawBytes()) != size {
			t.Errorf("a value of %d bytes comes out as %d, %v", size, len(m.Delta["key"].GetValue().GetRawBytes()), err)
		}
	}
}

func TestSummary(t *testing.T) {
	f := &wire.Frame{
		Hello: &wire.Hello{}, Infos: make([]wire.Info, 2), Adverts: make([]wire.Advert, 1), Grafts: make([]wire.Graft, 2),
		Prunes: make([]wire.Prune, 3), Marks: make([]wire.Mark, 1), Bye: &wire.Bye{}, Ping: &wire.Ping{},
	}
	want := "hello, 1 advert, 2 grafts, 3 prunes, 1 mark, bye, ping"
	if got := strings.Join(f.Summary(), ", "); got != want {
		t.Errorf("Summary() = %s, want %s", got, want)
	}
	if got := new(wire.Frame).Summary(); len(got) > 0 {
		t.Errorf("Summary() of an empty frame = %q, want nothing", got)
	}
}
