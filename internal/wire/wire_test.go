package wire_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// wide are limits that allow whatever a test makes.
var wide = wire.Limits{Frame: 8 << 20, Key: 1 << 10, Value: 1 << 20, Items: 1 << 20}

// thousand returns bodies of n infos with keys of 32 bytes and values of 256.
func manyBodies(n int) []wire.Body {
	value := strings.Repeat("v", 256)
	bodies := make([]wire.Body, n)
	for i := range bodies {
		key := fmt.Sprintf("node:%027d", i)
		stamp := wire.Stamp{Wall: 1_700_000_000_000_000_000 + int64(i), Logical: int32(i % 3)}
		bodies[i] = wire.NewBody(key, value, 7, uint64(i+1), stamp, 60e9, 0, wire.Live, 0)
	}
	return bodies
}

func appendInfos(b []byte, bodies []wire.Body) []byte {
	for i := range bodies {
		b = wire.AppendInfo(b, &bodies[i], 0, 3, 1_500_000)
	}
	return b
}

func BenchmarkEncode(b *testing.B) {
	bodies := manyBodies(1000)
	buf := appendInfos(nil, bodies)
	b.ReportAllocs()
	b.SetBytes(int64(len(buf)))
	for b.Loop() {
		appendInfos(buf[:0], bodies)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/info")
}

func BenchmarkDecode(b *testing.B) {
	buf := appendInfos(nil, manyBodies(1000))
	b.ReportAllocs()
	b.SetBytes(int64(len(buf)))
	for b.Loop() {
		if _, err := wire.Decode(buf, wide); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/info")
}
