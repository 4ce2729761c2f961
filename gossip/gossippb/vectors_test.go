package gossippb_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
)

var rewrite = flag.Bool("rewrite", false, "write testdata/messages.json anew")

// vector is one entry of testdata/messages.json: a message, and its bytes, whoever encodes it.
type vector struct {
	Name    string          `json:"name"`
	Type    string          `json:"type"`
	Hex     string          `json:"hex"`
	Message json.RawMessage `json:"message"`
}

// TestVectors compares the bytes of messages with those in testdata/messages.json, which the decoders of other
// languages may be tested with.
func TestVectors(t *testing.T) {
	const file = "testdata/messages.json"
	info := func(key, value string) *gossippb.Info {
		return &gossippb.Info{
			Value: &gossippb.Value{
				RawBytes:  []byte(value),
				Checksum:  proto.Uint32(gossippb.Checksum(key, []byte(value))),
				Timestamp: &gossippb.Timestamp{WallTime: 1_700_000_000_000_000_000, Logical: 2},
				Tag:       3,
			},
			TtlStamp: 1_700_000_060_000_000_000,
			Hops:     4,
			NodeId:   5,
		}
	}
	messages := []struct {
		name    string
		message proto.Message
	}{
		{name: "info", message: info("load", "0.7")},
		{name: "tombstone", message: &gossippb.Info{
			Value:  &gossippb.Value{Timestamp: &gossippb.Timestamp{WallTime: 1_700_000_000_000_000_000}},
			NodeId: 5, Incarnation: 6, Seq: 7, Keep: 60e9, State: gossippb.State_TOMBSTONE,
		}},
		{name: "first request of a client", message: &gossippb.Request{
			NodeId: 1, Addr: &gossippb.UnresolvedAddr{Network: "tcp", Address: "10.0.0.1:26257"}, MaxSeq: -1,
		}},
		{name: "request of a unary exchange", message: &gossippb.Request{
			NodeId: 7, MaxSeq: 1_700_000_000_000_000_012, ClusterId: "cluster", Incarnation: 1_700_000_001_000_000_000,
			Cursor: &gossippb.Cursor{NodeId: 1, Incarnation: 1_700_000_000_000_000_000, Claimed: 1_700_000_000_000_000_011},
		}},
		{name: "response of a unary exchange that redirects", message: &gossippb.Response{
			NodeId: 1, Alternate: &gossippb.UnresolvedAddr{Network: "tcp", Address: "10.0.0.2:26257"}, ClusterId: "cluster",
			Bye: &gossippb.Bye{Reason: gossippb.Refusal_BUSY},
		}},
		{name: "request, entries in the order of their keys", message: &gossippb.Request{
			NodeId: 1,
			LAddr:  &gossippb.UnresolvedAddr{Network: "tcp", Address: "10.0.0.1:50000"},
			MaxSeq: 12,
			Delta:  map[string]*gossippb.Info{"b": info("b", "2"), "a": info("a", "1"), "": {}, "c": info("c", "3")},
		}},
		{name: "response that redirects", message: &gossippb.Response{
			NodeId:    2,
			Addr:      &gossippb.UnresolvedAddr{Network: "tcp", Address: "10.0.0.2:26257"},
			Alternate: &gossippb.UnresolvedAddr{Network: "tcp", Address: "10.0.0.3:26257"},
		}},
		{name: "node descriptor", message: &gossippb.NodeDescriptor{
			NodeId:  1,
			Address: &gossippb.UnresolvedAddr{Network: "unix", Address: "/run/node.sock"},
			Attrs:   &gossippb.Attributes{Attrs: []string{"ssd", "8cpu"}},
			Locality: &gossippb.Locality{Tiers: []*gossippb.Tier{
				{Key: "region", Value: "eu"}, {Key: "zone", Value: "eu-1"},
			}},
			Build: "v1.2.3",
		}},
		{name: "system config", message: &gossippb.SystemConfig{Values: []*gossippb.KeyValue{
			{Key: []byte{0, 1}, Value: &gossippb.Value{RawBytes: []byte("zone")}},
		}}},
	}
	var vectors []vector
	for _, m := range messages {
		text, err := protojson.Marshal(m.message)
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(m.message)
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := m.message.(codec); ok {
			if own, err := c.Marshal(); err != nil || !bytes.Equal(own, encoded) {
				t.Errorf("%s: Marshal() = %x, %v, want %x", m.name, own, err, encoded)
			}
		}
		vectors = append(vectors, vector{
			Name: m.name, Type: string(m.message.ProtoReflect().Descriptor().FullName()),
			Hex: hex.EncodeToString(encoded), Message: text,
		})
	}
	got, err := json.MarshalIndent(vectors, "", "\t") // which also takes out the spaces that protojson varies
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *rewrite {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the messages are encoded as\n%s\nwant, as in %s (-rewrite writes it anew),\n%s", got, file, want)
	}
}
