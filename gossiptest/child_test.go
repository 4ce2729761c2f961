package gossiptest

import (
	"os"
	"os/exec"
	"testing"
)

// again runs a test in a process of its own, with variables set, and returns what it prints. The process ends after a minute, whatever becomes of
// this one.
func again(t *testing.T, variables ...string) (text string, code int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=1m")
	cmd.Env = append(os.Environ(), variables...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}
