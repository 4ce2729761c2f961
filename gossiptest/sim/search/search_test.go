package search_test

import (
	"flag"
	"testing"

	"github.com/grapevine-go/grapevine/gossiptest/sim/search"
)

var (
	base  = flag.Uint64("base", 1, "first `seed` of TestSeeds")
	seeds = flag.Int("seeds", defaultSeeds, "`number` of seeds of TestSeeds; with -v and 1, it prints the schedule")
)

// No schedule of these seeds breaks a promise.
func TestSeeds(t *testing.T) {
	if *seeds == 1 {
		s := search.Generate(*base)
		t.Logf("\n%v", &s)
	}
	sum := search.Seeds(*base, *seeds)
	for _, f := range sum.Failures {
		t.Errorf("%v\nreplay it: go test -count=1 -v -run='^TestSeeds$' ./gossiptest/sim/search -base=%d -seeds=1", f.Err, f.Schedule.Seed)
	}
	// A link that is ended and dialled again now and then is no reason to count nothing.
	if most := 4 + sum.Seeds/50; sum.Restless > most {
		t.Errorf("%d updates of %d seeds are not counted, since their nodes find no rest; want %d at most", sum.Restless, sum.Seeds, most)
	}
	t.Logf("%d seeds from %d on: %d steps, quiet after %v at most, %d updates not counted", sum.Seeds, *base, sum.Steps, sum.Quiet, sum.Restless)
}
