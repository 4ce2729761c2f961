package wire_test

import (
	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// sample is a frame in three forms: as it is written, as a message, and as it is read.
type sample struct {
	name    string
	bytes   []byte
	message proto.Message // *gossippb.Request or *gossippb.Response
	frame   wire.Frame
}

// samples returns frames with all parts there are, every field set in one of them.
func samples() []sample {
	return []sample{helloSample(), answerSample(), redirectSample(), deltaSample(), treeSample(), marksSample(), byeSample(), requestSample(), responseSample()}
}

func helloSample() sample {
	addr := wire.Addr{Network: "tcp", Address: "10.0.0.1:26257"}
	hello := &wire.Hello{
		MinVersion: 1, MaxVersion: 2, ClusterID: "cluster-α", Incarnation: 1_700_000_000_000_000_000, Instance: 1<<64 - 1,
		Reason: wire.Ring, KnownIncarnation: 4, Digest: 0x0123456789abcdef,
		Wall: 1_700_000_000_000_000_001, Leaf: true,
	}
	return sample{
		name:  "hello of the node that dialled",
		bytes: wire.AppendHello(nil, 7, addr, hello, false),
		message: &gossippb.Request{
			NodeId: 7,
			Addr:   &gossippb.UnresolvedAddr{Network: "tcp", Address: "10.0.0.1:26257"},
			Hello: &gossippb.Hello{
				MinVersion: 1, MaxVersion: 2, ClusterId: "cluster-α", Incarnation: 1_700_000_000_000_000_000, Instance: 1<<64 - 1,
				Reason: gossippb.Reason_RING, KnownIncarnation: 4, Digest: 0x0123456789abcdef,
				Wall: 1_700_000_000_000_000_001, Leaf: true,
			},
		},
		frame: wire.Frame{NodeID: 7, Addr: addr, Hello: hello},
	}
}

func answerSample() sample {
	hello := &wire.Hello{MinVersion: 1, MaxVersion: 1, Verdict: wire.Refused, Refusal: wire.OtherCluster}
	return sample{
		name:  "hello that refuses",
		bytes: wire.AppendHello(nil, 0, wire.Addr{}, hello, true),
		message: &gossippb.Response{Hello: &gossippb.Hello{
			MinVersion: 1, MaxVersion: 1, Verdict: gossippb.Verdict_REFUSED, Refusal: gossippb.Refusal_OTHER_CLUSTER,
		}},
		frame: wire.Frame{Hello: hello},
	}
}

func redirectSample() sample {
	addr := wire.Addr{Network: "tcp", Address: "[::1]:1"}
	hello := &wire.Hello{
		Verdict: wire.Redirected,
		Alternates: []wire.Member{
			{NodeID: 2, Addr: wire.Addr{Network: "tcp", Address: "10.0.0.2:26257"}},
			{NodeID: 3, Addr: wire.Addr{Network: "unix", Address: "/run/3"}},
		},
	}
	return sample{
		name:  "hello that redirects",
		bytes: wire.AppendHello(nil, 1, addr, hello, true),
		message: &gossippb.Response{
			NodeId:    1,
			Addr:      &gossippb.UnresolvedAddr{Network: "tcp", Address: "[::1]:1"},
			Alternate: &gossippb.UnresolvedAddr{Network: "tcp", Address: "10.0.0.2:26257"},
			Hello: &gossippb.Hello{
				Verdict: gossippb.Verdict_REDIRECTED,
				Alternates: []*gossippb.Member{
					{NodeId: 2, Addr: &gossippb.UnresolvedAddr{Network: "tcp", Address: "10.0.0.2:26257"}},
					{NodeId: 3, Addr: &gossippb.UnresolvedAddr{Network: "unix", Address: "/run/3"}},
				},
			},
		},
		frame: wire.Frame{NodeID: 1, Addr: addr, Hello: hello},
	}
}

// deltaSample has its infos in the order of their keys, because encoders of messages have no other.
func deltaSample() sample {
	infos := []wire.Info{
		{Body: wire.NewBody("a", "1", 1, 2, stamp, 60e9, 70e9, wire.Live, true, -3), Incarnation: 4, Hops: 5, Age: 6, Claims: 2, Repair: true},
		{Body: wire.NewBody("b", "", 1<<64-1, wire.MaxSeq, wire.Stamp{}, 0, 0, wire.Live, false, 0)},
		{Body: wire.NewBody("c", "", 1, 3, stamp, 0, 90e9, wire.Tombstone, false, 0), Hops: 1, Claims: 3},
		{Body: wire.NewBody("d", "", 1, 4, stamp, 1<<63-1, 0, wire.Skeleton, false, 0), Age: 1<<63 - 1},
	}
	var b []byte
	for i := range infos {
		b = wire.AppendClaimingInfo(b, &infos[i].Body, infos[i].Incarnation, infos[i].Hops, infos[i].Age, infos[i].Claims, infos[i].Repair)
	}
	b = wire.AppendRange(b, wire.Range{NodeID: 1, From: 1, To: 4})
	b = wire.AppendStandin(b, wire.Standin{Key: "a", NodeID: 9, Incarnation: 8, Seq: 7, Keep: 6})
	at := &gossippb.Timestamp{WallTime: stamp.Wall, Logical: stamp.Logical}
	sum := func(key, value string) *uint32 { return proto.Uint32(gossippb.Checksum(key, []byte(value))) }
	return sample{
		name:  "delta",
		bytes: b,
		message: &gossippb.Request{
			Delta: map[string]*gossippb.Info{
				"a": {
					Value:  &gossippb.Value{RawBytes: []byte("1"), Checksum: sum("a", "1"), Timestamp: at, Tag: -3},
					NodeId: 1, Seq: 2, Ttl: 60e9, Keep: 70e9, Again: true, Incarnation: 4, Hops: 5, Age: 6, Claims: 2*2 + 1,
				},
				"b": {Value: &gossippb.Value{Checksum: sum("b", "")}, NodeId: 1<<64 - 1, Seq: wire.MaxSeq},
				"c": {
					Value:  &gossippb.Value{Checksum: sum("c", ""), Timestamp: at},
					NodeId: 1, Seq: 3, Keep: 90e9, State: gossippb.State_TOMBSTONE, Hops: 1, Claims: 3 * 2,
				},
				"d": {
					Value:  &gossippb.Value{Checksum: sum("d", ""), Timestamp: at},
					NodeId: 1, Seq: 4, Ttl: 1<<63 - 1, State: gossippb.State_SKELETON, Age: 1<<63 - 1,
				},
			},
			Ranges:   []*gossippb.Range{{NodeId: 1, From: 1, To: 4}},
			Standins: []*gossippb.Standin{{Key: "a", NodeId: 9, Incarnation: 8, Seq: 7, Keep: 6}},
		},
		frame: wire.Frame{
			Infos:    infos,
			Ranges:   []wire.Range{{NodeID: 1, From: 1, To: 4}},
			Standins: []wire.Standin{{Key: "a", NodeID: 9, Incarnation: 8, Seq: 7, Keep: 6}},
		},
	}
}

func treeSample() sample {
	frame := wire.Frame{
		Origins: []wire.Origin{{NodeID: 1, Incarnation: 7, Sponsor: 3}, {NodeID: 4, Incarnation: 5}},
		Ranges:  []wire.Range{{NodeID: 1, From: 0, To: 1 << 40, Repair: true, Incarnation: 2}},
		Adverts: []wire.Advert{{NodeID: 1, To: 2, Hops: 3, Pull: true, Incarnation: 4, Held: 5}, {NodeID: 5, To: 6}},
		Prunes:  []wire.Prune{{NodeID: 1, Mode: wire.Mute, Incarnation: 2}, {NodeID: 3, Mode: wire.Lazy}},
		Grafts:  []wire.Graft{{NodeID: 1, From: 2, Mode: wire.Eager, Incarnation: 3}},
	}
	return sample{
		name:  "tree",
		bytes: encode(&frame),
		message: &gossippb.Response{
			Origins: []uint64{1, 2 * 7, 3, 4, 2*2 - 1, 0},
			Ranges:  []*gossippb.Range{{NodeId: 1, From: 0, To: 1 << 40, Repair: true, Incarnation: 2}},
			Adverts: []uint64{1, 2, 3<<3 | 4 | 2 | 1, 4, 5, 5, 6, 0},
			Prunes:  []*gossippb.Prune{{NodeId: 1, Mode: gossippb.Mode_MUTE, Incarnation: 2}, {NodeId: 3}},
			Grafts:  []*gossippb.Graft{{NodeId: 1, From: 2, Mode: gossippb.Mode_EAGER, Incarnation: 3}},
		},
		frame: frame,
	}
}

func marksSample() sample {
	frame := wire.Frame{
		Marks:    []wire.Mark{{NodeID: 1, Incarnation: 2, Seq: 3, Sponsor: 4}, {NodeID: 5, Incarnation: 6}},
		MarksEnd: true,
		Ping:     &wire.Ping{Digest: 1<<64 - 1, Ask: true, Same: true, ID: 2, Wall: -3, Measure: true, Far: true},
	}
	return sample{
		name:  "marks",
		bytes: encode(&frame),
		message: &gossippb.Request{
			Marks:    []*gossippb.Mark{{NodeId: 1, Incarnation: 2, Seq: 3, Sponsor: 4}, {NodeId: 5, Incarnation: 6}},
			MarksEnd: true,
			Ping:     &gossippb.Ping{Digest: 1<<64 - 1, Ask: true, Same: true, Id: 2, Wall: -3, Measure: true, Far: true},
		},
		frame: frame,
	}
}

func byeSample() sample {
	frame := wire.Frame{Ping: &wire.Ping{}, Bye: &wire.Bye{Reason: wire.Leaving, Alternates: []wire.Member{{NodeID: 1}}}}
	return sample{
		name:  "bye",
		bytes: encode(&frame),
		message: &gossippb.Response{
			Ping: &gossippb.Ping{},
			Bye:  &gossippb.Bye{Reason: gossippb.Refusal_LEAVING, Alternates: []*gossippb.Member{{NodeId: 1}}},
		},
		frame: frame,
	}
}

func requestSample() sample {
	addr := wire.Addr{Network: "tcp", Address: "10.0.0.1:26257"}
	x := &wire.Exchange{MaxSeq: -1, ClusterID: "cluster-α", Incarnation: 1 << 61}
	return sample{
		name:  "first request of a unary exchange",
		bytes: wire.AppendExchange(nil, 7, addr, x),
		message: &gossippb.Request{
			NodeId: 7, Addr: &gossippb.UnresolvedAddr{Network: "tcp", Address: "10.0.0.1:26257"}, MaxSeq: -1,
			ClusterId: "cluster-α", Incarnation: 1 << 61,
		},
		frame: wire.Frame{NodeID: 7, Addr: addr, Exchange: x},
	}
}

func responseSample() sample {
	x := &wire.Exchange{
		MaxSeq: 1_700_000_000_000_000_001, ClusterID: "c",
		Cursor: wire.Cursor{NodeID: 1<<64 - 1, Incarnation: 1_700_000_000_000_000_000, Claimed: 3, Elsewhere: []wire.Place{
			{NodeID: 4, Incarnation: 5, MaxSeq: 6, Claimed: 7}, {NodeID: 1<<64 - 1, MaxSeq: -1},
		}},
	}
	body := wire.NewBody("k", "v", 1, 2, stamp, 60e9, 0, wire.Live, false, 0)
	b := wire.AppendPublicInfo(nil, &body, 4, 5, 6, 7)
	b = wire.AppendAlternate(b, wire.Addr{Network: "tcp", Address: "[::1]:1"})
	return sample{
		name:  "response of a unary exchange",
		bytes: wire.AppendExchange(b, 9, wire.Addr{}, x),
		message: &gossippb.Response{
			NodeId: 9, Alternate: &gossippb.UnresolvedAddr{Network: "tcp", Address: "[::1]:1"},
			MaxSeq: 1_700_000_000_000_000_001, ClusterId: "c",
			Cursor: &gossippb.Cursor{NodeId: 1<<64 - 1, Incarnation: 1_700_000_000_000_000_000, Claimed: 3, Elsewhere: []*gossippb.Place{
				{NodeId: 4, Incarnation: 5, MaxSeq: 6, Claimed: 7}, {NodeId: 1<<64 - 1, MaxSeq: -1},
			}},
			Delta: map[string]*gossippb.Info{"k": {
				Value: &gossippb.Value{
					RawBytes: []byte("v"), Checksum: proto.Uint32(gossippb.Checksum("k", []byte("v"))),
					Timestamp: &gossippb.Timestamp{WallTime: stamp.Wall, Logical: stamp.Logical},
				},
				NodeId: 1, Seq: 2, Ttl: 60e9, Incarnation: 4, Hops: 5, Age: 6, TtlStamp: 7,
			}},
		},
		frame: wire.Frame{NodeID: 9, Exchange: x, Infos: []wire.Info{{Body: body, Incarnation: 4, Hops: 5, Age: 6}}},
	}
}
