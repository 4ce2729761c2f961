package wire_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/internal/wire"
)

var rewrite = flag.Bool("rewrite", false, "write testdata/frames.json anew")

// vt is what generated messages have besides package proto.
type vt interface {
	MarshalVT() ([]byte, error)
	UnmarshalVT(b []byte) error
}

// TestWrite reads what this package writes by both decoders of gossippb.
func TestWrite(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			got := s.message.ProtoReflect().New().Interface()
			if err := proto.Unmarshal(s.bytes, got); err != nil || !proto.Equal(got, s.message) {
				t.Errorf("proto.Unmarshal(%x) = %v, %v, want %v", s.bytes, got, err, s.message)
			}
			got = s.message.ProtoReflect().New().Interface()
			if err := got.(vt).UnmarshalVT(s.bytes); err != nil || !proto.Equal(got, s.message) {
				t.Errorf("UnmarshalVT(%x) = %v, %v, want %v", s.bytes, got, err, s.message)
			}
		})
	}
}

// TestRead reads frames written by this package and by both encoders of gossippb.
func TestRead(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			checkDecode(t, s.bytes, s.frame)
			canonical, err := proto.MarshalOptions{Deterministic: true}.Marshal(s.message)
			if err != nil {
				t.Fatal(err)
			}
			checkDecode(t, canonical, s.frame)
			own, err := s.message.(interface{ Marshal() ([]byte, error) }).Marshal()
			if err != nil {
				t.Fatal(err)
			}
			checkDecode(t, own, s.frame)
		})
	}
}

// checkDecode decodes a frame and compares, once without and once after the bytes are overwritten.
func checkDecode(t *testing.T, b []byte, want wire.Frame) {
	t.Helper()
	want.Size = len(b)
	b = bytes.Clone(b)
	got, err := wire.Decode(b, wide)
	clear(b)
	if err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("Decode() = %+v, %v, want %+v", got, err, want)
	}
}

// TestVectors compares the bytes of frames with those in testdata/frames.json.
func TestVectors(t *testing.T) {
	const file = "testdata/frames.json"
	type vector struct {
		Name  string          `json:"name"`
		Type  string          `json:"type"`
		Hex   string          `json:"hex"`
		Frame json.RawMessage `json:"frame"`
	}
	var vectors []vector
	for _, s := range samples() {
		text, err := protojson.Marshal(s.message)
		if err != nil {
			t.Fatal(err)
		}
		vectors = append(vectors, vector{
			Name: s.name, Type: string(s.message.ProtoReflect().Descriptor().FullName()),
			Hex: hex.EncodeToString(s.bytes), Frame: text,
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
		t.Errorf("the frames are encoded as\n%s\nwant, as in %s (-rewrite writes it anew),\n%s", got, file, want)
	}
}
