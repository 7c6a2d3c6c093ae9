package host

import (
	"net"
	"net/netip"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

const snmp = `Icmp: InMsgs InErrors
Icmp: 7 8
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors
Udp: 5179 43 10366 17714 10366 0 0 0 0
UdpLite: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors
UdpLite: 1 2 3 4 5 6 7 8 9
`

func TestNoPorts(t *testing.T) {
	n, ok := noPorts4(snmp)
	require.True(t, ok)
	require.EqualValues(t, 43, n)
	n, ok = noPorts6("Udp6InDatagrams                 \t2\nUdp6NoPorts                     \t5\nUdpLite6NoPorts 9\n")
	require.True(t, ok)
	require.EqualValues(t, 5, n)
	for _, text := range []string{
		"", "Udp: NoPorts", "Udp: NoPorts\nUdp:\n", "Udp: NoPorts\nUdp: x\n", "Udp: A\nUdp: 1\n",
	} {
		_, ok = noPorts4(text)
		require.False(t, ok, text)
	}
	_, ok = noPorts6("Udp6NoPorts")
	require.False(t, ok)
}

// A datagram to a port where nobody listens is counted.
func TestUnheard(t *testing.T) {
	before, known := Unheard()
	if _, err := os.Stat("/proc/net/snmp"); err != nil {
		require.False(t, known)
		return
	}
	require.True(t, known)
	gone, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, gone.Close())
	socket, err := net.Dial("udp", gone.LocalAddr().String())
	require.NoError(t, err)
	defer func() { require.NoError(t, socket.Close()) }()
	_, err = socket.Write([]byte("hello"))
	require.NoError(t, err)
	_, err = socket.Read(make([]byte, 1)) // the refusal
	require.Error(t, err)
	after, _ := Unheard()
	require.Greater(t, after, before)
}

func addresses(all ...string) (parsed []netip.Addr) {
	for _, a := range all {
		parsed = append(parsed, netip.MustParseAddr(a))
	}
	return parsed
}

func TestInterfaceInWords(t *testing.T) {
	for want, i := range map[string]Interface{
		"eth0 (10.0.0.2, 2001:db8::1)":            {"eth0", true, true, addresses("10.0.0.2", "2001:db8::1")},
		"eth0 (no address)":                       {"eth0", true, true, nil},
		"eth0 (down)":                             {"eth0", false, false, nil},
		"wlan0 (10.0.0.2, up, but not connected)": {"wlan0", true, false, addresses("10.0.0.2")},
		"wlan0 (fe80::1, down)":                   {"wlan0", false, false, addresses("fe80::1")},
	} {
		require.Equal(t, want, i.String())
	}
}

func TestChoose(t *testing.T) {
	all := []Interface{
		{"down", false, false, nil},
		{"veth0", true, true, addresses("fe80::1")},
		{"eth1", true, false, addresses("10.0.1.2")},
		{"eth0", true, true, addresses("10.0.0.2")},
	}
	for i := range 4 {
		all = append(all, Interface{"wan" + strconv.Itoa(i), true, true, addresses("10.1.0.1")})
	}
	chosen, more := choose(all)
	require.Equal(t, 2, more)
	var names []string
	for _, i := range chosen {
		names = append(names, i.Name)
	}
	require.Equal(t, []string{"eth0", "wan0", "wan1", "wan2", "wan3", "eth1"}, names)
}

func TestUsefulAddresses(t *testing.T) {
	parse := func(text string) net.Addr {
		ip, network, err := net.ParseCIDR(text)
		require.NoError(t, err)
		return &net.IPNet{IP: ip, Mask: network.Mask}
	}
	require.Equal(t, addresses("10.0.0.2"), useful([]net.Addr{parse("fe80::1/64"), parse("10.0.0.2/24")}))
	require.Equal(t, addresses("fe80::1"), useful([]net.Addr{parse("fe80::1/64")}))
	require.Empty(t, useful([]net.Addr{&net.UnixAddr{Name: "x"}}))
}

func TestInterfaces(t *testing.T) {
	system, err := net.Interfaces()
	require.NoError(t, err)
	for _, i := range system {
		found, more, failed := Interfaces(i.Name)
		require.NoError(t, failed)
		require.Zero(t, more)
		require.Len(t, found, 1)
		require.Equal(t, i.Flags&net.FlagUp != 0, found[0].Up)
	}
	found, _, err := Interfaces("no-such-one")
	require.NoError(t, err)
	require.Empty(t, found)
	found, _, err = Interfaces("")
	require.NoError(t, err)
	require.NotEmpty(t, found)
}
