package gossip

import (
	"errors"
	"fmt"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// Errors of this package wrap one of these; match with errors.Is.
var (
	// ErrNotFound says that no live info stands under the key.
	ErrNotFound = errors.New("gossip: not found")

	// ErrConfig says that a Config or an argument cannot be used; the error names every problem.
	ErrConfig = errors.New("gossip: bad configuration")

	// ErrStopped says that the node has stopped, or has left the network.
	ErrStopped = errors.New("gossip: stopped")

	// ErrAlreadyRun is the error of a second Run: a Gossip runs once.
	ErrAlreadyRun = errors.New("gossip: already run")

	// ErrNoNodeID says that the node cannot publish: it has no ID yet.
	ErrNoNodeID = errors.New("gossip: no node ID")

	// ErrNodeIDSet says that the node has another ID already.
	ErrNodeIDSet = errors.New("gossip: node ID is set")

	// ErrDuplicateNodeID ends Run when another node runs with this one's ID.
	ErrDuplicateNodeID = errors.New("gossip: duplicate node ID")

	// ErrBadKey says that a key is empty, too long, or not UTF-8.
	ErrBadKey = errors.New("gossip: bad key")

	// ErrTooLarge says that a value is over Limits.Value.
	ErrTooLarge = errors.New("gossip: too large")

	// ErrLimit says that another limit of the node is reached.
	ErrLimit = errors.New("gossip: limit reached")

	// ErrOtherCluster says that a peer, or a value under KeyClusterID, is of another cluster.
	ErrOtherCluster = errors.New("gossip: other cluster")

	// ErrVersion says that a peer speaks no version of the protocol that this node speaks.
	ErrVersion = errors.New("gossip: no common protocol version")

	// ErrCorrupt says that a peer sent bytes that are no frame, or an info whose checksum is wrong.
	ErrCorrupt = errors.New("gossip: corrupt frame")

	// ErrMisbehaved says that a peer broke a rule of the protocol: a limit, for example.
	ErrMisbehaved = errors.New("gossip: peer misbehaved")

	// ErrUnauthorized says that a peer may not do what it tried.
	ErrUnauthorized = errors.New("gossip: unauthorized")
)

// RefusedError says that a link was refused, or ended, for a reason that needs somebody's attention.
type RefusedError struct {
	Peer   Peer  // the other end
	Reason error // wraps ErrOtherCluster, ErrVersion, ErrCorrupt, ErrMisbehaved or ErrUnauthorized
	ByPeer bool  // the peer refused this node; otherwise this node refused the peer
}

// Error says who refused whom, and why.
func (e *RefusedError) Error() string {
	if e.ByPeer {
		return fmt.Sprintf("refused by %v: %v", e.Peer, e.Reason)
	}
	return fmt.Sprintf("refused %v: %v", e.Peer, e.Reason)
}

// Unwrap returns the reason.
func (e *RefusedError) Unwrap() error { return e.Reason }

// refusal returns the error for r, nil for the reasons that are part of an ordinary day; see ordinary.
func refusal(r wire.Refusal) error {
	switch r {
	case wire.OtherCluster:
		return ErrOtherCluster
	case wire.Version:
		return ErrVersion
	case wire.Corrupt:
		return ErrCorrupt
	case wire.Misbehaved:
		return ErrMisbehaved
	case wire.Unauthorized:
		return ErrUnauthorized
	}
	return nil
}

// problem returns the error for p.
func problem(p core.Problem) error {
	switch p {
	case core.OK:
		return nil
	case core.NoNodeID:
		return ErrNoNodeID
	case core.NodeIDSet:
		return ErrNodeIDSet
	case core.LimitReached:
		return ErrLimit
	case core.OtherCluster:
		return ErrOtherCluster
	case core.Left:
		return ErrStopped
	}
	return fmt.Errorf("problem %d", p)
}
