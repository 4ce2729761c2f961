package sim

import (
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/internal/core"
)

// ChangeKind says what became of the info that a node holds under a key.
type ChangeKind uint8

// The kinds of a [Change].
const (
	Added     ChangeKind = iota // there was none
	Updated                     // there is another value
	Refreshed                   // the same bytes were written again
	Deleted                     // a node has deleted it
	Expired                     // it has outlived its lifetime
)

// String returns the name of k, in lower case.
func (k ChangeKind) String() string {
	switch k {
	case Added:
		return "added"
	case Updated:
		return "updated"
	case Refreshed:
		return "refreshed"
	case Deleted:
		return "deleted"
	case Expired:
		return "expired"
	}
	return fmt.Sprintf("ChangeKind(%d)", uint8(k))
}

// Change is a change of what a node holds under a key.
type Change struct {
	Node  int           // at which it happened
	Kind  ChangeKind    // what happened
	Key   string        // of the info
	Value string        // none if Deleted or Expired
	From  uint64        // NodeID of whoever wrote what stands there now, the deletion if it is one
	Stamp time.Time     // of that write
	At    time.Duration // since New
}

// note has OnChange told of a change.
func (s *Sim) note(n *node, c *core.Change) {
	if s.opts.OnChange == nil {
		return
	}
	kind := Added
	switch c.Kind {
	case core.Moved:
		return
	case core.Updated:
		kind = Updated
	case core.Refreshed:
		kind = Refreshed
	case core.Deleted:
		kind = Deleted
	case core.Expired:
		kind = Expired
	}
	r := c.Record
	s.changes = append(s.changes, Change{
		Node: int(n.id), Kind: kind, Key: r.Key, Value: r.Value, From: r.Node, Stamp: time.Unix(0, r.Stamp.Wall), At: s.Now(),
	})
}
