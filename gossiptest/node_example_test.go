package gossiptest_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/gossiptest"
)

// A test of a service that gossips needs one line for a node.
func ExampleNewNode() {
	_ = func(t *testing.T) {
		g := gossiptest.NewNode(t, nil)
		if err := g.AddInfo("feature:dark-mode", []byte("on"), 0); err != nil {
			t.Fatal(err)
		}
		if val, err := g.GetInfo("feature:dark-mode"); err != nil || string(val) != "on" {
			t.Errorf("GetInfo = %q, %v, want on", val, err)
		}
	}
}
