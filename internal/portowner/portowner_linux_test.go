package portowner

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFind(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	socket, err := net.ListenPacket("udp", ":0")
	require.NoError(t, err)
	defer func() { require.NoError(t, socket.Close()) }()
	comm, err := os.ReadFile("/proc/self/comm")
	require.NoError(t, err)
	tcp := listener.Addr().(*net.TCPAddr).AddrPort()
	udp := uint16(socket.LocalAddr().(*net.UDPAddr).Port)
	us := Owner{Held: true, Program: strings.TrimSpace(string(comm)), PID: os.Getpid()}
	elsewhere := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), tcp.Port())
	require.Equal(t, []Owner{us, us, {}, us, us}, Find(
		Port{"tcp", tcp},
		Port{"tcp", netip.AddrPortFrom(netip.Addr{}, tcp.Port())},
		Port{"tcp", elsewhere},
		Port{"udp", netip.AddrPortFrom(netip.IPv6Unspecified(), udp)},
		Port{"udp", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), udp)},
	))
}

func TestFindNobody(t *testing.T) {
	for _, network := range []string{"tcp", "udp", "", "../../etc/passwd"} {
		require.Equal(t, []Owner{{}}, Find(Port{Network: network}), network)
	}
	require.Empty(t, Find())
}

// address prints an IPv4 address as this machine's kernel does.
func address(text string) string {
	bytes := netip.MustParseAddr(text).As4()
	return fmt.Sprintf("%08X", binary.NativeEndian.Uint32(bytes[:]))
}

// fakeProc makes a folder that tells of two processes and four sockets.
func fakeProc(t *testing.T, uid, cgroup string) proc {
	t.Helper()
	p := t.TempDir()
	line := func(local, state, uid string, inode int) string {
		return fmt.Sprintf("  0: %s 00000000:0000 %s 0:0 00:0 0 %s 0 %d 1 0\n", local, state, uid, inode)
	}
	write := func(path, text string) {
		path = filepath.Join(p, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	write("net/tcp", "  sl  local_address rem_address   st ...\n"+
		line(address("127.0.0.1")+":13D4", "0A", "0", 111)+
		line(address("127.0.0.1")+":13D5", "01", "0", 222)+
		"nonsense\n"+line("no:port", "0A", "0", 333)+line("12:1", "0A", "0", 334)+line("XY:1", "0A", "0", 335))
	write("net/udp", line(address("0.0.0.0")+":13D6", "07", uid, 444)+line(address("0.0.0.0")+":13D7", "07", "4294", 555))
	write("net/udp6", line(strings.Repeat("0", 16)+address("0.0.255.255")+address("10.0.0.1")+":13D8", "07", "0", 666))
	write("10/comm", "python3\n")
	require.NoError(t, os.MkdirAll(filepath.Join(p, "10", "fd"), 0o700))
	require.NoError(t, os.Symlink("socket:[111]", filepath.Join(p, "10", "fd", "3")))
	require.NoError(t, os.Symlink("/dev/null", filepath.Join(p, "10", "fd", "4")))
	write("11/comm", service+"\n") // its files may not be seen
	write("11/cgroup", cgroup)
	return proc(p)
}

const inService = "0::/system.slice/isc-receiverd.service\n"

func TestFindInProc(t *testing.T) {
	own := strconv.Itoa(os.Getuid())
	all := func(network string, port uint16) Port { return Port{network, netip.AddrPortFrom(netip.Addr{}, port)} }
	ports := []Port{
		all("tcp", 5076), all("tcp", 5077), all("udp", 5078), all("udp", 5079), all("udp", 5080), all("udp", 1),
	}
	python := Owner{Held: true, Program: "python3", PID: 10}
	for name, c := range map[string]struct {
		uid, cgroup string
		want        Owner // of UDP 5078
	}{
		"the service":               {own, inService, Owner{Held: true, Service: true}},
		"of a person, not systemd":  {own, "0::/user.slice/session-1.scope\n", Owner{Held: true}},
		"of a user other than that": {"4294", inService, Owner{Held: true, User: "4294"}},
		"of whom nobody may know":   {"65534", "0::/user.slice/session-1.scope\n", Owner{Held: true}},
	} {
		t.Run(name, func(t *testing.T) {
			owners := fakeProc(t, c.uid, c.cgroup).find(ports)
			require.Equal(t, python, owners[0])
			require.Equal(t, Owner{}, owners[1], "a connection is no listener")
			require.Equal(t, c.want, owners[2])
			require.Equal(t, Owner{Held: true, User: "4294"}, owners[3])
			require.True(t, owners[4].Held)
			require.Equal(t, Owner{}, owners[5])
		})
	}
}

func TestFindServiceByItsFiles(t *testing.T) {
	p := fakeProc(t, "0", inService)
	require.NoError(t, os.MkdirAll(filepath.Join(string(p), "11", "fd"), 0o700))
	require.NoError(t, os.Symlink("socket:[555]", filepath.Join(string(p), "11", "fd", "9")))
	owner := p.find([]Port{{"udp", netip.MustParseAddrPort("192.0.2.1:5079")}})[0]
	require.Equal(t, Owner{Held: true, Program: service, PID: 11, Service: true}, owner)
}

func TestAddressesOverlap(t *testing.T) {
	p := fakeProc(t, "0", "")
	for local, held := range map[string]bool{
		"10.0.0.1:5080": true, "[::ffff:10.0.0.1]:5080": true, "10.0.0.2:5080": false, "[::]:5080": true,
		"0.0.0.0:5080": true, "[::1]:5080": false, "10.0.0.1:5081": false,
	} {
		require.Equal(t, held, p.find([]Port{{"udp", netip.MustParseAddrPort(local)}})[0].Held, local)
	}
}
