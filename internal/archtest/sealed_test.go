package archtest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grapevine-go/grapevine/internal/archtest"
)

// TestSealed shows an internal type in every way a declaration can, and then hides it in the ways that are allowed.
func TestSealed(t *testing.T) {
	tests := []struct {
		name   string
		source string
		want   string // line, and what shows which type, if one does
	}{
		{name: "parameter", source: "func F(in *core.Input) {}", want: "5: F shows internal type core.Input"},
		{name: "result", source: "func F() (int, []core.Input) { return 0, nil }", want: "5: F shows internal type core.Input"},
		{name: "constraint", source: "func F[T interface{ ~int | core.Input }]() {}", want: "5: F shows internal type core.Input"},
		{name: "constraint of a type", source: "type T[I interface{ *core.Input }] struct{}", want: "5: T shows internal type core.Input"},
		{name: "type argument", source: "type box[T any] struct{}\n\nvar V box[map[string]core.Input]", want: "7: V shows internal type core.Input"},
		{name: "alias", source: "type T = core.Input", want: "5: T shows internal type core.Input"},
		{name: "defined type", source: "type T core.Input", want: "5: T shows internal type core.Input"},
		{name: "constant", source: "const C core.Kind = 1", want: "5: C shows internal type core.Kind"},
		{name: "variable", source: "var V func(core.Input)", want: "5: V shows internal type core.Input"},
		{name: "field", source: "type T struct{ In [2]core.Input }", want: "5: T shows internal type core.Input"},
		{name: "embedded", source: "type T struct{ core.Input }", want: "5: T shows internal type core.Input"},
		{name: "method", source: "type T struct{}\n\nfunc (*T) M(core.Input) {}", want: "7: T shows internal type core.Input"},
		{name: "interface", source: "type T interface{ M(core.Input) }", want: "5: T shows internal type core.Input"},
		{name: "embedded unexported", source: "type inner struct{ In core.Input }\n\ntype T struct{ inner }", want: "5: T shows internal type core.Input"},
		{name: "unexported result with exported method", source: "type inner struct{}\n\nfunc (inner) M(core.Input) {}\n\nfunc F() inner { return inner{} }", want: "7: F shows internal type core.Input"},
		{name: "unexported alias", source: "type in = core.Input\n\nfunc F(in) {}", want: "7: F shows internal type core.Input"},

		{name: "unexported field", source: "type T struct{ in core.Input }"},
		{name: "unexported method", source: "type T struct{}\n\nfunc (T) m(core.Input) {}"},
		{name: "unexported", source: "type t core.Input\n\nfunc f(t) core.Input { return core.Input{} }\n\nvar v core.Input"},
		{name: "body", source: "func F() { var in core.Input; _ = in }"},
		{name: "recursive type", source: "type T struct{ Next *T; In map[string]error }"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := tree{
				"internal/core/a.go":  "package core\n\ntype Kind uint8\n\ntype Input struct{ N int }\n",
				"gossiptest/sim/a.go": "package sim\n\nimport \"example.com/m/internal/core\"\n\n" + test.source + "\n",
			}
			var want []string
			if line, what, ok := strings.Cut(test.want, ": "); ok {
				want = []string{"gossiptest/sim/a.go:" + line + ": sealed package gossiptest/sim: exported " + what}
			}
			got := files.check(t, archtest.Rules())
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("findings differ (-got +want):\n%s", diff)
			}
		})
	}
}
