//go:build !linux

package source

// captureSocket is a socket that there is on Linux only.
type captureSocket struct{}

func openCapture(int, []int) (s *captureSocket, buffer int, err error) { return nil, 0, ErrUnsupported }

func mayCapture() error { return ErrUnsupported }

func (*captureSocket) next() (capturedPacket, error) { return capturedPacket{}, ErrUnsupported }

// Close does nothing.
func (*captureSocket) Close() error { return nil }

func stackedInterfaces(before map[int]bool) map[int]bool { return before }
