//go:build race

package gossiptest

// raceEnabled is true where the race detector makes everything many times slower.
const raceEnabled = true
