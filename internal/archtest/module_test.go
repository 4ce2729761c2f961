package archtest_test

import (
	"os"
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
