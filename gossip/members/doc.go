// Package members answers who is in the network and how they are: the live list of members that users of a membership
// library expect, as a snapshot and as events.
//
// A [View] belongs to a node and follows what that node knows:
//
//	view, err := members.New(g, nil)
//	…
//	go view.Run(ctx)
//	for e := range view.Watch(ctx) {
//		log.Print(e) // "node 3 failed"
//	}
//
// # Where it comes from
//
// A node is a member while its descriptor, the info under [gossip.MakeNodeIDKey] of its ID, is live. Nobody sends
// heartbeats to everybody: that a node is there is known to those it is linked to. A neighbour that loses its link,
// with no word that the node leaves, dials it once. If nobody answers within a ping period, it publishes a suspicion: an info
// under "suspect:<id>:<stamp>", the stamp being that of the node's descriptor. So does who cannot dial a node that was never
// suspected, as it looks for links of its own. A node that is suspected and alive writes
// its descriptor anew, and whoever has the newer one knows that the suspicion is void. All this every node does, with a
// View or without. It costs two or three updates for a failure, a few more where many fail at once, and nothing while there is none.
//
// # States
//
//   - [StateAlive]: it has a descriptor, and nobody suspects that one.
//   - [StateSuspect]: somebody does, and five ping periods have not passed since this node heard of it.
//   - [StateFailed]: they have; or the descriptor, which a node refreshes hourly or less often, has expired.
//   - [StateLeft]: the descriptor was deleted, which is what [gossip.Gossip.Leave] does.
//
// A node that stops without leaving has failed. A member that failed is alive again as soon as a newer descriptor of
// it is known: after a restart, or when a partition has healed. Members that left are listed for [Options.Forget] more,
// and so are those whose descriptor has expired; other nodes that come later never hear of them.
//
// # What is promised
//
// The state of a member follows from the infos a node holds and from when it took them in. Nodes that hold the same infos
// agree, but for the time a suspicion has to stand. A live node that can be reached is never taken for failed. One behind
// a partition is, until it is over and the node has answered: within a round trip through the network after that.
//
// A suspicion is an info like any other. Who may write infos may also suspect anybody, at the price of an answer.
package members
