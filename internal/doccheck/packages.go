package doccheck

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Packages returns the directories of fsys that hold Go files which others can import, sorted: all but those of
// programs and of packages below an internal directory.
func Packages(fsys fs.FS) ([]string, error) {
	files, err := Files(fsys, ".go")
	if err != nil {
		return nil, err
	}
	dirs := make(map[string]bool)
	for _, file := range files {
		dir := path.Dir(file)
		if strings.HasSuffix(file, "_test.go") || slices.Contains(strings.Split(dir, "/"), "internal") {
			continue
		}
		syntax, err := parse(fsys, token.NewFileSet(), file, parser.PackageClauseOnly)
		if err != nil {
			return nil, err
		}
		if syntax.Name.Name != "main" {
			dirs[dir] = true
		}
	}
	return slices.Sorted(maps.Keys(dirs)), nil
}

// Comments checks that each exported name of the package in dir has a comment: functions, types and their fields and
// methods, constants and variables. Generated files are left out.
func Comments(fsys fs.FS, dir string) []error {
	var errs []error
	err := eachGoFile(fsys, dir, func(fset *token.FileSet, file *ast.File, test bool) {
		if test || ast.IsGenerated(file) {
			return
		}
		bare := func(name *ast.Ident, comments ...*ast.CommentGroup) {
			said := func(c *ast.CommentGroup) bool { return strings.TrimSpace(c.Text()) != "" }
			if name.IsExported() && !slices.ContainsFunc(comments, said) {
				errs = append(errs, fmt.Errorf("%s: %s has no comment", fset.Position(name.Pos()), name.Name))
			}
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil || receiver(d.Recv).IsExported() {
					bare(d.Name, d.Doc)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					group := d.Doc
					if len(d.Specs) > 1 {
						group = nil // speaks of all, not of each
					}
					switch s := spec.(type) {
					case *ast.TypeSpec:
						bare(s.Name, s.Doc, s.Comment, group)
						if s.Name.IsExported() {
							eachField(s.Type, func(f *ast.Field) {
								for _, name := range f.Names {
									bare(name, f.Doc, f.Comment)
								}
							})
						}
					case *ast.ValueSpec:
						for _, name := range s.Names {
							bare(name, s.Doc, s.Comment, group)
						}
					}
				}
			}
		}
	})
	if err != nil {
		errs = append(errs, err)
	}
	return errs
}

// Examples checks that the package in dir has an example that go test runs: one that says what it prints.
func Examples(fsys fs.FS, dir string) []error {
	var tests []*ast.File
	err := eachGoFile(fsys, dir, func(_ *token.FileSet, file *ast.File, test bool) {
		if test {
			tests = append(tests, file)
		}
	})
	if err != nil {
		return []error{err}
	}
	if !slices.ContainsFunc(doc.Examples(tests...), func(e *doc.Example) bool { return e.Output != "" || e.EmptyOutput }) {
		return []error{fmt.Errorf("%s has no example that runs", dir)}
	}
	return nil
}

// eachField calls f for the fields of a struct, or the methods of an interface.
func eachField(typ ast.Expr, f func(*ast.Field)) {
	var list *ast.FieldList
	switch t := typ.(type) {
	case *ast.StructType:
		list = t.Fields
	case *ast.InterfaceType:
		list = t.Methods
	default:
		return
	}
	for _, field := range list.List {
		f(field)
	}
}

// receiver returns the name of the type that a method belongs to.
func receiver(recv *ast.FieldList) *ast.Ident {
	var name *ast.Ident
	ast.Inspect(recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == nil {
			name = id
		}
		return name == nil
	})
	return name
}

// eachGoFile parses the Go files of a directory and calls f for each, in the order of their names.
func eachGoFile(fsys fs.FS, dir string, f func(fset *token.FileSet, file *ast.File, test bool)) error {
	names, err := fs.Glob(fsys, path.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	fset := token.NewFileSet()
	for _, name := range names {
		file, err := parse(fsys, fset, name, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		f(fset, file, strings.HasSuffix(name, "_test.go"))
	}
	return nil
}

func parse(fsys fs.FS, fset *token.FileSet, name string, mode parser.Mode) (*ast.File, error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	return parser.ParseFile(fset, name, text, mode)
}
