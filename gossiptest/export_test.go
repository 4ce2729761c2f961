package gossiptest

import (
	"testing"
	"time"
)

// RunImpatient is Run with one seed, and little time for what hangs.
func RunImpatient(t *testing.T, body func(*Sim)) {
	r := &runner{t: t, name: t.Name(), env: env{runs: 1}, dir: t.TempDir(), patience: 50 * time.Millisecond, body: body, fail: func(s string) { t.Error(s) }}
	r.all()
}

// Again runs a test in a process of its own, with variables set, and returns what it prints.
var Again = again

// ChildTimeout is a flag of such a process.
const ChildTimeout = childTimeout
