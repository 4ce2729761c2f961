package fault

import (
	"fmt"
	"slices"
)

// Kind is a kind of fault.
type Kind uint8

// The kinds of a [Fault], and which of its fields besides At and For they have. Nodes that are not named are not concerned,
// but where Nodes is optional, all are if none is named.
const (
	// Of the network.
	Partition Kind = iota + 1 // Nodes are cut off from the others
	OneWay                    // nothing comes from Nodes to those in To
	Flap                      // Nodes are cut off, back after Every, cut off again after another one, and so on
	Slow                      // what is sent from and to Nodes takes Amount times as long, 1 to 1000
	Loss                      // streams lose a share of Amount of their frames, up to 0.9, and send them again
	Burst                     // so they do, but Amount of all time for 50 ms on end, everything they have
	Bandwidth                 // what leaves Nodes does so at Amount bytes a second, one after the other

	// Of nodes.
	Crash   // Nodes crash, and start again at the end
	Wipe    // so do they, with nothing in their stores
	Restart // Nodes crash and start again at once: For is zero
	Silence // Nodes are not heard and hear nothing any more, those included that are down already, and start again at the end
	Pause   // Nodes stand still: what is due, or comes in, is so at the end
	Clock   // the wall clocks of Nodes are ahead by Amount seconds
	Drift   // the clocks of Nodes gain Amount seconds each second, -0.5 to 1

	// Of links that do not keep the contract of package transport.
	Datagrams // a share of Amount of all frames is lost for good
	Duplicate // a share of Amount of all frames comes twice
	Reorder   // a share of Amount of all frames comes one latency later, behind others

	// Of resolvers and stores. Nodes is optional.
	ResolverEmpty // resolvers name nobody
	ResolverStale // resolvers name whom they named before the fault
	ResolverSlow  // resolvers take Amount seconds
	ResolverError // resolvers fail
	ResolverFlap  // resolvers name nobody, whom they should again after Every, nobody again after another one, and so on
	StoreError    // stores fail
	StoreSlow     // stores take Amount seconds
	StoreTorn     // what a crash finds half written is kept as half of it
	StoreLost     // a crash takes back what the store has said it has kept, since the fault began
)

// spec is what of a fault has to be there, and in which bounds Amount is.
type spec struct {
	name     string
	nodes    bool // required
	to       bool
	every    bool
	instant  bool // For is zero
	min, max float64
}

const day = 24 * 60 * 60

var specs = [...]spec{
	Partition:     {name: "partition", nodes: true},
	OneWay:        {name: "oneway", nodes: true, to: true},
	Flap:          {name: "flap", nodes: true, every: true},
	Slow:          {name: "slow", nodes: true, min: 1, max: 1000},
	Loss:          {name: "loss", max: 0.9},
	Burst:         {name: "burst", max: 0.9},
	Bandwidth:     {name: "bandwidth", nodes: true, min: 1, max: 1 << 40},
	Crash:         {name: "crash", nodes: true},
	Wipe:          {name: "wipe", nodes: true},
	Restart:       {name: "restart", nodes: true, instant: true},
	Silence:       {name: "silence", nodes: true},
	Pause:         {name: "pause", nodes: true},
	Clock:         {name: "clock", nodes: true, min: -day, max: day},
	Drift:         {name: "drift", nodes: true, min: -0.5, max: 1},
	Datagrams:     {name: "datagrams", max: 1},
	Duplicate:     {name: "duplicate", max: 1},
	Reorder:       {name: "reorder", max: 1},
	ResolverEmpty: {name: "resolver-empty"},
	ResolverStale: {name: "resolver-stale"},
	ResolverSlow:  {name: "resolver-slow", max: day},
	ResolverError: {name: "resolver-error"},
	ResolverFlap:  {name: "resolver-flap", every: true},
	StoreError:    {name: "store-error"},
	StoreSlow:     {name: "store-slow", max: day},
	StoreTorn:     {name: "store-torn"},
	StoreLost:     {name: "store-lost"},
}

// Kinds returns all kinds, in order.
func Kinds() []Kind {
	var all []Kind
	for k := range specs {
		if k > 0 {
			all = append(all, Kind(k))
		}
	}
	return all
}

func (k Kind) valid() bool { return k > 0 && int(k) < len(specs) }

// String returns the name of k, in lower case.
func (k Kind) String() string {
	if k.valid() {
		return specs[k].name
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// OfNetwork reports whether faults of the kind are those of a network and its links, and not of what is at their ends.
func (k Kind) OfNetwork() bool {
	return k >= Partition && k <= Bandwidth || k >= Datagrams && k <= Reorder
}

// MarshalText returns the name of k; its error says that k is none of the kinds.
func (k Kind) MarshalText() ([]byte, error) {
	if !k.valid() {
		return nil, fmt.Errorf("fault: no kind %d", uint8(k))
	}
	return []byte(k.String()), nil
}

// UnmarshalText sets k to the kind of that name; its error says that there is none.
func (k *Kind) UnmarshalText(text []byte) error {
	i := slices.IndexFunc(specs[:], func(s spec) bool { return s.name == string(text) })
	if i <= 0 {
		return fmt.Errorf("fault: no kind %q", text)
	}
	*k = Kind(i)
	return nil
}
