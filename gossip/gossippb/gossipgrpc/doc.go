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
//   - max_seq is -1 the first time. Later, max_seq and cursor are those of the last Response without a bye, as they
//     are: also where it was another node's, since it has the places at up to eight others.
//   - cluster_id names the cluster; "" is any. node_id and incarnation are the caller's; a caller that writes nothing
//     needs neither. node_id is unique in the cluster, as that of a node is; an incarnation is more than any before it,
//     such as the time of the start in nanoseconds.
//   - delta has what the caller writes: each Info with the node_id and incarnation of the caller, a seq, the bytes, their
//     gossippb.Checksum, the time of writing and, if it is not for ever, a ttl. seq counts writes, from 1 in each
//     incarnation. A write that deletes is an Info of state TOMBSTONE without bytes; its ttl is how long older infos of
//     the key are kept out.
//   - ranges has a Range (from, to] of the caller: all that it wrote there is in this request, or overwritten by what is.
//     It begins where that of the last request ended that was answered: another node may lack what came before, and is
//     told by the first one. Infos go on to other nodes at once as far as such ranges reach from 0 on without a gap, and beyond it
//     only when links are idle and compared. So what a request brought that was not answered, or was answered with a
//     bye, the next one brings again, under the same seq. Nothing is taken in twice. Where the node that answered has
//     stopped before it handed on what it was brought, the Range of the caller in the Response of another one ends
//     before that: of each key the latest write, with a Range from there on, closes the gap.
//
// The Response has what the caller lacks: on first contact everything, at once, and later what came since, after
// about an interval of the node at the latest. Where it does not fit, the next Response goes on. An info that is not
// LIVE says that the key was deleted or has expired. ttl_stamp is when a live one expires, by the clock of the node; 0
// is never. A caller that asks several nodes may be told what it knows, or something older: the info with the later
// timestamp stands, and of equal ones that with the higher node_id.
//
// The caller is among the node's incoming peers until it has not called for ten intervals. A Response with a bye has
// no infos. Its reason is BUSY where the node has no place for the caller, though it has taken in what it was brought;
// LEAVING where it leaves; any other refuses the request. The alternates name nodes to ask instead.
//
// A node ends a link on which it hears nothing for three of its ping intervals, three seconds by default; a
// client that stays sends an empty Ping each second. One that has read enough calls CloseSend, or ends the context of
// the call.
package gossipgrpc

//go:generate go run -modfile=../../../tools.mod ../../../.ci/protogen gossip_service.proto
