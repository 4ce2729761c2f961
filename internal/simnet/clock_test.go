package simnet

import "testing"

// The first instant at which a clock shows a time is the first one.
func TestClockWhen(t *testing.T) {
	for _, rate := range []int64{0, 1, -1, 333_333_333, -499_999_999, 500_000_000, 1_000_000_000} {
		c := clock{at: 1_000_003, mono: 77, rate: rate}
		for _, mono := range []int64{77, 78, 79, 1000, 1_000_000_007, 123_456_789_012_345} {
			at := c.when(mono)
			if got := c.now(at); got < mono || at > c.at && c.now(at-1) >= mono {
				t.Errorf("rate %d: when(%d) = %d, which shows %d, and %d before", rate, mono, at, got, c.now(at-1))
			}
		}
	}
}
