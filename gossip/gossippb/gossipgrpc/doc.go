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
// Who cannot hold a stream calls Gossip, again and again, on any nodes of the cluster:
//
//   - max_seq is -1 the first time. Later, max_seq and cursor are those of the last Response, as they are.
//   - cluster_id names the cluster. node_id and incarnation are the caller's; a caller that writes nothing needs neither.
//   - delta has what the caller writes: each Info with its node_id, incarnation and seq, the time of writing, a checksum
//     and, if it is not for ever, a ttl. seq counts from 1 in each incarnation, which is more than any before, such as
//     the time of the start in nanoseconds. A Range (from, to] beside it says that all writes between are there, or were
//     in an earlier request; the Range of the caller in a Response says what has arrived.
//
// The Response has what the caller lacks: on first contact everything, at once, and later what came since, after
// about an interval of the node at the latest. Where it does not fit, the next Response goes on. The caller
// is among the node's incoming peers until it has not called for ten intervals. A Response with an alternate has no
// infos: the node has no place, but has taken in what it was brought. A bye without alternates says why a request was
// refused.
//
// A node ends a link on which it hears nothing for three of its ping intervals, three seconds by default; a
// client that stays sends an empty Ping each second. One that has read enough calls CloseSend, or ends the context of
// the call.
package gossipgrpc

//go:generate go run -modfile=../../../tools.mod ../../../.ci/protogen gossip_service.proto
