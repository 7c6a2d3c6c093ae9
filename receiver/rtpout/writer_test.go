//go:build unix

package rtpout

import (
	"net"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNeverWaits writes to a socket whose buffer is full, as a slow network device leaves it.
func TestNeverWaits(t *testing.T) {
	address := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unixgram"}
	reader, err := net.ListenUnixgram("unixgram", address)
	require.NoError(t, err)
	defer func() { require.NoError(t, reader.Close()) }()
	conn, err := net.DialUnix("unixgram", nil, address)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	w, err := newWriter(conn)
	require.NoError(t, err)
	sent := 0
	for ; err == nil; sent++ {
		require.Less(t, sent, 1_000_000)
		err = w.write(packet(96))
	}
	require.ErrorIs(t, err, syscall.EAGAIN)
	require.Greater(t, sent, 1)
	_, err = reader.Read(make([]byte, 2000))
	require.NoError(t, err)
	require.NoError(t, w.write(packet(96)), "where there is room again, it is used")
}
