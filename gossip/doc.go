// Package gossip spreads small facts through a network of nodes that assembles itself: what one node writes, all nodes
// read a moment later, with about as little traffic as that takes, and with no node that the others depend on.
//
// A fact is an info: a key, a few bytes, and a time to live. A node is a [Gossip]:
//
//	t, err := grpctransport.Listen("10.0.0.1:7946", nil)
//	if err != nil {
//		return err
//	}
//	g, err := gossip.New(gossip.Config{
//		ClusterID: "production",
//		NodeID:    1,
//		Transport: t,
//		Resolvers: []resolver.Resolver{resolver.Static(seeds...)}, // of anybody who is there already
//	})
//	if err != nil {
//		return errors.Join(err, t.Close())
//	}
//	stop := g.Start(ctx)
//	_, err = g.RegisterCallback(gossip.MakePrefixPattern("load"), func(key string, load []byte) {
//		fmt.Printf("%s is %s\n", key, load)
//	})
//	if err != nil {
//		return errors.Join(err, stop())
//	}
//	err = g.AddInfo(gossip.MakeKey("load", "1"), []byte("0.7"), time.Minute)
//	...
//	return stop()
//
// What there is:
//
//   - to write: [Gossip.AddInfo], [Gossip.DeleteInfo]; to read: [Gossip.GetInfo], [Gossip.Infos], [Gossip.Explain];
//   - to hear of changes: [Gossip.RegisterCallback], [Gossip.Watch]; to wait: [Gossip.WaitFor], [Gossip.Sync];
//   - keys whose values have a type: [Key]; the configuration of the whole system: [SystemConfig];
//   - who is there: package members, [Gossip.SetNodeDescriptor], [Gossip.Leave];
//   - how the node is: [Gossip.Status], [Gossip.Stats], [Observer];
//   - for those who can only make requests: [Gossip.Gossip].
//
// What touches the outside world is a contract with several implementations, some of which may be yours: packages
// transport, resolver, clock and storage. Package gossiptest has what it takes to test without waiting and without a
// network.
//
// # Delivery
//
// An info reaches every node that is in the network, or gets there, before the info has expired, and that can be
// reached over any path of links; a node that joins is told everything that is live. If a key is written again before
// all have seen the first value, they may see only the second. After a partition, both sides get what they have
// missed.
//
// All nodes agree on which of two values of a key stands: the one with the higher stamp, and of equal stamps that of the
// higher node ID. A stamp is of a clock that follows the time of day and is never behind a stamp it has seen, unless that is
// more than Timers.MaxSkew ahead: so a write replaces what its writer could read. Deleting is writing, too. What
// is expired or deleted is absent wherever one can look; no older write brings it back.
//
// # Order
//
// Of one key, a node sees newer and newer values, never an older one, in reads, callbacks and watches alike. Between
// keys there is no order. A node reads its own writes at once.
//
// # Ownership
//
// Bytes that go in are copied before the call returns, bytes that come out are the caller's. Frames belong to the
// transport as package transport says.
//
// # Concurrency
//
// Every method may be called by any goroutine at any time. There are three kinds. Reads, such as [Gossip.GetInfo] and
// [Gossip.Status], never wait, and see one state of the node, which may be a moment old but for its own writes. Commands,
// such as [Gossip.AddInfo] and [Gossip.RegisterCallback], check what they are given and return; what comes of them happens
// beside. Waits, such as [Gossip.Sync], [Gossip.WaitFor] and [Gossip.Leave], have a context; calling them under a lock
// that a callback needs is a deadlock.
//
// Callbacks, the [Observer], the Logger's handler and plug-ins are never called under a lock, nor on the goroutine that
// everything in the node goes through. They may call back, be slow, block or panic: that is logged and counted, and
// delays nobody.
//
// # Limits
//
// Nothing is dropped in silence: what does not fit is a typed error or, where nobody waits for one, is logged, counted in
// [Stats] and told to the Observer. Everything a peer sends is bounded before memory is taken for it, and one that
// breaks a rule loses its link. A slow peer costs no memory for what it has not received: it gets the newest values when it
// is back.
//
// # Life
//
// [New] checks and starts nothing. [Gossip.Run] owns every goroutine, the links and the Transport; when it returns, they
// have ended. A Gossip runs once. Infos, callbacks and descriptors may be given to it before.
//
// Restarting a node with the same ID needs no pause and no state. With a Config.Store, its infos are also told from
// those of its earlier life if the clock of the machine was set back in between. Two nodes with the same ID at the same
// time are one too many: one of them stops with [ErrDuplicateNodeID].
package gossip
