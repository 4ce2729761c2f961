package gossiptest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/storage"
)

// storeFaults are those of stores. The script is a list of what is done on n0: times in tenths of a second, an operation, and what comes
// of it.
var storeFaults = []struct {
	kinds  []fault.Kind
	amount float64
	script string
}{
	{
		kinds: []fault.Kind{fault.StoreError},
		script: `10 put a old; 10 get a old
			21 put a new error; 22 get a error; 23 delete a error
			41 get a old; 42 put a new; 43 get a new; 44 delete a; 45 get a none`,
	},
	{
		kinds: []fault.Kind{fault.StoreSlow}, amount: 0.25,
		script: `10 put a old; 10 get a old
			21 put a new slow; 25 get a new slow; 30 delete a slow; 35 get a none slow
			41 put a old; 41 get a old`,
	},
	{ // whoever comes when the fault is over passes those who came while it lasted
		kinds: []fault.Kind{fault.StoreSlow}, amount: 0.5,
		script: `38 begin a old; 41 put a new; 42 get a new; 44 get a old`,
	},
	{
		kinds: []fault.Kind{fault.StoreTorn, fault.StoreSlow}, amount: 0.5,
		script: `10 put a oldold; 21 begin a newnew; 23 crash; 24 put b bbbb slow; 29 delete b slow; 34 delete a slow; 39 crash; 41 get a none; 42 get b none`,
	},
	{ // whoever reads meanwhile changes nothing, and a fault that is over does no harm
		kinds: []fault.Kind{fault.StoreTorn, fault.StoreSlow}, amount: 0.5,
		script: `10 put a oldold; 21 look a; 23 begin a newnew; 27 crash; 31 get a new slow; 38 begin b xx; 42 crash; 45 get b none`,
	},
	{ // each of two writes of one value may be torn, and one that its context has ended is not
		kinds: []fault.Kind{fault.StoreTorn, fault.StoreSlow}, amount: 0.5,
		script: `10 put a oldold; 21 begin a oneone; 23 begin a twotwo; 27 crash; 28 cut b bbbb; 30 crash; 41 get a two; 42 get b none`,
	},
	{ // without torn writes, a crash leaves what was there
		kinds: []fault.Kind{fault.StoreSlow}, amount: 0.5,
		script: `10 put a oldold; 21 begin a newnew; 23 crash; 31 get a oldold slow`,
	},
	{
		kinds: []fault.Kind{fault.StoreLost},
		script: `10 put a old; 10 put c old
			21 put a new; 22 put b new; 23 delete c; 24 get a new; 24 get b new; 24 get c none
			25 crash; 31 get a old; 31 get b none; 31 get c old
			32 put a new; 41 put b new; 42 crash; 45 get a new; 45 get b new; 45 get c old`,
	},
}

// What faults of stores do, those see who use one, and those who start again after a crash.
func TestFaultsOfStores(t *testing.T) {
	for _, tt := range storeFaults {
		t.Run(fmt.Sprint(tt.kinds), func(t *testing.T) {
			attempts(t, 2, func(s *Sim) {
				c := NewCluster(s, 2, newIdle)
				for _, k := range tt.kinds {
					f := fault.Fault{Kind: k, At: faultAt, For: faultFor, Nodes: []int{0}}
					if k == fault.StoreSlow {
						f.Amount = tt.amount
					}
					s.Faults(f)
				}
				for _, step := range strings.FieldsFunc(tt.script, func(r rune) bool { return r == ';' || r == '\n' }) {
					storeStep(s, c, strings.Fields(step), tt.amount)
				}
			})
		})
	}
}

// storeStep does what a line of a script says, and fails the run if something else comes of it.
func storeStep(s *Sim, c *Cluster[appFunc], words []string, slow float64) {
	var tenths int
	fmt.Sscan(words[0], &tenths)
	s.RunFor(time.Duration(tenths)*100*time.Millisecond - s.Now())
	begin := s.Now()
	line := strings.Join(words, " ")
	has := func(what string) bool { return slices.Contains(words, what) }
	var err error
	ctx, store := context.Background(), c.Host(0).Store()
	switch words[1] {
	case "put":
		err = store.Put(ctx, words[2], []byte(words[3]))
	case "begin":
		go store.Put(ctx, words[2], []byte(words[3])) // it may not end
		return
	case "cut": // after a tenth
		go func() {
			ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			defer cancel()
			store.Put(ctx, words[2], []byte(words[3]))
		}()
		return
	case "look":
		go store.Get(ctx, words[2])
		return
	case "delete":
		err = store.Delete(ctx, words[2])
	case "get":
		var v []byte
		if v, err = store.Get(ctx, words[2]); err == nil && string(v) != words[3] {
			s.Errorf("%s: %q", line, v)
		}
	case "crash":
		c.Crash(0)
		c.Start(0)
	}
	took := time.Duration(0)
	if has("slow") {
		took = time.Duration(slow * float64(time.Second))
	}
	none := errors.Is(err, storage.ErrNotFound)
	if has("none") != none || has("error") != (err != nil && !none) || s.Now()-begin != took {
		s.Errorf("%s: %v, after %v", line, err, s.Now()-begin)
	}
	other := c.Host(1).Store() // the fault is not about it
	if err := other.Put(ctx, "k", nil); err != nil {
		s.Errorf("%s: the other store: %v", line, err)
	}
}

// Calls of one name that take as long return in their order, also where a host has stood still.
func TestSlowCallsReturnInOrder(t *testing.T) {
	for _, pause := range []bool{false, true} {
		attempts(t, 4, func(s *Sim) {
			c := NewCluster(s, 1, newIdle)
			s.Faults(
				fault.Fault{Kind: fault.StoreSlow, For: time.Hour, Amount: 0.5},
				fault.Fault{Kind: fault.ResolverSlow, For: time.Hour, Amount: 0.5},
			)
			if pause {
				s.Faults(fault.Fault{Kind: fault.Pause, At: 200 * time.Millisecond, For: time.Second, Nodes: []int{0}})
			}
			s.RunFor(0)
			const n = 20
			var puts, resolves []int
			var wg sync.WaitGroup
			for i := range n {
				wg.Go(func() {
					if err := c.Host(0).Store().Put(s.Context(), "k", []byte{byte(i)}); err != nil {
						s.Errorf("Put: %v", err)
					}
					puts = append(puts, i)
				})
				wg.Go(func() {
					if _, err := c.Host(0).Resolver().Resolve(s.Context()); err != nil {
						s.Errorf("Resolve: %v", err)
					}
					resolves = append(resolves, i)
				})
			}
			wg.Wait()
			if len(puts) != n || !slices.IsSorted(puts) {
				s.Errorf("after a pause: %v; %d calls of Put return in the order %v", pause, n, puts)
			}
			if len(resolves) != n || !slices.IsSorted(resolves) {
				s.Errorf("after a pause: %v; %d calls of Resolve return in the order %v", pause, n, resolves)
			}
			if v, err := c.Host(0).Store().Get(s.Context(), "k"); err != nil || len(v) != 1 || v[0] != n-1 {
				s.Errorf("after a pause: %v; the value is %v, %v; want that of the last Put, %d", pause, v, err, n-1)
			}
		})
	}
}
