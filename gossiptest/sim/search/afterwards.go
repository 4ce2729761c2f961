package search

import (
	"fmt"
	"slices"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// What happens once the network is quiet.
const (
	rest   = 12 * time.Second // in which nodes dial, and shed the links that they have too many of, from 5 s after the last change on
	warmUp = 8                // updates of an origin, until its tree is one
	every  = 5                // n-th node writes
)

// afterwards checks that infos still find their way: some nodes write a few updates each, and then one that is counted.
func (r *run) afterwards() error {
	r.s.RunFor(rest)
	var origins []int
	for i := 0; i < r.Nodes; i += every {
		origins = append(origins, i)
	}
	key := func(i int) string { return fmt.Sprint("after/", i) }
	for k := range warmUp + 1 {
		for _, i := range origins {
			if err := r.s.Add(i, key(i), fmt.Append(nil, k), 0); err != nil {
				return err
			}
			r.s.RunFor(10 * r.s.Latency())
		}
	}
	if err := r.err(); err != nil || r.datagrams() {
		return err
	}
	if err := r.checker.Trees(origins...); err != nil {
		return err
	}
	for _, i := range origins {
		if err := r.checker.Once(key(i)); err != nil {
			return err
		}
	}
	return nil
}

// datagrams reports whether frames are lost that a link must not lose.
func (r *run) datagrams() bool {
	return slices.ContainsFunc(r.Faults, func(f fault.Fault) bool { return f.Kind == fault.Datagrams })
}
