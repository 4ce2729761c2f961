package archtest

import (
	"go/ast"
	"go/types"
)

// checkExports reports every exported declaration of p that names an internal type of the module, or whose values show
// one: in exported fields and methods, parameters, results and constraints.
func (m *module) checkExports(p *pkg) {
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object)}
	self := m.check(p, info, false)
	for _, name := range self.Scope().Names() {
		obj := self.Scope().Lookup(name)
		if !obj.Exported() {
			continue
		}
		look := exports{module: m, self: self, pkg: p, name: name, seen: make(map[types.Type]bool)}
		if alias, ok := obj.Type().(*types.Alias); ok && alias.Obj() == obj {
			look.walk(obj, alias.Rhs())
		} else {
			look.walk(obj, obj.Type())
		}
	}
	for _, f := range p.production() {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.IsExported() && !spec.Assign.IsValid() {
				m.checkOrigin(p, spec, info)
			}
			return true
		})
	}
}

// checkOrigin reports a type that is defined by the name of an internal one, which its own type does not show.
func (m *module) checkOrigin(p *pkg, spec *ast.TypeSpec, info *types.Info) {
	origin, ok := ast.Unparen(spec.Type).(*ast.SelectorExpr)
	if !ok {
		return
	}
	if obj := info.Uses[origin.Sel]; obj != nil && m.internalType(obj) {
		m.report(spec.Pos(), shows, p.dir, spec.Name.Name, types.ExprString(origin))
	}
}

const shows = "sealed package %s: exported %s shows internal type %s"

// internalType reports whether obj is declared in an internal package of the module.
func (m *module) internalType(obj types.Object) bool {
	if obj.Pkg() == nil {
		return false
	}
	dir, ours := m.dirOf(obj.Pkg().Path())
	return ours && internal(dir)
}

// exports looks through the type of one exported declaration.
type exports struct {
	*module
	self *types.Package
	pkg  *pkg
	name string // of the declaration
	seen map[types.Type]bool
}

// walk reports the internal types that t shows. at is the innermost declaration that t belongs to.
func (x *exports) walk(at types.Object, t types.Type) {
	if t == nil || x.seen[t] {
		return
	}
	x.seen[t] = true
	switch t := t.(type) {
	case *types.Alias:
		x.named(at, t.Obj(), t.TypeArgs())
		x.walk(at, t.Rhs())
	case *types.Named:
		x.named(at, t.Obj(), t.TypeArgs())
		if t.Obj().Pkg() != x.self {
			return
		}
		x.constraints(at, t.TypeParams())
		x.walk(at, t.Underlying())
		for method := range t.Methods() {
			if method.Exported() {
				x.walk(method, method.Type())
			}
		}
	case *types.Signature:
		x.constraints(at, t.TypeParams())
		for param := range t.Params().Variables() {
			x.walk(at, param.Type())
		}
		for result := range t.Results().Variables() {
			x.walk(at, result.Type())
		}
	case *types.Struct:
		for field := range t.Fields() {
			if field.Exported() || field.Embedded() {
				x.walk(field, field.Type())
			}
		}
	case *types.Interface:
		for method := range t.ExplicitMethods() {
			x.walk(method, method.Type())
		}
		for embedded := range t.EmbeddedTypes() {
			x.walk(at, embedded)
		}
	case *types.Union:
		for term := range t.Terms() {
			x.walk(at, term.Type())
		}
	case *types.Map:
		x.walk(at, t.Key())
		x.walk(at, t.Elem())
	case interface{ Elem() types.Type }: // pointer, slice, array, channel
		x.walk(at, t.Elem())
	}
}

// named reports obj, a type, if it is internal, and the internal ones among its type arguments.
func (x *exports) named(at types.Object, obj *types.TypeName, args *types.TypeList) {
	if x.internalType(obj) {
		x.report(at.Pos(), shows, x.pkg.dir, x.name, obj.Pkg().Name()+"."+obj.Name())
	}
	for arg := range args.Types() {
		x.walk(at, arg)
	}
}

func (x *exports) constraints(at types.Object, params *types.TypeParamList) {
	for param := range params.TypeParams() {
		x.walk(at, param.Constraint())
	}
}
