//go:build !historicalbug

package flags

const skipOwn = false
