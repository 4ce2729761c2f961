// Package wire turns frames into values and back: the bytes are those of gossippb.Request and gossippb.Response,
// written and read without reflection and without building those messages.
//
// An info travels as the same bytes from its origin to the last node: [Body] keeps them, as one string, from
// which keys and values are cut. Only what changes per hop (hops, age, and the incarnation where the link has
// not declared it) is written anew, behind them.
package wire

// Reason, Verdict, Refusal, State and Mode are the enums of gossippb, under short names.
type (
	Reason  int32
	Verdict int32
	Refusal int32
	State   int32
	Mode    int32
)

// Why a link is dialled.
const (
	Join Reason = iota + 1
	Ring
	Chord
	Heal
	Probe
	Near
)

// The answers to a Hello.
const (
	Asked Verdict = iota
	Admitted
	Redirected
	Refused
)

// Why a link is refused or ended.
const (
	NoRefusal Refusal = iota
	Busy
	OtherCluster
	Version
	Self
	DuplicateLink
	DuplicateNode
	Corrupt
	Misbehaved
	Unauthorized
	Leaving
)

// What an info is.
const (
	Live State = iota
	Tombstone
	Skeleton
)

// What a node sends a peer of an origin.
const (
	Lazy Mode = iota
	Eager
	Mute
)

// Addr is an address as its node advertises it.
type Addr struct{ Network, Address string }

// Stamp is a time of the hybrid logical clock.
type Stamp struct {
	Wall    int64 // nanoseconds since 1970
	Logical int32
}

// Limits bound what [Decode] accepts, besides [MaxText], [MaxPlaces] and [MaxExtra]. A zero field allows nothing.
type Limits struct {
	Frame int // bytes of a frame
	Key   int // bytes of a key
	Value int // bytes of a value
	Items int // entries of each repeated field, alternates included, but the delta, which the frame bounds
}

// Body is what of an info is the same on every node: immutable, and shared by the store, readers and frames.
type Body struct {
	bytes string // the map entry's key field, then the Info's stable fields, as they stand on the wire
	split int    // where the Info's fields begin

	Key   string // part of bytes
	Value string // part of bytes
	Node  uint64
	Seq   uint64
	Stamp Stamp
	TTL   int64 // nanoseconds; 0: for ever
	Keep  int64 // nanoseconds; see gossippb.Info
	State State
	Again bool // the origin had written the key before
	Tag   int32
}

// Info is a Body with what a frame says of it.
type Info struct {
	Body
	Incarnation uint64 // 0: the one declared on the link
	Hops        uint32
	Age         int64  // nanoseconds
	Claims      uint64 // a range that ends with this info: (Seq - Claims, Seq]; 0: none
	Repair      bool   // that range was asked for
}

// Claim returns the range that ends with the info, if there is one.
func (i *Info) Claim() (r Range, ok bool) {
	return Range{NodeID: i.Node, Incarnation: i.Incarnation, From: i.Seq - i.Claims, To: i.Seq, Repair: i.Repair}, i.Claims > 0
}

// Frame is a decoded Request or Response. Its slices belong to it; strings do not alias the decoded bytes.
type Frame struct {
	NodeID   uint64
	Addr     Addr
	Hello    *Hello
	Exchange *Exchange // nil where a frame has none of its fields
	Origins  []Origin
	Infos    []Info // in the order of the frame
	Ranges   []Range
	Standins []Standin
	Adverts  []Advert
	Prunes   []Prune
	Grafts   []Graft
	Marks    []Mark
	MarksEnd bool
	Ping     *Ping
	Bye      *Bye
	Size     int // bytes of the encoded frame
}

// The parts of a frame; gossippb says what the fields mean.
type (
	Hello struct {
		MinVersion, MaxVersion uint32
		ClusterID              string
		Incarnation, Instance  uint64
		Reason                 Reason
		Verdict                Verdict
		Refusal                Refusal
		Alternates             []Member
		KnownIncarnation       uint64
		Digest                 uint64
		Wall                   int64
		Leaf                   bool
	}
	Member struct {
		NodeID uint64
		Addr   Addr
	}
	Origin struct{ NodeID, Incarnation, Sponsor uint64 }
	Range  struct {
		NodeID, Incarnation, From, To uint64
		Repair                        bool
	}
	Advert struct {
		NodeID, Incarnation, To uint64
		Hops                    uint32
		Pull                    bool
		Held                    uint64 // microseconds, plus one; 0: not said
	}
	Prune struct {
		NodeID, Incarnation uint64
		Mode                Mode
	}
	Graft struct {
		NodeID, Incarnation, From uint64
		Mode                      Mode
	}
	Standin struct {
		Key                      string
		NodeID, Incarnation, Seq uint64
		Keep                     int64 // nanoseconds
	}
	Mark struct{ NodeID, Incarnation, Seq, Sponsor uint64 }
	Ping struct {
		Digest    uint64
		Ask, Same bool
		ID        uint64
		Wall      int64
		Measure   bool
		Far       bool
	}
	Exchange struct { // the fields of a unary exchange that are the frame's own
		MaxSeq      int64
		ClusterID   string
		Incarnation uint64 // of a Request's NodeID
		Cursor      Cursor
	}
	Cursor struct {
		NodeID, Incarnation, Claimed uint64
		Elsewhere                    []Place
	}
	Place struct {
		NodeID, Incarnation uint64
		MaxSeq              int64
		Claimed             uint64
	}
	Bye struct {
		Reason     Refusal
		Alternates []Member
	}
)
