package clock_test

import (
	"fmt"
	"time"

	bclock "github.com/benbjohnson/clock"

	"github.com/grapevine-go/grapevine/clock"
)

func ExampleSystem() {
	c := clock.System()
	done := make(chan struct{})
	c.AfterFunc(time.Millisecond, func() { close(done) })
	<-done
	fmt.Println("a millisecond later")
	// Output: a millisecond later
}

func ExampleWrap() {
	mock := bclock.NewMock()
	c := clock.Wrap(mock)
	done := make(chan struct{})
	c.AfterFunc(time.Hour, func() { close(done) })
	mock.Add(time.Hour)
	<-done
	fmt.Println("an hour later:", c.Now().UTC())
	// Output: an hour later: 1970-01-01 01:00:00 +0000 UTC
}

// A clock that shows the time of another place, and runs functions when the machine's clock does.
func ExampleFrom() {
	skewed := clock.From(func() time.Time { return time.Now().Add(time.Hour) }, time.AfterFunc)
	ahead := time.Until(skewed.Now())
	fmt.Println(ahead.Round(time.Minute), "ahead")
	// Output: 1h0m0s ahead
}
