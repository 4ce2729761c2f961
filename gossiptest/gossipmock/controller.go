package gossipmock

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/golang/mock/gomock"
)

// T is what a controller needs of a test: a *testing.T, also that of a bubble of testing/synctest, or a *gossiptest.Sim.
type T interface {
	gomock.TestHelper         // where failures go to
	FailNow()                 // ends the goroutine that calls it
	Cleanup(func())           // is called when the test is over
	Context() context.Context // ends with the function of the test
	Name() string             // of the test
}

// NewController returns a controller for the mocks of this package, and for those that mockgen makes of your interfaces. When the test
// ends, a call that was expected and has not come fails it; Finish need not be called.
//
// It differs from gomock.NewController where a call comes unexpected on a goroutine that is not the test's, as those of a node are. That
// goroutine ends, and golang/mock leaves it at that: a test that waits for what the goroutine was to do waits for ever. This controller
// lets a test end by itself, for half a second of real time. One that does not ends the process, with what was unexpected and the stack
// of the goroutine that has called NewController, so with what the test waits for; other tests of the package are not run then. All this
// holds in bubbles of testing/synctest too, whatever keeps their time from moving.
//
// Only the first unexpected call is reported. Those which follow on the same controller end their goroutines without a word.
func NewController(t T) *gomock.Controller {
	t.Helper()
	return newController(t, patience, cleanupPatience)
}

func newController(t T, patience, cleanupPatience time.Duration) *gomock.Controller {
	r := &reporter{T: t, creator: goroutine(), patience: patience, cleanupPatience: cleanupPatience}
	context.AfterFunc(t.Context(), func() { r.returned.Store(true) })
	t.Cleanup(func() { r.over.Store(true) })
	return gomock.NewController(r)
}

// How long a test may take to end after a failure, in real time: its function; and then its cleanups, which may have to wait for a node
// that gives somebody else up.
const (
	patience        = 500 * time.Millisecond
	cleanupPatience = 10 * time.Second
)

// reporter is the T of a controller, with a watch over whether the test ends.
type reporter struct {
	T
	creator string // goroutine that has called NewController

	patience, cleanupPatience time.Duration

	failed   atomic.Bool // Fatalf was called
	returned atomic.Bool // the function of the test
	over     atomic.Bool // the cleanups as well, but for those from before NewController
}

// Fatalf reports a failure and ends the calling goroutine.
func (r *reporter) Fatalf(format string, args ...any) {
	r.Helper()
	if r.failed.Swap(true) {
		r.FailNow()
	}
	text := fmt.Sprintf(format, args...)
	outside(func() { r.watch(text) })
	r.T.Fatalf("%s", text)
}

// watch ends the process if the test does not end.
func (r *reporter) watch(text string) {
	time.Sleep(r.patience)
	if !r.returned.Load() {
		r.exit(text, r.patience)
	}
	time.Sleep(r.cleanupPatience)
	if !r.over.Load() {
		r.exit(text, r.patience+r.cleanupPatience)
	}
}

func (r *reporter) exit(text string, waited time.Duration) {
	fmt.Fprintf(os.Stderr, "gossipmock: %s: %s\nThe test has not ended within %v of that. It is here:\n\n%s\n", r.Name(), text, waited, stack(r.creator))
	os.Exit(2)
}

// outside calls f on a goroutine that belongs to no bubble, so that its time is real and the bubble does not wait for it: one that
// clean-ups of the runtime are called from.
func outside(f func()) {
	runtime.AddCleanup(new(*int), func(f func()) { go f() }, f)
	runtime.GC()
}

// goroutine returns what the stack of the calling goroutine begins with: "goroutine 7 [".
func goroutine() string {
	var buf [64]byte
	head, _, _ := bytes.Cut(buf[:runtime.Stack(buf[:], false)], []byte("["))
	return string(head) + "["
}

// stack returns the stack of a goroutine.
func stack(head string) string {
	buf := make([]byte, 1<<20)
	n := runtime.Stack(buf, true)
	for n == len(buf) {
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	for g := range bytes.SplitSeq(buf[:n], []byte("\n\n")) {
		if bytes.HasPrefix(g, []byte(head)) {
			return string(g)
		}
	}
	return "(the goroutine that has called NewController has ended)"
}
