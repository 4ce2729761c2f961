package wire_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/internal/wire"
)

func appendInfos(b []byte, list []wire.Body) []byte {
	for i := range list {
		b = wire.AppendInfo(b, &list[i], 0, 3, 1_500_000)
	}
	return b
}

// TestEncodeAllocs has every part written into a buffer with room.
func TestEncodeAllocs(t *testing.T) {
	for _, s := range samples() {
		frame, err := wire.Decode(s.bytes, wide)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 0, len(s.bytes)+8)
		if got := testing.AllocsPerRun(100, func() { encodeInto(b, frame) }); got != 0 {
			t.Errorf("%s: encoding allocates %v times, want 0", s.name, got)
		}
	}
	list := bodies(1000)
	b := appendInfos(nil, list)
	if got := testing.AllocsPerRun(10, func() { appendInfos(b[:0], list) }); got != 0 {
		t.Errorf("encoding 1,000 infos allocates %v times, want 0", got)
	}
}

// TestDecodeAllocs has one allocation an info, and a few a frame.
func TestDecodeAllocs(t *testing.T) {
	for _, n := range []int{1, 8, 100, 1000} {
		b := appendInfos(nil, bodies(n))
		limit := float64(n + 3)
		if got := testing.AllocsPerRun(10, func() { _, _ = wire.Decode(b, wide) }); got > limit {
			t.Errorf("decoding %d infos allocates %v times, want at most %v", n, got, limit)
		}
	}
}

// TestDecodeMemory decodes frames that are made to take much memory for their size.
func TestDecodeMemory(t *testing.T) {
	const size = 1 << 20
	list := make([]wire.Body, size/16)
	for i := range list {
		list[i] = wire.NewBody(fmt.Sprint(i), "", 1, 1, wire.Stamp{}, 0, 0, wire.Skeleton, false, 0)
	}
	frames := map[string][]byte{
		"entries of nothing":      []byte(strings.Repeat("\x2a\x00", size/2)),
		"least entries":           []byte(strings.Repeat("\x2a\x0a\x0a\x01k\x12\x05\x20\x01\x88\x01\x01", size/12)),
		"smallest infos":          appendInfos(nil, list),
		"empty ranges":            []byte(strings.Repeat("\x92\x01\x00", size/3)),
		"a standin of a megabyte": append([]byte("\xd2\x01\x84\x80\x40\x0a\x80\x80\x40"), make([]byte, size)...),
		"a promised gigabyte":     []byte("\x2a\xff\xff\xff\xff\x03" + strings.Repeat("\x00", size)),
		"alternates":              append([]byte("\xc2\x01\x80\x80\x40"), strings.Repeat("\x12\x00", size/2)...),
	}
	for name, b := range frames {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := wire.Decode(b, wide)
			runtime.ReadMemStats(&after)
			if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(64*len(b)); got > limit {
				t.Errorf("decoding %d bytes takes %d, want at most %d; error %v", len(b), got, limit, err)
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	list := bodies(1000)
	buf := appendInfos(nil, list)
	b.ReportAllocs()
	for b.Loop() {
		appendInfos(buf[:0], list)
	}
	perInfo(b, len(list))
}

func BenchmarkDecode(b *testing.B) {
	list := bodies(1000)
	buf := appendInfos(nil, list)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.Decode(buf, wide); err != nil {
			b.Fatal(err)
		}
	}
	perInfo(b, len(list))
}

func BenchmarkNewBody(b *testing.B) {
	value := strings.Repeat("v", 256)
	b.ReportAllocs()
	for b.Loop() {
		wire.NewBody("node:0123456789012345678901234567", value, 7, 1, stamp, 60e9, 0, wire.Live, false, 0)
	}
}

// perInfo reports the time of one of the infos of a frame.
func perInfo(b *testing.B, infos int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*infos), "ns/info")
}
