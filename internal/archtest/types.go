package archtest

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// check type-checks the production files of p, the bodies of functions only if asked to, and fills info in if there
// is one.
//
// Types that come from other modules are unknown to it, and so are those that the exported declarations of the
// standard library import from elsewhere in it. Errors are passed over: the compiler reports the real ones.
func (m *module) check(p *pkg, info *types.Info, bodies bool) *types.Package {
	cfg := types.Config{
		Importer:                 importer(m.importPackage),
		Error:                    func(error) {},
		IgnoreFuncBodies:         !bodies,
		FakeImportC:              true,
		DisableUnusedImportCheck: true,
	}
	var files []*ast.File
	for _, f := range p.production() {
		files = append(files, f.syntax)
	}
	checked, _ := cfg.Check(m.importPath(p.dir), m.fset, files, info)
	return checked
}

// importer makes a types.Importer of a function.
type importer func(importPath string) (*types.Package, error)

func (i importer) Import(importPath string) (*types.Package, error) { return i(importPath) }

// importPackage imports what a package of the module imports.
func (m *module) importPackage(importPath string) (*types.Package, error) {
	if importPath == "unsafe" {
		return types.Unsafe, nil
	}
	if known := m.types[importPath]; known != nil {
		return known, nil
	}
	m.types[importPath] = unknown(importPath) // for good, or until it is known: imports may be cyclic here
	if dir, ours := m.dirOf(importPath); ours && m.packages[dir] != nil {
		m.types[importPath] = m.check(m.packages[dir], nil, false)
	} else if standard(importPath) {
		m.types[importPath] = m.importStandard(importPath)
	}
	return m.types[importPath], nil
}

// unknown returns a package of which nothing is known but a likely name.
func unknown(importPath string) *types.Package {
	p := types.NewPackage(importPath, path.Base(importPath))
	p.MarkComplete()
	return p
}

// importStandard type-checks the declarations of a package of the standard library, from its sources. Of its own
// imports it follows only those that types of its results are made of: with all of them, this takes seconds.
func (m *module) importStandard(importPath string) *types.Package {
	dir := filepath.Join(build.Default.GOROOT, "src", filepath.FromSlash(importPath))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return unknown(importPath)
	}
	var files []*ast.File
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".go" || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		if ok, err := build.Default.MatchFile(dir, e.Name()); err != nil || !ok {
			continue
		}
		if f, err := parser.ParseFile(m.fset, filepath.Join(dir, e.Name()), nil, parser.SkipObjectResolution); err == nil {
			files = append(files, f)
		}
	}
	cfg := types.Config{
		Importer: importer(func(importPath string) (*types.Package, error) {
			switch importPath {
			case "unsafe", "cmp", "iter":
				return m.importPackage(importPath)
			}
			return unknown(importPath), nil
		}),
		Error:                    func(error) {},
		IgnoreFuncBodies:         true,
		FakeImportC:              true,
		DisableUnusedImportCheck: true,
	}
	checked, _ := cfg.Check(importPath, m.fset, files, nil)
	return checked
}
