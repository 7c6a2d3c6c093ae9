//go:build !linux

package uplink

import "syscall"

// bindToDevice returns nil: only Linux binds a socket to an interface, elsewhere its address is bound to.
func bindToDevice(string) func(network, address string, c syscall.RawConn) error { return nil }
