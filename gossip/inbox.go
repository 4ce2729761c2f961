package gossip

import (
	"sync"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// The inputs of the loop that are none of the core: they come after the core's own.
const (
	inLoaded         core.Kind = 100 + iota // the store was asked what it remembers: n, or the error in body
	inStop                                  // the context of Run has ended
	inCommand                               // body is a *command
	inRegister                              // body is a *registration
	inUnregister                            // body is a *registration
	inBatch                                 // a batch of user code has ended: body is its listener
	inReport                                // body is an *event
	inDialEnded                             // body is a *dialing
	inDialTimeout                           // body is a *dialing
	inLinked                                // body is a *link that was accepted
	inAcceptEnded                           // body is the error
	inCloseNow                              // link was given the time to send its last frame
	inPut                                   // the store was given incarnation n; body is the error, or nil
	inPutAgain                              // the store is given another chance
	inAnswered                              // body is a *source
	inResolveTimeout                        // of the n-th time the resolvers were asked
)

// message is one thing that happened. It is copied into and out of the inbox, so it is small.
type message struct {
	kind   core.Kind
	reason wire.Refusal
	link   *link
	n      uint64
	body   any
}

// inbox is the one way into the loop: everything that happens to a node stands in this queue, in one order.
//
// put never waits, so that anybody may call it, under any lock. The queue is bounded by what can be under way: a few
// frames a link, one end of each goroutine, and the commands, which are counted where they are admitted.
type inbox struct {
	wake   chan struct{} // holds a token while a batch waits
	mu     sync.Mutex    // guards what follows
	queue  []message
	spare  []message // the batch before, for its memory
	closed bool
}

// keepBatch is the capacity up to which a batch's memory is used again.
const keepBatch = 128

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

// put appends m. It reports false after close.
func (b *inbox) put(m message) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.queue = append(b.queue, m)
	if len(b.queue) == 1 { // the token of the batch before is taken: there is room
		b.wake <- struct{}{}
	}
	return true
}

// take waits until there are messages and returns them all. They hold until the next take.
func (b *inbox) take() []message {
	<-b.wake
	b.mu.Lock()
	defer b.mu.Unlock()
	batch := b.queue
	clear(b.spare) // lets go of what the batch before held
	b.queue = b.spare[:0]
	b.spare = nil
	if cap(batch) <= keepBatch {
		b.spare = batch
	}
	return batch
}

// close refuses all further messages and returns those that nobody will take any more.
func (b *inbox) close() []message {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	left := b.queue
	b.queue, b.spare = nil, nil
	return left
}
