//go:build race

package serial_test

// raceEnabled is true where the race detector makes everything many times slower.
const raceEnabled = true
