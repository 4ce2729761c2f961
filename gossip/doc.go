// Package gossip spreads small facts through a network of nodes.
package gossip
