package gossiptest_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// testBroken runs broken implementations, each with the case that is to catch it, by its name. Every case has to catch one. Name says how a
// case is called, and of which case is to catch an implementation and how that is broken.
func testBroken[C, B any](t *testing.T, cases []C, name func(C) string, broken []B, of func(B) (caughtBy, how string), run func(t *testing.T, c C, b B) error) {
	tried := map[string]bool{}
	for _, b := range broken {
		caughtBy, how := of(b)
		i := slices.IndexFunc(cases, func(c C) bool { return name(c) == caughtBy })
		if i < 0 {
			t.Errorf("no case is named %s", caughtBy)
			continue
		}
		tried[caughtBy] = true
		t.Run(caughtBy+"/"+how, func(t *testing.T) {
			err := run(t, cases[i], b)
			if err == nil {
				t.Fatal("not caught")
			}
			first, _, _ := strings.Cut(err.Error(), "\n\n") // what follows are goroutines
			if !strings.HasPrefix(first, caughtBy+": ") || !strings.Contains(err.Error(), "\nrule: ") {
				t.Errorf("caught, but the error does not begin with the name of the case, or has no rule: %s", first)
			}
			t.Log(first)
		})
	}
	for _, c := range cases {
		if !tried[name(c)] {
			t.Errorf("nothing that is broken shows that case %s catches anything", name(c))
		}
	}
}

// inBubble calls f in a bubble, where a hang costs no time, and what it has left behind ends within an hour.
func inBubble(t *testing.T, f func(t *testing.T) error) (err error) {
	synctest.Test(t, func(t *testing.T) {
		err = f(t)
		time.Sleep(time.Hour)
	})
	return err
}

// testRules compares the rules of cases with the comments in file, which they quote, and their names with each other.
func testRules[C any](t *testing.T, file string, cases []C, of func(C) (name, rule string)) {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var contract strings.Builder
	for line := range strings.Lines(string(source)) {
		if comment, ok := strings.CutPrefix(strings.TrimSpace(line), "//"); ok {
			contract.WriteString(strings.Join(strings.Fields(comment), " ") + " ")
		}
	}
	seen := map[string]bool{}
	for _, c := range cases {
		name, rule := of(c)
		if seen[name] {
			t.Errorf("two cases are named %s", name)
		}
		seen[name] = true
		if rule == "" || !strings.Contains(contract.String(), rule) {
			t.Errorf("rule of %s is not in the contract: %s", name, rule)
		}
	}
}
