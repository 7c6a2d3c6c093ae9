package app

import (
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/isc-receiver/isc-receiver/internal/host"
)

const capNetRaw = 13 // the bit of CAP_NET_RAW, of the kernel's include/uapi/linux/capability.h

// CaptureRight says what live capture needs that this program does not have, and how it gets that, as a sentence for
// the operator. It is empty where nothing is missing.
func CaptureRight() string {
	if runtime.GOOS != "linux" {
		return "Packets can be captured on Linux only."
	}
	status, err := os.ReadFile("/proc/self/status")
	if err == nil && mayCapture(string(status)) {
		return ""
	}
	unit, _ := host.Service()
	return noRight(unit, ownPath())
}

// mayCapture tells whether a process with that status, as the kernel prints it, has the right to capture.
func mayCapture(status string) bool {
	for line := range strings.Lines(status) {
		if set, ok := strings.CutPrefix(line, "CapEff:"); ok {
			capabilities, err := strconv.ParseUint(strings.TrimSpace(set), 16, 64)
			return err == nil && capabilities>>capNetRaw&1 == 1
		}
	}
	return false
}

// ownPath returns the path of this program, or how it was called, which is the next best.
func ownPath() string {
	if path, err := os.Executable(); err == nil {
		return path
	}
	return os.Args[0]
}
