package archtest

import "slices"

// checkImports holds the imports of p against its rule. Tests may import what they like, but where they stand for
// a user's.
func (m *module) checkImports(p *pkg) {
	for _, f := range p.files {
		for _, spec := range f.syntax.Imports {
			importPath := pathOf(spec)
			dir, ours := m.dirOf(importPath)
			switch {
			case f.test:
				if p.rule.Public && ours && internal(dir) {
					m.report(spec.Pos(), "tests of package %s must not import %s: they stand for a user's", p.dir, dir)
				}
			case ours:
				if !p.rule.allowed(p.root, dir) {
					m.report(spec.Pos(), "package %s must not import %s: of this module, it may import %q", p.dir, dir, p.rule.Module)
				}
			case below(importPath, testSupport):
				if !p.rule.supportsTests(importPath) {
					m.report(spec.Pos(), "package %s must not import %s, which is for tests", p.dir, importPath)
				}
			case standard(importPath):
				if p.rule.Std != nil && !slices.Contains(p.rule.Std, importPath) {
					m.report(spec.Pos(), "package %s must not import %s: its rule does not list it", p.dir, importPath)
				}
			case !below(importPath, p.rule.Libs):
				m.report(spec.Pos(), "package %s must not import %s: of other modules, it may import %q", p.dir, importPath, p.rule.Libs)
			}
		}
	}
}

// supportsTests reports whether packages under r may import importPath, one of testSupport, outside their tests.
// The wildcard of Libs is no permission.
func (r *Rule) supportsTests(importPath string) bool {
	if standard(importPath) {
		return r.Testing
	}
	return !slices.Contains(r.Libs, "*") && below(importPath, r.Libs)
}
