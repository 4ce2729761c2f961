package check

import (
	"cmp"
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// log is everything that was ever written.
type log struct {
	keys    map[string]int
	origins map[origin][]write // write n at n-1
}

// origin is one incarnation of a node.
type origin struct {
	node        int
	incarnation uint64
}

type write struct {
	entry sim.Entry
	key   int // number of the key
	at    time.Duration
}

func newLog() log { return log{keys: map[string]int{}, origins: map[origin][]write{}} }

// of returns what a node wrote under an incarnation.
func (l *log) of(node int, incarnation uint64) []write { return l.origins[origin{node, incarnation}] }

// next returns the number of the write that is next to that of v.
func (l *log) next(v sim.Version) uint64 { return uint64(len(l.of(v.Node, v.Incarnation))) + 1 }

func (l *log) add(e *sim.Entry, at time.Duration) {
	key, ok := l.keys[e.Key]
	if !ok {
		key = len(l.keys)
		l.keys[e.Key] = key
	}
	o := origin{e.Version.Node, e.Version.Incarnation}
	l.origins[o] = append(l.origins[o], write{entry: *e, key: key, at: at})
}

// find returns the write with that version, nil if there is none.
func (l *log) find(v sim.Version) *write {
	writes := l.of(v.Node, v.Incarnation)
	if v.Seq == 0 || v.Seq > uint64(len(writes)) || writes[v.Seq-1].entry.Version != v {
		return nil
	}
	return &writes[v.Seq-1]
}

// epoch is the wall clock's time at the start of every Sim.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()

// show describes an entry for a person.
func show(e *sim.Entry) string {
	what := "what is left of"
	switch {
	case e.Deleted:
		what = "the deletion of"
	case e.Live:
		what = fmt.Sprintf("%.20q as", e.Value)
	}
	v := e.Version
	return fmt.Sprintf("%s %q (write %d of n%d in its run from %v, at %v)",
		what, e.Key, v.Seq, v.Node, time.Duration(int64(v.Incarnation)-epoch), time.Duration(v.Wall-epoch))
}

func compareOrigin(a, b origin) int {
	return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.incarnation, b.incarnation))
}

// describe says how far two nodes cover an origin.
func describe(o origin, a, b uint64) string {
	return fmt.Sprintf("%d and %d writes of n%d in its run from %v", a, b, o.node, time.Duration(int64(o.incarnation)-epoch))
}
