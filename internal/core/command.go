package core

import (
	"slices"
	"strconv"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// Keys that mean something to the protocol.
const (
	keyClusterID  = "cluster-id"
	keySentinel   = "sentinel"
	nodeKeyPrefix = "node:"
)

// descriptorPeriod is how often a node of a network of n refreshes its descriptor: hourly, and in a large one so that
// all of them together make two updates a second.
func descriptorPeriod(n int) int64 { return max(3600e9, int64(n)*1e9/2) }

// keep is an info that is written again at half its life.
type keep struct {
	Keep
	at    int64 // Mono of the next turn; 0: not yet
	wrote int64 // Mono of the last one
}

// leaving is a Leave that waits for the peers.
type leaving struct {
	n     uint64 // the command
	seq   uint64
	peers int // that have the news
}

func (c *Core) command(cmd *Command) {
	reply := Reply{N: cmd.N}
	switch cmd.Op {
	case OpAdd, OpDelete:
		reply.Err = c.writeFor(cmd)
	case OpDescriptor:
		reply.Err = c.setDescriptor(cmd)
	case OpResolvers:
		c.resolvers = cmd.Resolvers
		c.overlay.seeds = nil
		c.overlay.resolveAt = max(c.now.Mono, 1)
		c.sentinel.wake(c)
	case OpLeave:
		if done := c.leave(cmd.N); !done {
			return
		}
	case OpSync:
	}
	c.out.Replies = append(c.out.Replies, reply)
}

func (c *Core) writeFor(cmd *Command) Problem {
	ks := c.key(cmd.Key)
	switch {
	case c.left:
		return Left
	case c.self == nil:
		return NoNodeID
	case cmd.Op == OpAdd && ks == nil && c.held() >= c.cfg.Limits.Infos:
		return LimitReached
	case cmd.Key == keyClusterID && cmd.Op == OpAdd && !c.sameCluster(cmd.Value):
		return OtherCluster
	case cmd.Op == OpAdd:
		c.write(cmd.Key, cmd.Value, cmd.TTL, wire.Live)
	case ks != nil && ks.rec.State != wire.Tombstone:
		c.write(cmd.Key, "", 0, wire.Tombstone)
	}
	return OK
}

// setDescriptor gives the node its ID, tells the peers, and writes the descriptor.
func (c *Core) setDescriptor(cmd *Command) Problem {
	switch {
	case c.left:
		return Left
	case c.node != 0 && c.node != cmd.Node:
		return NodeIDSet
	}
	if c.node == 0 {
		c.node = cmd.Node
		c.overlay.remove(c, c.node) // an earlier life of its own
		c.adoptSelf()
		if c.self != nil {
			c.self.sponsor = c.overlay.sponsor
		}
		for _, l := range c.links {
			l.announce, l.wake = true, true
		}
		c.overlay.maintainAt = max(c.now.Mono, 1)
	}
	c.descriptor.Keep, c.descriptor.at = Keep{Key: cmd.Key, Value: cmd.Value}, c.now.Mono
	c.keepDue()
	return OK
}

// keepDue writes again what has lived half its life.
func (c *Core) keepDue() {
	if c.self == nil || c.left {
		return
	}
	if k := &c.descriptor; k.Key != "" && c.now.Mono >= k.at {
		period := descriptorPeriod(c.overlay.size())
		k.at, k.wrote = c.now.Mono+period, c.now.Mono
		c.write(k.Key, k.Value, 2*period, wire.Live)
	}
	for i := range c.keeps {
		if k := &c.keeps[i]; c.now.Mono >= k.at {
			k.at = after(c.now.Mono, k.TTL/2)
			if left := c.lowerKeeper(k); left > k.TTL/2 {
				// Whatever the lower ID has promised, it may be gone by the next turn.
				k.at = c.now.Mono + min(left-k.TTL/2, k.TTL/2)
				continue
			}
			c.write(k.Key, k.Value, k.TTL, wire.Live)
		}
	}
}

// lowerKeeper returns how long what a node with a lower ID keeps under the key will live; 0 if there is none.
func (c *Core) lowerKeeper(k *keep) int64 {
	rec := c.record(k.Key)
	if rec == nil || rec.Node >= c.node || rec.Value != k.Value {
		return 0
	}
	return c.remaining(k.Key)
}

func (c *Core) keepNext() int64 {
	if c.self == nil || c.left {
		return never
	}
	at := int64(never)
	if c.descriptor.Key != "" {
		at = c.descriptor.at
	}
	for _, k := range c.keeps {
		at = min(at, k.at)
	}
	return at
}

// leave deletes the node's descriptor and pushes that to every peer. It reports whether there is nobody to wait for.
func (c *Core) leave(n uint64) bool {
	if c.left || c.self == nil || c.descriptor.Key == "" {
		c.left = true
		return true
	}
	c.descriptor.Key = ""
	c.leaving = &leaving{n: n}
	for _, l := range c.links {
		if l.admitted && !l.closing {
			p := l.of(c.self)
			p.choose(wire.Eager)
		}
	}
	c.write(nodeKeyPrefix+strconv.FormatUint(c.node, 10), "", 0, wire.Tombstone)
	c.leaving.seq = c.self.hw
	c.left = true
	return c.leaveDone()
}

// leaveHeard counts a peer that has the news.
func (c *Core) leaveHeard(l *link) {
	l.leavePing = 0
	if c.leaving == nil {
		return
	}
	c.leaving.peers++
	l.bye = &wire.Bye{Reason: wire.Leaving}
	l.wake = true
	c.answerLeave(l)
}

// leaveLost is told of a link that ended before its peer could answer.
func (c *Core) leaveLost(l *link) {
	if c.leaving != nil && c.leaving.seq > 0 {
		c.answerLeave(l)
	}
}

func (c *Core) answerLeave(gone *link) {
	for _, l := range c.links {
		if l != gone && l.admitted && !l.closing && l.bye == nil && l.closeAt == 0 {
			return
		}
	}
	c.out.Replies = append(c.out.Replies, Reply{N: c.leaving.n, Peers: c.leaving.peers})
	c.leaving = nil
}

// leaveDone reports whether a leave that begins has no peer to wait for.
func (c *Core) leaveDone() bool {
	if slices.ContainsFunc(c.links, func(l *link) bool { return l.admitted && !l.closing }) {
		return false
	}
	c.leaving = nil
	return true
}

// descriptorOf returns the descriptor in rec, nil if it is none, or one of another node than rec's origin.
func descriptorOf(rec *Record) *gossippb.NodeDescriptor {
	if rec.State != wire.Live || rec.Key != nodeKeyPrefix+strconv.FormatUint(rec.Node, 10) {
		return nil
	}
	d := new(gossippb.NodeDescriptor)
	if err := d.UnmarshalVT([]byte(rec.Value)); err != nil || d.GetNodeId() != rec.Node {
		return nil
	}
	return d
}
