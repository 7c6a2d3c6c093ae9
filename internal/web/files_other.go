//go:build !unix

package web

// openFiles is not known here: there is no such limit.
func openFiles() (limit uint64, known bool) { return 0, false }
