package search

import (
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// FromBytes makes a schedule of any bytes, for fuzzing: 3 to 8 nodes, 15 seconds, and a fault or a write for each five bytes
// behind the first two, 40 at most. None, some or all nodes have two parents in each tree.
func FromBytes(data []byte) Schedule {
	s := Schedule{Nodes: 3, For: 15 * time.Second}
	if len(data) >= 2 {
		s.Nodes += int(data[0] % 6)
		s.Seed = uint64(data[1])
		s.Doubled = int(data[0]/64) * s.Nodes / 3
		data = data[2:]
	}
	for n := 0; len(data) >= 5 && n < 40; n++ {
		s.add(time.Duration(n)*time.Microsecond, data[:5])
		data = data[5:]
	}
	return s
}

// add adds what five bytes say: what it is, when, where, how long or under which key, and how much. It happens late by a
// time of its own: nothing ends and nothing else begins at one instant, in which a node could live twice.
func (s *Schedule) add(late time.Duration, b []byte) {
	at := time.Duration(b[1])*s.For/256 + late
	var in []int
	for n := range s.Nodes {
		if b[2]>>n&1 != 0 {
			in = append(in, n)
		}
	}
	if in == nil {
		in = []int{int(b[1]) % s.Nodes}
	}
	n := int(b[0]) % (len(kinds) + 8)
	if n >= len(kinds) {
		w := Write{At: at, Node: int(b[2]) % s.Nodes, Key: fmt.Sprint("k", b[3]%4), Delete: b[4]%4 == 3}
		if !w.Delete {
			w.TTL = time.Duration(b[4]) * 50 * time.Millisecond
		}
		s.Writes = append(s.Writes, w)
		return
	}
	f := fault.Fault{Kind: kinds[n], At: at, For: time.Duration(b[3]) * s.For / 256, Nodes: in}
	switch f.Kind {
	case fault.OneWay:
		for n := range s.Nodes {
			if b[4]>>n&1 != 0 {
				f.To = append(f.To, n)
			}
		}
		if f.To == nil {
			f.To = []int{int(b[3]) % s.Nodes}
		}
	case fault.Loss, fault.Datagrams:
		f.Amount, f.Nodes = float64(b[4]%50)/100, nil
	case fault.Slow:
		f.Amount = float64(1 + b[4]%16)
	case fault.Clock:
		f.Amount = float64(int8(b[4])) / 50
	}
	if f.Kind == fault.Restart {
		f.For = 0
	}
	s.Faults = append(s.Faults, f)
}
