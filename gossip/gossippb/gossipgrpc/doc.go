// Package gossipgrpc holds the generated client and server of the gRPC service that gossip nodes talk to each other
// through, grapevine.gossip.v1.Gossip, for programs that are no nodes: monitors, command-line tools, tests. Its messages are
// those of gossippb, a package of its own so that who needs no gRPC does not import it. Nodes need neither: the
// transport/grpctransport package serves and dials the service.
//
// # What an ordinary client can do
//
// It calls Connect on any node that is served by grpctransport, and sends as its first message a Hello:
//
//   - with the versions 1 to 1, the ID of the cluster, and a random instance;
//   - with the reason JOIN, leaf set, and no node_id: it reads, and takes no place among the members;
//   - with marks_end beside it: it holds nothing yet.
//
// The node answers with a Hello of its own. If the verdict is ADMITTED, messages follow whose deltas have every info
// that the node holds, and then, as long as the link is up, whatever the origins of those infos write. Of an origin
// that is new the node may send an Advert first; a Graft asks for the infos. If the verdict is REDIRECTED, the node
// has no room, and the alternates in its Hello are others to try: a client takes up one of the node's links.
//
// A node ends a link on which it hears nothing for three of its ping intervals, three seconds by default; a
// client that stays sends an empty Ping each second. One that has read enough calls CloseSend, or ends the context of
// the call.
package gossipgrpc

//go:generate go run -modfile=../../../tools.mod ../../../.ci/protogen gossip_service.proto
