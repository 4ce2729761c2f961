// Package gossippb holds the messages of the gossip protocol.
package gossippb

//go:generate go run -modfile=../../tools.mod ../../.ci/protogen gossip.proto
