package wire_test

import (
	"errors"
	"reflect"
	"testing"
	"unsafe"

	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// FuzzDecode decodes anything. An error is of one of the three kinds; what decodes takes memory in proportion, and
// is the same after it was encoded and decoded again. What this package writes, every decoder takes.
func FuzzDecode(f *testing.F) {
	for _, s := range samples() {
		f.Add(s.bytes)
		b, err := proto.Marshal(s.message)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		lim := wire.Limits{Frame: 1 << 16, Key: 64, Value: 256, Items: 100}
		frame, err := wire.Decode(b, lim)
		if err != nil {
			if !errors.Is(err, wire.ErrMalformed) && !errors.Is(err, wire.ErrTooLarge) && !errors.Is(err, wire.ErrChecksum) {
				t.Fatalf("error of no kind: %v", err)
			}
			if frame != nil {
				t.Fatalf("frame %+v beside error %v", frame, err)
			}
			return
		}
		if got, limit := memory(frame), 64*len(b)+int(unsafe.Sizeof(*frame)+unsafe.Sizeof(*frame.Hello)+unsafe.Sizeof(*frame.Bye)); got > limit {
			t.Fatalf("%d bytes take %d decoded, want at most %d: %+v", len(b), got, limit, frame)
		}
		if frame.Hello == nil { // then AppendHello, which writes these, is not called
			frame.NodeID, frame.Addr = 0, wire.Addr{}
		}
		encoded := encode(frame)
		lim.Frame = len(encoded)
		again, err := wire.Decode(encoded, lim)
		frame.Size = len(encoded)
		if err != nil || !reflect.DeepEqual(again, frame) {
			t.Fatalf("encoded and decoded again: %+v, %v, want %+v", again, err, frame)
		}
		if err := proto.Unmarshal(encoded, &gossippb.Response{}); err != nil {
			t.Fatalf("proto.Unmarshal(%x): %v", encoded, err)
		}
		if err := new(gossippb.Request).Unmarshal(encoded); err != nil {
			t.Fatalf("Unmarshal(%x): %v", encoded, err)
		}
	})
}

// memory returns about how many bytes a decoded frame takes.
func memory(f *wire.Frame) int {
	n := int(unsafe.Sizeof(*f)) + len(f.Addr.Network) + len(f.Addr.Address)
	n += slice(f.Origins) + slice(f.Infos) + slice(f.Ranges) + slice(f.Standins) + slice(f.Adverts) + slice(f.Prunes) +
		slice(f.Grafts) + slice(f.Marks)
	for _, in := range f.Infos {
		n += wire.InfoSize(&in.Body)
	}
	for _, s := range f.Standins {
		n += len(s.Key)
	}
	if f.Hello != nil {
		n += int(unsafe.Sizeof(*f.Hello)) + len(f.Hello.ClusterID) + slice(f.Hello.Alternates)
	}
	if f.Bye != nil {
		n += int(unsafe.Sizeof(*f.Bye)) + slice(f.Bye.Alternates)
	}
	return n
}

func slice[T any](s []T) int {
	var element T
	return cap(s) * int(unsafe.Sizeof(element))
}
