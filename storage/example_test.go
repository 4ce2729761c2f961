package storage_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grapevine-go/grapevine/storage"
)

func ExampleMemory() {
	ctx := context.Background()
	var s storage.Memory

	_, err := s.Get(ctx, "incarnation")
	fmt.Println(err, errors.Is(err, storage.ErrNotFound))

	fmt.Println(s.Put(ctx, "incarnation", []byte("7")))
	value, err := s.Get(ctx, "incarnation")
	fmt.Printf("%s %v\n", value, err)
	// Output:
	// get "incarnation": storage: not found true
	// <nil>
	// 7 <nil>
}
