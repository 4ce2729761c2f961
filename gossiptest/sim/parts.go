package sim

import (
	"strings"

	"github.com/grapevine-go/grapevine/internal/wire"
)

// Parts says what is in a frame: the sum of its parts.
type Parts uint16

// The parts of a frame.
const (
	Hello   Parts = 1 << iota // the first frame of each end of a link, or the end's verdict about the other one
	Infos                     // infos, or that the peer needs none of those that somebody wrote
	Adverts                   // that there are infos the peer may ask for
	Grafts                    // requests for infos, and to be sent those that follow
	Prunes                    // requests to be sent adverts instead, or nothing
	Marks                     // what the sender has, of each node that writes
	Ping                      // a hash of that, or its answer
	Bye                       // why the link ends
)

var parts = [...]string{"hello", "infos", "adverts", "grafts", "prunes", "marks", "ping", "bye"}

// String returns the names of the parts in lower case, apart by spaces.
func (p Parts) String() string {
	var names []string
	for i, name := range parts {
		if p&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

// partsOf returns what is in a frame.
func partsOf(f *wire.Frame) (p Parts) {
	for i, there := range [...]bool{
		f.Hello != nil, len(f.Infos)+len(f.Ranges)+len(f.Standins) > 0, len(f.Adverts) > 0, len(f.Grafts) > 0, len(f.Prunes) > 0,
		len(f.Marks) > 0 || f.MarksEnd, f.Ping != nil, f.Bye != nil,
	} {
		if there {
			p |= 1 << i
		}
	}
	return p
}
