package gossiptest_test

import (
	"fmt"
	"time"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/gossiptest"
)

// Session is somebody's code: it takes a clock, and does its work in the functions that it gives to it.
type Session struct {
	timeout clock.Timer
	ended   bool
}

func NewSession(c clock.Clock, idle time.Duration) *Session {
	s := &Session{}
	s.timeout = c.AfterFunc(idle, func() { s.ended = true })
	return s
}

func (s *Session) Use(idle time.Duration) { s.timeout.Reset(idle) }

// A clock moves only when it is told to, and Advance returns when everything that came due has been done.
func ExampleClock() {
	c := gossiptest.NewClock(time.Time{})
	session := NewSession(c, time.Hour)

	c.Advance(59 * time.Minute)
	session.Use(time.Hour)
	c.Advance(59 * time.Minute)
	fmt.Println("after 59 idle minutes, ended:", session.ended)
	c.Advance(time.Minute)
	fmt.Println("after 60 idle minutes, ended:", session.ended)
	fmt.Println("pending functions:", c.Pending())
	// Output:
	// after 59 idle minutes, ended: false
	// after 60 idle minutes, ended: true
	// pending functions: 0
}
