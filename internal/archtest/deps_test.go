package archtest_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestDependencies follows the imports of every package of the module all the way, through other modules too: whoever
// imports one must not pay for what it does not use.
func TestDependencies(t *testing.T) {
	tests := []struct {
		library string   // packages with this path and below
		users   []string // packages of the module that may depend on them; beside the examples, nothing else may
	}{
		{library: "google.golang.org/grpc", users: []string{"gossip/gossippb/gossipgrpc", "transport/grpctransport"}},
		{library: "testing", users: []string{"gossiptest", "internal/serial"}},
		{library: "github.com/google/go-cmp", users: []string{"gossiptest"}},
		{library: "github.com/golang/mock", users: []string{"gossiptest/gossipmock"}},
	}
	imports := load(t)
	for _, test := range tests {
		t.Run(test.library, func(t *testing.T) {
			to := route{imports: imports, library: test.library, known: make(map[string][]string)}
			for _, path := range slices.Sorted(maps.Keys(imports)) {
				dir, ours := strings.CutPrefix(path, "github.com/grapevine-go/grapevine/")
				if !ours || strings.HasPrefix(dir, "examples/") || slices.Contains(test.users, dir) {
					continue
				}
				if way := to.from(path); way != nil {
					t.Errorf("%s depends on %s", dir, strings.Join(way[1:], ", through which on "))
				}
			}
		})
	}
}

// route finds the way from a package to a library.
type route struct {
	imports map[string][]string // of each package
	library string
	known   map[string][]string // the ways found so far, nil where there is none
}

// from returns the packages on a way, that at path and that of the library included.
func (r route) from(path string) []string {
	if path == r.library || strings.HasPrefix(path, r.library+"/") {
		return []string{path}
	}
	if way, ok := r.known[path]; ok {
		return way
	}
	r.known[path] = nil
	for _, imported := range r.imports[path] {
		if way := r.from(imported); way != nil {
			r.known[path] = append([]string{path}, way...)
			break
		}
	}
	return r.known[path]
}

// load returns the imports of every package of the module, tests left out, and of all they depend on.
func load(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../.."
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, problems.String())
	}
	imports := make(map[string][]string)
	list := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		err := list.Decode(&p)
		if errors.Is(err, io.EOF) {
			return imports
		}
		if err != nil {
			t.Fatal(err)
		}
		imports[p.ImportPath] = p.Imports
	}
}
