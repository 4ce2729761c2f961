package gossiptest_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/grapevine-go/grapevine/gossiptest"
)

// appFunc is an application that is its Run.
type appFunc func(ctx context.Context) error

func (f appFunc) Run(ctx context.Context) error { return f(ctx) }

// An application ends with the test, and before the node that it is built on.
func TestStart(t *testing.T) {
	var last error
	t.Run("test", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := gossiptest.NewNode(t, nil)
			gossiptest.Start(t, appFunc(func(ctx context.Context) error {
				<-ctx.Done()
				last = errors.Join(n.AddInfo("bye", nil, 0), n.Sync(context.WithoutCancel(ctx)))
				return nil
			}))
		})
	})
	if last != nil {
		t.Errorf("at the end, the node says: %v", last)
	}
}

// What Run returns is the test's to look at, or else a failure.
func TestStartErrors(t *testing.T) {
	broken := appFunc(func(context.Context) error { return errors.New("broken") })
	var s spy
	t.Run("test", func(t *testing.T) {
		s.TB = t
		gossiptest.Start(&s, broken)
		stop := gossiptest.Start(t, broken)
		for range 2 {
			if err := stop(); err == nil || err.Error() != "broken" {
				t.Errorf("stop() = %v, want what Run returns", err)
			}
		}
		if err := gossiptest.Start(t, appFunc(func(ctx context.Context) error { <-ctx.Done(); return nil }))(); err != nil {
			t.Errorf("stop() = %v, want nil", err)
		}
	})
	if want := []string{"gossiptest: Run: broken"}; !slices.Equal(s.said, want) {
		t.Errorf("the test hears %q, want %q", s.said, want)
	}
}
