//go:build historicalbug

package flags

// skipOwn is a bug that this package once had: what this server has written itself, it did not take in again, since Set had done that.
// But after a restart, it is from other servers that it hears of what it wrote before. TestHistoricalBug has it found.
const skipOwn = true
