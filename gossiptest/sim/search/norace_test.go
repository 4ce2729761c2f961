//go:build !race

package search_test

const defaultSeeds = 40
