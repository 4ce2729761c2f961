package gossippb_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
)

// FuzzUnmarshal decodes anything as each of the messages. What decodes, survives being encoded.
func FuzzUnmarshal(f *testing.F) {
	for _, m := range codecs(f) {
		b, err := m.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add([]byte("\x2a\x02\x12\x7f\x2a\x02\x12\x7f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, m := range []codec{&gossippb.Request{}, &gossippb.Response{}, &gossippb.Info{}} {
			if m.Unmarshal(b) != nil {
				continue
			}
			encoded, err := m.Marshal()
			if err != nil || len(encoded) != m.Size() {
				t.Fatalf("%T: Marshal() = %x, %v, Size() = %d", m, encoded, err, m.Size())
			}
			back := m.ProtoReflect().New().Interface().(codec)
			if err := back.Unmarshal(encoded); err != nil || !proto.Equal(back, m) {
				t.Fatalf("%T: Unmarshal(%x) = %v, %v, want %v", m, encoded, back, err, m)
			}
		}
	})
}
