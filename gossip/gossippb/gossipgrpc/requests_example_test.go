package gossipgrpc_test

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/gossip/gossippb/gossipgrpc"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// requester takes part in the network by requests alone. What it has to remember is who it is, what it has written and
// nobody has answered yet, and the last response. The requests may go to any nodes of the cluster, one after the other.
type requester struct {
	client      gossipgrpc.GossipClient
	node        uint64 // unique in the cluster, as that of any node
	incarnation uint64 // of this start: more than that of any before
	seq         uint64 // counts what it writes
	arrived     uint64 // up to here, what it wrote has been answered
	unanswered  map[string]*gossippb.Info
	last        *gossippb.Response
}

func newRequester(conn grpc.ClientConnInterface, node uint64) *requester {
	return &requester{
		client:      gossipgrpc.NewGossipClient(conn),
		node:        node,
		incarnation: uint64(time.Now().UnixNano()),
		unanswered:  make(map[string]*gossippb.Info),
		last:        &gossippb.Response{MaxSeq: -1},
	}
}

// write has the next request bring an info.
func (r *requester) write(key, value string) {
	r.seq++
	r.unanswered[key] = &gossippb.Info{
		NodeId: r.node, Incarnation: r.incarnation, Seq: r.seq, Ttl: int64(time.Hour),
		Value: &gossippb.Value{
			RawBytes:  []byte(value),
			Checksum:  proto.Uint32(gossippb.Checksum(key, []byte(value))),
			Timestamp: &gossippb.Timestamp{WallTime: time.Now().UnixNano()},
		},
	}
}

// exchange makes one request and returns the infos that are news. After an error, the next one brings the same writes.
func (r *requester) exchange(ctx context.Context) (map[string]*gossippb.Info, error) {
	req := &gossippb.Request{
		NodeId: r.node, Incarnation: r.incarnation, ClusterId: "demo", Delta: r.unanswered,
		MaxSeq: r.last.GetMaxSeq(), Cursor: r.last.GetCursor(), // also of another node: it has the places at several
	}
	if r.seq > r.arrived {
		req.Ranges = []*gossippb.Range{{NodeId: r.node, Incarnation: r.incarnation, From: r.arrived, To: r.seq}}
	}
	resp, err := r.client.Gossip(ctx, req)
	if err != nil {
		return nil, err
	}
	if bye := resp.GetBye(); bye != nil {
		return nil, fmt.Errorf("%v; others to ask: %v", bye.GetReason(), bye.GetAlternates())
	}
	r.arrived, r.last = r.seq, resp
	clear(r.unanswered)
	return resp.GetDelta(), nil
}

// A program that can only make requests, such as a job that runs now and then, writes an info and reads others.
func Example_requests() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	listener, err := grpctransport.Listen("127.0.0.1:0", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	node, err := gossip.New(gossip.Config{ClusterID: "demo", NodeID: 1, Transport: listener})
	if err != nil {
		fmt.Println(err)
		return
	}
	stop := node.Start(ctx)
	defer stop()
	if err := node.AddInfo("load:1", []byte("0.7"), time.Hour); err != nil {
		fmt.Println(err)
		return
	}

	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	job := newRequester(conn, 50)
	job.write("job:backup", "done")
	infos, err := job.exchange(ctx) // first contact: everything, at once
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("load:1 is %s\n", infos["load:1"].GetValue().GetRawBytes())
	val, err := node.GetInfo("job:backup")
	fmt.Printf("the node has %s, %v\n", val, err)

	if err := node.AddInfo("load:1", []byte("0.9"), time.Hour); err != nil {
		fmt.Println(err)
		return
	}
	infos, err = job.exchange(ctx) // later: when there is news
	fmt.Printf("of %d infos, load:1 is %s, %v\n", len(infos), infos["load:1"].GetValue().GetRawBytes(), err)
	// Output:
	// load:1 is 0.7
	// the node has done, <nil>
	// of 1 infos, load:1 is 0.9, <nil>
}
