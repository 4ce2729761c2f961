package gossiptest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/storage"
)

// lifeFaults end a run of n1, to which n0 has a link.
var lifeFaults = []struct {
	kind fault.Kind
	down bool // n1 is, for as long as the fault lasts
	told bool // that the link has ended, n0 is at once
	kept bool // what was stored is there afterwards
}{
	{kind: fault.Crash, down: true, told: true, kept: true},
	{kind: fault.Wipe, down: true, told: true, kept: false},
	{kind: fault.Restart, down: false, told: true, kept: true},
	{kind: fault.Silence, down: true, told: false, kept: true},
}

// What faults of the life of hosts do, applications see.
func TestFaultsOfHosts(t *testing.T) {
	for _, tt := range lifeFaults {
		t.Run(tt.kind.String(), func(t *testing.T) {
			attempts(t, 3, func(s *Sim) {
				s.Network(NetworkModel{Latency: streamLatency, Jitter: -1})
				log := newStreams()
				c := NewCluster(s, 2, func(h *Host) *streamer { return &streamer{h: h, log: log} })
				f := fault.Fault{Kind: tt.kind, At: faultAt, For: faultFor, Nodes: []int{1}}
				if !tt.down {
					f.For = 0
				}
				s.Faults(f)
				first := c.Host(1)
				if err := first.Store().Put(s.Context(), "k", []byte("v")); err != nil {
					s.Fatal(err)
				}
				s.RunFor(faultAt - 1)
				if !c.Up(1) || first.Run() != 1 {
					s.Errorf("before, up is %v, run %d", c.Up(1), first.Run())
				}
				s.RunFor(time.Second)
				if got := c.Up(1); got == tt.down {
					s.Errorf("while it lasts, up is %v", got)
				}
				if err := first.Store().Put(s.Context(), "k", []byte("by the dead")); err == nil {
					s.Errorf("the first run still writes")
				}
				w := way{0, 1}
				if n := log.over(w, faultAt, faultAt+2*streamLatency).down; n > 0 != tt.told {
					s.Errorf("%d links have ended within two latencies, want that: %v", n, tt.told)
				}
				if meanwhile := log.over(w, faultAt+1, faultEnd-2*streamLatency); meanwhile.got > 0 == tt.down {
					s.Errorf("to n1, meanwhile: %v", meanwhile)
				}
				s.RunFor(4 * time.Second)
				if !c.Up(1) || c.Host(1).Run() != 2 {
					s.Errorf("afterwards, up is %v, run %d, want the second", c.Up(1), c.Host(1).Run())
				}
				if after := log.over(w, faultEnd+time.Second, s.Now()-time.Second); !after.clean() {
					s.Errorf("to n1, afterwards: %v", after)
				}
				v, err := c.Host(1).Store().Get(s.Context(), "k")
				if kept := string(v) == "v" && err == nil; kept != tt.kept || !tt.kept && !errors.Is(err, storage.ErrNotFound) {
					s.Errorf("afterwards, the store has %q, %v; kept: %v", v, err, tt.kept)
				}
			})
		})
	}
}

// clockFaults make the clock of n0 wrong.
var clockFaults = []struct {
	kind   fault.Kind
	amount float64
	ahead  time.Duration // at 3s, by so much
	second time.Duration // that its timer takes
}{
	{kind: fault.Clock, amount: 0.5, ahead: 500 * time.Millisecond, second: time.Second},
	{kind: fault.Drift, amount: 0.25, ahead: 250 * time.Millisecond, second: 800 * time.Millisecond},
}

// What faults of clocks do, applications see.
func TestFaultsOfClocks(t *testing.T) {
	for _, tt := range clockFaults {
		t.Run(tt.kind.String(), func(t *testing.T) {
			attempts(t, 2, func(s *Sim) {
				start := time.Now()
				c := NewCluster(s, 2, newIdle)
				s.Faults(fault.Fault{Kind: tt.kind, At: faultAt, For: faultFor, Nodes: []int{0}, Amount: tt.amount})
				ahead := func(host int) time.Duration { return c.Host(host).Clock().Now().Sub(start) - s.Now() }
				timer := func() (took time.Duration) {
					begin := s.Now()
					fired := make(chan struct{})
					c.Host(0).Clock().AfterFunc(time.Second, func() { took = s.Now() - begin; close(fired) })
					<-fired
					return took
				}
				for _, at := range []struct{ now, ahead, second time.Duration }{
					{now: 500 * time.Millisecond, second: time.Second},
					{now: 3 * time.Second, ahead: tt.ahead, second: tt.second}, // the timer ends before the fault does
					{now: 6 * time.Second, second: time.Second},                // the clock stood still until it was right
				} {
					s.RunFor(at.now - s.Now())
					if a, b := ahead(0), ahead(1); a != at.ahead || b != 0 {
						s.Errorf("at %v the clock is ahead by %v, want %v; the other one by %v", at.now, a, at.ahead, b)
					}
					if took := timer(); took != at.second {
						s.Errorf("at %v, a timer of a second takes %v, want %v", at.now, took, at.second)
					}
				}
			})
		})
	}
}

// lookup is a call of a resolver.
type lookup struct {
	at, took time.Duration
	hosts    int // so many were named
	err      error
}

func (l lookup) String() string {
	return fmt.Sprintf("at %v, after %v: %d hosts, %v", l.at, l.took, l.hosts, l.err)
}

// resolverFaults are those of resolvers. Three hosts are to be named, and five from second 3 on.
var resolverFaults = []struct {
	fault.Fault
	seen func(l lookup) bool // in place of what should be
}{
	{fault.Fault{Kind: fault.ResolverEmpty}, func(l lookup) bool { return l.err == nil && l.hosts == 0 && l.took == 0 }},
	{fault.Fault{Kind: fault.ResolverStale}, func(l lookup) bool { return l.err == nil && l.hosts == 3 && l.took == 0 }},
	{fault.Fault{Kind: fault.ResolverSlow, Amount: 0.25}, func(l lookup) bool { return l.err == nil && l.hosts >= 3 && l.took == 250*time.Millisecond }},
	{fault.Fault{Kind: fault.ResolverError}, func(l lookup) bool { return l.err != nil && l.hosts == 0 && l.took == 0 }},
	{fault.Fault{Kind: fault.ResolverFlap, Every: 500 * time.Millisecond}, func(l lookup) bool {
		off := (l.at-faultAt)/(500*time.Millisecond)%2 == 0
		return l.err == nil && l.took == 0 && (l.hosts == 0) == off
	}},
}

// What faults of resolvers do, those see who ask one: of the hosts that are named, or of all if none is.
func TestFaultsOfResolvers(t *testing.T) {
	for _, tt := range resolverFaults {
		for _, nodes := range [][]int{{0}, nil} {
			t.Run(fmt.Sprint(tt.Kind, nodes), func(t *testing.T) {
				attempts(t, 2, func(s *Sim) {
					c := NewCluster(s, 3, newIdle)
					f := tt.Fault
					f.At, f.For, f.Nodes = faultAt, faultFor, nodes
					s.Faults(f)
					s.At(3*time.Second, func() { NewCluster(s, 2, newIdle) })
					for s.Now() < 6*time.Second {
						s.RunFor(100*time.Millisecond - s.Now()%(100*time.Millisecond) + time.Millisecond)
						for host := range 2 {
							l := lookup{at: s.Now()}
							addrs, err := c.Host(host).Resolver().Resolve(context.Background())
							l.hosts, l.err, l.took = len(addrs), err, s.Now()-l.at
							want := 3
							if s.Now() > 3*time.Second {
								want = 5
							}
							lasts := l.at >= faultAt && l.at < faultEnd && (host == 0 || nodes == nil)
							switch {
							case lasts && !tt.seen(l):
								s.Errorf("while it lasts, n%d %v", host, l)
							case !lasts && (l.err != nil || l.hosts != want || l.took != 0):
								s.Errorf("n%d %v, want %d", host, l, want)
							}
						}
					}
				})
			})
		}
	}
}

// What is stale is so since the fault began, and not since one before.
func TestStaleResolverAgain(t *testing.T) {
	Run(t, func(s *Sim) {
		c := NewCluster(s, 1, newIdle)
		for i := range time.Duration(2) {
			s.Faults(fault.Fault{Kind: fault.ResolverStale, At: (1 + 2*i) * time.Second, For: time.Second})
		}
		for i, want := range []int{1, 2, 2, 3} { // known at 1.5s, 2.5s, and so on; at each fault there is one more host
			s.RunFor(time.Duration(i)*time.Second + 1500*time.Millisecond - s.Now())
			if i%2 == 0 {
				NewCluster(s, 1, newIdle)
			}
			if addrs, err := c.Host(0).Resolver().Resolve(s.Context()); len(addrs) != want || err != nil {
				s.Errorf("at %v: %v, %v; want %d", s.Now(), addrs, err, want)
			}
		}
	})
}

// Each kind of fault is in one of the tables above.
func TestEveryKindIsSeen(t *testing.T) {
	var kinds []fault.Kind
	for _, tt := range networkFaults {
		kinds = append(kinds, tt.Kind)
	}
	for _, tt := range lifeFaults {
		kinds = append(kinds, tt.kind)
	}
	for _, tt := range clockFaults {
		kinds = append(kinds, tt.kind)
	}
	for _, tt := range resolverFaults {
		kinds = append(kinds, tt.Kind)
	}
	for _, tt := range storeFaults {
		kinds = append(kinds, tt.kinds...)
	}
	for _, k := range fault.Kinds() {
		if !slices.Contains(kinds, k) {
			t.Errorf("no table shows what %v does", k)
		}
	}
}
