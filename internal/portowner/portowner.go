// Package portowner finds the program that holds a port of this machine, for the sentence that says why ours could
// not have it.
package portowner

// Find returns the name and process id of a program that holds the local port: one that listens on it where network
// is "tcp", one that is bound to it where network is "udp". ok is false where nobody holds it, where the system does
// not tell (other systems than Linux) and where the holder belongs to another user. It may be called concurrently,
// reads all of /proc once, and is meant for the way out after an error.
func Find(network string, port int) (name string, pid int, ok bool) {
	return find(network, port)
}
