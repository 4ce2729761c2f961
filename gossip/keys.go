package gossip

import (
	"regexp"
	"strconv"
	"strings"
)

// NodeID identifies a node of the network. 0 stands for a node that has no ID yet.
type NodeID uint64

// StoreID identifies a store of the application.
type StoreID uint64

// The keys and prefixes of keys that mean something to this package or, by custom, to its applications.
const (
	// KeyClusterID holds the ID of the cluster. Every node of the network refuses another value for it.
	KeyClusterID = "cluster-id"

	// KeyStorePrefix is the first component of the keys under which the application describes its stores.
	KeyStorePrefix = "store"

	// KeyNodeIDPrefix is the first component of the keys of node descriptors.
	KeyNodeIDPrefix = "node"

	// KeySuspectPrefix is the first component of the keys of suspicions: see package members.
	KeySuspectPrefix = "suspect"

	// KeySentinel holds an info that somebody refreshes all the time: a node that has seen it and sees it expire is
	// cut off from whoever does. It says so in its Status, and asks its resolvers again.
	//
	// Nodes with Config.KeepSentinel do that; its value is the ID of the cluster then. Where nobody has chosen to, the
	// node with the lowest ID does, the value is "by default", and the next lowest ID takes over when that node fails. A
	// node that has resolvers and no link does not count: it keeps nothing.
	KeySentinel = "sentinel"

	// KeyFirstRangeDescriptor is the application's.
	KeyFirstRangeDescriptor = "first-range"

	// KeySystemConfig holds the configuration of the whole system, a [SystemConfig].
	KeySystemConfig = "system-db"
)

// separator stands between the components of a key.
const separator = ":"

// MakeKey joins components to a key: "store:3" for "store" and "3".
func MakeKey(components ...string) string { return strings.Join(components, separator) }

// MakeNodeIDKey returns the key of the descriptor of a node: "node:7".
func MakeNodeIDKey(id NodeID) string {
	return MakeKey(KeyNodeIDPrefix, strconv.FormatUint(uint64(id), 10))
}

// MakeStoreKey returns the key of the description of a store: "store:3".
func MakeStoreKey(id StoreID) string {
	return MakeKey(KeyStorePrefix, strconv.FormatUint(uint64(id), 10))
}

// MakePrefixPattern returns a pattern for [Gossip.RegisterCallback] that matches precisely the keys that [MakeKey]
// makes of several components, the first of them prefix. It is a regular expression, anchored at both ends.
func MakePrefixPattern(prefix string) string {
	return "^" + regexp.QuoteMeta(prefix+separator) + "(?s:.*)$"
}
