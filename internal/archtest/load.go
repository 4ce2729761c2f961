package archtest

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// module is the sources of a module.
type module struct {
	fsys     fs.FS
	path     string // what import paths of its packages begin with
	fset     *token.FileSet
	packages map[string]*pkg // by directory, relative to the root
	dirs     []string        // of packages, sorted
	types    map[string]*types.Package
	findings []Finding
}

// pkg is the files of one directory, tests included.
type pkg struct {
	dir   string
	rule  *Rule
	root  string // see find
	files []*file
}

type file struct {
	text   []byte
	test   bool
	syntax *ast.File
}

// load parses every Go file under the root of fsys.
func load(fsys fs.FS) (*module, error) {
	m := &module{fsys: fsys, fset: token.NewFileSet(), packages: make(map[string]*pkg), types: make(map[string]*types.Package)}
	var err error
	if m.path, err = modulePath(fsys); err != nil {
		return nil, err
	}
	err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if name != "." && skipped(d.Name()) {
				return fs.SkipDir
			}
			return nil
		case path.Ext(name) == ".go":
			return m.parse(name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load module %s: %w", m.path, err)
	}
	slices.Sort(m.dirs)
	return m, nil
}

// skipped reports whether the go command leaves out a directory of this name.
func skipped(name string) bool {
	return name == "testdata" || name == "vendor" || name[0] == '.' || name[0] == '_'
}

// modulePath returns what go.mod at the root of fsys says after "module".
func modulePath(fsys fs.FS) (string, error) {
	text, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == "module" {
			return strings.Trim(fields[1], `"`), nil
		}
	}
	return "", errors.New("go.mod: no module line")
}

// parse adds the file to its package. A syntax error is a finding, and what stands before it is kept.
func (m *module) parse(name string) error {
	text, err := fs.ReadFile(m.fsys, name)
	if err != nil {
		return err
	}
	syntax, err := parser.ParseFile(m.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if list := (scanner.ErrorList)(nil); errors.As(err, &list) {
		m.findings = append(m.findings, Finding{File: name, Line: list[0].Pos.Line, Text: list[0].Msg})
	}
	if !syntax.Package.IsValid() || ignored(syntax) {
		return nil
	}
	dir := path.Dir(name)
	p := m.packages[dir]
	if p == nil {
		p = &pkg{dir: dir}
		m.packages[dir] = p
		m.dirs = append(m.dirs, dir)
	}
	p.files = append(p.files, &file{text: text, test: strings.HasSuffix(name, "_test.go"), syntax: syntax})
	return nil
}

// ignored reports whether a build constraint of the file needs the tag "ignore".
func ignored(f *ast.File) bool {
	for _, group := range f.Comments {
		for _, c := range group.List {
			if c.Pos() > f.Package || !constraint.IsGoBuild(c.Text) {
				continue
			}
			if expr, err := constraint.Parse(c.Text); err == nil && !expr.Eval(func(tag string) bool { return tag != "ignore" }) {
				return true
			}
		}
	}
	return false
}

// production returns the files that are not tests.
func (p *pkg) production() []*file {
	var files []*file
	for _, f := range p.files {
		if !f.test {
			files = append(files, f)
		}
	}
	return files
}

// importPath returns the import path of the package at dir.
func (m *module) importPath(dir string) string { return path.Join(m.path, dir) }

// dirOf is the inverse of importPath; ok is false if the path is not of this module.
func (m *module) dirOf(importPath string) (dir string, ok bool) {
	if importPath == m.path {
		return ".", true
	}
	return strings.CutPrefix(importPath, m.path+"/")
}

// pathOf returns the import path that spec names.
func pathOf(spec *ast.ImportSpec) string {
	importPath, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return importPath
}

// standard reports whether the import path is of the standard library, in which no first segment has a dot.
func standard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}
