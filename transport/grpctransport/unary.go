package grpctransport

import (
	"bytes"
	"context"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/grapevine-go/grapevine/gossip/gossippb/gossipgrpc"
	"github.com/grapevine-go/grapevine/transport"
)

// handleUnary is the handler of the method Gossip. In grpc.ServiceDesc, unary methods are called with whatever reads the
// request, and see to the interceptors themselves.
func (t *Transport) handleUnary(_ any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
	in := &frame{Message: requestType}
	defer in.Reset()
	if err := decode(in); err != nil {
		return nil, err
	}
	if intercept == nil {
		return t.exchange(ctx, in)
	}
	info := &grpc.UnaryServerInfo{Server: t, FullMethod: gossipgrpc.Gossip_Gossip_FullMethodName}
	return intercept(ctx, in, info, t.exchange)
}

// exchange makes a link of a call: what comes over it is the request, the first thing sent is the response. An
// interceptor may have put another message in the place of the frame.
func (t *Transport) exchange(ctx context.Context, in any) (any, error) {
	var request []byte
	if f, ok := in.(*frame); ok {
		request = bytes.Clone(f.bytes)
	} else if m, ok := in.(proto.Message); ok {
		var err error
		if request, err = proto.Marshal(m); err != nil {
			return nil, err
		}
	} else {
		return nil, status.Errorf(codes.Internal, "request of type %T", in)
	}
	if size := len(request); size > t.opts.MaxFrame {
		return nil, status.Errorf(codes.ResourceExhausted, "frame of %d bytes, the limit is %d", size, t.opts.MaxFrame)
	}
	l := t.newLink()
	l.rx.Message, l.tx.Message = requestType, responseType
	l.release = func() { t.forget(l) }
	c := &call{link: l, request: request, response: make(chan []byte, 1)}
	l.attach(ctx, c, transport.MakeAddr("grpc", "unknown"))
	if !t.track(l) {
		return nil, errStopping
	}
	defer t.work.Done()
	defer l.end(nil)
	err := t.serve(ctx, l)
	select {
	case response := <-c.response:
		out := &frame{Message: responseType}
		out.set(response)
		return out, nil
	default:
	}
	if err == nil {
		err = errNoExchange
	}
	return nil, err
}

// errNoExchange is what callers are told whose link the node closed without a word.
var errNoExchange = status.Error(codes.InvalidArgument, "no answer: the request is malformed, or the node has no time for it")

// call is the stream under the link of a call. It ends with the response.
type call struct {
	link     *link
	request  []byte // belongs to whoever is in RecvMsg, as does taken
	taken    bool
	response chan []byte // of capacity 1
}

var _ stream = (*call)(nil)

// RecvMsg takes the request, and then waits for the end of the link.
func (c *call) RecvMsg(m any) error {
	if !c.taken {
		c.taken = true
		m.(*frame).set(c.request)
		return nil
	}
	<-c.link.ended
	return io.EOF
}

// SendMsg sends the response, and nothing after it.
func (c *call) SendMsg(m any) error {
	select {
	case c.response <- m.(*frame).bytes:
		c.link.end(io.EOF)
		return nil
	default:
		return io.EOF
	}
}
