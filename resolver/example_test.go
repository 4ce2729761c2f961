package resolver_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
)

func ExampleParse() {
	for _, spec := range []string{"10.0.0.1:7946", "unix=/run/node.sock", "carrier-pigeon=coop 7"} {
		r, err := resolver.Parse(spec)
		if err != nil {
			fmt.Println(err)
			continue
		}
		addrs, err := r.Resolve(context.Background())
		fmt.Println(addrs, addrs[0].Network(), err)
	}
	// Output:
	// [10.0.0.1:7946] tcp <nil>
	// [/run/node.sock] unix <nil>
	// parse resolver "carrier-pigeon=coop 7": resolver: unknown kind "carrier-pigeon", known are tcp and unix
}

// A resolver of one's own: peers are whoever the environment names at the moment.
func ExampleFunc() {
	fromEnv := resolver.Func(func(context.Context) ([]transport.Addr, error) {
		var addrs []transport.Addr
		for host := range strings.FieldsSeq(os.Getenv("EXAMPLE_PEERS")) {
			addrs = append(addrs, transport.MakeAddr("tcp", host+":7946"))
		}
		return addrs, nil
	})

	fmt.Println(fromEnv.Resolve(context.Background()))
	os.Setenv("EXAMPLE_PEERS", "db1 db2")
	defer os.Unsetenv("EXAMPLE_PEERS")
	fmt.Println(fromEnv.Resolve(context.Background()))
	// Output:
	// [] <nil>
	// [db1:7946 db2:7946] <nil>
}
