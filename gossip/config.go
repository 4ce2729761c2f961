package gossip

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/storage"
	"github.com/grapevine-go/grapevine/transport"
)

// MaxPeers is the default of Config.MaxPeers.
const MaxPeers = 10

// Config says what a node is made of. Only Transport is required.
type Config struct {
	// ClusterID names the cluster: nodes of another one are refused. "" adopts the ID of the first peer that has one.
	ClusterID string

	// Transport makes the links. Run closes it.
	Transport transport.Transport

	// Resolvers say where to find the first peer. Without any, the node waits for others to find it.
	Resolvers []resolver.Resolver

	// NodeID is the ID of this node, unique in the cluster. 0: not known yet; until SetNodeDescriptor sets it, the node
	// receives and relays, but publishes nothing. With an ID, a node whose application sets no descriptor describes
	// itself by its ID and the address of its Transport.
	NodeID NodeID

	Clock clock.Clock   // nil: clock.System()
	Store storage.Store // remembers how often the node has started; nil: nothing survives a restart

	// Interval is the time that Timers.Resolve, the answer to a request of Gossip without news, and the place of its
	// caller are multiples of; 0: 200 ms. Infos do not wait for it.
	Interval time.Duration

	MaxPeers int // cap of links, dialled and accepted each; 0: MaxPeers

	// Parents is how many peers send this node the infos of each other node at once: 1 or 2; 0: 1. With 2, most infos come twice, so
	// the node receives about twice the bytes, and one that is lost on the way to it, or stuck behind what is, comes over the other peer. Where
	// 5 % of the frames in a network of 1,000 nodes are late by four latencies, 99 % of the infos arrive within 5 latencies instead of
	// 10. Each node decides for itself.
	Parents int

	// KeepSentinel makes this node publish KeyClusterID and KeySentinel, again and again. It needs a ClusterID. Where no
	// node has it set, the one with the lowest ID publishes both: see [KeySentinel].
	KeepSentinel bool

	Logger   *slog.Logger // nil: silent; see Observer for how it is called
	Observer *Observer    // nil: nobody
	Seed     uint64       // of all randomness of the protocol; 0: a random one, which is logged
	Limits   Limits       // what the node takes in
	Timers   Timers       // how long it waits, and for what
}

// Limits bound what a node takes in. A zero field stands for its default, and no field may be negative. What a peer
// may send is decided by the limits of this node, so nodes of one cluster should have the same.
type Limits struct {
	Key          int // bytes of a key; 0: 1 KiB
	Value        int // bytes of a value; 0: 1 MiB
	Frame        int // bytes of a frame, which has to hold the largest info and which the Transport has to carry; 0: 2 MiB
	Infos        int // keys that the node knows of, deleted and expired ones included while they matter; 0: 1 Mi
	Origins      int // starts of nodes that have written something, each counted until this node stops; 0: 65,536
	Commands     int // calls like AddInfo that wait for the node to take them in, also before Run; 0: 65,536
	CommandBytes int // bytes of those; 0: 64 MiB
}

// Timers are the durations a node lives by. A zero field stands for its default, and no field may be negative.
type Timers struct {
	Ping      time.Duration // an idle link is pinged this often, and ended after three of them without an answer; 0: 1 s
	Advert    time.Duration // how long a small announcement waits for something to ride with; 0: 20 ms
	Graft     time.Duration // how long an announced info is waited for before it is asked for; 0: 10 ms
	Pace      time.Duration // a busy link sends a frame this often, after a burst of two, and five once the network has settled; 0: 10 ms
	Resolve   time.Duration // a node without a link asks its resolvers this often, at most; 0: 5 times Interval
	MaxTTL    time.Duration // what is left of an expired or deleted info is kept at least this long; 0: 24 h
	MaxSkew   time.Duration // stamps further ahead than this do not move the clock that stamps infos; 0: 500 ms
	Sentinel  time.Duration // lifetime of KeySentinel, refreshed at half of it; 0: 10 s
	ClusterID time.Duration // lifetime of KeyClusterID, refreshed at half of it; 0: 2 min
	Dial      time.Duration // how long a Dial, or a call of a Resolver, may take; 0: 5 s
	Shutdown  time.Duration // how long Run waits for code that is not this package's; 0: 5 s
}

const (
	frameOverhead = 2 * wire.MaxExtra // bytes of a frame beside the key and the value of its one info
	frameItems    = 1 << 16           // entries of each repeated field of a frame
	neverAfter    = 100 * years       // a ttl above this is no ttl
	years         = 365 * 24 * time.Hour
)

// complete returns c with its defaults filled in. It reports all problems of c at once.
func (c Config) complete() (Config, error) {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Transport == nil {
		bad("no Transport")
	} else if a := c.Transport.Addr(); a.String() == "" || len(a.Network()) > wire.MaxText || len(a.String()) > wire.MaxText {
		bad("Transport has address %q, which is empty or over %d bytes", a, wire.MaxText)
	}
	c.Resolvers = slices.Clone(c.Resolvers)
	for i, r := range c.Resolvers {
		if r == nil {
			bad("Resolvers[%d] is nil", i)
		}
	}
	if c.Clock == nil {
		c.Clock = clock.System()
	}
	if c.Observer != nil {
		observer := *c.Observer
		c.Observer = &observer
	}
	if c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	fill(bad, "Interval", &c.Interval, 200*time.Millisecond)
	fill(bad, "MaxPeers", &c.MaxPeers, MaxPeers)
	if fill(bad, "Parents", &c.Parents, 1); c.Parents > 2 {
		bad("Parents is %d, want 1 or 2", c.Parents)
	}
	c.Limits.complete(bad)
	c.Timers.complete(bad, c.Interval)
	if c.KeepSentinel && c.ClusterID == "" {
		bad("KeepSentinel without a ClusterID")
	}
	if c.KeepSentinel && c.ClusterID == core.DefaultSentinel {
		bad("KeepSentinel with ClusterID %q, which is what a sentinel says that nobody chose to keep", c.ClusterID)
	}
	if !utf8.ValidString(c.ClusterID) {
		bad("ClusterID %q is not UTF-8", c.ClusterID)
	}
	if limit := min(wire.MaxText, c.Limits.Value); len(c.ClusterID) > limit {
		bad("ClusterID of %d bytes, over %d", len(c.ClusterID), limit)
	}
	if len(errs) > 0 {
		return c, fmt.Errorf("%w: %w", ErrConfig, errors.Join(errs...))
	}
	return c, nil
}

func (l *Limits) complete(bad func(string, ...any)) {
	fill(bad, "Limits.Key", &l.Key, 1<<10)
	fill(bad, "Limits.Value", &l.Value, 1<<20)
	fill(bad, "Limits.Frame", &l.Frame, 2<<20)
	fill(bad, "Limits.Infos", &l.Infos, 1<<20)
	fill(bad, "Limits.Origins", &l.Origins, 1<<16)
	fill(bad, "Limits.Commands", &l.Commands, 1<<16)
	fill(bad, "Limits.CommandBytes", &l.CommandBytes, 64<<20)
	if need := l.Key + l.Value + frameOverhead; l.Frame < need {
		bad("Limits.Frame of %d bytes does not hold the largest info: with Key %d and Value %d, it takes %d", l.Frame, l.Key, l.Value, need)
	}
	if need := l.Key + l.Value; l.CommandBytes < need {
		bad("Limits.CommandBytes of %d does not hold the largest info: with Key %d and Value %d, it takes %d", l.CommandBytes, l.Key, l.Value, need)
	}
}

func (t *Timers) complete(bad func(string, ...any), interval time.Duration) {
	fill(bad, "Timers.Ping", &t.Ping, time.Second)
	fill(bad, "Timers.Advert", &t.Advert, 20*time.Millisecond)
	fill(bad, "Timers.Graft", &t.Graft, 10*time.Millisecond)
	fill(bad, "Timers.Pace", &t.Pace, 10*time.Millisecond)
	fill(bad, "Timers.Resolve", &t.Resolve, 5*min(interval, tooMuch/5))
	fill(bad, "Timers.MaxTTL", &t.MaxTTL, 24*time.Hour)
	fill(bad, "Timers.MaxSkew", &t.MaxSkew, 500*time.Millisecond)
	fill(bad, "Timers.Sentinel", &t.Sentinel, 10*time.Second)
	fill(bad, "Timers.ClusterID", &t.ClusterID, 2*time.Minute)
	fill(bad, "Timers.Dial", &t.Dial, 5*time.Second)
	fill(bad, "Timers.Shutdown", &t.Shutdown, 5*time.Second)
}

// tooMuch bounds every number of a Config, so that small multiples and sums of them do not overflow: 36 years, for example.
const tooMuch = 1 << 60

// fill sets a zero field to its default and reports one that is negative or too large.
func fill[T ~int | ~int64](bad func(string, ...any), name string, field *T, value T) {
	switch {
	case *field == 0:
		*field = value
	case *field < 0:
		bad("negative %s: %v", name, *field)
	case int64(*field) > tooMuch:
		bad("%s is too large: %v", name, *field)
	}
}
