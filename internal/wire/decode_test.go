package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// message encodes a frame that this package would not write.
func message(t *testing.T, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// with returns a valid info of key k, changed.
func with(change func(in *gossippb.Info)) *gossippb.Request {
	value := []byte("value")
	in := &gossippb.Info{
		Value:  &gossippb.Value{RawBytes: value, Checksum: proto.Uint32(gossippb.Checksum("k", value))},
		NodeId: 1,
		Seq:    1,
	}
	change(in)
	return &gossippb.Request{Delta: map[string]*gossippb.Info{"k": in}}
}

func TestDecodeValues(t *testing.T) {
	tests := []struct {
		name    string
		message *gossippb.Request
		want    error // nil: it decodes
	}{
		{name: "live", message: with(func(*gossippb.Info) {})},
		{name: "no node", message: with(func(in *gossippb.Info) { in.NodeId = 0 }), want: wire.ErrMalformed},
		{name: "no seq", message: with(func(in *gossippb.Info) { in.Seq = 0 }), want: wire.ErrMalformed},
		{name: "the last seq", message: with(func(in *gossippb.Info) { in.Seq = wire.MaxSeq })},
		{name: "a seq beyond the last", message: with(func(in *gossippb.Info) { in.Seq = wire.MaxSeq + 1 }), want: wire.ErrMalformed},
		{name: "negative ttl", message: with(func(in *gossippb.Info) { in.Ttl = -1 }), want: wire.ErrMalformed},
		{name: "negative keep", message: with(func(in *gossippb.Info) { in.Keep = -1 }), want: wire.ErrMalformed},
		{name: "negative age", message: with(func(in *gossippb.Info) { in.Age = -1 }), want: wire.ErrMalformed},
		{name: "claim of all up to itself", message: with(func(in *gossippb.Info) { in.Claims = 2 * in.Seq })},
		{name: "claim of more than there is", message: with(func(in *gossippb.Info) { in.Claims = 2 * (in.Seq + 1) }), want: wire.ErrMalformed},
		{name: "state of a later version", message: with(func(in *gossippb.Info) { in.State, in.Value.RawBytes, in.Value.Checksum = 3, nil, nil }), want: wire.ErrMalformed},
		{name: "negative state", message: with(func(in *gossippb.Info) { in.State, in.Value = -1, nil }), want: wire.ErrMalformed},
		{name: "tombstone with a value", message: with(func(in *gossippb.Info) { in.State = gossippb.State_TOMBSTONE }), want: wire.ErrMalformed},
		{name: "skeleton of nothing else", message: with(func(in *gossippb.Info) { in.State, in.Value = gossippb.State_SKELETON, nil })},
		{name: "value changed", message: with(func(in *gossippb.Info) { in.Value.RawBytes[0]++ }), want: wire.ErrChecksum},
		{name: "no checksum", message: with(func(in *gossippb.Info) { in.Value.Checksum = nil }), want: wire.ErrChecksum},
		{name: "no value", message: with(func(in *gossippb.Info) { in.Value = nil }), want: wire.ErrChecksum},
		{
			name: "tombstone with a wrong checksum", message: with(func(in *gossippb.Info) {
				in.State, in.Value = gossippb.State_TOMBSTONE, &gossippb.Value{Checksum: proto.Uint32(1)}
			}), want: wire.ErrChecksum,
		},
		{name: "empty key", message: &gossippb.Request{Delta: map[string]*gossippb.Info{"": with(func(*gossippb.Info) {}).Delta["k"]}}, want: wire.ErrMalformed},
		{name: "empty info", message: &gossippb.Request{Delta: map[string]*gossippb.Info{"k": {}}}, want: wire.ErrMalformed},
		{name: "declaration of no node", message: &gossippb.Request{Origins: []uint64{0, 1, 0}}, want: wire.ErrMalformed},
		{name: "declaration of one number", message: &gossippb.Request{Origins: []uint64{1}}, want: wire.ErrMalformed},
		{name: "declaration of two numbers", message: &gossippb.Request{Origins: []uint64{1, 1, 0, 1, 1}}, want: wire.ErrMalformed},
		{name: "declaration of no life", message: &gossippb.Request{Origins: []uint64{1, 0, 0}}, want: wire.ErrMalformed},
		{name: "declaration of no life behind one", message: &gossippb.Request{Origins: []uint64{1, 2 * 7, 0, 2, 2*7 - 1, 0}}, want: wire.ErrMalformed},
		{name: "mark of no life", message: &gossippb.Request{Marks: []*gossippb.Mark{{NodeId: 1, Seq: 1}}}, want: wire.ErrMalformed},
		{name: "range of no node", message: &gossippb.Request{Ranges: []*gossippb.Range{{To: 1}}}, want: wire.ErrMalformed},
		{name: "empty range", message: &gossippb.Request{Ranges: []*gossippb.Range{{NodeId: 1, From: 1, To: 1}}}, want: wire.ErrMalformed},
		{name: "range backwards", message: &gossippb.Request{Ranges: []*gossippb.Range{{NodeId: 1, From: 2, To: 1}}}, want: wire.ErrMalformed},
		{name: "standin of no node", message: &gossippb.Request{Standins: []*gossippb.Standin{{Key: "k"}}}, want: wire.ErrMalformed},
		{name: "standin of no key", message: &gossippb.Request{Standins: []*gossippb.Standin{{NodeId: 1}}}, want: wire.ErrMalformed},
		{name: "advert of no node", message: &gossippb.Request{Adverts: []uint64{0, 1, 0}}, want: wire.ErrMalformed},
		{name: "advert of one number", message: &gossippb.Request{Adverts: []uint64{1}}, want: wire.ErrMalformed},
		{name: "advert of two numbers", message: &gossippb.Request{Adverts: []uint64{1, 1, 0, 1, 1}}, want: wire.ErrMalformed},
		{name: "advert without its incarnation", message: &gossippb.Request{Adverts: []uint64{1, 1, 1}}, want: wire.ErrMalformed},
		{name: "advert without how long", message: &gossippb.Request{Adverts: []uint64{1, 1, 5, 1}}, want: wire.ErrMalformed},
		{name: "prune of no node", message: &gossippb.Request{Prunes: []*gossippb.Prune{{Mode: 1}}}, want: wire.ErrMalformed},
		{name: "prune to no mode", message: &gossippb.Request{Prunes: []*gossippb.Prune{{NodeId: 1, Mode: 3}}}, want: wire.ErrMalformed},
		{name: "graft of no node", message: &gossippb.Request{Grafts: []*gossippb.Graft{{Mode: 1}}}, want: wire.ErrMalformed},
		{name: "graft to no mode", message: &gossippb.Request{Grafts: []*gossippb.Graft{{NodeId: 1, Mode: -1}}}, want: wire.ErrMalformed},
		{name: "mark of no node", message: &gossippb.Request{Marks: []*gossippb.Mark{{Seq: 1}}}, want: wire.ErrMalformed},
		{name: "no verdict", message: &gossippb.Request{Hello: &gossippb.Hello{Verdict: 4}}, want: wire.ErrMalformed},
		{name: "reason of a later version", message: &gossippb.Request{Hello: &gossippb.Hello{Reason: 99}}},
		{name: "refusal of a later version", message: &gossippb.Request{Bye: &gossippb.Bye{Reason: 99}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			frame, err := wire.Decode(message(t, tt.message), wide)
			if !errors.Is(err, tt.want) || (frame == nil) != (tt.want != nil) {
				t.Errorf("Decode(%v) = %+v, %v, want error %v", tt.message, frame, err, tt.want)
			}
		})
	}
}

func TestDecodeBytes(t *testing.T) {
	long := strings.Repeat("\xff", 9)
	body := wire.NewBody("k", "value", 1, 1, stamp, 0, 0, wire.Live, false, 0)
	once := string(wire.AppendInfo(nil, &body, 0, 1, 1))
	tests := []struct {
		name  string
		bytes string
		want  []error // besides ErrMalformed
	}{
		{name: "cut off tag", bytes: "\x80", want: []error{io.ErrUnexpectedEOF}},
		{name: "cut off integer", bytes: "\x08\x80", want: []error{io.ErrUnexpectedEOF}},
		{name: "cut off unknown fixed64", bytes: "\xc1\x3e\x00", want: []error{io.ErrUnexpectedEOF}},
		{name: "cut off unknown fixed32", bytes: "\xc5\x3e\x00", want: []error{io.ErrUnexpectedEOF}},
		{name: "cut off unknown group", bytes: "\xc3\x3e\x08", want: []error{io.ErrUnexpectedEOF}},
		{name: "cut off hash", bytes: "\xba\x01\x02\x09\x00", want: []error{io.ErrUnexpectedEOF}},
		{name: "length past the end", bytes: "\x2a\x0e", want: []error{gossippb.ErrInvalidLengthGossip, io.ErrUnexpectedEOF}},
		{name: "negative length", bytes: "\x2a" + long + "\x01", want: []error{gossippb.ErrInvalidLengthGossip}},
		{name: "length past the end of a part", bytes: "\x12\x02\x0a\x05\x08\x01", want: []error{gossippb.ErrInvalidLengthGossip, io.ErrUnexpectedEOF}},
		{name: "integer overflow", bytes: "\x08" + long + "\x02", want: []error{gossippb.ErrIntOverflowGossip}},
		{name: "integer overflow as a tag", bytes: long + "\x02", want: []error{gossippb.ErrIntOverflowGossip}},
		{name: "integer overflow as a length", bytes: "\x12" + long + "\x7f", want: []error{gossippb.ErrIntOverflowGossip}},
		{name: "field number 0", bytes: "\x00\x00"},
		{name: "field number over the highest", bytes: "\x80\x80\x80\x80\x10\x00"},
		{name: "wire type 6", bytes: "\x0e"},
		{name: "end of no group", bytes: "\x0c"},
		{name: "two addresses", bytes: "\x12\x00\x12\x00"},
		{name: "two hellos", bytes: "\x82\x01\x00\x82\x01\x00"},
		{name: "two pings", bytes: "\xba\x01\x00\xba\x01\x00"},
		{name: "two byes", bytes: "\xc2\x01\x00\xc2\x01\x00"},
		{name: "two cluster IDs", bytes: "\xda\x01\x00\xda\x01\x00"},
		{name: "two cursors", bytes: "\xe2\x01\x00\xe2\x01\x00"},
		{name: "cursor cut short inside", bytes: "\xe2\x01\x02\x08\x80", want: []error{io.ErrUnexpectedEOF}},
		{name: "cluster ID of an exchange that is not UTF-8", bytes: "\xda\x01\x01\xff"},
		{name: "address that is not UTF-8", bytes: "\x12\x03\x12\x01\xff"},
		{name: "network that is not UTF-8", bytes: "\x12\x03\x0a\x01\xff"},
		{name: "cluster ID that is not UTF-8", bytes: "\x82\x01\x03\x1a\x01\xff"},
		{name: "key that is not UTF-8", bytes: strings.Replace(once, "\x0a\x01k", "\x0a\x01\xff", 1)},
		{name: "empty entry", bytes: "\x2a\x00"},
		{name: "entry with two keys", bytes: "\x2a" + string([]byte{once[1] + 3}) + "\x0a\x01j" + once[2:]},
		{name: "entry with two infos", bytes: "\x2a" + string([]byte{once[1] + 2}) + "\x12\x00" + once[2:]},
		{name: "entry cut short inside", bytes: "\x2a\x0e\x0a\x01k\x12\x0a\x20\x01\x88\x01\x01\xa0\x01\x02", want: []error{gossippb.ErrInvalidLengthGossip, io.ErrUnexpectedEOF}},
		{name: "key twice", bytes: once + once},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			frame, err := wire.Decode([]byte(tt.bytes), wide)
			if frame != nil || !errors.Is(err, wire.ErrMalformed) {
				t.Fatalf("Decode(%x) = %+v, %v, want error %v", tt.bytes, frame, err, wire.ErrMalformed)
			}
			for _, sentinel := range []error{gossippb.ErrInvalidLengthGossip, gossippb.ErrIntOverflowGossip, io.ErrUnexpectedEOF} {
				want := false
				for _, w := range tt.want {
					want = want || w == sentinel
				}
				if got := errors.Is(err, sentinel); got != want {
					t.Errorf("errors.Is(%q, %q) = %v, want %v", err, sentinel, got, want)
				}
			}
		})
	}
}

// Nobody counts further than an origin can come.
func TestSeqs(t *testing.T) {
	for _, seq := range []uint64{wire.MaxSeq, wire.MaxSeq + 1, math.MaxUint64} {
		for i, m := range []*gossippb.Request{
			{Ranges: []*gossippb.Range{{NodeId: 1, From: 1, To: seq}}},
			{Standins: []*gossippb.Standin{{NodeId: 1, Seq: seq, Key: "k"}}},
			{Adverts: []uint64{1, seq, 0}},
			{Marks: []*gossippb.Mark{{NodeId: 1, Incarnation: 1, Seq: seq}}},
		} {
			var want error
			if seq > wire.MaxSeq {
				want = wire.ErrMalformed
			}
			if _, err := wire.Decode(message(t, m), wide); !errors.Is(err, want) {
				t.Errorf("part %d with seq %d: %v, want %v", i, seq, err, want)
			}
		}
	}
}

// Hops are few; more of them than that are as good as any number of them.
func TestHops(t *testing.T) {
	for _, hops := range []uint64{0, 1, wire.MaxHops, wire.MaxHops + 1, math.MaxUint32, math.MaxUint32 + 1, math.MaxUint64} {
		field := protowire.AppendVarint(protowire.AppendTag(nil, 3, protowire.VarintType), hops) // of an Info
		info := append(message(t, with(func(*gossippb.Info) {}).Delta["k"]), field...)
		entry := protowire.AppendBytes(protowire.AppendTag(append([]byte{1<<3 | 2, 1}, 'k'), 2, protowire.BytesType), info)
		b := protowire.AppendBytes(protowire.AppendTag(nil, 5, protowire.BytesType), entry)
		b = protowire.AppendBytes(protowire.AppendTag(b, 19, protowire.BytesType), protowire.AppendVarint([]byte{1, 1}, min(hops, 1<<61-1)<<3))
		f, err := wire.Decode(b, wide)
		if err != nil {
			t.Fatal(err)
		}
		if want := uint32(min(hops, wire.MaxHops)); f.Infos[0].Hops != want || f.Adverts[0].Hops != want {
			t.Errorf("%d hops are read as %d in an info and %d in an advert, want %d", hops, f.Infos[0].Hops, f.Adverts[0].Hops, want)
		}
	}
}

// TestDuplicateKeys has the same key first and last of as many infos as make no table, a table, a larger table.
func TestDuplicateKeys(t *testing.T) {
	for _, n := range []int{2, 8, 9, 100, 1000} {
		list := bodies(n)
		var b []byte
		for i := range list {
			b = wire.AppendInfo(b, &list[i], 0, 1, 0)
		}
		if _, err := wire.Decode(b, wide); err != nil {
			t.Errorf("%d keys: %v", n, err)
		}
		b = wire.AppendInfo(b, &list[0], 0, 1, 0)
		if _, err := wire.Decode(b, wide); !errors.Is(err, wire.ErrMalformed) || !strings.Contains(err.Error(), list[0].Key) {
			t.Errorf("%d keys, and the first again: error %v, want one that wraps ErrMalformed and names the key", n, err)
		}
	}
}

func TestLimits(t *testing.T) {
	text := strings.Repeat("x", wire.MaxText)
	info := func(key, value string) func(b []byte) []byte {
		body := wire.NewBody(key, value, 1, 1, stamp, 0, 0, wire.Live, false, 0)
		return func(b []byte) []byte { return wire.AppendInfo(b, &body, 0, 1, 0) }
	}
	hello := func(h wire.Hello, a wire.Addr) func(b []byte) []byte {
		return func(b []byte) []byte { return wire.AppendHello(b, 1, a, &h, false) }
	}
	exchange := func(cluster string) func(b []byte) []byte {
		return func(b []byte) []byte {
			return wire.AppendExchange(b, 1, wire.Addr{}, &wire.Exchange{ClusterID: cluster})
		}
	}
	places := func(n int) func(b []byte) []byte {
		return func(b []byte) []byte {
			return wire.AppendExchange(b, 1, wire.Addr{}, &wire.Exchange{Cursor: wire.Cursor{Elsewhere: make([]wire.Place, n)}})
		}
	}
	twice := func(part func(b []byte) []byte) func(b []byte) []byte {
		return func(b []byte) []byte { return part(part(b)) }
	}
	tests := []struct {
		name string
		lim  wire.Limits // besides Frame
		fits func(b []byte) []byte
		over func(b []byte) []byte
	}{
		{name: "key", lim: wire.Limits{Key: 2, Value: 1}, fits: info("kk", "v"), over: info("kkk", "v")},
		{name: "value", lim: wire.Limits{Key: 1, Value: 2}, fits: info("k", "vv"), over: info("k", "vvv")},
		{name: "no value", lim: wire.Limits{Key: 1}, fits: info("k", ""), over: info("k", "v")},
		{
			name: "address", fits: hello(wire.Hello{}, wire.Addr{Network: text, Address: text}),
			over: hello(wire.Hello{}, wire.Addr{Address: text + "x"}),
		},
		{name: "cluster ID", fits: hello(wire.Hello{ClusterID: text}, wire.Addr{}), over: hello(wire.Hello{ClusterID: text + "x"}, wire.Addr{})},
		{name: "cluster ID of an exchange", fits: exchange(text), over: exchange(text + "x")},
		{
			name: "alternates", lim: wire.Limits{Items: 1}, fits: hello(wire.Hello{Alternates: make([]wire.Member, 1)}, wire.Addr{}),
			over: hello(wire.Hello{Alternates: make([]wire.Member, 2)}, wire.Addr{}),
		},
		{name: "places of a cursor", fits: places(wire.MaxPlaces), over: places(wire.MaxPlaces + 1)},
		{
			name: "alternates of a bye", lim: wire.Limits{Items: 1},
			fits: func(b []byte) []byte { return wire.AppendBye(b, wire.Bye{Alternates: make([]wire.Member, 1)}) },
			over: func(b []byte) []byte { return wire.AppendBye(b, wire.Bye{Alternates: make([]wire.Member, 2)}) },
		},
		{
			name: "declarations in one field", lim: wire.Limits{Items: 2},
			fits: func(b []byte) []byte {
				return wire.AppendOrigins(b, wire.Origin{NodeID: 1, Incarnation: 1}, wire.Origin{NodeID: 1 << 63, Incarnation: 1<<64 - 1})
			},
			over: func(b []byte) []byte {
				return wire.AppendOrigins(b, slices.Repeat([]wire.Origin{{NodeID: 1, Incarnation: 1}}, 3)...)
			},
		},
		{
			name: "adverts in one field", lim: wire.Limits{Items: 2},
			fits: func(b []byte) []byte {
				return wire.AppendAdverts(b, wire.Advert{NodeID: 1}, wire.Advert{NodeID: 1 << 63})
			},
			over: func(b []byte) []byte {
				return wire.AppendAdverts(b, wire.Advert{NodeID: 1}, wire.Advert{NodeID: 2}, wire.Advert{NodeID: 3})
			},
		},
	}
	for name, part := range map[string]func(b []byte) []byte{
		"origins":  func(b []byte) []byte { return wire.AppendOrigins(b, wire.Origin{NodeID: 1, Incarnation: 1}) },
		"ranges":   func(b []byte) []byte { return wire.AppendRange(b, wire.Range{NodeID: 1, To: 1}) },
		"standins": func(b []byte) []byte { return wire.AppendStandin(b, wire.Standin{Key: "k", NodeID: 1}) },
		"adverts":  func(b []byte) []byte { return wire.AppendAdverts(b, wire.Advert{NodeID: 1}) },
		"prunes":   func(b []byte) []byte { return wire.AppendPrune(b, wire.Prune{NodeID: 1}) },
		"grafts":   func(b []byte) []byte { return wire.AppendGraft(b, wire.Graft{NodeID: 1}) },
		"marks":    func(b []byte) []byte { return wire.AppendMark(b, wire.Mark{NodeID: 1, Incarnation: 1}) },
	} {
		tests = append(tests, struct {
			name       string
			lim        wire.Limits
			fits, over func(b []byte) []byte
		}{name: name, lim: wire.Limits{Items: 1, Key: 1}, fits: part, over: twice(part)})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lim := tt.lim
			fits, over := tt.fits(nil), tt.over(nil)
			lim.Frame = len(fits)
			if _, err := wire.Decode(fits, lim); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			if _, err := wire.Decode(append(fits, 8, 1), lim); !errors.Is(err, wire.ErrTooLarge) {
				t.Errorf("frame over its limit: error %v, want ErrTooLarge", err)
			}
			lim.Frame = len(over)
			frame, err := wire.Decode(over, lim)
			if frame != nil || !errors.Is(err, wire.ErrTooLarge) || errors.Is(err, wire.ErrMalformed) {
				t.Errorf("over the limit: error %v, want ErrTooLarge", err)
			}
		})
	}
}

// TestUnknownFields passes an info with fields of a later version on, from encoders that put them anywhere.
func TestUnknownFields(t *testing.T) {
	field := func(n protowire.Number, size int) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), bytes.Repeat([]byte("u"), size))
	}
	group := protowire.AppendTag(field(1, 1), 900, protowire.EndGroupType)
	group = append(protowire.AppendTag(nil, 900, protowire.StartGroupType), group...)

	sent := with(func(in *gossippb.Info) {
		in.TtlStamp, in.Hops, in.Incarnation, in.Age, in.Ttl, in.Claims = 1, 2, 3, 4, 5, 3
		in.Value.Timestamp = &gossippb.Timestamp{WallTime: 6}
		in.ProtoReflect().SetUnknown(append(field(100, 10), group...))
		in.Value.ProtoReflect().SetUnknown(field(101, 11))
		in.Value.Timestamp.ProtoReflect().SetUnknown(field(102, 12))
	})
	var shuffled []byte // the fields of the info, the last first
	for rest := message(t, sent.Delta["k"]); len(rest) > 0; {
		_, _, n := protowire.ConsumeField(rest)
		shuffled = append(bytes.Clone(rest[:n]), shuffled...)
		rest = rest[n:]
	}
	entry := protowire.AppendBytes([]byte("\x0a\x01k\x12"), shuffled)
	swapped := append(protowire.AppendBytes([]byte("\x12"), shuffled), "\x0a\x01k\xf8\x07\x01"...) // and a field of its own
	frames := map[string][]byte{
		"in order":                     message(t, sent),
		"backwards":                    protowire.AppendBytes([]byte("\x2a"), entry),
		"backwards, with the key last": protowire.AppendBytes([]byte("\x2a"), swapped),
	}
	for name, b := range frames {
		t.Run(name, func(t *testing.T) {
			frame, err := wire.Decode(b, wide)
			if err != nil {
				t.Fatal(err)
			}
			in := frame.Infos[0]
			if in.Key != "k" || in.Value != "value" || in.TTL != 5 || in.Stamp.Wall != 6 || in.Hops != 2 || in.Incarnation != 3 || in.Age != 4 || in.Claims != 1 || !in.Repair {
				t.Errorf("decoded as %+v", in)
			}
			onward := wire.AppendInfo(nil, &in.Body, 13, 12, 14)
			want := proto.Clone(sent).(*gossippb.Request)
			w := want.Delta["k"]
			w.TtlStamp, w.Hops, w.Incarnation, w.Age, w.Claims = 0, 12, 13, 14, 0
			var got gossippb.Request
			if err := proto.Unmarshal(onward, &got); err != nil || !proto.Equal(&got, want) {
				t.Errorf("passed on as %v, %v, want %v", &got, err, want)
			}
			again, err := wire.Decode(onward, wide)
			if err != nil || !reflect.DeepEqual(again.Infos[0].Body, in.Body) {
				t.Errorf("decoded on the next node as %+v, %v, want %+v", again, err, in.Body)
			}
		})
	}
}

// TestExtra has unknown fields that fill what is allowed, and more.
func TestExtra(t *testing.T) {
	const rest = 5 + 2 + 2 + 2 + 3 // checksum, value and raw_bytes, node_id, seq
	for size, want := range map[int]error{wire.MaxExtra - rest: nil, wire.MaxExtra - rest + 1: wire.ErrTooLarge} {
		field := protowire.AppendTag(nil, 1000, protowire.BytesType)
		field = protowire.AppendBytes(field, make([]byte, size-len(field)-2))
		m := with(func(in *gossippb.Info) { in.ProtoReflect().SetUnknown(field) })
		if _, err := wire.Decode(message(t, m), wide); !errors.Is(err, want) {
			t.Errorf("info with %d unknown bytes: error %v, want %v", len(field), err, want)
		}
	}
}

// TestKnownFieldOfOtherType changes the wire type of each field of an info.
func TestKnownFieldOfOtherType(t *testing.T) {
	wrap := func(tag string, content []byte) []byte { return protowire.AppendBytes([]byte(tag), content) }
	info := message(t, with(func(*gossippb.Info) {}).Delta["k"])
	frame := func(info []byte) []byte { return wrap("\x2a", wrap("\x0a\x01k\x12", info)) }
	if _, err := wire.Decode(frame(info), wide); err != nil {
		t.Fatal(err)
	}
	for _, number := range []protowire.Number{1, 2, 3, 4, 16, 17, 18, 19, 20, 21} {
		other := protowire.AppendFixed32(protowire.AppendTag(nil, number, protowire.Fixed32Type), 1)
		if _, err := wire.Decode(frame(append(bytes.Clone(info), other...)), wide); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("field %d of an info as fixed32: error %v, want ErrMalformed", number, err)
		}
	}
	for _, number := range []protowire.Number{1, 3, 4, 5} {
		other := protowire.AppendFixed64(protowire.AppendTag(nil, number, protowire.Fixed64Type), 1)
		if _, err := wire.Decode(frame(append([]byte("\x20\x01\x88\x01\x01"), wrap("\x0a", other)...)), wide); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("field %d of a value as fixed64: error %v, want ErrMalformed", number, err)
		}
	}
	for _, number := range []protowire.Number{1, 2} {
		other := protowire.AppendFixed32(protowire.AppendTag(nil, number, protowire.Fixed32Type), 1)
		value := wrap("\x22", other)
		if _, err := wire.Decode(frame(append([]byte("\x20\x01\x88\x01\x01"), wrap("\x0a", value)...)), wide); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("field %d of a timestamp as fixed32: error %v, want ErrMalformed", number, err)
		}
	}
	twice := wrap("\x0a", []byte("\x22\x00\x22\x00"))
	for name, info := range map[string][]byte{"timestamps": twice, "values": []byte("\x0a\x00\x0a\x00")} {
		b := frame(append([]byte("\x20\x01\x88\x01\x01\xa0\x01\x02"), info...))
		if _, err := wire.Decode(b, wide); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("two %s: error %v, want ErrMalformed", name, err)
		}
	}
}

// TestErrorText takes an operator's view: what was wrong, where, and how much.
func TestErrorText(t *testing.T) {
	body := wire.NewBody("load", "0.75", 1, 1, stamp, 0, 0, wire.Live, false, 0)
	b := wire.AppendInfo([]byte("\x08\x07"), &body, 0, 1, 0)
	lim := wide
	lim.Value = 3
	_, err := wire.Decode(b, lim)
	if got, want := fmt.Sprint(err), `field 5 at byte 2: info of key "load": bytes of a value: 4, limit 3: over the limit`; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
}
