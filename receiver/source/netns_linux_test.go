package source

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/mdlayher/packet"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/isc-receiver/isc-receiver/internal/await"
	"github.com/isc-receiver/isc-receiver/internal/leak"
	"github.com/isc-receiver/isc-receiver/internal/netns"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// A pair of interfaces of which each gets what the other one sends.
const (
	near, far       = "near0", "far0"
	nearMAC, farMAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
)

// addPair makes the pair of interfaces. The near one has the address that datagrams are sent to.
func addPair(t testing.TB, address string) {
	t.Helper()
	netns.Command(t, "ip link add "+near+" address "+nearMAC+" type veth peer name "+far+" address "+farMAC)
	netns.Command(t, "ip address add %s/24 dev %s", address, near)
	netns.Command(t, "ip link set "+near+" up")
	netns.Command(t, "ip link set "+far+" up")
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

// TestInterfaceComesAndGoes takes the interface away under the sockets, as when a modem is unplugged.
func TestInterfaceComesAndGoes(t *testing.T) {
	if !netns.Enter(t) {
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
				await.Until(t, "the link is up", hears)
				for link := range 2 {
					_, down := r.Link(link)
					require.NoError(t, down)
				}
				for r.in.Take() != nil {
				}
				netns.Command(t, "ip link delete "+near)
				await.Until(t, "the link is down", isDown)
			}

			// Another one comes before it is noticed that the first has gone.
			addPair(t, address)
			await.Until(t, "the link is up", hears)
			netns.Command(t, "ip link delete "+near)
			addPair(t, address)
			await.Until(t, "the link is up on the new interface", func() bool {
				socket, err := r.links[0].get()
				now, lookErr := lookUp(near)
				require.NoError(t, lookErr)
				return err == nil && socket.index == now.index && hears()
			})

			// The address changes, as with a new lease.
			address = "10.77.0.9"
			netns.Command(t, "ip address delete 10.77.0.1/24 dev "+near)
			netns.Command(t, "ip address add %s/24 dev %s", address, near)
			for r.in.Take() != nil {
			}
			await.Until(t, "the new address is listened on", hears)
			require.Equal(t, []int{port, port + 1}, r.Ports())
			netns.Command(t, "ip link delete "+near)
		})
	}
}
