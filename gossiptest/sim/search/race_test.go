//go:build race

package search_test

// defaultSeeds is for a race detector that makes everything many times slower.
const defaultSeeds = 4
