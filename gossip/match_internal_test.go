package gossip

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// How patterns are matched cannot be seen from outside, only that it is right and quick, so these tests stand inside.

func TestPatternForms(t *testing.T) {
	for _, tt := range []struct {
		pattern string
		form    form
		text    string
	}{
		{pattern: "", form: prefixed},
		{pattern: ".*", form: prefixed},
		{pattern: "^.*", form: prefixed},
		{pattern: "^", form: prefixed},
		{pattern: "$", form: prefixed},
		{pattern: "abc", form: containing, text: "abc"},
		{pattern: ".*abc.*", form: containing, text: "abc"},
		{pattern: "^abc", form: prefixed, text: "abc"},
		{pattern: "^abc.*", form: prefixed, text: "abc"},
		{pattern: `\Aabc`, form: prefixed, text: "abc"},
		{pattern: "abc$", form: suffixed, text: "abc"},
		{pattern: "^abc$", form: exact, text: "abc"},
		{pattern: "^(a)(?:b)c$", form: exact, text: "abc"},
		{pattern: MakePrefixPattern("a.c"), form: prefixed, text: "a.c:"},
		{pattern: "^abc.*$", form: expression},
		{pattern: "(?i)abc", form: expression},
		{pattern: "(?m)^abc", form: expression},
		{pattern: "a|b", form: expression},
		{pattern: "ab?", form: expression},
	} {
		p, err := parsePattern(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if p.form != tt.form || p.text != tt.text {
			t.Errorf("parsePattern(%q) = form %d of %q, want form %d of %q", tt.pattern, p.form, p.text, tt.form, tt.text)
		}
	}
}

func TestPatternMatchesAsRegexpDoes(t *testing.T) {
	pieces := []string{"a", "b", "ab", ":", ".*", "(?s:.*)", "^", "$", `\A`, `\z`, "(a)", "(?:)", "a?", "(?i:a)", "a|", `\n`, ".", "(?m:^)", "(?m:$)", ".*?"}
	letters := []string{"a", "b", ":", "\n", "A", "é"}
	rng := rand.New(rand.NewPCG(1, 2))
	some := func(from []string, most int) string {
		var s strings.Builder
		for range rng.IntN(most + 1) {
			s.WriteString(from[rng.IntN(len(from))])
		}
		return s.String()
	}
	for range 3000 {
		expr := some(pieces, 5)
		re, err := regexp.Compile(expr)
		if err != nil {
			continue
		}
		p, err := parsePattern(expr)
		if err != nil {
			t.Fatalf("parsePattern(%q): %v", expr, err)
		}
		for range 10 {
			key := some(letters, 6)
			if got, want := p.match(key), re.MatchString(key); got != want {
				t.Fatalf("pattern %q, of form %d and text %q, matches %q: %v, want %v", expr, p.form, p.text, key, got, want)
			}
		}
	}
}

func TestIndexFindsWhatMatches(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	word := func(most int) string {
		b := make([]byte, rng.IntN(most+1))
		for i := range b {
			b[i] = "ab"[rng.IntN(2)]
		}
		return string(b)
	}
	frames := []string{"^%s$", "^%s", "%s$", "%s", "^%s|b$"}
	for range 200 {
		var x index
		var all []*registration
		for range rng.IntN(30) {
			if len(all) > 0 && rng.IntN(3) == 0 {
				i := rng.IntN(len(all))
				x.remove(all[i])
				all = slices.Delete(all, i, i+1)
				continue
			}
			p, err := parsePattern(fmt.Sprintf(frames[rng.IntN(len(frames))], word(4)))
			if err != nil {
				t.Fatal(err)
			}
			r := &registration{pattern: p}
			all = append(all, r)
			x.add(r)
		}
		for range 20 {
			key := word(6)
			got := x.match(key, nil)
			n := 0
			for _, r := range all {
				if !r.pattern.match(key) {
					continue
				}
				n++
				if !slices.Contains(got, r) {
					t.Errorf("match(%q) does not find the pattern of form %d of %q", key, r.pattern.form, r.pattern.text)
				}
			}
			if len(got) != n {
				t.Errorf("match(%q) finds %d registrations, want %d", key, len(got), n)
			}
		}
	}
}

func BenchmarkIndexMatch(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("prefixes=%d", n), func(b *testing.B) {
			var x index
			for i := range n {
				p, err := parsePattern(MakePrefixPattern(fmt.Sprint("prefix", i)))
				if err != nil {
					b.Fatal(err)
				}
				x.add(&registration{pattern: p})
			}
			key := MakeKey(fmt.Sprint("prefix", n/2), "some", "key")
			var found []*registration
			b.ReportAllocs()
			for b.Loop() {
				found = x.match(key, found[:0])
			}
			if len(found) != 1 {
				b.Errorf("%d registrations match, want 1", len(found))
			}
		})
	}
}

// TestIndexMatchDoesNotAllocate looks a key up among a hundred prefixes; BenchmarkIndexMatch says how long that takes.
func TestIndexMatchDoesNotAllocate(t *testing.T) {
	var x index
	for i := range 100 {
		p, err := parsePattern(MakePrefixPattern(fmt.Sprint("prefix", i)))
		if err != nil {
			t.Fatal(err)
		}
		x.add(&registration{pattern: p})
	}
	found := make([]*registration, 0, 4)
	allocs := testing.AllocsPerRun(100, func() { found = x.match("prefix50:some:key", found[:0]) })
	if allocs != 0 || len(found) != 1 {
		t.Errorf("to find %d of 100 prefixes takes %v allocations, want 1 and none", len(found), allocs)
	}
}
