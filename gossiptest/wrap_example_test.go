package gossiptest_test

import (
	"context"
	"fmt"

	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// A partition between two transports, which might as well be on real sockets: what is sent meanwhile is lost, so the link ends with the partition.
func ExampleWrap() {
	n := gossiptest.NewNetwork(nil, nil)
	w := gossiptest.NewWeather(nil)
	a, b := gossiptest.Wrap(n.Listen("a"), w), gossiptest.Wrap(n.Listen("b"), w)
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

	remove := w.Rule(func(p *gossiptest.Packet) gossiptest.Verdict {
		fmt.Printf("from %d to %d: %s\n", p.From, p.To, p.Frame)
		return gossiptest.Verdict{}
	})
	fmt.Println(link.Send([]byte("before")))
	remove()
	frame, err := far.Recv()
	fmt.Printf("%s %v\n", frame, err)

	heal := w.Begin(fault.Fault{Kind: fault.Partition, Nodes: []int{1}})
	fmt.Println(link.Send([]byte("during")))
	heal()
	_, err = far.Recv()
	fmt.Println(err)
	// Output:
	// from 0 to 1: before
	// <nil>
	// before <nil>
	// <nil>
	// recv from a at b: transport: closed: EOF
}
