// Package core is the gossip protocol as a state machine: one input in, a list of effects out.
//
// It has no goroutine, lock, channel, log or clock: whoever drives it says what happened and what time it is, and
// performs what [Outputs] asks for. The same inputs with the same seed give the same outputs, bit for bit. A Core
// has one owner at a time.
package core

import "github.com/grapevine-go/grapevine/internal/wire"

// LinkID names a link. The driver chooses it, from 1 upwards, and never uses one twice.
type LinkID uint32

// FromBase is the link of what did not come over one, but with [Config].Base.
const FromBase LinkID = 1<<32 - 1

// DialID names a dial. The core chooses it.
type DialID uint32

// Now is the time of an input. Mono never goes back; Wall may jump. Both are in nanoseconds, Wall since 1970.
type Now struct{ Mono, Wall int64 }

// Kind says what happened.
type Kind uint8

// The inputs of a core.
const (
	_            Kind = iota
	InStart           // the node starts: Incarnation is what its store remembers, 0 for nothing
	InPersisted       // Outputs.Persist of this Incarnation is durable
	InDeadline        // Outputs.Next has come
	InDialed          // dial Dial succeeded: link Link is open
	InDialFailed      // dial Dial failed
	InAccepted        // a peer opened link Link
	InFrame           // Frame arrived on Link
	InBadFrame        // bytes arrived on Link that are no frame; Reason is Corrupt or Misbehaved
	InSent            // the frame handed out for Link was sent
	InDown            // Link has ended: the last input of it
	InResolved        // the answer to Outputs.Resolve: Addrs, perhaps none
	InCommand         // Command, of the application

	// In place of InStart, for simulations: they begin in the midst of things.
	InResume // the node goes on with the life Incarnation, all whose writes are in Config.Base
	InLinked // of a node that was resumed: link Link is there already; Frame is the peer's Hello, that of a dial or an answer
)

// Input is one thing that happened.
type Input struct {
	Kind        Kind
	Reason      wire.Refusal
	Link        LinkID
	Dial        DialID
	Incarnation uint64
	Frame       *wire.Frame
	Addrs       []wire.Addr
	Command     *Command
}

// Op says what the application wants.
type Op uint8

// The commands of an application.
const (
	_            Op = iota
	OpAdd           // write Key
	OpDelete        // delete Key
	OpDescriptor    // set the node's ID and gossip Value, its descriptor, under Key
	OpResolvers     // the resolvers changed, there are Resolvers of them: ask them again if disconnected
	OpLeave         // delete the own descriptor and tell the peers; answered when they have it
	OpSync          // answered at once: everything put in before has been taken in
)

// Command is a wish of the application. Its result is a [Reply] with the same N.
type Command struct {
	N     uint64
	Op    Op
	Node  uint64 // OpDescriptor
	Key   string
	Value string
	TTL   int64 // nanoseconds; 0: for ever

	Resolvers int // OpResolvers
}

// Reply ends a command.
type Reply struct {
	N     uint64
	Err   Problem
	Peers int // OpLeave: how many have the news
}

// Problem is why a command was not done.
type Problem uint8

// The problems of a command.
const (
	OK           Problem = iota
	NoNodeID             // only a node with an ID publishes
	NodeIDSet            // the node has another ID
	LimitReached         // Limits.Infos
	OtherCluster         // KeyClusterID with another value
	Left                 // the node has left
)

// Outputs are what the driver has to do, field by field from the top. They are valid until the next Step.
type Outputs struct {
	Persist uint64       // make this incarnation durable, then input InPersisted; 0: nothing
	Sends   []Send       // at most one frame a link, until its InSent
	Dials   []Dial       // each ends in InDialed or InDialFailed
	Closes  []Close      // each ends in InDown
	Resolve bool         // ask the resolvers, then input InResolved
	Changes []Change     // of infos, in the order they happened
	Events  []Event      // for operators
	Links   bool         // the answer of Core.Links has changed
	Replies []Reply      // commands done
	Next    int64        // Mono of the next InDeadline; 0: none
	Fatal   wire.Refusal // not 0: the node cannot go on (DuplicateNode)
}

// Send is a frame for a link. Nobody changes it any more.
type Send struct {
	Link  LinkID
	Frame []byte
}

// Dial asks for a link to Addr.
type Dial struct {
	ID   DialID
	Addr wire.Addr
}

// Close asks for the end of a link.
type Close struct {
	Link   LinkID
	Reason wire.Refusal // 0: nobody's fault
}

// ChangeKind says what became of an info.
type ChangeKind uint8

// The changes of an info.
const (
	Added     ChangeKind = iota // the key had no live info
	Updated                     // a newer one with other bytes
	Refreshed                   // a newer one with the same bytes
	Deleted
	Expired
	Moved // the same live one, over fewer hops; nobody is told
)

// Change is a change of the info of one key. Record is what stands there now: for Deleted and Expired, the
// tombstone or skeleton.
type Change struct {
	Kind   ChangeKind
	Record *Record
}

// Record is an info as a node holds it: immutable.
type Record struct {
	wire.Body
	Incarnation uint64
	Hops        uint32
	From        LinkID // link it came over first; 0: written here, FromBase: it was here at the start
	Expires     int64  // Mono at which it expires; math.MaxInt64: never
	Born        int64  // Mono at which its origin wrote it, by its age
	Taken       int64  // Mono at which it was taken in here
}

// LinkInfo describes a link to the application.
type LinkInfo struct {
	Link        LinkID
	Node        uint64
	Incarnation uint64
	Addr        wire.Addr // what the peer advertises
	Dialed      bool
	Reason      wire.Reason
	Admitted    bool
	Caller      bool // no link, but a place held by unary exchanges; Link is 0
}

// EventKind says what an operator may want to know.
type EventKind uint8

// The events of a core.
const (
	_              EventKind = iota
	LinkUp                   // admitted
	LinkDown                 // an admitted link has ended
	DialFailed               // Addr
	PeerRefused              // this node refused or ended a link, for Refusal
	PeerRefusedUs            // a peer refused this node, for Refusal
	PeerRedirected           // this node was full and named others
	RedirectedUs
	ClusterAdopted    // Text is the cluster ID
	InfoRefused       // an info was not taken in: Text is its key
	IncarnationRaised // a newer incarnation of this node is about
	ClockAhead        // an info of Node is stamped further ahead than MaxSkew
	ClockCorrected    // this node's wall clock is wrong: its stamps are corrected by Offset
	NoSeeds           // the resolvers name nobody but this node
	LimitHit          // Limits.Infos or Limits.Origins
	Suspecting        // Node does not answer at Addr: this node tells the others
	Refuting          // Node suspects this one, which says that it is alive
)

// Event is something an operator may want to know.
type Event struct {
	Kind    EventKind
	Link    LinkID
	Node    uint64
	Addr    wire.Addr
	Refusal wire.Refusal
	Text    string
	Offset  int64 // nanoseconds
}

// Config is what a core is made of.
type Config struct {
	ClusterID string
	Node      uint64    // 0: not known yet
	Addr      wire.Addr // where peers dial this node
	Seed      uint64    // of all randomness
	Instance  uint64    // random, told apart from every other process
	MaxPeers  int       // cap of links each way
	Parents   int       // peers that push the infos of each origin to this node, 1 or 2; 0: 1
	Keep      []Keep    // infos this node writes again and again
	Base      *Base     // what the node holds from the start; nil: nothing
	Resolvers int       // how many there are
	Limits    Limits
	Timers    Timers

	Sentinel    int64 // lifetime of a sentinel that nobody chose to keep, in nanoseconds; 0: this node keeps none by default
	ClusterLife int64 // lifetime of the cluster ID that goes with it
}

// Keep is an info that the core writes whenever half its life is over, as long as the node has an ID.
type Keep struct {
	Key, Value string
	TTL        int64
}

// Limits bound what a core holds.
type Limits struct {
	Infos   int // keys, skeletons included
	Origins int // incarnations of nodes
	Frame   int // bytes of a frame it makes
}

// Timers are durations in nanoseconds.
type Timers struct {
	Ping     int64 // an idle link is pinged this often, and ended after three of them without any frame
	Advert   int64 // an advert waits this long for a payload to ride with
	Graft    int64 // an advertised info is waited for this long before it is asked for
	Pace     int64 // a link sends a burst of two frames, then one each Pace; once the network has settled, five
	Interval int64 // an exchange without news is answered after about this long, and ten of them without one free the place
	Resolve  int64 // a node without a link asks its resolvers this often, at most
	MaxTTL   int64 // a skeleton stays at least this long
	MaxSkew  int64 // stamps further ahead do not move the hybrid clock
}
