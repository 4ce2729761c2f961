package archtest

// Rules returns the rules of this module, the most special first.
func Rules() []Rule {
	roles := []string{"transport", "resolver", "clock", "storage"}
	return []Rule{
		{Package: "internal/wire", Module: []string{"gossip/gossippb"}, Libs: []string{"google.golang.org/protobuf/encoding/protowire"}, Std: pureStd, Pure: true},
		{Package: "internal/core", Module: []string{"gossip/gossippb", "internal/wire"}, Std: pureStd, Pure: true},
		{Package: "internal/archtest"},
		{Package: "internal/doccheck"},
		{Package: "internal/sched", Module: []string{"internal/core"}},
		{Package: "internal/simnet"},
		{Package: "internal/tracing", Module: []string{"internal/core", "internal/simnet", "internal/wire"}},
		{Package: "internal/lasting", Module: []string{"gossiptest/fault"}},
		{Package: "internal/serial", Module: join(roles, "gossiptest/fault", "internal/core", "internal/lasting", "internal/sched", "internal/simnet", "internal/tracing"), Testing: true},

		{Package: "transport"},
		{Package: "resolver", Module: []string{"transport"}},
		{Package: "clock", Libs: []string{"github.com/benbjohnson/clock"}},
		{Package: "storage"},

		{Package: "transport/*/...", Module: []string{"./...", "transport", "gossip/gossippb", "gossip/gossippb/gossipgrpc"}, Libs: []string{"*"}},
		{Package: "resolver/*/...", Module: []string{"./...", "resolver", "transport", "gossip/gossippb"}, Libs: []string{"*"}},
		{Package: "storage/*/...", Module: []string{"./...", "storage", "gossip/gossippb"}, Libs: []string{"*"}},

		{Package: "gossip/gossippb", Libs: []string{"google.golang.org/protobuf", "github.com/planetscale/vtprotobuf"}},
		{Package: "gossip/gossippb/gossipgrpc", Module: []string{"gossip/gossippb"}, Libs: []string{"google.golang.org/grpc", "google.golang.org/protobuf"}},
		{Package: "gossip", Module: join(roles, "gossip/gossippb", "internal/core", "internal/wire", "internal/sched"), Libs: []string{"google.golang.org/protobuf"}},
		{Package: "gossip/members", Module: []string{"gossip", "gossip/gossippb"}},
		{Package: "gossip/inspect", Module: []string{"gossip", "gossip/gossippb"}},
		{Package: "gossip/metrics", Module: []string{"gossip", "gossip/gossippb"}},

		{Package: "gossiptest/sim", Module: []string{"gossip/gossippb", "internal/core", "internal/simnet", "internal/tracing", "internal/wire"}, Sealed: true},
		{Package: "gossiptest/sim/measure", Module: []string{"gossiptest/sim"}, Sealed: true},
		{Package: "gossiptest/sim/check", Module: []string{"gossiptest/sim"}, Sealed: true},
		{Package: "gossiptest/fault", Sealed: true},
		{Package: "gossiptest/sim/search", Module: []string{"gossiptest/fault", "gossiptest/sim", "gossiptest/sim/check", "internal/lasting"}, Sealed: true},
		{Package: "gossiptest/gossipmock", Module: join(roles, "gossip", "internal/wire"), Libs: []string{"github.com/golang/mock", "google.golang.org/protobuf"}, Sealed: true},
		{Package: "gossiptest/gossipfake", Module: roles},
		{Package: "gossiptest", Module: join(roles, "gossip", "gossip/gossippb", "gossip/members", "gossiptest/fault", "gossiptest/sim", "internal/lasting", "internal/serial", "internal/simnet", "internal/wire"), Libs: []string{"github.com/google/go-cmp", "google.golang.org/protobuf"}, Testing: true},

		{Package: "examples/...", Module: []string{"..."}, Libs: []string{"*"}, Public: true},
	}
}

// pureStd lists the packages of the standard library that neither touch the outside world nor remember anything
// between two calls, but for single functions, which the check of purity knows.
var pureStd = []string{
	"bytes", "cmp", "container/heap", "container/list", "container/ring", "encoding/binary", "encoding/hex", "errors",
	"fmt", "hash", "hash/adler32", "hash/crc32", "hash/crc64", "hash/fnv", "hash/maphash", "io", "iter", "maps", "math",
	"math/bits", "math/rand/v2", "slices", "sort", "strconv", "strings", "unicode", "unicode/utf8", "unsafe",
}

func join(list []string, more ...string) []string { return append(list[:len(list):len(list)], more...) }
