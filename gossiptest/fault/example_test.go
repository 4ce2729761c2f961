package fault_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
)

// A schedule is data: it can be kept as text, and made smaller while it still does harm.
func Example() {
	schedule, err := fault.Parse(`
loss at 0s for 20s amount 0.02
partition at 4s for 5s nodes 0,1
crash at 16.63s for 2.98s nodes 2
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	// What fails here is what has node 2 crash.
	fails := func(s fault.Schedule) bool {
		for _, f := range s {
			if f.Kind == fault.Crash && f.Concerns(2) && f.For > time.Second {
				return true
			}
		}
		return false
	}
	fmt.Printf("%#v\n", schedule.Shrink(fails))
	// Output:
	// fault.Schedule{
	// 	{Kind: fault.Crash, At: 16630*time.Millisecond, For: 1490*time.Millisecond, Nodes: []int{2}},
	// }
}

// Schedules of one's own may have more in them than faults, as here what is written meanwhile.
func ExampleParseFault() {
	for line := range strings.Lines(`
write at 3s node 4
partition at 4s for 5s nodes 0,1
partition at 9s for
`) {
		switch fields := strings.Fields(line); {
		case len(fields) == 0:
		case fields[0] == "write":
			fmt.Println("something else:", fields[1:])
		default:
			f, err := fault.ParseFault(fields)
			fmt.Printf("%v until %v, %v\n", f.Kind, f.End(), err)
		}
	}
	// Output:
	// something else: [at 3s node 4]
	// partition until 9s, <nil>
	// partition until 9s, "for" has no value
}
