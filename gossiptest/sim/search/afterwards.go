package search

import (
	"fmt"
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// What happens once the network is quiet.
const (
	rest   = 12 * time.Second // in which nodes dial, and shed most of the links that they have too many of, from 5 s after the last change on
	warmUp = 8                // updates of an origin at least before that, until its tree is one
	again  = 3                // updates of an origin in a row, of which the last is counted if nothing else has happened meanwhile
	tries  = 10               // to write that many
	every  = 5                // n-th node writes
)

// afterwards checks that infos still find their way: some nodes write a few updates each, and then one that is counted. In the end, all have the same again.
func (r *run) afterwards() error {
	r.wrote = make([]int, r.Nodes)
	r.s.Observe(func(st sim.Step) {
		if st.Links {
			r.changes++
		}
		r.wrote[st.Node] += len(st.Wrote)
	})
	r.s.RunFor(rest)
	var origins []int
	for i := 0; i < r.Nodes; i += every {
		origins = append(origins, i)
	}
	for range warmUp - again + 1 {
		for _, i := range origins {
			if err := r.update(i); err != nil {
				return err
			}
		}
	}
	lossy := r.datagrams()
	for _, i := range origins {
		calm, err := r.counted(i)
		if err == nil {
			err = r.err()
		}
		if err != nil {
			return err
		}
		switch {
		case lossy:
		case !calm:
			r.restless++
		default:
			if err := r.checker.Once(updateKey(i)); err != nil {
				return err
			}
		}
	}
	if r.restless == len(origins) {
		return fmt.Errorf("search: links still come and go, parents change, or nodes write, %v after all has healed", r.s.Now()-r.For)
	}
	if err := r.settle(); err != nil {
		return err
	}
	return r.checker.Trees(origins...)
}

// counted has a node write an update while no link comes or goes, nor did during those just before, while it writes nothing else, such as the
// sentinel, and while its tree rests: an update that meets such a change, or the adverts of the one before, by which nodes may find a better parent,
// may come twice. It reports whether there was such a time.
func (r *run) counted(node int) (calm bool, err error) {
	for range tries {
		before, wrote := r.changes, r.wrote[node]
		var was, is [][2]int
		for range again {
			was, is = is, r.tree(node)
			if err := r.update(node); err != nil {
				return false, err
			}
		}
		if r.changes == before && r.wrote[node] == wrote+again && slices.Equal(was, is) {
			return true, nil
		}
	}
	return false, nil
}

// tree returns each node's parents in what the node with that number writes, the lower one first; -1: none.
func (r *run) tree(of int) [][2]int {
	parents := make([][2]int, r.Nodes)
	for i := range parents {
		parents[i] = [2]int{-1, -1}
		r.s.Origins(i, func(o sim.Origin) bool {
			found := o.Node == of && o.Incarnation == r.s.Incarnation(of)
			if found { // of two, the parent is the one from whom the last update came first
				parents[i] = [2]int{min(o.Parent, o.Second), max(o.Parent, o.Second)}
			}
			return !found
		})
	}
	return parents
}

func updateKey(node int) string { return fmt.Sprint("after/", node) }

// update has a node write its next update, and gives it time to spread.
func (r *run) update(node int) error {
	r.updates++
	err := r.s.Add(node, updateKey(node), fmt.Append(nil, r.updates), 0)
	if err == nil {
		r.s.RunFor(10 * r.s.Latency())
	}
	return err
}

// datagrams reports whether frames are lost that a link must not lose.
func (r *run) datagrams() bool {
	return slices.ContainsFunc(r.Faults, func(f fault.Fault) bool { return f.Kind == fault.Datagrams })
}
