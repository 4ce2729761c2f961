package transport_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/grapevine-go/grapevine/transport"
)

func ExampleAddr() {
	a := transport.MakeAddr("tcp", "[2001:db8::1]:7946")
	fmt.Println(a, "in", a.Network())

	links := map[transport.Addr]int{a: 3} // an Addr can be the key of a map
	text, err := json.Marshal(links)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(text))

	b, err := transport.ParseAddr("tcp:[2001:db8::1]:7946")
	fmt.Println(links[b], err)
	// Output:
	// [2001:db8::1]:7946 in tcp
	// {"tcp:[2001:db8::1]:7946":3}
	// 3 <nil>
}

// The error of a link that has ended names the operation, the peer, ErrClosed, and the cause if there is one.
func Example_errClosed() {
	peer := transport.Peer{Addr: transport.MakeAddr("tcp", "10.0.0.1:7946")}
	cause := errors.New("connection reset by peer")

	err := fmt.Errorf("recv from %s: %w: %w", peer.Addr, transport.ErrClosed, cause)

	fmt.Println(err)
	fmt.Println(errors.Is(err, transport.ErrClosed), errors.Is(err, cause))
	// Output:
	// recv from 10.0.0.1:7946: transport: closed: connection reset by peer
	// true true
}
