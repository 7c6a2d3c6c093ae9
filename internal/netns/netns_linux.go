package netns

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// of is the variable that tells a process that it is in the namespace of that test.
const of = "ISC_TEST_NAMESPACE_OF"

// Enter has the test run in a process and network namespace of its own, which goes away with it, with only loopback up.
// It returns true there, and false, at its end, in the process that has started it. That one calls prepare first, which
// may set variables of the environment for the other one. Where no namespace can be made, the test is skipped.
func Enter(t *testing.T, prepare ...func()) bool {
	t.Helper()
	if os.Getenv(of) == t.Name() {
		Command(t, "ip link set lo up")
		return true
	}
	if os.Getuid() != 0 {
		t.Skip("only root can make a network namespace")
	}
	for _, tool := range []string{"ip", "nsenter"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s (packages iproute2 and util-linux) is not installed", tool)
		}
	}
	for _, f := range prepare {
		f()
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), of+"="+t.Name())
	child.SysProcAttr = Own()
	out, err := child.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skip("no network namespace can be made here:", err)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	return false
}

// Own returns the attributes of a process that has a network namespace of its own and ends with the test.
func Own() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
}

// Command runs a program with arguments that are separated by spaces, and fails the test where that fails.
func Command(t testing.TB, format string, values ...any) {
	t.Helper()
	words := strings.Fields(fmt.Sprintf(format, values...))
	if out, err := exec.CommandContext(t.Context(), words[0], words[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%q: %v: %s", words, err, out)
	}
}
