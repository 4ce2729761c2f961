package gossiptest

import (
	"os"
	"os/exec"
	"testing"
)

// again runs a test in a process of its own, with variables set, and returns what it prints.
func again(t *testing.T, variables ...string) (text string, code int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), variables...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}
