package gossippb_test

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
)

// An info goes from one node to another in the delta of a frame.
func Example() {
	key, value := "load:eu", []byte("0.7")
	frame, err := (&gossippb.Request{
		NodeId: 1,
		Delta: map[string]*gossippb.Info{key: {
			Value: &gossippb.Value{
				RawBytes: value,
				Checksum: proto.Uint32(gossippb.Checksum(key, value)),
			},
			NodeId: 1,
			Seq:    1,
			Ttl:    60e9,
		}},
	}).Marshal()
	if err != nil {
		fmt.Println(err)
		return
	}

	var received gossippb.Request
	if err := received.Unmarshal(frame); err != nil {
		fmt.Println(err)
		return
	}
	for key, info := range received.GetDelta() {
		v := info.GetValue()
		fmt.Printf("%s: %s from node %d\n", key, v.GetRawBytes(), info.GetNodeId())
		fmt.Println("intact:", v.GetChecksum() == gossippb.Checksum(key, v.GetRawBytes()))
	}

	err = received.Unmarshal(frame[:len(frame)-1])
	fmt.Println("cut off:", errors.Is(err, gossippb.ErrInvalidLengthGossip))
	// Output:
	// load:eu: 0.7 from node 1
	// intact: true
	// cut off: true
}

func ExampleSystemConfig_Lookup() {
	config := &gossippb.SystemConfig{Values: []*gossippb.KeyValue{
		{Key: []byte("zone"), Value: &gossippb.Value{RawBytes: []byte("eu")}},
	}}
	fmt.Printf("%s\n", config.Lookup([]byte("zone")).GetRawBytes())
	fmt.Println(config.Lookup([]byte("rack")))
	// Output:
	// eu
	// <nil>
}
