package grpctransport_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/grapevine-go/grapevine/transport"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// BenchmarkOneWay sends frames from a dialler to an acceptor, both in this process. An operation is a frame, sent and
// received.
func BenchmarkOneWay(b *testing.B) {
	certs := newAuthority(b)
	for _, node := range []struct {
		name string
		from func() *grpctransport.Transport
		to   func() *grpctransport.Transport
	}{
		{"own", func() *grpctransport.Transport { return listen(b, nil) },
			func() *grpctransport.Transport { return listen(b, nil) }},
		{"shared", func() *grpctransport.Transport { return listen(b, nil) },
			func() *grpctransport.Transport { n, _ := register(b, nil, nil); return n }},
		{"tls", func() *grpctransport.Transport { return listen(b, certs.mutual(b, "a", "")) },
			func() *grpctransport.Transport { return listen(b, certs.mutual(b, "b", "")) }},
	} {
		for _, size := range []int{350, 64 << 10} {
			b.Run(fmt.Sprintf("server=%s/bytes=%d", node.name, size), func(b *testing.B) {
				dialled, accepted := connect(b, node.from(), node.to())
				received := make(chan error, 1)
				go func() { received <- receiveUntilEmpty(accepted) }()
				frame := make([]byte, size)
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					if err := dialled.Send(frame); err != nil {
						b.Fatal(err)
					}
				}
				if err := dialled.Send(nil); err != nil {
					b.Fatal(err)
				}
				if err := <-received; err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

// receiveUntilEmpty receives up to the first empty frame.
func receiveUntilEmpty(l transport.Link) error {
	for {
		frame, err := l.Recv()
		if err != nil || len(frame) == 0 {
			return err
		}
	}
}

// BenchmarkIdleLink opens links, has a reader wait at both ends of each, and reports what a link costs, both ends
// together. An operation is 20 links opened and closed.
func BenchmarkIdleLink(b *testing.B) {
	const links = 20
	certs := newAuthority(b)
	for _, tt := range []struct {
		name string
		opts *grpctransport.Options
	}{{"plaintext", nil}, {"tls", certs.mutual(b, "node", "")}} {
		b.Run(tt.name, func(b *testing.B) {
			n := listen(b, tt.opts)
			for b.Loop() {
				heap, goroutines := usage()
				var ends []transport.Link
				for range links {
					dialled, accepted := connect(b, n, n)
					for _, l := range []transport.Link{dialled, accepted} {
						if err := l.Send([]byte("hello")); err != nil {
							b.Fatal(err)
						}
						ends = append(ends, l)
					}
				}
				var read []chan error
				for _, l := range ends {
					if _, err := l.Recv(); err != nil {
						b.Fatal(err)
					}
					done := make(chan error, 1)
					go func() { _, err := l.Recv(); done <- err }()
					read = append(read, done)
				}
				heap2, goroutines2 := usage()
				b.ReportMetric(float64(heap2-heap)/links, "heapB/link")
				b.ReportMetric(float64(goroutines2-goroutines)/links, "goroutines/link")
				for _, l := range ends {
					l.Close()
				}
				for _, done := range read {
					<-done
				}
			}
		})
	}
}

// usage returns how much memory is in use and how many goroutines there are.
func usage() (heap, goroutines int64) {
	runtime.GC()
	runtime.GC() // the first leaves what the pools hold
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), int64(runtime.NumGoroutine())
}
