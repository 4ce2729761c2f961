package archtest

import (
	"bytes"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// purity looks through one file of a pure package.
type purity struct {
	*module
	pkg    *pkg
	info   *types.Info
	scope  *types.Scope               // of the package
	marks  map[int][]string           // by line, the comments that hold for it
	sorted map[*ast.SelectorExpr]bool // uses of package maps whose order ends in a sort
}

// checkPurity reports what a pure package must not do.
func (m *module) checkPurity(p *pkg) {
	info := &types.Info{Types: make(map[ast.Expr]types.TypeAndValue), Uses: make(map[*ast.Ident]types.Object)}
	checked := m.check(p, info, true)
	for _, f := range p.production() {
		look := purity{module: m, pkg: p, info: info, scope: checked.Scope(), marks: m.marks(f), sorted: make(map[*ast.SelectorExpr]bool)}
		for _, spec := range f.syntax.Imports {
			if spec.Name != nil && spec.Name.Name == "." {
				look.breach(spec.Pos(), "a dot import hides what it uses")
			}
		}
		ast.Inspect(f.syntax, look.visit)
	}
}

// marks returns, by line, the comments that stand on it, or above it: in a group that ends on the line before and has
// its lines to itself.
func (m *module) marks(f *file) map[int][]string {
	marks := make(map[int][]string)
	for _, group := range f.syntax.Comments {
		above := !m.trails(f, group)
		next := m.fset.Position(group.End()).Line + 1
		for _, c := range group.List {
			text := strings.TrimSpace(strings.TrimPrefix(c.Text, "//"))
			line := m.fset.Position(c.Pos()).Line
			marks[line] = append(marks[line], text)
			if above {
				marks[next] = append(marks[next], text)
			}
		}
	}
	return marks
}

// trails reports whether the group begins on a line with code.
func (m *module) trails(f *file, group *ast.CommentGroup) bool {
	before := f.text[:m.fset.Position(group.Pos()).Offset]
	line := before[bytes.LastIndexByte(before, '\n')+1:]
	return len(bytes.TrimSpace(line)) > 0
}

// marked reports whether a comment "// key: reason" stands on the line of pos or above it.
func (l *purity) marked(pos token.Pos, key string) bool {
	return slices.ContainsFunc(l.marks[l.fset.Position(pos).Line], func(text string) bool {
		reason, ok := strings.CutPrefix(text, key+":")
		return ok && strings.TrimSpace(reason) != ""
	})
}

func (l *purity) breach(pos token.Pos, what string) {
	l.report(pos, "pure package %s: %s", l.pkg.dir, what)
}

// visit is called for every node of the file, from the outside in.
func (l *purity) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		l.breach(n.Pos(), "go statement")
	case *ast.SelectStmt:
		l.breach(n.Pos(), "select statement")
	case *ast.ChanType:
		l.breach(n.Pos(), "channel type")
	case *ast.SendStmt:
		l.breach(n.Pos(), "send to a channel")
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			l.breach(n.Pos(), "receive from a channel")
		}
	case *ast.FuncDecl:
		if n.Recv == nil && n.Name.Name == "init" {
			l.breach(n.Pos(), "function init")
		}
	case *ast.AssignStmt:
		for _, target := range n.Lhs {
			l.assign(target)
		}
	case *ast.IncDecStmt:
		l.assign(n.X)
	case *ast.RangeStmt:
		l.assign(n.Key)
		l.assign(n.Value)
		l.ranges(n)
	case *ast.CallExpr:
		l.call(n)
	case *ast.SelectorExpr:
		l.selector(n)
	}
	return true
}

// assign reports a change of a variable that outlives its owner.
func (l *purity) assign(target ast.Expr) {
	for {
		switch e := target.(type) {
		case *ast.ParenExpr:
			target = e.X
		case *ast.StarExpr:
			target = e.X
		case *ast.IndexExpr:
			target = e.X
		case *ast.SelectorExpr:
			if l.imported(e) != "" {
				l.breach(e.Pos(), "change of package variable "+types.ExprString(e))
				return
			}
			target = e.X
		case *ast.Ident:
			if v, ok := l.info.Uses[e].(*types.Var); ok && v.Parent() == l.scope {
				l.breach(e.Pos(), "change of package variable "+e.Name)
			}
			return
		default:
			return
		}
	}
}

// ranges reports a loop in the order of a map, or in one that cannot be known.
func (l *purity) ranges(n *ast.RangeStmt) {
	if l.marked(n.Pos(), "order") {
		return
	}
	switch t := l.info.TypeOf(n.X); {
	case t == nil || t == types.Typ[types.Invalid]:
		l.breach(n.Pos(), "range over "+types.ExprString(n.X)+", of a type that cannot be told here: if it has an order, say which with // order: <reason>")
	case mayBeMap(t):
		l.breach(n.Pos(), "range over map "+types.ExprString(n.X)+": sort its keys, or say why the order reaches no output with // order: <reason>")
	}
}

// mayBeMap reports whether a value of type t can be a map: if t is one, or a type parameter that admits one.
func mayBeMap(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Map:
		return true
	case *types.Union:
		for term := range u.Terms() {
			if mayBeMap(term.Type()) {
				return true
			}
		}
	case *types.Interface: // the constraint of a type parameter
		for embedded := range u.EmbeddedTypes() {
			if mayBeMap(embedded) {
				return true
			}
		}
	}
	return false
}

// call reports what is wrong with calling a function of the language, and notes which orders of maps are sorted away.
func (l *purity) call(n *ast.CallExpr) {
	switch fun := n.Fun.(type) {
	case *ast.Ident:
		if _, builtin := l.info.Uses[fun].(*types.Builtin); !builtin {
			return
		}
		switch fun.Name {
		case "print", "println":
			l.breach(n.Pos(), fun.Name+" writes to standard error")
		case "panic":
			if !l.marked(n.Pos(), "invariant") {
				l.breach(n.Pos(), "panic: return an error, or name the invariant with // invariant: <reason>")
			}
		}
	case *ast.SelectorExpr:
		if l.imported(fun) != "slices" || fun.Sel.Name != "Sorted" || len(n.Args) != 1 {
			return
		}
		if arg, ok := n.Args[0].(*ast.CallExpr); ok {
			if inner, ok := arg.Fun.(*ast.SelectorExpr); ok {
				l.sorted[inner] = true
			}
		}
	}
}

// selector reports uses of what an allowed import has to offer and a pure package must not touch.
func (l *purity) selector(n *ast.SelectorExpr) {
	switch name := n.Sel.Name; l.imported(n) {
	case "fmt":
		if strings.HasPrefix(name, "Print") || slices.Contains([]string{"Scan", "Scanf", "Scanln"}, name) {
			l.breach(n.Pos(), "fmt."+name+" uses the standard streams")
		}
	case "math/rand/v2":
		if !slices.Contains([]string{"New", "NewPCG", "NewChaCha8", "NewZipf", "Rand", "Source", "PCG", "ChaCha8", "Zipf"}, name) {
			l.breach(n.Pos(), "rand."+name+" draws from the global source: draw from one that was seeded")
		}
	case "hash/maphash":
		if slices.Contains([]string{"MakeSeed", "Hash"}, name) && !l.marked(n.Pos(), "order") {
			l.breach(n.Pos(), "maphash."+name+" is seeded by chance: say why no output shows it with // order: <reason>")
		}
	case "maps":
		if slices.Contains([]string{"All", "Keys", "Values", "DeleteFunc", "EqualFunc"}, name) && !l.sorted[n] && !l.marked(n.Pos(), "order") {
			l.breach(n.Pos(), "maps."+name+" goes in the order of a map: write slices.Sorted(maps.Keys(m)), or say why the order reaches no output with // order: <reason>")
		}
	}
}

// imported returns the import path of the package that n selects from, or "" if n does not select from a package.
func (l *purity) imported(n *ast.SelectorExpr) string {
	if id, ok := n.X.(*ast.Ident); ok {
		if name, ok := l.info.Uses[id].(*types.PkgName); ok {
			return name.Imported().Path()
		}
	}
	return ""
}
