//go:build unix

package web

import "golang.org/x/sys/unix"

// openFiles returns how many files this process may have open at a time, connections included.
func openFiles() (limit uint64, known bool) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	return uint64(r.Cur), true //nolint:unconvert // some systems have it signed
}
