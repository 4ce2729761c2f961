// Package tracing folds what goes into a core and what comes out into a hash.
package tracing

import (
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/internal/wire"
)

func mixAddr(h uint64, a wire.Addr) uint64 {
	return simnet.MixBytes(simnet.MixBytes(h, a.Network), a.Address)
}

// Input folds an input into a hash; raw are the bytes of its frame, if they are to count. Epoch is the wall clock's time at the
// beginning of the monotonic one.
func Input(h uint64, epoch int64, now core.Now, in *core.Input, raw []byte) uint64 {
	h = simnet.Mix(h, uint64(now.Mono))
	if off := now.Wall - epoch - now.Mono; off != 0 {
		h = simnet.Mix(h, uint64(off))
	}
	h = simnet.Mix(h, uint64(in.Kind)<<32|uint64(in.Reason))
	h = simnet.Mix(h, uint64(in.Link)<<32|uint64(in.Dial))
	h = simnet.Mix(h, in.Incarnation)
	h = simnet.MixBytes(h, raw)
	for _, a := range in.Addrs {
		h = mixAddr(h, a)
	}
	if c := in.Command; c != nil {
		h = simnet.Mix(simnet.Mix(h, c.N), uint64(c.Op))
		h = simnet.Mix(simnet.Mix(h, c.Node), uint64(c.TTL))
		h = simnet.MixBytes(simnet.MixBytes(h, c.Key), c.Value)
	}
	return h
}

// Outputs folds everything a core wants into a hash.
func Outputs(h uint64, o *core.Outputs) uint64 {
	h = simnet.Mix(simnet.Mix(h, o.Persist), uint64(len(o.Sends)))
	for i := range o.Sends {
		h = simnet.MixBytes(simnet.Mix(h, uint64(o.Sends[i].Link)), o.Sends[i].Frame)
	}
	h = simnet.Mix(h, uint64(len(o.Dials)))
	for i := range o.Dials {
		h = mixAddr(simnet.Mix(h, uint64(o.Dials[i].ID)), o.Dials[i].Addr)
	}
	h = simnet.Mix(h, uint64(len(o.Closes)))
	for i := range o.Closes {
		h = simnet.Mix(h, uint64(o.Closes[i].Link)<<32|uint64(o.Closes[i].Reason))
	}
	h = simnet.Mix(h, uint64(len(o.Changes)))
	for i := range o.Changes {
		h = simnet.Mix(h, uint64(o.Changes[i].Kind))
		h = mixRecord(h, o.Changes[i].Record)
	}
	h = simnet.Mix(h, uint64(len(o.Events)))
	for i := range o.Events {
		e := &o.Events[i]
		h = simnet.Mix(simnet.Mix(h, uint64(e.Kind)<<32|uint64(e.Link)), e.Node)
		h = simnet.MixBytes(mixAddr(simnet.Mix(h, uint64(e.Refusal)), e.Addr), e.Text)
		if e.Offset != 0 {
			h = simnet.Mix(h, uint64(e.Offset))
		}
	}
	h = simnet.Mix(h, uint64(len(o.Replies)))
	for i := range o.Replies {
		r := &o.Replies[i]
		h = simnet.Mix(simnet.Mix(h, r.N), uint64(r.Err)<<32|uint64(r.Peers))
	}
	return simnet.Mix(simnet.Mix(h, flags(o.Resolve, o.Links)<<32|uint64(o.Fatal)), uint64(o.Next))
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
	h = simnet.Mix(simnet.Mix(h, uint64(r.Hops)<<32|uint64(r.From)), uint64(r.Expires))
	h = simnet.Mix(simnet.Mix(h, uint64(r.Born)), uint64(r.Taken))
	return simnet.Mix(h, Identity(r))
}

// Identity is a hash of what of a record is the same at every node.
func Identity(r *core.Record) uint64 {
	h := simnet.Mix(r.Node, r.Incarnation)
	h = simnet.Mix(simnet.Mix(h, r.Seq), uint64(r.Stamp.Wall))
	h = simnet.Mix(simnet.Mix(h, uint64(r.Stamp.Logical)), uint64(r.State)<<32|uint64(uint32(r.Tag)))
	h = simnet.Mix(simnet.Mix(h, uint64(r.TTL)), uint64(r.Keep))
	return simnet.MixBytes(simnet.MixBytes(h, r.Key), r.Value)
}
