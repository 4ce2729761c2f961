package doccheck_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/grapevine-go/grapevine/internal/doccheck"
)

// root is the source tree of the module.
var root = os.DirFS("../..")

func pages(t *testing.T, fsys fs.FS) []string {
	t.Helper()
	files, err := doccheck.Files(fsys, ".md")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestLinks(t *testing.T) {
	for _, err := range doccheck.Links(root, pages(t, root)) {
		t.Error(err)
	}
}

func TestNamedTests(t *testing.T) {
	for _, err := range doccheck.Tests(root, pages(t, root)) {
		t.Error(err)
	}
}

func TestReadme(t *testing.T) {
	for _, err := range doccheck.Shown(root, "README.md", "examples/embed/main.go") {
		t.Error(err)
	}
}

// TestTestingPage checks the page on testing against tests.
func TestTestingPage(t *testing.T) {
	for _, err := range doccheck.Shown(root, "docs/testing.md", "gossiptest/first_test.go") {
		t.Error(err)
	}
}

// TestGuide checks the pages for embedders against the examples that are compiled and run.
func TestGuide(t *testing.T) {
	sources, err := doccheck.Files(root, "_test.go")
	if err != nil {
		t.Fatal(err)
	}
	sources = slices.DeleteFunc(sources, func(name string) bool { return !strings.HasPrefix(path.Base(name), "example_") })
	for _, page := range pages(t, root) {
		if path.Dir(page) != "docs/guide" {
			continue
		}
		for _, err := range doccheck.Shown(root, page, sources...) {
			t.Error(err)
		}
	}
}

// TestFindings shows that each check finds what it is for, and nothing else.
func TestFindings(t *testing.T) {
	links := func(fsys fs.FS) []error { return doccheck.Links(fsys, pages(t, fsys)) }
	tests := func(fsys fs.FS) []error { return doccheck.Tests(fsys, pages(t, fsys)) }
	shown := func(fsys fs.FS) []error { return doccheck.Shown(fsys, "README.md", "main.go") }
	tree := func(page string) fs.FS {
		return fstest.MapFS{
			"README.md":        {Data: []byte(page)},
			"main.go":          {Data: []byte("package main\n\nfunc main() {\n\trun()\n}\n")},
			"docs/page.md":     {Data: []byte("# What `it` is: a page\n\n```\n# no heading\n```\n")},
			"kit/kit.go":       {Data: []byte("package kit\n\nfunc TestThing(t *testing.T, x thing) {\n}\n")},
			"b/a/a_test.go":    {Data: []byte("package a\n\nfunc TestA(t *testing.T) {}\nfunc FuzzA(f *testing.F) {}\n")},
			"testdata/bad.md":  {Data: []byte("[gone](gone.md)")},
			".hidden/page.md":  {Data: []byte("[gone](gone.md)")},
			"a/testdata/x.md":  {Data: []byte("[gone](gone.md)")},
			"docs/sub/deep.md": {Data: []byte("[up](../page.md)")},
		}
	}
	cases := []struct {
		name  string
		check func(fs.FS) []error
		page  string
		want  []string // a part of each problem
	}{
		{name: "good links", check: links, page: "[a](docs/page.md) [b](docs) [c](https://go.dev/x) [d](docs/page.md#what-it-is-a-page)"},
		{name: "dead link", check: links, page: "first\n[a](docs/gone.md)", want: []string{"README.md:2: link to docs/gone.md"}},
		{name: "two dead links", check: links, page: "[a](x.md) [b](y.md)", want: []string{"x.md", "y.md"}},
		{name: "dead fragment", check: links, page: "[a](docs/page.md#no-heading)", want: []string{"no such heading"}},
		{name: "own fragment", check: links, page: "# Here\n[a](#here) [b](#there)", want: []string{"#there"}},
		{name: "link out of the tree", check: links, page: "[a](../../etc/passwd)", want: []string{"../../etc/passwd"}},
		{name: "link in code", check: links, page: "```\nm[x](y)\n```"},
		{name: "tests", check: tests, page: "`a.TestA`, `b/a.FuzzA` and `kit.TestThing`; `TestInterval` and `a.Test(x)` name none"},
		{name: "no such test", check: tests, page: "\n\n`a.TestB` `c.TestA`", want: []string{"README.md:3: no test a.TestB", "no test c.TestA"}},
		{name: "code", check: shown, page: "```go\nfunc main() {\n\trun()\n}\n```\n```\nrun(1)\n```\n"},
		{name: "other code", check: shown, page: "```go\nfunc main() {\n\trun(1)\n}\n```\n", want: []string{"README.md:1: this code is not in main.go"}},
		{name: "half a line", check: shown, page: "```go\nun()\n```\n", want: []string{"README.md:1"}},
		{name: "code of a body", check: shown, page: "```go\nrun()\n```\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := c.check(tree(c.page))
			if len(got) != len(c.want) {
				t.Fatalf("%q has the problems %v, want %d", c.page, got, len(c.want))
			}
			for i, err := range got {
				if !strings.Contains(err.Error(), c.want[i]) {
					t.Errorf("%q: problem %d is %q, want one with %q", c.page, i, err, c.want[i])
				}
			}
		})
	}
}

// TestDecisions: each decision has its row, and in that a test that is named after it.
func TestDecisions(t *testing.T) {
	page, err := fs.ReadFile(root, "docs/decisions.md")
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 28; n++ {
		row := regexp.MustCompile(fmt.Sprintf("(?m)^\\| D%d \\|.*`[a-z]+\\.TestD%02d[A-Z]", n, n))
		if !row.Match(page) {
			t.Errorf("docs/decisions.md has no row of D%d with a test of that name", n)
		}
	}
}

// TestSeedAPI: each exported item of the reference has its row, which says that it stands and names a test that shows it.
func TestSeedAPI(t *testing.T) {
	items := strings.Fields(`
		MaxPeers TestInterval TestBootstrap
		KeyClusterID KeySentinel KeyNodeIDPrefix KeyStorePrefix KeyFirstRangeDescriptor KeySystemConfig
		ErrInvalidLengthGossip ErrIntOverflowGossip
		MakeKey MakeNodeIDKey MakeStoreKey MakePrefixPattern
		New Start Gossip.Connected Gossip.RPCContext
		AddInfo AddInfoProto GetInfo GetInfoProto GetInfosAsJSON Callback RegisterCallback
		SetNodeDescriptor GetNodeDescriptor GetNodeID GetNodeIDAddress Incoming Outgoing MaxHops SetResolvers
		GetSystemConfig RegisterSystemConfigCallback Gossip.Gossip
		Info Request Response GetAddr GetLAddr GetAlternate GetDelta GetValue Reset String ProtoMessage
		Marshal MarshalTo Size Unmarshal GetUser NodeDescriptor SystemConfig MaxSeq LAddr`)
	page, err := fs.ReadFile(root, "docs/seed-api.md")
	if err != nil {
		t.Fatal(err)
	}
	item := regexp.MustCompile("`([A-Za-z.]+)(?:\\([a-zA-Z, ]*\\))?`")
	test := regexp.MustCompile("`[a-z]+\\.(?:Test|Fuzz)[A-Z]")
	found := make(map[string]bool)
	for n, line := range strings.Split(string(page), "\n") {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| there |") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if len(cells) != 4 {
			t.Errorf("docs/seed-api.md:%d: %d cells, want 4", n+1, len(cells))
			continue
		}
		if state, _, _ := strings.Cut(cells[2], ";"); state != "done" {
			t.Errorf("docs/seed-api.md:%d: %s is %q, want it done", n+1, cells[0], cells[2])
		}
		if !test.MatchString(cells[3]) {
			t.Errorf("docs/seed-api.md:%d: no test shows %s", n+1, cells[0])
		}
		for _, m := range item.FindAllStringSubmatch(cells[0], -1) {
			found[m[1]] = true
		}
	}
	for _, name := range items {
		if !found[name] {
			t.Errorf("docs/seed-api.md has no row of %s", name)
		}
	}
}
