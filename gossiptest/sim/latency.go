package sim

import (
	"fmt"
	"time"
)

// Spread says how the latencies of a link's frames scatter about the link's own, how far being said by
// [Options.Jitter].
type Spread uint8

// The spreads. Their mean is the link's latency.
const (
	Uniform     Spread = iota // evenly, up to Jitter times the latency more or less
	Exponential               // by a tail above the least, 1-Jitter times the latency; the deviation is Jitter times the latency
	LogNormal                 // by a heavier tail, from 0 on; the deviation is Jitter times the latency, and Jitter may be above 1
)

// String returns the name of s, in lower case.
func (s Spread) String() string {
	switch s {
	case Uniform:
		return "uniform"
	case Exponential:
		return "exponential"
	case LogNormal:
		return "log-normal"
	}
	return fmt.Sprintf("Spread(%d)", uint8(s))
}

// Zones returns a function for [Options.Distance]: zone has the zone of each node, and latency the latency from each
// zone to each. It panics if latency is not square. Both slices are the function's from then on.
func Zones(zone []int, latency [][]time.Duration) func(from, to int) time.Duration {
	for _, row := range latency {
		if len(row) != len(latency) {
			panic(fmt.Sprintf("sim: Zones: latencies from %d zones, and to %d", len(latency), len(row)))
		}
	}
	return func(from, to int) time.Duration { return latency[zone[from]][zone[to]] }
}
