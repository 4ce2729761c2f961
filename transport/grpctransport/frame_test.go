package grpctransport_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/transport"
	"github.com/grapevine-go/grapevine/transport/grpctransport"
)

// TestSharedFrames sends the same frames on several links at once, both ways, on every kind of server. They are
// large enough to live in memory that gRPC uses again; whatever is used again too early arrives as something else.
func TestSharedFrames(t *testing.T) {
	const links, rounds = 4, 20
	var frames [][]byte
	for i := range rounds {
		frames = append(frames, bytes.Repeat([]byte{byte(i), byte(i >> 4), 0xa5}, 700<<(i%7)))
	}
	for _, tt := range []struct {
		name string
		node func() *grpctransport.Transport
	}{
		{"own", func() *grpctransport.Transport { return listen(t, nil) }},
		{"shared", func() *grpctransport.Transport { n, _ := register(t, nil, nil); return n }},
		{"vtprotobuf", func() *grpctransport.Transport {
			n, _ := register(t, nil, nil, grpc.ForceServerCodec(vtCodec{}))
			return n
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from, to := listen(t, nil), tt.node()
			var busy sync.WaitGroup
			for range links {
				dialled, accepted := connect(t, from, to)
				for _, way := range [][2]transport.Link{{dialled, accepted}, {accepted, dialled}} {
					busy.Go(func() {
						for _, f := range frames {
							if err := way[0].Send(f); err != nil {
								t.Errorf("Send: %v", err)
								return
							}
						}
					})
					busy.Go(func() {
						for i, want := range frames {
							got, err := way[1].Recv()
							if err != nil || !bytes.Equal(got, want) {
								t.Errorf("frame %d of %d bytes: got %d others, %v", i, len(want), len(got), err)
								way[1].Close()
								return
							}
						}
					})
				}
			}
			busy.Wait()
			for i, f := range frames {
				if !bytes.Equal(f, bytes.Repeat([]byte{byte(i), byte(i >> 4), 0xa5}, 700<<(i%7))) {
					t.Errorf("frame %d was changed at the sender", i)
				}
			}
		})
	}
}

// TestTooLarge sends frames at and over the limit: nothing happens to the link, either way.
func TestTooLarge(t *testing.T) {
	const limit = 100_000
	opts := &grpctransport.Options{MaxFrame: limit}
	own := listen(t, opts)
	shared, _ := register(t, opts, nil)
	for name, n := range map[string]*grpctransport.Transport{"own": own, "shared": shared} {
		t.Run(name, func(t *testing.T) {
			dialled, accepted := connect(t, own, n)
			for _, way := range [][2]transport.Link{{dialled, accepted}, {accepted, dialled}} {
				err := way[0].Send(make([]byte, limit+1))
				if !errors.Is(err, transport.ErrFrameTooLarge) || errors.Is(err, transport.ErrClosed) {
					t.Errorf("Send of the limit and one: got %v, want %v", err, transport.ErrFrameTooLarge)
				}
				if err := way[0].Send(make([]byte, limit)); err != nil {
					t.Fatalf("Send of the limit: %v", err)
				}
				if got, err := way[1].Recv(); err != nil || len(got) != limit {
					t.Errorf("Recv = %d bytes, %v, want %d", len(got), err, limit)
				}
			}
		})
	}
}

// TestPeerSendsTooMuch has a peer with a higher limit send more than the receiver's, on every kind of server: the
// link ends, and both ends can know why.
func TestPeerSendsTooMuch(t *testing.T) {
	const limit = 100_000
	tight := &grpctransport.Options{MaxFrame: limit}
	for _, tt := range []struct {
		name     string
		from, to func() *grpctransport.Transport
		dialler  bool // sends
	}{
		{"dialler to own", func() *grpctransport.Transport { return listen(t, nil) },
			func() *grpctransport.Transport { return listen(t, tight) }, true},
		{"dialler to shared", func() *grpctransport.Transport { return listen(t, nil) },
			func() *grpctransport.Transport { n, _ := register(t, tight, nil); return n }, true},
		{"dialler to shared with a tighter server", func() *grpctransport.Transport { return listen(t, nil) },
			func() *grpctransport.Transport { n, _ := register(t, nil, nil, grpc.MaxRecvMsgSize(limit)); return n }, true},
		{"own to dialler", func() *grpctransport.Transport { return listen(t, tight) },
			func() *grpctransport.Transport { return listen(t, nil) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dialled, accepted := connect(t, tt.from(), tt.to())
			sender, receiver := accepted, dialled
			if tt.dialler {
				sender, receiver = dialled, accepted
			}
			if err := sender.Send([]byte("good")); err != nil {
				t.Fatal(err)
			}
			if err := sender.Send(make([]byte, limit+1)); err != nil {
				t.Fatal(err)
			}
			if got, err := receiver.Recv(); err != nil || string(got) != "good" {
				t.Errorf("Recv = %q, %v, want %q", got, err, "good")
			}
			_, err := receiver.Recv()
			if !errors.Is(err, transport.ErrClosed) || status.Code(err) != codes.ResourceExhausted {
				t.Errorf("receiver's Recv: got %v, want %v and %v", err, transport.ErrClosed, codes.ResourceExhausted)
			}
			if err := receiver.Send(nil); !errors.Is(err, transport.ErrClosed) {
				t.Errorf("receiver's Send: got %v, want %v", err, transport.ErrClosed)
			}
			if _, err := sender.Recv(); !errors.Is(err, transport.ErrClosed) {
				t.Errorf("sender's Recv: got %v, want %v", err, transport.ErrClosed)
			}
		})
	}
}

// TestErrorText pins how errors read: operation, operand, cause.
func TestErrorText(t *testing.T) {
	n := listen(t, nil)
	l := dial(t, n, n)
	tooLarge := l.Send(make([]byte, grpctransport.DefaultMaxFrame+1))
	l.Close()
	_, recvErr := l.Recv()
	n.Close()
	_, dialErr := n.Dial(t.Context(), n.Addr())
	_, acceptErr := n.Accept()
	for _, tt := range []struct {
		err  error
		want string
	}{
		{tooLarge, fmt.Sprintf("send 4190209 bytes to %s: transport: frame too large: the limit is 4190208", n.Addr())},
		{l.Send(nil), fmt.Sprintf("send to %s: transport: closed", n.Addr())},
		{recvErr, fmt.Sprintf("recv from %s: transport: closed", n.Addr())},
		{dialErr, fmt.Sprintf("dial %s: transport: closed", n.Addr())},
		{acceptErr, "accept: transport: closed"},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("error %q, want %q", got, tt.want)
		}
	}
}
