package core_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
)

// TestExpiredAndWrittenAgain proves that a key which has expired is new when it is written again, even with the same
// bytes and by the very input that tells the core what time it is.
func TestExpiredAndWrittenAgain(t *testing.T) {
	c := core.New(core.Config{
		Node: 1, Limits: core.Limits{Infos: 10, Origins: 10, Frame: 1 << 20},
		Timers: core.Timers{Ping: 1e9, Advert: 1, Graft: 1, Pace: 1, Resolve: 1e9, MaxTTL: 1e12, MaxSkew: 1},
	})
	c.Step(core.Now{Mono: 1, Wall: 1}, core.Input{Kind: core.InStart})
	write := func(mono int64) core.ChangeKind {
		cmd := &core.Command{Op: core.OpAdd, Key: "k", Value: "same", TTL: 100}
		out := c.Step(core.Now{Mono: mono, Wall: mono}, core.Input{Kind: core.InCommand, Command: cmd})
		if len(out.Changes) == 0 {
			t.Fatalf("a write at %d changed nothing", mono)
		}
		return out.Changes[len(out.Changes)-1].Kind
	}
	for _, test := range []struct {
		at   int64
		want core.ChangeKind
	}{
		{at: 10, want: core.Added},
		{at: 109, want: core.Refreshed},
		{at: 209, want: core.Added}, // the second life ended at 209
	} {
		if got := write(test.at); got != test.want {
			t.Errorf("a write at %d is a change of kind %d, want %d", test.at, got, test.want)
		}
	}
}
