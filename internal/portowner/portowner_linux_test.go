package portowner

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFind(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	socket, err := net.ListenPacket("udp", "[::1]:0")
	if err != nil {
		socket, err = net.ListenPacket("udp", "127.0.0.1:0")
	}
	require.NoError(t, err)
	defer func() { require.NoError(t, socket.Close()) }()

	comm, err := os.ReadFile("/proc/self/comm")
	require.NoError(t, err)
	for network, port := range map[string]int{
		"tcp": listener.Addr().(*net.TCPAddr).Port,
		"udp": socket.LocalAddr().(*net.UDPAddr).Port,
	} {
		name, pid, ok := Find(network, port)
		require.True(t, ok, network)
		require.Equal(t, os.Getpid(), pid, network)
		require.Equal(t, strings.TrimSpace(string(comm)), name, network)
	}
}

func TestFindNobody(t *testing.T) {
	for _, network := range []string{"tcp", "udp", "", "../../etc/passwd"} {
		_, _, ok := Find(network, 0)
		require.False(t, ok, network)
	}
}

func TestAddInodes(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:13D4 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0
   1: 0100007F:13D4 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0 20 4 30 10 -1
   2: 00000000000000000000000000000000:13D4 0:0 0A 0:0 0:0 0 0 0 333
   3: 0100007F:13D5 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 444
   4: nonsense
   5: no:port rem 0A a b c d e 555
`
	tests := map[string]struct {
		port      int
		listening bool
		want      map[string]bool
	}{
		"listeners only": {5076, true, map[string]bool{"111": true, "333": true}},
		"any socket":     {5076, false, map[string]bool{"111": true, "222": true, "333": true}},
		"other port":     {5077, true, map[string]bool{"444": true}},
		"nobody":         {80, true, map[string]bool{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := make(map[string]bool)
			addInodes(got, strings.NewReader(table), test.port, test.listening)
			require.Equal(t, test.want, got)
		})
	}
}
