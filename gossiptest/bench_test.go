package gossiptest_test

import (
	"testing"
	"time"

	bclock "github.com/benbjohnson/clock"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/storage"
)

func BenchmarkTransport(b *testing.B) {
	n := gossiptest.NewNetwork(nil, nil)
	from, to := n.Listen(""), n.Listen("")
	b.Cleanup(func() {
		from.Close()
		to.Close()
	})
	gossiptest.BenchmarkTransport(b, from, to)
}

func BenchmarkStore(b *testing.B) {
	b.Run("Memory", func(b *testing.B) { gossiptest.BenchmarkStore(b, &storage.Memory{}) })
	b.Run("files", func(b *testing.B) { gossiptest.BenchmarkStore(b, &fileStore{dir: b.TempDir()}) })
}

func BenchmarkResolver(b *testing.B) {
	gossiptest.BenchmarkResolver(b, resolver.Static(someAddrs(3)...))
}

func BenchmarkClocks(b *testing.B) {
	b.Run("Clock", func(b *testing.B) { gossiptest.BenchmarkClock(b, gossiptest.NewClock(time.Time{})) })
	b.Run("System", func(b *testing.B) { gossiptest.BenchmarkClock(b, clock.System()) })
	b.Run("Mock", func(b *testing.B) { gossiptest.BenchmarkClock(b, clock.Wrap(bclock.NewMock())) })
}
