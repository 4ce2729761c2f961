package gossiptest

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/internal/serial"
	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/storage"
	"github.com/grapevine-go/grapevine/transport"
)

// App is what runs on the hosts of a [Cluster]: the application under test, with as many goroutines as it likes.
type App interface {
	// Run does whatever the application does until ctx ends, and returns when all its goroutines have ended. On a host, an
	// error that comes before the end of ctx is a failure of the test; one that comes after it is what Cluster.Stop returns.
	Run(ctx context.Context) error
}

// Host is one run of a machine in a [Sim]: what an application finds there. When the machine crashes and starts again, the application is
// made anew, of a Host with the same store.
//
// The parts of a Host are for the goroutines of its application, and of the test.
type Host struct {
	sim   *Sim
	run   *serial.Run
	index int
}

// Index returns the number of the host in the Sim, from 0 on.
func (h *Host) Index() int { return h.index }

// Run returns the number of this run of the host, from 1 on.
func (h *Host) Run() int { return h.run.Number() }

// String returns the name of the host: "n0".
func (h *Host) String() string { return serial.Name(h.index) }

// Sim returns the simulation that the host belongs to.
func (h *Host) Sim() *Sim { return h.sim }

// Transport returns the transport of this run. It keeps the contract of package transport, except where a fault says otherwise.
func (h *Host) Transport() transport.Transport { return h.run.Transport() }

// Clock returns the clock of the host, which follows the time of the Sim. [fault.Clock] and [fault.Drift] make it wrong. Its Now does not go
// back: when the clock is set back, it stands still until it is right again.
func (h *Host) Clock() clock.Clock { return h.run.Clock() }

// Store returns the store of the host, which outlives crashes. Applications may share it with a gossip.Gossip, whose keys begin with "gossip.".
func (h *Host) Store() storage.Store { return h.run.Store() }

// Resolver returns a resolver that names the first three hosts of each Cluster of the Sim.
func (h *Host) Resolver() resolver.Resolver { return h.run.Resolver() }

// Rand returns a source of randomness that follows from the seed, the host and its run. Every call begins anew.
func (h *Host) Rand() *rand.Rand {
	return rand.New(rand.NewPCG(h.seed(saltRand), uint64(h.run.Number())))
}

func (h *Host) seed(salt uint64) uint64 { return simnet.Hash(h.sim.seed, salt, uint64(h.index)) }

// Config returns what a [gossip.Gossip] on this host is made of: its transport, resolver, clock and store, a NodeID that is one more than
// the host's index, the cluster's ID, a seed that follows from the Sim's, and [Interval] as its interval.
func (h *Host) Config() gossip.Config {
	return gossip.Config{
		ClusterID: clusterID,
		NodeID:    gossip.NodeID(h.index + 1),
		Transport: h.Transport(),
		Resolvers: []resolver.Resolver{h.Resolver()},
		Clock:     h.Clock(),
		Store:     h.Store(),
		Interval:  Interval,
		Seed:      simnet.Hash(h.seed(saltNode), uint64(h.run.Number())) | 1,
	}
}

// What a hash is for: the first word behind the seed. The network has others.
const (
	saltRand uint64 = iota + 1000
	saltNode
	saltTest
	saltFaults
)

// Cluster is some hosts with an application of type A on each. Its methods are called by the test.
type Cluster[A App] struct {
	sim   *Sim
	make  func(*Host) A
	first int
	slots []*slot[A]
}

// slot is one of the hosts.
type slot[A App] struct {
	app  A
	host *Host
	kept bool // down, by the test: the end of a fault does not start it
}

// NewCluster adds n hosts to the simulation and starts the application on each, one after the other: newApp makes it, on the host's own
// goroutine, and its Run is called there. The next one is started when the application waits for something: a call, a timer, a channel.
func NewCluster[A App](s *Sim, n int, newApp func(h *Host) A) *Cluster[A] {
	c := &Cluster[A]{sim: s, make: newApp, first: s.world.Len(), slots: make([]*slot[A], n)}
	s.world.Grow(n)
	s.mu.Lock()
	s.owners = append(s.owners, owner{c.first, n, c})
	s.mu.Unlock()
	for i := range n {
		c.slots[i] = &slot[A]{}
		c.start(i)
	}
	return c
}

// Len returns the number of hosts.
func (c *Cluster[A]) Len() int { return len(c.slots) }

// App returns the application on the i-th host: that of its latest run, which may have ended.
func (c *Cluster[A]) App(i int) A {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	return c.slots[i].app
}

// app returns what App does, and nil before there is any.
func (c *Cluster[A]) app(i int) any {
	if c.Host(i) == nil {
		return nil
	}
	return c.App(i)
}

// Host returns the latest run of the i-th host.
func (c *Cluster[A]) Host(i int) *Host {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	return c.slots[i].host
}

// Up reports whether the i-th host runs.
func (c *Cluster[A]) Up(i int) bool { return c.sim.world.Host(c.first+i).Run() != nil }

// Crash ends the i-th host as a crash of its process does: links break, nothing that it still does has an effect, and of its store remains
// what was written. The host stays down until Start, whatever faults end meanwhile: also one that has been down already.
func (c *Cluster[A]) Crash(i int) {
	c.keep(i, true)
	c.crash(i, false)
}

func (c *Cluster[A]) crash(i int, silence bool) {
	h := c.sim.world.Host(c.first + i)
	r := h.Run()
	switch {
	case r != nil:
		r.Crash(silence)
	case silence:
		h.Silence()
	}
}

// keep says whether the end of a fault leaves the i-th host down.
func (c *Cluster[A]) keep(i int, down bool) {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	c.slots[i].kept = down
}

// restart is what the end of a fault does.
func (c *Cluster[A]) restart(i int) {
	c.sim.mu.Lock()
	kept := c.slots[i].kept
	c.sim.mu.Unlock()
	if !kept && !c.Up(i) {
		c.start(i)
	}
}

// Stop ends the application on the i-th host by the end of its context, and waits until its Run has returned. It returns the error of
// that, and nil if the host is down. Any number of goroutines may do so at once. The host stays down until Start, as after Crash.
func (c *Cluster[A]) Stop(i int) error {
	c.keep(i, true)
	r := c.sim.world.Host(c.first + i).Run()
	if r == nil {
		return nil
	}
	r.End()
	return r.Join()
}

// Start starts the i-th host again, after a Crash or a Stop, or before the end of a fault that has it down. It does nothing if the host runs.
func (c *Cluster[A]) Start(i int) {
	c.keep(i, false)
	if !c.Up(i) {
		c.start(i)
	}
}

func (c *Cluster[A]) start(i int) {
	made := make(chan struct{})
	s := c.sim
	run := s.world.Host(c.first + i).Start(func(r *serial.Run) error {
		h := &Host{sim: s, run: r, index: c.first + i}
		defer s.panics(h.String())
		app := c.make(h)
		s.mu.Lock()
		c.slots[i].app, c.slots[i].host = app, h
		s.mu.Unlock()
		s.world.After(0, func() { close(made) }) // who waits goes on when the application waits for something
		err := app.Run(r.Context())
		if err != nil && r.Context().Err() == nil {
			s.Errorf("%v: Run: %v", h, err)
		}
		return err
	})
	select {
	case <-made:
	case <-run.Done(): // it crashed before it began
	}
}

// owner is a cluster and its hosts.
type owner struct {
	first, n int
	cluster  interface {
		crash(i int, silence bool)
		restart(i int)
		Up(i int) bool
		app(i int) any
	}
}

// life is what faults do to the hosts of a Sim.
type life struct{ *Sim }

func (l life) find(host int) (owner, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.owners {
		if host >= o.first && host < o.first+o.n {
			return o, host - o.first
		}
	}
	panic(fmt.Sprintf("gossiptest: there is no host %d", host))
}

func (l life) Crash(host int, silence, wipe bool) {
	o, i := l.find(host)
	o.cluster.crash(i, silence)
	if wipe {
		l.world.Host(host).Wipe()
	}
}

func (l life) Start(host int) {
	o, i := l.find(host)
	o.cluster.restart(i)
}
