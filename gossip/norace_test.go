//go:build !race

package gossip_test

// raceEnabled is true where the race detector makes everything many times slower.
const raceEnabled = false
