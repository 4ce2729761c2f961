package search_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/gossiptest/sim/search"
)

// No bytes make a schedule that breaks a promise.
func FuzzSchedule(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{2, 1, 0, 20, 3, 100, 0, 10, 40, 1, 1, 0, 11, 40, 2, 1, 3, 2, 60, 1, 50, 0})
	f.Add([]byte{5, 9, 5, 10, 255, 0, 0, 12, 20, 0, 2, 20, 6, 20, 1, 100, 30, 9, 30, 4, 200, 100, 7, 50, 0, 250, 40, 10, 55, 3, 0, 0})
	f.Add([]byte{ // slow links that lose datagrams: links ended for what was lost, and a suspicion came to nobody else in ten seconds
		5, 44, 10, 9, 7, 0, 0, 3, 246, 64, 2, 0, 2, 100, 1, 9, 0, 2, 6, 4, 200, 0, 7, 50, 0, 224, 24, 9, 0, 1, 0, 0, 9, 0, 1, 0, 0,
		9, 0, 1, 0, 0, 9, 0, 1, 0, 0, 8, 0, 250, 251, 12, 4, 220, 55, 3, 0,
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		s := search.FromBytes(data)
		if _, err := search.Run(s); err != nil {
			t.Errorf("%v\n%v", err, &s)
		}
	})
}
