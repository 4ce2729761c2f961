package gossip

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/resolver"
)

// command is something the application wants of the loop.
type command struct {
	core.Command
	fallback  bool          // OpDescriptor: only if there has been no other
	abandoned atomic.Bool   // nobody reads reply any more
	sources   []*source     // OpResolvers
	reply     chan response // of capacity 1; nil: nobody waits
}

// response ends a command somebody waits for.
type response struct {
	peers int
	err   error
}

// size is what c counts against Limits.CommandBytes.
func (c *command) size() int { return len(c.Key) + len(c.Value) }

// writes reports whether c changes what stands under its key.
func (c *command) writes() bool {
	return c.Op == core.OpAdd || c.Op == core.OpDelete || c.Op == core.OpDescriptor
}

// name is what the scheduler of a simulated clock knows c by.
func (c *command) name() string {
	switch c.Op {
	case core.OpDelete:
		return "delete"
	case core.OpResolvers:
		return "resolvers"
	case core.OpLeave:
		return "leave"
	case core.OpSync:
		return "sync"
	}
	return "add"
}

// pendingWrite is what reads on this node see of a command, from the call that made it until the loop has taken it in.
type pendingWrite struct {
	n       uint64 // of the command
	deleted bool
	value   string
	stamp   time.Time
	ttl     time.Duration
	node    NodeID
}

func (w *pendingWrite) info() Info {
	info := Info{Value: []byte(w.value), Stamp: w.stamp, TTL: w.ttl, NodeID: w.node}
	if w.ttl > 0 {
		info.Expires = w.stamp.Add(w.ttl)
	}
	return info
}

// commands knows of the commands between the application and the loop.
type commands struct {
	pending atomic.Int64 // len(overlay), for readers, who need no lock where it is 0
	left    atomic.Bool  // the node has left the network: it writes nothing any more

	mu        sync.Mutex // guards what follows, and has commands enter the inbox in the order of n
	n         uint64
	count     int // admitted and not taken by the loop yet
	bytes     int
	closed    bool // the node has stopped
	described bool // a descriptor has been admitted
	overlay   map[string]pendingWrite
}

// admit puts a command into the inbox, and what it writes before the eyes of readers. It waits for nothing.
func (g *Gossip) admit(c *command) error {
	now := g.cfg.Clock.Now()
	q := &g.commands
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := g.admissible(c); err != nil {
		return err
	}
	if c.Op == core.OpDescriptor {
		if c.fallback && q.described {
			return nil
		}
		q.described = true
		g.nodeID.Store(c.Node)
	}
	q.n++
	c.N = q.n
	q.count++
	q.bytes += c.size()
	if c.writes() {
		q.overlay[c.Key] = pendingWrite{
			n:       c.N,
			deleted: c.Op == core.OpDelete,
			value:   c.Value,
			stamp:   now.Round(0),
			ttl:     time.Duration(c.TTL),
			node:    g.GetNodeID(),
		}
		q.pending.Store(int64(len(q.overlay)))
	}
	if g.sched == nil || c.Op == core.OpDescriptor { // goes first: without an ID, the core takes no other write
		g.inbox.put(message{kind: inCommand, body: c})
		return nil
	}
	g.sched.Post(c.name(), c.Key, c.Value, func() {
		if !g.inbox.put(message{kind: inCommand, body: c}) {
			g.lose(c)
		}
	})
	return nil
}

// admissible says why c may not enter, if so. Called with commands.mu held.
func (g *Gossip) admissible(c *command) error {
	q, limits := &g.commands, &g.cfg.Limits
	switch id := g.GetNodeID(); {
	case q.closed:
		return ErrStopped
	case c.writes() && q.left.Load():
		return fmt.Errorf("%w: the node has left the network", ErrStopped)
	case c.writes() && c.Op != core.OpDescriptor && id == 0:
		return ErrNoNodeID
	case c.Op == core.OpDescriptor && id != 0 && id != NodeID(c.Node):
		return fmt.Errorf("%w: it is %d", ErrNodeIDSet, id)
	case c.fallback: // the node's own: nobody can put it in again
	case q.count >= limits.Commands:
		return fmt.Errorf("%w: %d calls wait for the node", ErrLimit, q.count)
	case q.bytes+c.size() > limits.CommandBytes:
		return fmt.Errorf("%w: calls of %d bytes wait for the node", ErrLimit, q.bytes)
	}
	return nil
}

// taken says that the loop has a command of that size.
func (q *commands) taken(size int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.count--
	q.bytes -= size
}

// settle says that what came of c is published: readers see it without help.
func (q *commands) settle(c *command, left bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if left {
		q.left.Store(true)
	}
	if w, ok := q.overlay[c.Key]; ok && w.n == c.N {
		delete(q.overlay, c.Key)
		q.pending.Store(int64(len(q.overlay)))
	}
}

// close refuses all further commands.
func (q *commands) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}

// written returns what is being written under key.
func (q *commands) written(key string) (pendingWrite, bool) {
	if q.pending.Load() == 0 {
		return pendingWrite{}, false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	w, ok := q.overlay[key]
	return w, ok
}

// allWritten returns what is being written under the keys that are wanted.
func (q *commands) allWritten(wanted func(key string) bool) map[string]pendingWrite {
	if q.pending.Load() == 0 {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	found := make(map[string]pendingWrite)
	for key, w := range q.overlay {
		if wanted(key) {
			found[key] = w
		}
	}
	return found
}

// lose ends a command that was admitted just as the node stopped.
func (g *Gossip) lose(c *command) {
	g.commands.settle(c, false)
	switch {
	case c.reply != nil:
		c.reply <- response{err: ErrStopped}
	case !c.fallback:
		g.stats.commandsDropped.Add(1)
	}
}

// command hands a command of the application to the core.
func (l *loop) command(c *command) {
	l.g.commands.taken(c.size())
	if c.Op == core.OpResolvers {
		l.setSources(c.sources)
	}
	l.asked[c.N] = c
	l.step(core.Input{Kind: core.InCommand, Command: &c.Command})
}

// answer ends a command: what came of it is published.
func (l *loop) answer(r core.Reply) {
	c := l.asked[r.N]
	if c == nil {
		return
	}
	if c.Op == core.OpSync && l.sync(c) {
		return
	}
	delete(l.asked, r.N)
	err := problem(r.Err)
	l.g.commands.settle(c, c.Op == core.OpLeave && err == nil)
	switch {
	case c.reply != nil:
		c.reply <- response{peers: r.Peers, err: err}
	case err != nil:
		l.ownRefused(c, err)
	}
}

// Leave takes the node out of the network: its descriptor is deleted, and the peers are told. It returns when they
// have the news, with their number, or when ctx ends. The node goes on to run and to answer reads until the context of
// Run ends; it publishes nothing any more.
//
// Leave waits for the node, and before Run for that too. It must not be called under a lock that a callback needs.
//
// The error wraps context.Cause(ctx) if ctx has ended, which does not take the leave back; ErrStopped if Run has; or
// ErrLimit as that of AddInfo does. A node that has left already, or has no ID, has nobody to wait for: 0 and nil.
func (g *Gossip) Leave(ctx context.Context) (peers int, err error) {
	r := g.ask(ctx, core.OpLeave)
	if r.err != nil {
		return 0, fmt.Errorf("leave: %w", r.err)
	}
	return r.peers, nil
}

// ask has the loop do op, and waits for the end of that, or of ctx.
func (g *Gossip) ask(ctx context.Context, op core.Op) (r response) {
	c := &command{Command: core.Command{Op: op}, reply: make(chan response, 1)}
	if err := g.admit(c); err != nil {
		return response{err: err}
	}
	select {
	case r = <-c.reply:
	case <-ctx.Done():
		r.err = context.Cause(ctx)
		c.abandoned.Store(true)
	}
	if g.sched != nil {
		g.sched.Gate(c.name(), "", "")
	}
	return r
}

// SetResolvers replaces Config.Resolvers, also while the node runs; if it has no link, it asks the new ones at once. The
// error wraps ErrConfig if one is nil, ErrStopped, or ErrLimit as that of AddInfo does.
func (g *Gossip) SetResolvers(resolvers []resolver.Resolver) error {
	c := &command{Command: core.Command{Op: core.OpResolvers, Resolvers: len(resolvers)}, sources: newSources(resolvers)}
	for i, r := range resolvers {
		if r == nil {
			return fmt.Errorf("set resolvers: %w: resolver %d is nil", ErrConfig, i)
		}
	}
	if err := g.admit(c); err != nil {
		return fmt.Errorf("set resolvers: %w", err)
	}
	return nil
}
