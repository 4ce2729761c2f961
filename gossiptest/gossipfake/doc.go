// Package gossipfake has a fake for each contract of Grapevine that is a struct of functions: [Transport] and [Link], [Resolver],
// [Clock] and [Timer], [Store]. It needs no library.
//
// A test sets the function whose answer it is about, and leaves the others nil:
//
//	s := &gossipfake.Store{PutFunc: func(context.Context, string, []byte) error { return errors.New("disk full") }}
//
// What a nil function does is said at its type, and keeps the contract: a Store has its values in memory, a Resolver knows nobody, a
// Transport reaches nobody, a Link swallows what is sent. With Base, it is what another implementation does: so one call of a store that
// works can be made to fail, or be noted on its way. A function may call Base itself.
//
// The zero value of each is ready for use. Nobody changes the fields of a fake that is in use; a function that is to answer otherwise later
// looks at a variable of the test, with a lock. All methods may be called by any number of goroutines, as far as the functions may be.
//
// To expect calls, in an order or so often, see gossiptest/gossipmock; for a network or a clock that works, gossiptest.
package gossipfake
