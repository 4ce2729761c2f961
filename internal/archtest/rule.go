package archtest

import (
	"slices"
	"strings"
)

// Rule says what the packages that match a pattern may do.
//
// Patterns are directories relative to the root of the module. A segment "*" stands for any one segment, and "..." at
// the end for any number of segments, none included. Where packages that may be imported are listed, wildcards do not
// reach into internal packages, and "./..." stands for the directory that the rule's own pattern matched, without its
// "/...", and everything below.
type Rule struct {
	Package string   // pattern of the packages that the rule is for
	Module  []string // patterns of the packages of the module that they may import
	Libs    []string // packages of other modules that they may import, with everything below; "*" for any
	Std     []string // packages of the standard library that they may import; nil for any
	Testing bool     // test support is not only for their tests
	Public  bool     // they stand for a user of the module: their tests import no internal package either
	Pure    bool     // no goroutines, no channels, no clock, no chance, no order of maps, no panics on input
	Sealed  bool     // no exported signature names an internal type of the module
}

// find returns the first of rules whose pattern matches dir, and the directory that "./..." stands for there.
func find(rules []Rule, dir string) (rule *Rule, root string) {
	for i := range rules {
		if match(rules[i].Package, dir) {
			pattern := strings.TrimSuffix(rules[i].Package, "/...")
			n := strings.Count(pattern, "/") + 1
			return &rules[i], strings.Join(strings.Split(dir, "/")[:n], "/")
		}
	}
	return nil, ""
}

// allowed reports whether a package under rule, found at root, may import the package of the module at dir.
func (r *Rule) allowed(root, dir string) bool {
	return slices.ContainsFunc(r.Module, func(pattern string) bool {
		if pattern == "./..." {
			return match(root+"/...", dir)
		}
		return match(pattern, dir) && (!internal(dir) || internal(pattern))
	})
}

// match reports whether pattern matches dir.
func match(pattern, dir string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(dir, "/")
	for i, segment := range want {
		switch {
		case segment == "...":
			return true
		case i >= len(have) || segment != "*" && segment != have[i]:
			return false
		}
	}
	return len(want) == len(have)
}

// internal reports whether path has a segment "internal".
func internal(path string) bool { return slices.Contains(strings.Split(path, "/"), "internal") }

// below reports whether the import path is one of roots or below one. The root "*" is above everything.
func below(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return root == "*" || path == root || strings.HasPrefix(path, root+"/")
	})
}

// testSupport lists what only tests and the test kit import.
var testSupport = []string{
	"testing",
	"net/http/httptest",
	"github.com/golang/mock",
	"github.com/google/go-cmp",
}
