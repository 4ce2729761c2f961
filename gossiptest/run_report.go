package gossiptest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/fault"
	"github.com/grapevine-go/grapevine/internal/serial"
)

// runner runs a test with seed after seed.
type runner struct {
	t        *testing.T
	name     string
	body     func(*Sim)
	env      env
	fail     func(text string)
	dir      string        // of what is kept
	patience time.Duration // without a step, of real time
	leaks    bool          // goroutines are left, and were reported
	free     bool          // what a seed does is not the same every time
	progress atomic.Pointer[serial.Log]
}

// try makes a run, the i-th, and reports its failure. It returns false if the test is over.
func (r *runner) try(a attempt, i int) bool {
	r.t.Helper()
	first := r.run(a)
	twice := r.env.check == "all" || r.env.check != "none" && (i == 0 || first.failed())
	if twice && !r.leaks {
		second := r.run(a)
		if differs := difference(first, second); differs != "" && !r.leaks {
			text := fmt.Sprintf("seed %d gives two different runs: %s\n", a.seed, differs)
			if both := append(first.failures, second.failures...); len(both) > 0 {
				text += "what failed, in one of them or both:\n" + failuresText(both)
			}
			r.fail(text + rules)
			return false
		}
	}
	if !first.failed() {
		return true
	}
	r.report(a, i, first)
	return false
}

// difference says how two runs of one seed differ, "" if they do not.
func difference(first, second outcome) string {
	if first.log.Hash() != second.log.Hash() {
		return first.log.Diff(second.log)
	}
	if first.failed() == second.failed() {
		return ""
	}
	return "every step is the same, but only one of them fails"
}

// rules are what code has to keep that is to be replayed.
const rules = `Code that is to give the same run twice keeps five rules:
  - time comes from package time or the Host's Clock, and randomness from the Host's Rand;
  - the order of a map does not reach what is sent;
  - goroutines share nothing without a lock or a channel, and do not depend on who of them is first (try -race);
  - of a select, one case is ready at a time: the runtime chooses where there are more, as after a pause or a slow call;
  - no mutex is held while its holder waits for something else.`

// report makes the failure as small as it gets, and says what there is to say.
func (r *runner) report(a attempt, i int, first outcome) {
	r.t.Helper()
	begin, replays := time.Now(), 0
	least, o := first.schedule, first
	if r.env.shrink && !r.leaks && len(first.schedule) > 0 {
		fails := func(s fault.Schedule) bool {
			if r.leaks || time.Since(begin) > shrinkLimit {
				return false
			}
			replays++
			s = append(fault.Schedule{}, s...)
			return r.run(attempt{a.seed, a.explore, &s}).failed()
		}
		least = first.schedule.Shrink(fails)
		if least == nil {
			least = fault.Schedule{}
		}
		if again := r.run(attempt{a.seed, a.explore, &least}); again.failed() {
			o = again
		} else {
			least = first.schedule
		}
	}
	var b strings.Builder
	if r.free {
		fmt.Fprintf(&b, "seed %d (run %d of %d), which may give another run the next time\n", a.seed, i+1, r.env.runs)
	} else {
		fmt.Fprintf(&b, "seed %d (run %d of %d), %d steps, trace %016x\n", a.seed, i+1, r.env.runs, o.log.Len(), o.log.Hash())
	}
	b.WriteString(failuresText(o.failures))
	for _, line := range o.logs[max(len(o.logs)-20, 0):] {
		b.WriteString(indent(strings.TrimRight(line, "\n"), "  log: "))
	}
	if r.free && o.state != "" {
		b.WriteString("  the hosts at the end:\n" + indent(strings.TrimRight(o.state, "\n"), "    "))
	}
	switch {
	case len(first.schedule) == 0:
	case len(least) == 0:
		b.WriteString("  it fails without any fault\n")
	default:
		what := "the faults"
		if replays > 0 {
			what = fmt.Sprintf("the fewest faults with which it fails (%d of %d are left, %d replays in %v)",
				len(least), len(first.schedule), replays, time.Since(begin).Round(time.Millisecond))
		}
		fmt.Fprintf(&b, "  %s:\n%s", what, faultsText(least))
	}
	fmt.Fprintf(&b, "  replay: GOSSIPTEST_SEED=%d go test %s-run '%s' .\n", a.seed, tags(), pattern(r.name))
	if path := r.save(a, least, o); path != "" {
		fmt.Fprintf(&b, "  kept, and tried first from now on: %s\n", path)
	}
	r.fail(b.String() + r.drawn(o))
}

// failuresText returns the first failures.
func failuresText(failures []failure) string {
	var b strings.Builder
	for k, f := range failures {
		if k == 5 {
			fmt.Fprintf(&b, "  and %d failures more\n", len(failures)-k)
			break
		}
		b.WriteString(indent(strings.TrimRight(fmt.Sprintf("at %v: %s", f.at, f.text), "\n"), "  "))
	}
	return b.String()
}

// faultsText returns faults as text, and as Go.
func faultsText(s fault.Schedule) string {
	return indent(strings.TrimRight(s.String(), "\n"), "    ") + "  as Go:\n" + indent("s.Faults("+literals(s)+")", "    ")
}

// drawn draws the last frames, and says where.
func (r *runner) drawn(o outcome) string {
	if path := r.draw(o); path != "" {
		return fmt.Sprintf("  the last frames: %s (go test -artifacts keeps it)\n", path)
	}
	return ""
}

// literals returns the faults as arguments of a call.
func literals(s fault.Schedule) string {
	var list []string
	for _, f := range s {
		list = append(list, f.GoString())
	}
	if len(list) == 1 {
		return list[0]
	}
	return "\n\t" + strings.Join(list, ",\n\t") + ",\n"
}

// tags returns the flag of the build tags of this program, and a space; "" if there are none.
func tags() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-tags" && s.Value != "" {
				return "-tags " + s.Value + " "
			}
		}
	}
	return ""
}

// pattern returns what go test -run takes for a test of that name.
func pattern(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

// kept is a failure as it is kept in a file.
type kept struct {
	Test    string         `json:"test"`
	Seed    uint64         `json:"seed"`
	Explore bool           `json:"explore"`
	Faults  fault.Schedule `json:"faults"`
}

// keptName returns what the names of the test's files begin with. It has nothing in it that means something to filepath.Glob, or to a file
// system; tests whose names differ in such characters alone are told apart by what is in the files.
func (r *runner) keptName() string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(`/\:*?"<>|[]`, c) {
			return '-'
		}
		return c
	}, r.name)
}

// save keeps a failure, and returns the path; "" if it is not kept.
func (r *runner) save(a attempt, s fault.Schedule, o outcome) string {
	if !r.env.save || r.env.one || r.leaks {
		return ""
	}
	data, err := json.MarshalIndent(kept{r.name, a.seed, a.explore, s}, "", "\t")
	if err != nil {
		return ""
	}
	path := filepath.Join(r.dir, fmt.Sprintf("%s-%016x.json", r.keptName(), o.log.Hash()))
	if os.MkdirAll(r.dir, 0o777) != nil || os.WriteFile(path, append(data, '\n'), 0o666) != nil {
		return "" // a test in a directory that cannot be written to
	}
	return path
}

// saved tries the failures that were kept. It returns false if the test is over.
func (r *runner) saved() bool {
	r.t.Helper()
	if r.env.one {
		return true
	}
	paths, _ := filepath.Glob(filepath.Join(r.dir, r.keptName()+"-*.json"))
	slices.Sort(paths)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		var k kept
		if err == nil {
			err = json.Unmarshal(data, &k)
		}
		if err != nil {
			r.fail(fmt.Sprintf("gossiptest: %s: %v", path, err))
			return false
		}
		if k.Test != r.name {
			continue
		}
		o := r.run(attempt{k.Seed, k.Explore, &k.Faults})
		if !o.failed() {
			what := "passes"
			if o.unfit {
				what = "has faults that this test has no place for any more"
			}
			r.t.Logf("gossiptest: %s %s: delete it", path, what)
			continue
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%s still fails: seed %d, trace %016x\n", path, k.Seed, o.log.Hash())
		b.WriteString(failuresText(o.failures))
		if len(k.Faults) > 0 {
			b.WriteString("  with the faults:\n" + faultsText(k.Faults))
		}
		fmt.Fprintf(&b, "  replay: go test %s-run '%s' .\n", tags(), pattern(r.name))
		r.fail(b.String() + r.drawn(o))
		return false
	}
	return true
}
