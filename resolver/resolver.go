// Package resolver answers where a node that knows nobody finds its first peer.
package resolver

import (
	"context"

	"github.com/grapevine-go/grapevine/transport"
)

// Resolver finds addresses of possible peers.
type Resolver interface {
	Resolve(ctx context.Context) ([]transport.Addr, error)
}
