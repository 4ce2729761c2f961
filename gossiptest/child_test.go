package gossiptest

import (
	"os"
	"os/exec"
	"testing"
)

// childTimeout is what a test may take that runs in a process of its own. None takes a second, unless what is to end it does not.
const childTimeout = "-test.timeout=10s"

// again runs a test in a process of its own, with variables set, and returns what it prints. The process ends after childTimeout, whatever becomes of
// this one.
func again(t *testing.T, variables ...string) (text string, code int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", childTimeout)
	cmd.Env = append(os.Environ(), variables...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}
