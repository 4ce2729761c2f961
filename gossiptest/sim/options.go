package sim

import (
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// Options say what a [Sim] simulates. The zero value of a field is its default.
type Options struct {
	Nodes int    // how many nodes there are, 1 to 1,000,000; required
	Seed  uint64 // of all randomness

	Latency     time.Duration // of a frame, one way, in the mean; zero means 10ms
	Spread      Spread        // how latencies scatter about the mean
	Jitter      float64       // and how far, as a fraction of it; zero means 0.1, negative not at all
	DialLatency time.Duration // extra time before a dialled link is open
	DialTimeout time.Duration // after which a dial that nobody answers fails; zero means 1s

	// Distance returns the latency from one node to another, where it is not Latency for all; DialLatency changes in
	// proportion. It is called once or twice for each link and dial, and returns the same whenever it is asked.
	Distance func(from, to int) time.Duration

	Loss         float64 // share of frames that are lost and sent again, see [Sim.SetLoss]
	DatagramLoss float64 // share of frames that are lost for good

	Seeds         int           // every node's resolver names the first so many nodes; zero means 3
	MaxPeers      int           // cap of a node's links, dialled and accepted each; zero means 10
	DescriptorTTL time.Duration // of the nodes' descriptors; zero means 2h
	Sentinel      time.Duration // lifetime of the sentinel, the key by which nodes notice that they are cut off; that of the cluster ID is twelve times as long; zero means neither
	Timers        Timers        // of the protocol

	// Parents returns how many peers send a node the infos of each origin at once, 1 or 2, as gossip.Config.Parents; nil
	// means 1 everywhere. It is called whenever a node starts, and returns the same.
	Parents func(node int) int

	// OnLearn is called when a node takes an info in that another node wrote: once for each node and write, fewer
	// times only where a newer write was faster. It is called between two events, on the goroutine that runs the
	// Sim, and may call any method but RunFor and RunUntil.
	OnLearn func(Learned)

	// OnChange is called for each change of what a node holds, its own writes included, as OnLearn is. A node that
	// crashes holds nothing any more, without a call.
	OnChange func(Change)

	// OnEvent is called for each event, on the goroutine that runs the Sim and while it happens: it may look at
	// nothing but the event.
	OnEvent func(Event)
}

// Timers are the timers of the protocol. A zero field is its default.
type Timers struct {
	Ping    time.Duration // an idle link is pinged this often, and ended after three in vain; zero means 1s
	Advert  time.Duration // an advert waits so long for a payload to ride with; zero means 20ms
	Graft   time.Duration // an advertised info is asked for after this time; zero means 10ms
	Pace    time.Duration // a link sends one frame each Pace, after a burst of two, and five once the network has settled; zero means 10ms
	Resolve time.Duration // a node without a link asks its resolver this often, at most; zero means 1s
	MaxTTL  time.Duration // what is left of an expired info stays at least this long; zero means 24h
	MaxSkew time.Duration // stamps further ahead do not move a node's clock; zero means 500ms
}

// What a hash is for: the first word behind the seed. The network has others.
const (
	saltCore     uint64 = 1
	saltInstance uint64 = 2
	saltChurn    uint64 = 7
	saltPlace    uint64 = 8
	saltChords   uint64 = 9
)

// Limits of what the nodes of a Sim hold and exchange: those a real node has by default.
const (
	maxNodes = 1_000_000
	maxInfos = 1 << 20
	maxFrame = 2 << 20 // a core makes no larger frames, and takes none
	maxKey   = 1 << 10
	maxValue = 1 << 20
	maxItems = 1 << 16
)

// epoch is the wall clock's time at the start of every Sim: midnight UTC of 1 January 2000, as in bubbles of testing/synctest.
const epoch = int64(946_684_800_000_000_000)

// withDefaults returns o with every default written out, and panics if o makes no sense.
func (o Options) withDefaults() Options {
	if o.Nodes < 1 || o.Nodes > maxNodes {
		panic(fmt.Sprintf("sim: Options.Nodes is %d, want 1 to %d", o.Nodes, maxNodes))
	}
	if o.Jitter > 1 && o.Spread != LogNormal {
		panic(fmt.Sprintf("sim: Options.Jitter is %v, want at most 1", o.Jitter))
	}
	if o.Spread > LogNormal {
		panic(fmt.Sprintf("sim: Options.Spread is %v", o.Spread))
	}
	checkLoss(o.Loss, o.DatagramLoss)
	o.Latency = positive("Latency", o.Latency, 10*time.Millisecond)
	o.DialLatency = positive("DialLatency", o.DialLatency, 0)
	o.DialTimeout = positive("DialTimeout", o.DialTimeout, time.Second)
	o.DescriptorTTL = positive("DescriptorTTL", o.DescriptorTTL, 2*time.Hour)
	o.Sentinel = positive("Sentinel", o.Sentinel, 0)
	switch {
	case o.Jitter == 0:
		o.Jitter = 0.1
	case o.Jitter < 0:
		o.Jitter = 0
	}
	if o.Seeds == 0 {
		o.Seeds = 3
	}
	o.Seeds = min(o.Seeds, o.Nodes)
	if o.MaxPeers == 0 {
		o.MaxPeers = 10
	}
	t := &o.Timers
	t.Ping = positive("Timers.Ping", t.Ping, time.Second)
	t.Advert = positive("Timers.Advert", t.Advert, 20*time.Millisecond)
	t.Graft = positive("Timers.Graft", t.Graft, 10*time.Millisecond)
	t.Pace = positive("Timers.Pace", t.Pace, 10*time.Millisecond)
	t.Resolve = positive("Timers.Resolve", t.Resolve, time.Second)
	t.MaxTTL = positive("Timers.MaxTTL", t.MaxTTL, 24*time.Hour)
	t.MaxSkew = positive("Timers.MaxSkew", t.MaxSkew, 500*time.Millisecond)
	return o
}

func positive(field string, d, unset time.Duration) time.Duration {
	if d < 0 {
		panic(fmt.Sprintf("sim: Options.%s is %v, want no negative one", field, d))
	}
	if d == 0 {
		return unset
	}
	return d
}

// network returns what the network of s is made of.
func (o *Options) network(s *Sim) simnet.Options {
	opts := simnet.Options{
		Hosts: o.Nodes, Seed: o.Seed, Latency: o.Latency, Spread: simnet.Spread(o.Spread), Jitter: o.Jitter,
		DialLatency: o.DialLatency, DialTimeout: o.DialTimeout, Distance: o.Distance,
		Loss: o.Loss, DatagramLoss: o.DatagramLoss, Driver: driver{s},
	}
	if o.OnEvent != nil {
		opts.Watcher = driver{s}
	}
	return opts
}

// config returns the configuration of node i's core in its boot-th run.
func (o *Options) config(i, boot int) core.Config {
	t := o.Timers
	return core.Config{
		ClusterID: "sim",
		Node:      uint64(i) + 1,
		Addr:      address(i),
		Seed:      simnet.Hash(o.Seed, saltCore, uint64(i), uint64(boot)),
		Instance:  simnet.Hash(o.Seed, saltInstance, uint64(i), uint64(boot)) | 1,
		MaxPeers:  o.MaxPeers,
		Parents:   o.parents(i),
		Resolvers: 1,
		Limits:    core.Limits{Infos: maxInfos, Origins: maxInfos, Frame: maxFrame},
		Timers: core.Timers{
			Ping: int64(t.Ping), Advert: int64(t.Advert), Graft: int64(t.Graft), Pace: int64(t.Pace),
			Resolve: int64(t.Resolve), MaxTTL: int64(t.MaxTTL), MaxSkew: int64(t.MaxSkew),
		},
		Sentinel: int64(o.Sentinel), ClusterLife: int64(o.Sentinel) * 12,
	}
}

// parents returns how many parents node i has in each tree, and panics if that makes no sense.
func (o *Options) parents(i int) int {
	if o.Parents == nil {
		return 1
	}
	n := o.Parents(i)
	if n < 1 || n > 2 {
		panic(fmt.Sprintf("sim: Options.Parents(%d) is %d, want 1 or 2", i, n))
	}
	return n
}

// limits are those a received frame is decoded with.
func limits() wire.Limits {
	return wire.Limits{Frame: maxFrame, Key: maxKey, Value: maxValue, Items: maxItems}
}
