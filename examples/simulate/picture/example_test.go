package picture_test

import (
	"bytes"
	"fmt"

	"github.com/grapevine-go/grapevine/examples/simulate/picture"
)

// A page about ten nodes.
func Example() {
	film, err := picture.Record(picture.Options{Nodes: 10, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	var page bytes.Buffer
	if err := picture.Page(&page, film); err != nil {
		fmt.Println(err)
	}
	for _, s := range film.Scenes {
		fmt.Println(s.Name)
	}
	// Output:
	// Assembling
	// An update spreads
	// A node dies
	// Cut in two
	// Healing
}
