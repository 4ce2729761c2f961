package main

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossip"
	"github.com/grapevine-go/grapevine/gossiptest"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/transport"
)

// member is a node that keeps in mind which keys it has been told of. Sockets do not work in a bubble of
// testing/synctest, so nothing here waits for a time: it waits for a key.
type member struct {
	*gossip.Gossip
	transport *Transport
	ended     chan error // what Run returned; then closed

	mu   sync.Mutex // guards told
	told map[string]chan struct{}
}

// when returns a channel that is closed when the node has been told of key.
func (m *member) when(key string) chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.told[key] == nil {
		m.told[key] = make(chan struct{})
	}
	return m.told[key]
}

// hear is a callback of the node. It blocks for nobody.
func (m *member) hear(key string, _ []byte) {
	told := m.when(key)
	select {
	case <-told:
	default: // calls come one after the other, so nobody else closes it
		close(told)
	}
}

// wait returns when every member has been told of every key.
func wait(t *testing.T, members []*member, keys ...string) {
	t.Helper()
	late := time.NewTimer(time.Minute) // for a message instead of a hang
	defer late.Stop()
	for _, m := range members {
		for _, key := range keys {
			select {
			case <-m.when(key):
			case err := <-m.ended:
				t.Fatalf("node %d ended: %v", m.GetNodeID(), err)
			case <-late.C:
				t.Fatalf("node %d has not heard of %q: %+v", m.GetNodeID(), key, m.Status())
			}
		}
	}
}

// cluster starts nodes 1 to n. Their seeds are the first two.
func cluster(t *testing.T, n int) []*member {
	members := make([]*member, n)
	var addrs []transport.Addr
	for i := range members {
		members[i] = &member{transport: listen(t), ended: make(chan error, 1), told: make(map[string]chan struct{})}
		addrs = append(addrs, members[i].transport.Addr())
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	for i, m := range members {
		var err error
		m.Gossip, err = gossip.New(gossip.Config{
			ClusterID:    "test",
			NodeID:       gossip.NodeID(i + 1),
			Transport:    m.transport,
			Resolvers:    []resolver.Resolver{resolver.Static(addrs[:2]...)},
			KeepSentinel: i < 2,
			Interval:     gossiptest.Interval,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.RegisterCallback(".*", m.hear); err != nil {
			t.Fatal(err)
		}
		go func() {
			defer close(m.ended)
			m.ended <- m.Run(ctx)
		}()
		t.Cleanup(func() {
			cancel()
			if err := <-m.ended; err != nil { // nil, too, where the test has received it
				t.Errorf("node %d: %v", m.GetNodeID(), err)
			}
		})
	}
	return members
}

// kill breaks every socket of a transport, as the end of its process does.
func kill(tr *Transport) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.listener.Close()
	for l := range tr.links {
		l.conn.Close()
	}
}

func TestCluster(t *testing.T) {
	members := cluster(t, 7)
	write := func(m *member, key string) {
		if err := m.AddInfo(key, []byte("news"), time.Hour); err != nil {
			t.Fatal(err)
		}
	}

	var descriptors []string
	for _, m := range members {
		descriptors = append(descriptors, gossip.MakeNodeIDKey(m.GetNodeID()))
	}
	wait(t, members, descriptors...)
	write(members[6], "before")
	wait(t, members, "before")

	seed, rest := members[0], members[1:]
	kill(seed.transport)
	if err := <-seed.ended; !errors.Is(err, transport.ErrClosed) {
		t.Errorf("Run, with a transport whose sockets are gone, = %v, want an error that wraps ErrClosed", err)
	}
	var after []string
	for i, m := range rest {
		after = append(after, "after:"+strconv.Itoa(i))
		write(m, after[i])
	}
	wait(t, rest, after...)
}
