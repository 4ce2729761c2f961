// Package flags has feature flags that are set anywhere and known everywhere: whoever sets a flag on one server, all servers of a
// network act by it a few milliseconds later. It is built on a gossip node, and is an example of how such a service is tested.
package flags

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
)

// Flag says for whom a feature is switched on. The zero Flag is off, and stands for all flags that nobody has set.
type Flag struct {
	On      bool // for Percent of the users; otherwise for nobody
	Percent int  // of users, 0 to 100
}

// flagKey is the family of keys that flags stand under.
var flagKey = gossip.NewKey("flag", gossip.JSON[Flag](), nil)

// Service is the flags on one server. They are kept decoded, because Enabled is called for each request. All methods may be called at any
// time, by any number of goroutines; changes from other servers are seen while Run runs.
type Service struct {
	g *gossip.Gossip

	mu      sync.Mutex // guards what follows
	flags   map[string]Flag
	changed chan struct{} // is closed at the next change
}

// New returns a Service on the node g, which runs or is going to.
func New(g *gossip.Gossip) *Service {
	return &Service{g: g, flags: make(map[string]Flag), changed: make(chan struct{})}
}

// Run follows what other servers do until ctx or the node ends.
func (s *Service) Run(ctx context.Context) error {
	events, err := flagKey.WatchFamily(ctx, s.g, nil)
	if err != nil {
		return fmt.Errorf("follow flags: %w", err)
	}
	for e := range events {
		if skipOwn && e.Info.NodeID == s.g.GetNodeID() {
			continue
		}
		s.mu.Lock()
		s.refresh(strings.TrimPrefix(e.Key, flagKey.For("").String()))
		s.mu.Unlock()
	}
	return nil
}

// refresh takes in what the node has of a flag. An event may be older than that. s.mu is held.
func (s *Service) refresh(name string) {
	f, err := flagKey.For(name).Value(s.g)
	old, known := s.flags[name]
	switch {
	case errors.Is(err, gossip.ErrNotFound):
		delete(s.flags, name)
	case err != nil:
		return // it makes no sense: the last one that did goes on
	default:
		s.flags[name] = f
	}
	if now, still := s.flags[name]; now != old || still != known {
		close(s.changed)
		s.changed = make(chan struct{})
	}
}

// Set sets a flag, on all servers. Of several who set one, the last wins.
func (s *Service) Set(name string, f Flag) error {
	return s.update(name, func(Flag) (Flag, error) { return f, nil })
}

// update sets a flag to what change makes of it, and nobody else of this server sets it meanwhile.
func (s *Service) update(name string, change func(Flag) (Flag, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := change(s.flags[name])
	if err != nil {
		return err
	}
	if f.Percent < 0 || f.Percent > 100 {
		return fmt.Errorf("set flag %s: %d percent", name, f.Percent)
	}
	if err := flagKey.For(name).Set(s.g, f); err != nil { // waits for nothing, so it may be called with the lock
		return fmt.Errorf("set flag %s: %w", name, err)
	}
	s.refresh(name)
	return nil
}

// Delete deletes a flag, on all servers.
func (s *Service) Delete(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := flagKey.For(name).Delete(s.g); err != nil {
		return fmt.Errorf("delete flag %s: %w", name, err)
	}
	s.refresh(name)
	return nil
}

// Get returns a flag.
func (s *Service) Get(name string) Flag {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flags[name]
}

// Enabled reports whether a feature is on for a user. The same users have it on all servers, and those who have it keep it when the
// percentage rises.
func (s *Service) Enabled(name, user string) bool {
	h := fnv.New32a()
	fmt.Fprintf(h, "%s/%s", name, user)
	f := s.Get(name)
	return f.On && int(h.Sum32()%100) < f.Percent
}

// All returns all flags that are set. The map is the caller's.
func (s *Service) All() map[string]Flag {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.flags)
}

// Watch yields a flag as it is, and then each time it has changed, until ctx ends. Of changes that come while the loop is at work, it
// yields the last.
func (s *Service) Watch(ctx context.Context, name string) iter.Seq[Flag] {
	look := func() (Flag, chan struct{}) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.flags[name], s.changed
	}
	return func(yield func(Flag) bool) {
		last, changed := look()
		for ok := yield(last); ok; {
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
			var now Flag
			if now, changed = look(); now != last {
				last = now
				ok = yield(now)
			}
		}
	}
}

// errOvertaken ends a rollout.
var errOvertaken = errors.New("somebody else has set it")

// Rollout switches a flag on for ten percent of users, and for ten more each time that every has passed, until all have it. It returns an
// error if somebody else sets the flag meanwhile, or ctx ends.
func (s *Service) Rollout(ctx context.Context, name string, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	last := s.Get(name)
	for percent := 10; ; percent += 10 {
		next := Flag{On: true, Percent: percent}
		err := s.update(name, func(now Flag) (Flag, error) {
			if now != last {
				return Flag{}, errOvertaken
			}
			return next, nil
		})
		if err != nil {
			return fmt.Errorf("roll out %s to %d%%: %w", name, percent, err)
		}
		if percent == 100 {
			return nil
		}
		last = next
		select {
		case <-ctx.Done():
			return fmt.Errorf("roll out %s to %d%%: %w", name, percent+10, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// Health returns nil as long as the flags of this server are those of the others, as far as it can tell. It is for a load balancer.
func (s *Service) Health() error {
	if st := s.g.Status(); !st.Ready {
		return errors.New("flags may be old: the node is not ready")
	}
	return nil
}
