package sim

import (
	"testing"
	"time"
	"unsafe"
)

// All nodes share the bytes of an info, whoever wrote it and however it came.
func TestBodiesAreShared(t *testing.T) {
	s := New(Options{Nodes: 20, Seed: 1})
	s.StartAll(0)
	s.RunFor(2 * time.Second)
	if err := s.Add(3, "k", []byte("a value"), 0); err != nil {
		t.Fatal(err)
	}
	s.RunFor(time.Second)
	for _, key := range []string{"k", "node:8"} {
		i := s.known.keys[key]
		want := unsafe.StringData(s.nodes[3].get(i).Value)
		for n := range s.nodes {
			if r := s.nodes[n].get(i); r == nil || unsafe.StringData(r.Value) != want {
				t.Errorf("n%d has a copy of %q of its own", n, key)
			}
		}
	}
}
