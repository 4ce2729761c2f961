//go:build race

package core_test

// raceEnabled is true where the race detector makes everything many times slower.
const raceEnabled = true
