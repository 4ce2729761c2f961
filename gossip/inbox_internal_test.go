package gossip

import (
	"sync"
	"testing"
)

func TestInboxKeepsOrder(t *testing.T) {
	b := newInbox()
	const senders, each = 4, 5000
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				if !b.put(message{link: nil, kind: 1, n: uint64(s*each + i)}) {
					t.Error("put = false before close")
				}
			}
		})
	}
	next := [senders]int{}
	for got := 0; got < senders*each; {
		batch := b.take()
		if len(batch) == 0 {
			t.Fatal("take returned nothing")
		}
		for _, m := range batch {
			s, i := int(m.n)/each, int(m.n)%each
			if i != next[s] {
				t.Fatalf("of sender %d, message %d came, want %d", s, i, next[s])
			}
			next[s]++
		}
		got += len(batch)
	}
	wg.Wait()
}

func TestInboxClose(t *testing.T) {
	b := newInbox()
	for n := range uint64(3) {
		b.put(message{n: n})
	}
	left := b.close()
	if len(left) != 3 || left[0].n != 0 || left[2].n != 2 {
		t.Errorf("close returned %v, want the three messages", left)
	}
	if b.put(message{}) {
		t.Error("put = true after close")
	}
	if left := b.close(); len(left) != 0 {
		t.Errorf("second close returned %v, want nothing", left)
	}
}

func TestInboxLetsGoOfLargeBatches(t *testing.T) {
	b := newInbox()
	for range 10 * keepBatch {
		b.put(message{})
	}
	b.take()
	if got := cap(b.spare); got != 0 {
		t.Errorf("after a large batch, the inbox keeps room for %d messages, want none", got)
	}
	b.put(message{})
	if got := len(b.take()); got != 1 {
		t.Errorf("then, take returned %d messages, want 1", got)
	}
}
