// Package gossipmock has a mock, of github.com/golang/mock, for each contract of Grapevine: [MockTransport] and
// [MockLink], [MockResolver], [MockClock] and [MockTimer], [MockStore].
//
// A mock is the right tool where a test says exactly which calls come, and what each returns: how your code takes a
// Store that fails once, a Resolver that knows nobody, a Timer that must be stopped. It is the wrong one where the
// order of calls is nobody's promise. For a network of nodes take the in-memory network of gossiptest, for time its
// manual clock, and to try a transport of yours its TestTransport: they hold for every correct program, while a mock of
// a Link or a Clock holds for one version of its caller.
//
// # On other goroutines
//
// A node calls its parts from goroutines of its own. There an unexpected call cannot end the test, and what waits for the goroutine
// may wait for ever. [NewController] sees to it that the test, or else the process, ends all the same and says what was unexpected. Allow
// calls whose number you do not care about with AnyTimes, and wait for the ones you expect with a channel that a DoAndReturn closes,
// before the test returns.
//
// # Matchers
//
// [Info] and [Frame] look into infos, and into the frames that carry them. They are for the mocks of this package, and for those which
// mockgen makes of your interfaces: the facts that they are made of, such as [Key] and [Value], match bare keys and values too.
package gossipmock

//go:generate go tool -modfile=../../tools.mod mockgen -write_package_comment=false -source=../../transport/transport.go -destination=transport.go -package=gossipmock
//go:generate go tool -modfile=../../tools.mod mockgen -write_package_comment=false -source=../../resolver/resolver.go -destination=resolver.go -package=gossipmock
//go:generate go tool -modfile=../../tools.mod mockgen -write_package_comment=false -source=../../clock/clock.go -destination=clock.go -package=gossipmock
//go:generate go tool -modfile=../../tools.mod mockgen -write_package_comment=false -source=../../storage/storage.go -destination=storage.go -package=gossipmock
