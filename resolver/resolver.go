// Package resolver answers where a node that knows nobody finds its first peer.
//
// [Resolver] is for others to implement; its comment is the whole contract. The resolvers of this package need the
// standard library only: [Static] for known addresses, [Func] for a function, [Parse] for what an operator writes.
package resolver

import (
	"context"
	"slices"

	"github.com/grapevine-go/grapevine/transport"
)

// Resolver finds addresses of possible peers.
//
// A node asks its resolvers when it starts and whenever it needs a peer again, so an answer is of the moment: one that
// looks things up does so at each call and remembers nothing for longer than it is true. A Resolver is safe for
// concurrent use, so several nodes may share one.
type Resolver interface {
	// Resolve returns the addresses at which peers may be found now. They are a set: the node tries them in an order
	// of its own, takes one that is there twice for one, and passes over its own. Not all of them need to answer.
	// The addresses are for the node's transport to dial; what it cannot dial, such as another network, costs an
	// attempt and no more. The slice is the caller's, to keep and to change.
	//
	// Resolve may block, to ask the network for example, until ctx ends at the latest.
	//
	// Outcomes:
	//  1. Addresses and nil.
	//  2. No address and nil: the resolver knows nobody at present. This is no error; the first node of a network is
	//     in this position. It is asked again later.
	//  3. No address and an error: the resolver could not find out. If ctx ended, the error wraps ctx.Err(). The
	//     node reports the error, goes on with its other resolvers, and asks this one again later. A resolver with
	//     several sources returns what it has rather than an error as long as one of them answers.
	Resolve(ctx context.Context) ([]transport.Addr, error)
}

// Func is a function as a [Resolver]. The function has to keep the contract of Resolve, and so to be safe for
// concurrent use.
type Func func(ctx context.Context) ([]transport.Addr, error)

var _ Resolver = Func(nil)

// Resolve calls f.
func (f Func) Resolve(ctx context.Context) ([]transport.Addr, error) { return f(ctx) }

// Static returns a resolver that always answers with addrs, without I/O and without an error. It keeps a copy of
// addrs.
func Static(addrs ...transport.Addr) Resolver { return static(slices.Clone(addrs)) }

type static []transport.Addr // never changes

func (s static) Resolve(context.Context) ([]transport.Addr, error) { return slices.Clone(s), nil }
