// Package grpctransport carries the links of a gossip node over gRPC.
//
// [Listen] gives a node a gRPC server of its own, on TCP or a Unix socket.
// [Register] puts it on the server that a program has already, beside its other
// services. Both return a [Transport], which is a transport.Transport; the two
// kinds and any mix of them make one network.
//
//	node, err := grpctransport.Listen("10.0.0.1:7946", nil)
//
// Each link between nodes is one stream of the method Connect of gossip_service.proto, on a
// connection of its own, dialled by one of the nodes. What is on the wire is
// ordinary gRPC, and a frame is an ordinary message, gossippb.Request from the
// node that dialled and gossippb.Response from the other; but this package
// moves its bytes without decoding them and, where it can, without copying.
//
// # Limits
//
// A frame has at most Options.MaxFrame bytes, [DefaultMaxFrame] unless set. At
// most [Backlog] links wait for Accept. An own server gives a connection 20
// seconds to become one of gRPC, closes it when it has been without a stream
// for a minute, and allows 100 streams on it, with 64 KiB of metadata each. A
// link whose peer does not receive holds a few hundred KiB of
// frames, then blocks Send; when the node that accepted it closes it, the other
// learns so behind these frames. An idle link costs 12 goroutines, two readers
// included, and some 30 kB of heap, both ends together, and 50 kB over TLS.
//
// gRPC's keepalive is off, as a gossip node asks its peers for signs of life
// itself; DialOptions and ServerOptions can turn it on.
//
// # TLS
//
// Without credentials everything is plaintext. With mutual TLS nodes admit
// those only whom the authority knows:
//
//	tls := &tls.Config{
//		Certificates: []tls.Certificate{certificate},
//		RootCAs:      authority, // of those we dial
//		ClientCAs:    authority, // of those who dial us
//		ClientAuth:   tls.RequireAndVerifyClientCert,
//	}
//	node, err := grpctransport.Listen("10.0.0.1:7946", &grpctransport.Options{
//		DialCredentials:   credentials.NewTLS(tls),
//		ServerCredentials: credentials.NewTLS(tls),
//	})
//
// A certificate is good for the host in the address that its node advertises.
// The Identity in a link's Peer is the first URI in the peer's verified
// certificate, such as a SPIFFE ID, or else its common name. It is "" where TLS
// verified nobody, as at a server that asks for no certificate, and with
// credentials other than TLS.
//
// # Other clients and servers
//
// Any generated client can call Connect, send Requests and receive Responses,
// and any generated server can be dialled. A client gets its header at once.
// When it closes its half of the stream the link ends. The status it gets is
//
//   - OK when this node closed the link;
//   - UNAVAILABLE when the node stops;
//   - RESOURCE_EXHAUSTED when too many links wait to be accepted, or when a
//     message was too large.
//
// What it sends is not looked at here: bytes that are no Request end the link
// when the node that receives them decodes them.
//
// A call of Gossip is a link, too, for a node that Accepts: one on which the Request arrives, and which the first
// frame sent ends, as its Response. It ends with the call, and thus with the caller's deadline. A call
// that the node does not answer has the status INVALID_ARGUMENT; the others are as above.
//
// # Interceptors and codecs
//
// Interceptors, at either end, see each frame as a proto.Message of its type
// that is decoded when they look into it: protojson, proto.Clone, proto.Equal
// and fmt work. What does not decode looks empty. It is not a
// *gossippb.Request, though, and it is there for reading and only until SendMsg
// or RecvMsg returns to this package; who wants to keep it clones it.
//
// An embedder's server may use any codec that speaks protobuf's binary form:
// gRPC's own, or vtprotobuf's. Each frame is then copied once.
package grpctransport
