//go:build !unix

package keys

// plainOnly is what files are opened with. Here it is nothing.
const plainOnly = 0

// hasModes tells whether the modes of files say who may read them.
const hasModes = false

// lock does nothing: changes of two programs at the same instant may undo each other.
func (file) lock() (unlock func(), err error) { return func() {}, nil }
