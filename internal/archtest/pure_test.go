package archtest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grapevine-go/grapevine/internal/archtest"
)

// TestPurity puts each breach into a pure package of its own.
func TestPurity(t *testing.T) {
	const (
		rangeMap = ": sort its keys, or say why the order reaches no output with // order: <reason>"
		rangeAny = ", of a type that cannot be told here: if it has an order, say which with // order: <reason>"
		walkMap  = " goes in the order of a map: write slices.Sorted(maps.Keys(m)), or say why the order reaches no output with // order: <reason>"
		global   = " draws from the global source: draw from one that was seeded"
	)
	tests := []struct {
		name   string
		source []string // lines after "package core", so from line 2
		want   []string // after "internal/core/a.go:"
	}{
		{
			name:   "go statement",
			source: []string{"func f() {", "\tgo f()", "}"},
			want:   []string{"3: pure package internal/core: go statement"},
		},
		{
			name:   "channels",
			source: []string{"type t struct{ c chan int }", "func f(t t) int {", "\tt.c <- 1", "\tselect {", "\tdefault:", "\t}", "\treturn <-t.c", "}"},
			want: []string{
				"2: pure package internal/core: channel type",
				"4: pure package internal/core: send to a channel",
				"5: pure package internal/core: select statement",
				"8: pure package internal/core: receive from a channel",
			},
		},
		{
			name:   "init",
			source: []string{"func init() {}", "type t struct{}", "func (t) init() {}"},
			want:   []string{"2: pure package internal/core: function init"},
		},
		{
			name: "package variables",
			source: []string{
				"import \"example.com/m/internal/wire\"",
				"var table, count, self = [2]int{}, 0, &struct{ n int }{}",
				"func f() {",
				"\ttable[1] = 1",
				"\tcount++",
				"\t(*self).n += 1",
				"\tfor count = range 2 {",
				"\t}",
				"\twire.Default = 1",
				"\tcount := 1",
				"\tcount++",
				"\t_ = table[count]",
				"}",
			},
			want: []string{
				"5: pure package internal/core: change of package variable table",
				"6: pure package internal/core: change of package variable count",
				"7: pure package internal/core: change of package variable self",
				"8: pure package internal/core: change of package variable count",
				"10: pure package internal/core: change of package variable wire.Default",
			},
		},
		{
			name: "maps",
			source: []string{
				"import \"example.com/m/internal/wire\"",
				"type set map[string]bool",
				"type table struct{ rows []set }",
				"func load() map[int]int { return nil }",
				"func f[M ~map[K]V, K comparable, V any, I interface{ ~[]int | set }](t *table, m M, i I) {",
				"\tfor range t.rows[0] {",
				"\t}",
				"\tfor range t.rows {",
				"\t}",
				"\tfor range m {",
				"\t}",
				"\tfor range i {",
				"\t}",
				"\tfor range load() {",
				"\t}",
				"\tfor range (wire.Frame{}).Origins {",
				"\t}",
				"\tfor range (wire.Frame{}).Infos {",
				"\t}",
				"}",
			},
			want: []string{
				"7: pure package internal/core: range over map t.rows[0]" + rangeMap,
				"11: pure package internal/core: range over map m" + rangeMap,
				"13: pure package internal/core: range over map i" + rangeMap,
				"15: pure package internal/core: range over map load()" + rangeMap,
				"17: pure package internal/core: range over map (wire.Frame{}).Origins" + rangeMap,
			},
		},
		{
			name: "maps, with a reason",
			source: []string{
				"func f(m map[int]int) (sum int) {",
				"\tfor _, v := range m { // order: a sum has none",
				"\t\tsum += v",
				"\t}",
				"\t// order: a sum",
				"\t// has none.",
				"\tfor _, v := range m {",
				"\t\tsum += v",
				"\t}",
				"\t// order:",
				"\tfor range m {",
				"\t}",
				"\t// order: too far away",
				"",
				"\tfor range m {",
				"\t}",
				"\treturn sum",
				"}",
			},
			want: []string{
				"12: pure package internal/core: range over map m" + rangeMap,
				"16: pure package internal/core: range over map m" + rangeMap,
			},
		},
		{
			name: "package maps",
			source: []string{
				"import \"maps\"",
				"import \"slices\"",
				"func f(m map[int]int) {",
				"\tfor range slices.Sorted(maps.Keys(m)) {",
				"\t}",
				"\tkeys := slices.Sorted(maps.Values(m))",
				"\tfor range keys {",
				"\t}",
				"\tfor range slices.Collect(maps.Keys(m)) {",
				"\t}",
				"\tmaps.DeleteFunc(m, func(k, v int) bool { return k == v }) // order: each entry by itself",
				"\tfor range maps.Clone(m) {",
				"\t}",
				"}",
			},
			want: []string{
				"10: pure package internal/core: maps.Keys" + walkMap,
				"13: pure package internal/core: range over map maps.Clone(m)" + rangeMap,
			},
		},
		{
			name: "ranges of the standard library, and of another module",
			source: []string{
				"import \"strings\"",
				"import \"example.org/other\"",
				"func f(s string, list other.List) {",
				"\tfor range strings.Split(s, \",\") {",
				"\t}",
				"\tfor range strings.SplitSeq(s, \",\") {",
				"\t}",
				"\tfor range list {",
				"\t}",
				"\tfor range list { // order: as it was given",
				"\t}",
				"}",
			},
			want: []string{
				`3: package internal/core must not import example.org/other: of other modules, it may import []`,
				"9: pure package internal/core: range over list" + rangeAny,
			},
		},
		{
			name: "panic and print",
			source: []string{
				"import \"fmt\"",
				"func f(n int) string {",
				"\tif n < 0 {",
				"\t\tpanic(n)",
				"\t}",
				"\t// invariant: the caller has counted",
				"\tpanic(n)",
				"}",
				"func g(panic func()) {",
				"\tpanic()",
				"\tprintln(1)",
				"\tfmt.Println(fmt.Sprint(1))",
				"\tf := fmt.Printf",
				"\tf(\"\")",
				"}",
			},
			want: []string{
				"5: pure package internal/core: panic: return an error, or name the invariant with // invariant: <reason>",
				"12: pure package internal/core: println writes to standard error",
				"13: pure package internal/core: fmt.Println uses the standard streams",
				"14: pure package internal/core: fmt.Printf uses the standard streams",
			},
		},
		{
			name: "chance",
			source: []string{
				"import chance \"math/rand/v2\"",
				"func f(seed uint64) int {",
				"\tr := chance.New(chance.NewPCG(seed, 1))",
				"\tchance.Shuffle(2, func(i, j int) {})",
				"\treturn r.IntN(2) + chance.IntN(2) + chance.N(2)",
				"}",
			},
			want: []string{
				"5: pure package internal/core: rand.Shuffle" + global,
				"6: pure package internal/core: rand.IntN" + global,
				"6: pure package internal/core: rand.N" + global,
			},
		},
		{
			name: "hashes",
			source: []string{
				"import \"hash/maphash\"",
				"var zero maphash.Hash",
				"func f() uint64 {",
				"\treturn maphash.String(maphash.MakeSeed(), \"\")",
				"}",
				"// order: the seed stays inside a set",
				"var seed = maphash.MakeSeed()",
			},
			want: []string{
				"3: pure package internal/core: maphash.Hash is seeded by chance: say why no output shows it with // order: <reason>",
				"5: pure package internal/core: maphash.MakeSeed is seeded by chance: say why no output shows it with // order: <reason>",
			},
		},
		{
			name:   "dot import",
			source: []string{"import . \"math/rand/v2\"", "var n = IntN(2)"},
			want:   []string{"2: pure package internal/core: a dot import hides what it uses"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := tree{
				"internal/core/a.go":      "package core\n" + strings.Join(test.source, "\n") + "\n",
				"internal/core/a_test.go": "package core\n\nfunc wait(c chan int) { <-c }\n",
				"internal/wire/a.go":      "package wire\n\ntype Frame struct{ Origins map[int]int; Infos []int }\n\nvar Default int\n",
			}
			var want []string
			for _, finding := range test.want {
				want = append(want, "internal/core/a.go:"+finding)
			}
			if diff := cmp.Diff(files.check(t, archtest.Rules()), want); diff != "" {
				t.Errorf("findings differ (-got +want):\n%s", diff)
			}
		})
	}
}

// TestImpureImports names packages that a pure package must not have.
func TestImpureImports(t *testing.T) {
	for _, imported := range []string{
		"time", "sync", "sync/atomic", "os", "net", "net/netip", "context", "log", "log/slog", "math/rand", "crypto/rand",
		"runtime", "syscall", "io/fs", "reflect", "testing", "google.golang.org/grpc", "example.com/m/gossip",
	} {
		files := tree{"internal/core/a.go": "package core\n\nimport _ \"" + imported + "\"\n"}
		got := files.check(t, archtest.Rules())
		name := strings.TrimPrefix(imported, "example.com/m/")
		if len(got) != 1 || !strings.HasPrefix(got[0], "internal/core/a.go:3: package internal/core must not import "+name) {
			t.Errorf("import of %s: findings %q, want one at line 3", imported, got)
		}
	}
}
