// Package archtest answers whether the packages of a module keep to its architecture: what each may import, what the
// pure ones may do, and what the sealed ones may show. It reads nothing but the sources.
//
// Tests of the module run [Check] with [Rules]. A package without a rule is a finding as well, so that a new one is
// classified on the day it appears.
package archtest

import (
	"cmp"
	"fmt"
	"go/token"
	"io/fs"
	"slices"
)

// Finding is one breach of a rule.
type Finding struct {
	File string // slash-separated, relative to the root of the module
	Line int    // from 1
	Text string // what is wrong, and where it is not plain, what to do about it
}

// String returns "file:line: text".
func (f Finding) String() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Text) }

// Check holds every package under the root of fsys against the first of rules that matches it, and returns the
// findings in order of file and line. fsys is the root of a module. Nested modules are taken for part of it;
// directories named testdata or vendor, or beginning with "." or "_", and files with the build tag "ignore" are left
// out. The error is about fsys, not about what the sources say: without one, no finding means that all is well.
func Check(fsys fs.FS, rules []Rule) ([]Finding, error) {
	m, err := load(fsys)
	if err != nil {
		return nil, err
	}
	for _, dir := range m.dirs {
		p := m.packages[dir]
		if p.rule, p.root = find(rules, dir); p.rule == nil {
			first := p.files[0]
			m.report(first.syntax.Package, "package %s has no rule: classify it in internal/archtest/rules.go", m.importPath(dir))
			continue
		}
		m.checkImports(p)
		if p.rule.Pure {
			m.checkPurity(p)
		}
		if p.rule.Sealed {
			m.checkExports(p)
		}
	}
	slices.SortFunc(m.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(m.findings), nil
}

// report adds a finding at pos.
func (m *module) report(pos token.Pos, format string, args ...any) {
	at := m.fset.Position(pos)
	m.findings = append(m.findings, Finding{File: at.Filename, Line: at.Line, Text: fmt.Sprintf(format, args...)})
}
