package archtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/internal/archtest"
)

// TestModule holds this module against its rules.
func TestModule(t *testing.T) {
	findings, err := archtest.Check(os.DirFS("../.."), archtest.Rules())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Error(f)
	}
}

// TestDocumented: the table in docs/architecture.md has a row of each package that is there and has a rule of its own.
func TestDocumented(t *testing.T) {
	root := filepath.Join("..", "..")
	doc, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	for line := range strings.Lines(string(doc)) {
		if cells := strings.Split(line, "|"); len(cells) == 4 {
			for _, name := range strings.Split(cells[1], ",") {
				rows[strings.Trim(name, " `")] = true
			}
		}
	}
	for _, r := range archtest.Rules() {
		if _, err := os.Stat(filepath.Join(root, r.Package)); err == nil && !rows[r.Package] {
			t.Errorf("no row of %s", r.Package)
		}
	}
}
