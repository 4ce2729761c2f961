package gossiptest

import (
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// Faults of these tests begin after two seconds, and last for as long.
const (
	faultAt  = 2 * time.Second
	faultFor = 2 * time.Second
	faultEnd = faultAt + faultFor
)

// networkFaults are faults that an application sees in what comes over its links. n0 is what they are about.
var networkFaults = []struct {
	fault.Fault
	seen func(out, in, other flow) bool // while it lasts: from n0 to n1, back, and from n1 to n2
}{
	{
		Fault: fault.Fault{Kind: fault.Partition, Nodes: []int{0}},
		seen:  func(out, in, other flow) bool { return out.sent > 0 && out.got == 0 && in.got == 0 && other.clean() },
	},
	{
		Fault: fault.Fault{Kind: fault.OneWay, Nodes: []int{0}, To: []int{1}},
		seen:  func(out, in, other flow) bool { return out.sent > 0 && out.got == 0 && in.clean() && other.clean() },
	},
	{
		Fault: fault.Fault{Kind: fault.Flap, Nodes: []int{0}, Every: 500 * time.Millisecond},
		seen: func(out, in, other flow) bool { // there and back is twice half a second
			return out.got > 50 && out.got < 100 && in.got > 50 && in.got < 100 && out.down >= 2 && other.clean()
		},
	},
	{
		Fault: fault.Fault{Kind: fault.Slow, Nodes: []int{0}, Amount: 5},
		seen: func(out, in, other flow) bool {
			five := 5 * streamLatency
			return slices.Min(out.delays) == five && slices.Max(out.delays) == five && slices.Min(in.delays) == five && other.clean()
		},
	},
	{
		Fault: fault.Fault{Kind: fault.Loss, Amount: 0.5},
		seen: func(out, in, other flow) bool {
			return out.resent() && in.resent() && other.resent() && out.none < 4
		},
	},
	{
		Fault: fault.Fault{Kind: fault.Burst, Amount: 0.2},
		seen: func(out, in, other flow) bool {
			return out.resent() && in.resent() && other.resent() && out.whole >= 4 && out.none >= 4 && out.whole == in.whole
		},
	},
	{
		Fault: fault.Fault{Kind: fault.Bandwidth, Nodes: []int{0}, Amount: 5000},
		seen: func(out, in, other flow) bool { // a frame of 100 bytes leaves in 20 ms, and waits for that to the other host
			return out.took == 40*time.Millisecond && out.sent > 45 && out.sent < 55 && in.clean() && other.clean()
		},
	},
	{
		Fault: fault.Fault{Kind: fault.Pause, Nodes: []int{0}},
		seen: func(out, in, other flow) bool { // what is due, or comes in, is so at the end
			return out.took >= faultFor-2*streamTick && in.got == in.sent && in.first == faultEnd && in.last < faultEnd+streamLatency && other.clean()
		},
	},
	{
		Fault: fault.Fault{Kind: fault.Datagrams, Amount: 0.5},
		seen: func(out, in, other flow) bool {
			half := func(t flow) bool { return t.got > t.sent/4 && t.got < t.sent*3/4 && t.behind+t.late+t.down == 0 }
			return half(out) && half(in) && half(other)
		},
	},
	{
		Fault: fault.Fault{Kind: fault.Duplicate, Amount: 0.5},
		seen: func(out, in, other flow) bool {
			half := func(t flow) bool {
				return t.twice > t.sent/4 && t.twice < t.sent*3/4 && t.got == t.sent && t.down == 0
			}
			return half(out) && half(in) && half(other)
		},
	},
	{
		Fault: fault.Fault{Kind: fault.Reorder, Amount: 0.5},
		seen: func(out, in, other flow) bool {
			some := func(t flow) bool { return t.behind > 10 && t.got == t.sent && t.twice+t.down == 0 }
			return some(out) && some(in) && some(other)
		},
	},
}

// resent reports whether everything came in order, but some of it late, as what a stream loses does.
func (t flow) resent() bool {
	return t.got == t.sent && t.late > t.sent/4 && t.behind+t.twice+t.down == 0 && slices.Max(t.delays) >= 5*streamLatency
}

// What faults of the network do, applications see, while they last and no longer.
func TestFaultsOfTheNetwork(t *testing.T) {
	for _, tt := range networkFaults {
		t.Run(tt.Kind.String(), func(t *testing.T) {
			attempts(t, 3, func(s *Sim) {
				s.Network(NetworkModel{Latency: streamLatency, Jitter: -1})
				log := newStreams()
				NewCluster(s, 3, func(h *Host) *streamer { return &streamer{h: h, size: 100, log: log} })
				f := tt.Fault
				f.At, f.For = faultAt, faultFor
				s.Faults(f)
				s.RunFor(8 * time.Second)
				ways := []way{{0, 1}, {1, 0}, {1, 2}}
				var while []flow
				for _, w := range ways {
					if before := log.over(w, time.Second, faultAt-2*streamLatency); !before.clean() {
						s.Errorf("%v, before: %v", w, before)
					}
					if after := log.over(w, faultEnd+time.Second, 7*time.Second); !after.clean() {
						s.Errorf("%v, after: %v", w, after)
					}
					while = append(while, log.over(w, faultAt+1, faultEnd-2*streamLatency))
				}
				if !tt.seen(while[0], while[1], while[2]) {
					s.Errorf("while it lasts: out %v\nin %v\nother %v", while[0], while[1], while[2])
				}
			})
		})
	}
}
