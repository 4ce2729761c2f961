package gossiptest

import (
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/storage"
	"github.com/grapevine-go/grapevine/transport"
)

// BenchmarkTransport measures links from one transport to another, which nobody else uses: frames of several sizes one way, a frame
// there and back, and a link from Dial to Close. It closes neither of the two.
func BenchmarkTransport(b *testing.B, from, to transport.Transport) {
	pair := func(b *testing.B) (dialled, accepted transport.Link) {
		b.Helper()
		err := together(
			func() (err error) { dialled, err = from.Dial(b.Context(), to.Addr()); return err },
			func() (err error) { accepted, err = to.Accept(); return err })
		if err != nil {
			b.Fatal(err)
		}
		return dialled, accepted
	}
	for _, size := range []int{64, 4 << 10, smallestLimit} {
		b.Run(fmt.Sprintf("send/bytes=%d", size), func(b *testing.B) {
			d, a := pair(b)
			frame := testFrame(0, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			b.ResetTimer()
			sent := background(func() error {
				for range b.N {
					if err := d.Send(frame); err != nil {
						return err
					}
				}
				return nil
			})
			for range b.N {
				if _, err := a.Recv(); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			if err := <-sent; err != nil {
				b.Error(err)
			}
			closeLinks(b, d, a)
		})
	}
	b.Run("there-and-back", func(b *testing.B) {
		d, a := pair(b)
		go echo(a)
		frame := testFrame(0, 64)
		b.ReportAllocs()
		for b.Loop() {
			if err := d.Send(frame); err != nil {
				b.Fatal(err)
			}
			if _, err := d.Recv(); err != nil {
				b.Fatal(err)
			}
		}
		closeLinks(b, d, a)
	})
	b.Run("link", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d, a := pair(b)
			closeLinks(b, d, a)
		}
	})
}

func closeLinks(b *testing.B, d, a transport.Link) {
	for _, l := range []transport.Link{d, a} {
		if err := l.Close(); err != nil {
			b.Error(err)
		}
	}
}

// BenchmarkStore measures the calls of a store, one after the other, with values of several sizes, and from as many goroutines as
// there are processors. It leaves some keys behind.
func BenchmarkStore(b *testing.B, s storage.Store) {
	for _, size := range []int{8, 4 << 10} {
		value := testFrame(0, size)
		b.Run(fmt.Sprintf("put/bytes=%d", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Put(b.Context(), "key", value); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("get/bytes=%d", size), func(b *testing.B) {
			if err := s.Put(b.Context(), "key", value); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Get(b.Context(), "key"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("put-get-delete/parallel", func(b *testing.B) {
		value := testFrame(0, 8)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			key := "key of " + thisGoroutine()
			for pb.Next() {
				err := s.Put(b.Context(), key, value)
				if err == nil {
					_, err = s.Get(b.Context(), key)
				}
				if err == nil {
					err = s.Delete(b.Context(), key)
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

// BenchmarkResolver measures answers, which may be errors.
func BenchmarkResolver(b *testing.B, r resolver.Resolver) {
	b.Run("resolve", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.Resolve(b.Context())
		}
	})
}

// BenchmarkClock measures the calls of a clock, with no other timers and beside many. It leaves no timers behind. The clock need not
// move meanwhile.
func BenchmarkClock(b *testing.B, c clock.Clock) {
	b.Run("now", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Now()
		}
	})
	for _, others := range []int{0, 1000} {
		beside := func(b *testing.B) {
			b.Helper()
			for i := range others {
				t := c.AfterFunc(time.Hour+time.Duration(i), func() {})
				b.Cleanup(func() { t.Stop() })
			}
			b.ReportAllocs()
			b.ResetTimer()
		}
		b.Run(fmt.Sprintf("after-func-stop/others=%d", others), func(b *testing.B) {
			beside(b)
			for b.Loop() {
				c.AfterFunc(time.Hour, func() {}).Stop()
			}
		})
		b.Run(fmt.Sprintf("reset/others=%d", others), func(b *testing.B) {
			beside(b)
			t := c.AfterFunc(time.Hour, func() {})
			for b.Loop() {
				t.Reset(time.Hour)
			}
			t.Stop()
		})
	}
}
