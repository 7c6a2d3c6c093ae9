package source

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/mdlayher/packet"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/isc-receiver/isc-receiver/internal/leak"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// A pair of interfaces of which each gets what the other one sends.
const (
	near, far       = "near0", "far0"
	nearMAC, farMAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
)

// namespaceOf is the variable that tells a process that it is in the namespace of that test.
const namespaceOf = "ISC_TEST_NAMESPACE_OF"

// inNamespace has the test run in a process and network namespace of its own, which goes away with it. It returns true
// there, and false, at its end, in the process that has started it.
func inNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv(namespaceOf) == t.Name() {
		ip(t, "link set lo up")
		return true
	}
	if os.Getuid() != 0 {
		t.Skip("only root can make a network namespace")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("ip (package iproute2) is not installed")
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), namespaceOf+"="+t.Name())
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	out, err := child.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skip("no network namespace can be made here:", err)
	}
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: "+t.Name())
	t.Logf("%s", out)
	return false
}

// ip runs ip with arguments that are separated by spaces.
func ip(t testing.TB, arguments string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ip", strings.Fields(arguments)...).CombinedOutput()
	require.NoError(t, err, "ip %s: %s", arguments, out)
}

// addPair makes the pair of interfaces. The near one has the address that datagrams are sent to.
func addPair(t testing.TB, address string) {
	t.Helper()
	ip(t, "link add "+near+" address "+nearMAC+" type veth peer name "+far+" address "+farMAC)
	ip(t, "address add "+address+"/24 dev "+near)
	ip(t, "link set "+near+" up")
	ip(t, "link set "+far+" up")
}

// toNear is a frame with a datagram from sender to an address of the near interface.
func toNear(t testing.TB, to netip.AddrPort, payload string) []byte {
	t.Helper()
	eth := ethernet(layers.EthernetTypeIPv4)
	var err error
	eth.DstMAC, err = net.ParseMAC(nearMAC)
	require.NoError(t, err)
	header, udp := ipv4(), &layers.UDP{SrcPort: 40000, DstPort: layers.UDPPort(to.Port())}
	header.DstIP = to.Addr().AsSlice()
	require.NoError(t, udp.SetNetworkLayerForChecksum(header))
	return serialize(t, eth, header, udp, gopacket.Payload(payload))
}

// inject sends frames from the far interface to the near one.
func inject(t testing.TB, frames ...[]byte) {
	t.Helper()
	device, err := net.InterfaceByName(far)
	require.NoError(t, err)
	conn, err := packet.Listen(device, packet.Raw, unix.ETH_P_ALL, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	for _, frame := range frames {
		_, err := conn.WriteTo(frame, &packet.Addr{HardwareAddr: make([]byte, 6)})
		require.NoError(t, err)
	}
}

// again calls f until it returns true.
func again(t testing.TB, what string, f func() bool) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(patience); !f(); <-ticker.C {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain: ", what)
		}
	}
}

// TestInterfaceComesAndGoes takes the interface away under the sockets, as when a modem is unplugged.
func TestInterfaceComesAndGoes(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	const port = 5078
	for name, byAddress := range map[string]bool{"bound to the interface": false, "bound to its address": true} {
		t.Run(name, func(t *testing.T) {
			leak.None(t)
			pool := new(inbox.Pool)
			u, err := listenUDP(near, []int{port, port + 1}, pool, byAddress)
			require.NoError(t, err, "the interface may still come")
			r := run(t, u, pool)
			defer r.end(t)
			isDown := func() bool {
				_, down := r.Link(0)
				return errors.Is(down, ErrInterface)
			}
			require.True(t, isDown())

			address := "10.77.0.1"
			hears := func() bool {
				if socket, err := r.links[1].get(); err != nil || socket.index == 0 {
					return false
				}
				to := netip.AddrPortFrom(netip.MustParseAddr(address), port)
				inject(t, toNear(t, to, "x"), toNear(t, netip.AddrPortFrom(to.Addr(), port+1), "y"))
				d := r.in.Take()
				return d != nil && d.From == sender
			}
			for range 3 {
				addPair(t, address)
				began := time.Now()
				again(t, "the link is up", hears)
				require.Less(t, time.Since(began), 5*lastPause)
				for link := range 2 {
					_, down := r.Link(link)
					require.NoError(t, down)
				}
				for r.in.Take() != nil {
				}
				ip(t, "link delete "+near)
				again(t, "the link is down", isDown)
			}

			// Another one comes before it is noticed that the first has gone.
			addPair(t, address)
			again(t, "the link is up", hears)
			ip(t, "link delete "+near)
			addPair(t, address)
			again(t, "the link is up on the new interface", func() bool {
				socket, err := r.links[0].get()
				now, lookErr := lookUp(near)
				require.NoError(t, lookErr)
				return err == nil && socket.index == now.index && hears()
			})

			// The address changes, as with a new lease.
			address = "10.77.0.9"
			ip(t, "address delete 10.77.0.1/24 dev "+near)
			ip(t, "address add "+address+"/24 dev "+near)
			for r.in.Take() != nil {
			}
			again(t, "the new address is listened on", hears)
			require.Equal(t, []int{port, port + 1}, r.Ports())
			ip(t, "link delete "+near)
		})
	}
}
