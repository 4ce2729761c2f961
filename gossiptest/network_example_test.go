package gossiptest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/transport"
)

// A partition holds frames back, and lets them through when it is healed. Here the network lives by a manual clock, so
// a frame has arrived when Advance returns.
func ExampleNetwork() {
	clk := gossiptest.NewClock(time.Time{})
	n := gossiptest.NewNetwork(clk, nil)
	a, b := n.Listen("a"), n.Listen("b")
	defer a.Close()
	defer b.Close()

	link, err := a.Dial(context.Background(), b.Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	far, err := b.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}

	n.SetLatency(20 * time.Millisecond)
	n.Partition([]transport.Addr{a.Addr()}, []transport.Addr{b.Addr()})
	if err := link.Send([]byte("are you there?")); err != nil {
		fmt.Println(err)
	}
	clk.Advance(time.Hour)
	n.Heal()
	clk.Advance(20 * time.Millisecond)
	frame, err := far.Recv()
	fmt.Printf("%s %v\n", frame, err)

	n.Crash(a.Addr())
	clk.Advance(20 * time.Millisecond)
	_, err = far.Recv()
	fmt.Println(err)
	// Output:
	// are you there? <nil>
	// recv from a at b: transport: closed: connection reset
}
