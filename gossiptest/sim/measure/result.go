package measure

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Result is what was measured. Times are in one-way latencies. A figure that was not asked for is 0. Over several
// trials, quantiles and means are of everything measured in all of them, counts are sums, and the others maxima.
type Result struct {
	Nodes  int    `json:"nodes"`  // that were to assemble themselves
	Seed   uint64 `json:"seed"`   // of the first trial
	Trace  string `json:"trace"`  // of all trials: equal Options give equal traces
	Placed bool   `json:"placed"` // Options.Placed

	CopiesMean   float64 `json:"copies_mean"`   // of an update, at each node that is to have it
	CopiesFirst  float64 `json:"copies_first"`  // of the first info of a node that joins
	DeliveryP50  float64 `json:"delivery_p50"`  // of the times from a write until another node has it
	DeliveryP99  float64 `json:"delivery_p99"`  // the slowest one in a hundred
	DeliveryP999 float64 `json:"delivery_p999"` // and in a thousand
	LastMean     float64 `json:"last_mean"`     // of the times from a write until all others have it
	LastMax      float64 `json:"last_max"`      // the slowest of them
	HopsMax      int     `json:"hops_max"`      // links an update crossed

	ControlBytesPerUpdateNode float64 `json:"control_bytes_per_update_node"` // without frames that are pings
	IdleBytesPerLinkS         float64 `json:"idle_bytes_per_link_s"`         // in each direction, 16 a frame counted
	BytesOverFloor            float64 `json:"bytes_over_floor"`              // all bytes, pings too, over those of one copy each with 24 of header
	HotRatio                  float64 `json:"hot_ratio"`                     // frames of the node that sends most, over the mean

	Undelivered  int     `json:"undelivered"`  // pairs of an update and a node that should have it and does not
	StallMax     float64 `json:"stall_max"`    // longest time until a survivor of a crash has an update
	Disconnected int     `json:"disconnected"` // survivors outside the largest part of the network, right after a crash
	DegreeMax    int     `json:"degree_max"`   // links of a node

	ColdTime          float64 `json:"cold_time"`            // until all know all
	ColdCopies        float64 `json:"cold_copies"`          // of a descriptor, at each node, until then
	ColdFramesPerNode float64 `json:"cold_frames_per_node"` // frames sent until links connect all nodes, over nodes

	JoinCopies     float64 `json:"join_copies"`      // of the descriptor of a node that joins
	JoinStateTime  float64 `json:"join_state_time"`  // until it holds all that the others hold
	JoinExtraBytes float64 `json:"join_extra_bytes"` // that it got in its first second, over what the state takes

	WANCopies   float64 `json:"wan_copies"`   // of an update between zones, over nodes
	CutVertices int     `json:"cut_vertices"` // nodes without which the network would fall apart, in the end
	HealP99     float64 `json:"heal_p99"`     // of the times from the end of a partition until a node has an update of the other half
	HealCopies  float64 `json:"heal_copies"`  // of such updates from then on, over how many were missing

	ExpiredEarly int `json:"expired_early"` // pairs of an info and a node where it was gone before its lifetime was over
	Immortal     int `json:"immortal"`      // pairs where it was still there a second after
	Pinned       int `json:"pinned"`        // pairs where the newest write does not stand
	ClockRemarks int `json:"clock_remarks"` // times a node told its operator that a clock is wrong

	Events int `json:"events"`  // inputs of all cores
	WallMS int `json:"wall_ms"` // of real time
	HeapMB int `json:"heap_mb"` // that the process has taken for its heap
}

// tally adds up what is measured.
type tally struct {
	res        Result
	delivery   []float32 // latencies
	last       []float32
	heal       []float32
	copies     ratio
	first      ratio
	control    ratio
	idle       ratio
	floor      ratio
	wan        ratio
	cold       ratio
	coldFrames ratio
	join       ratio
	healCopies ratio
	trace      uint64
}

// ratio is a mean in the making.
type ratio struct{ sum, of float64 }

func (r *ratio) add(sum, of float64) { r.sum, r.of = r.sum+sum, r.of+of }

func (r ratio) value() float64 {
	if r.of == 0 {
		return 0
	}
	return r.sum / r.of
}

// result works the figures out.
func (t *tally) result() Result {
	r := t.res
	r.Trace = fmt.Sprintf("%016x", t.trace)
	slices.Sort(t.delivery)
	slices.Sort(t.last)
	slices.Sort(t.heal)
	r.DeliveryP50, r.DeliveryP99, r.DeliveryP999 = quantile(t.delivery, 0.5), quantile(t.delivery, 0.99), quantile(t.delivery, 0.999)
	r.LastMean, r.LastMax = mean(t.last), quantile(t.last, 1)
	r.HealP99 = quantile(t.heal, 0.99)
	r.CopiesMean, r.CopiesFirst = t.copies.value(), t.first.value()
	r.ControlBytesPerUpdateNode, r.IdleBytesPerLinkS = t.control.value(), t.idle.value()
	r.BytesOverFloor, r.WANCopies = t.floor.value(), t.wan.value()
	r.ColdCopies, r.ColdFramesPerNode = t.cold.value(), t.coldFrames.value()
	r.JoinCopies, r.HealCopies = t.join.value(), t.healCopies.value()
	for _, v := range []*float64{
		&r.CopiesMean, &r.CopiesFirst, &r.DeliveryP50, &r.DeliveryP99, &r.DeliveryP999, &r.LastMean, &r.LastMax,
		&r.ControlBytesPerUpdateNode, &r.IdleBytesPerLinkS, &r.BytesOverFloor, &r.HotRatio, &r.StallMax, &r.ColdTime,
		&r.ColdCopies, &r.ColdFramesPerNode, &r.JoinCopies, &r.JoinStateTime, &r.JoinExtraBytes, &r.WANCopies,
		&r.HealP99, &r.HealCopies,
	} {
		*v = math.Round(*v*1e4) / 1e4
	}
	return r
}

// quantile returns the least of the sorted values that a fraction q of them does not exceed, 0 if there are none.
func quantile(sorted []float32, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return float64(sorted[max(i, 0)])
}

func mean(values []float32) float64 {
	sum := 0.0
	for _, v := range values {
		sum += float64(v)
	}
	return ratio{sum, float64(len(values))}.value()
}

// latencies returns d in one-way latencies.
func latencies(d, latency time.Duration) float64 { return float64(d) / float64(latency) }
