package sim

import (
	"math/bits"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// What a hash is for; the first word behind the seed.
const (
	saltCore uint64 = iota + 1
	saltInstance
	saltStart
	saltLatency
	saltLoss
	saltDatagram
	saltChurn
	saltPlace
	saltChords
)

// mix folds v into h.
func mix(h, v uint64) uint64 {
	hi, lo := bits.Mul64(h^0x9e3779b97f4a7c15, v^0xe7037ed1a0b428db)
	return hi ^ lo ^ h<<1
}

// hash is a random number that follows from what it is for. It gives every node, link and frame its own source of
// randomness, so that one more draw in one place changes nothing in another.
func hash(seed uint64, words ...uint64) uint64 {
	h := mix(seed, 0x8ebc6af09c88c6e3)
	for _, w := range words {
		h = mix(h, w)
	}
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>29
}

// below returns a number from 0 to n-1 made of the random number h.
func below(h uint64, n int64) int64 {
	hi, _ := bits.Mul64(h, uint64(n))
	return int64(hi)
}

// mixBytes folds a string or its bytes into h.
func mixBytes[T string | []byte](h uint64, b T) uint64 {
	h = mix(h, uint64(len(b)))
	for ; len(b) >= 8; b = b[8:] {
		h = mix(h, uint64(b[0])|uint64(b[1])<<8|uint64(b[2])<<16|uint64(b[3])<<24|
			uint64(b[4])<<32|uint64(b[5])<<40|uint64(b[6])<<48|uint64(b[7])<<56)
	}
	if len(b) == 0 {
		return h
	}
	last := uint64(0)
	for i := range len(b) {
		last |= uint64(b[i]) << (8 * i)
	}
	return mix(h, last)
}

func mixAddr(h uint64, a wire.Addr) uint64 { return mixBytes(mixBytes(h, a.Network), a.Address) }

// mixInput folds an input into a trace; raw are the bytes of its frame.
func mixInput(h uint64, now core.Now, in *core.Input, raw []byte) uint64 {
	h = mix(h, uint64(now.Mono))
	if off := now.Wall - epoch - now.Mono; off != 0 {
		h = mix(h, uint64(off))
	}
	h = mix(h, uint64(in.Kind)<<32|uint64(in.Reason))
	h = mix(h, uint64(in.Link)<<32|uint64(in.Dial))
	h = mix(h, in.Incarnation)
	h = mixBytes(h, raw)
	for _, a := range in.Addrs {
		h = mixAddr(h, a)
	}
	if c := in.Command; c != nil {
		h = mix(mix(h, c.N), uint64(c.Op))
		h = mix(mix(h, c.Node), uint64(c.TTL))
		h = mixBytes(mixBytes(h, c.Key), c.Value)
	}
	return h
}

// mixOutputs folds everything a core wants into a trace.
func mixOutputs(h uint64, o *core.Outputs) uint64 {
	h = mix(mix(h, o.Persist), uint64(len(o.Sends)))
	for i := range o.Sends {
		h = mixBytes(mix(h, uint64(o.Sends[i].Link)), o.Sends[i].Frame)
	}
	h = mix(h, uint64(len(o.Dials)))
	for i := range o.Dials {
		h = mixAddr(mix(h, uint64(o.Dials[i].ID)), o.Dials[i].Addr)
	}
	h = mix(h, uint64(len(o.Closes)))
	for i := range o.Closes {
		h = mix(h, uint64(o.Closes[i].Link)<<32|uint64(o.Closes[i].Reason))
	}
	h = mix(h, uint64(len(o.Changes)))
	for i := range o.Changes {
		h = mix(h, uint64(o.Changes[i].Kind))
		h = mixRecord(h, o.Changes[i].Record)
	}
	h = mix(h, uint64(len(o.Events)))
	for i := range o.Events {
		e := &o.Events[i]
		h = mix(mix(h, uint64(e.Kind)<<32|uint64(e.Link)), e.Node)
		h = mixBytes(mixAddr(mix(h, uint64(e.Refusal)), e.Addr), e.Text)
		if e.Offset != 0 {
			h = mix(h, uint64(e.Offset))
		}
	}
	h = mix(h, uint64(len(o.Replies)))
	for i := range o.Replies {
		r := &o.Replies[i]
		h = mix(mix(h, r.N), uint64(r.Err)<<32|uint64(r.Peers))
	}
	return mix(mix(h, flags(o.Resolve, o.Links)<<32|uint64(o.Fatal)), uint64(o.Next))
}

func flags(a, b bool) (f uint64) {
	if a {
		f = 1
	}
	if b {
		f |= 2
	}
	return f
}

func mixRecord(h uint64, r *core.Record) uint64 {
	h = mix(mix(h, uint64(r.Hops)<<32|uint64(r.From)), uint64(r.Expires))
	h = mix(mix(h, uint64(r.Born)), uint64(r.Taken))
	return mix(h, identity(r))
}

// identity is a hash of what of a record is the same at every node.
func identity(r *core.Record) uint64 {
	h := mix(r.Node, r.Incarnation)
	h = mix(mix(h, r.Seq), uint64(r.Stamp.Wall))
	h = mix(mix(h, uint64(r.Stamp.Logical)), uint64(r.State)<<32|uint64(uint32(r.Tag)))
	h = mix(mix(h, uint64(r.TTL)), uint64(r.Keep))
	return mixBytes(mixBytes(h, r.Key), r.Value)
}
