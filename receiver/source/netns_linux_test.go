package source

import (
	"errors"
	"fmt"
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
	const first = 5078
	for name, byAddress := range map[string]bool{"bound to the interface": false, "bound to its address": true} {
		t.Run(name, func(t *testing.T) {
			leak.None(t)
			pool := new(inbox.Pool)
			u, err := listenUDP(near, []int{first, first + 1}, pool, byAddress)
			require.NoError(t, err, "the interface may still come")
			r := run(t, u, pool)
			defer r.end(t)
			isDown := func() bool {
				_, down := r.Link(0)
				return errors.Is(down, ErrInterface)
			}
			require.True(t, isDown())

			address := "10.77.0.1"
			stage := 0
			// hears tells whether both links hear what was not sent before.
			hears := func() func() bool {
				stage++
				payload := fmt.Sprint("stage ", stage)
				heard := map[int]bool{}
				return func() bool {
					if socket, err := r.links[1].get(); err != nil || socket.index == 0 {
						return false
					}
					to := netip.MustParseAddr(address)
					for port := range uint16(2) {
						inject(t, toNear(t, netip.AddrPortFrom(to, first+port), payload))
					}
					for d := r.in.Take(); d != nil; d = r.in.Take() {
						if d.From == sender && string(d.Bytes()) == payload {
							heard[d.Link] = true
						}
					}
					return len(heard) == 2
				}
			}
			for range 3 {
				addPair(t, address)
				await.Until(t, "the links are up", hears())
				for link := range 2 {
					_, down := r.Link(link)
					require.NoError(t, down)
				}
				netns.Command(t, "ip link delete "+near)
				await.Until(t, "the link is down", isDown)
			}

			// Another one comes before it is noticed that the first has gone.
			addPair(t, address)
			await.Until(t, "the links are up", hears())
			netns.Command(t, "ip link delete "+near)
			addPair(t, address)
			hearsAgain := hears()
			await.Until(t, "the links are up on the new interface", func() bool {
				socket, err := r.links[0].get()
				now, lookErr := lookUp(near)
				require.NoError(t, lookErr)
				return err == nil && socket.index == now.index && hearsAgain()
			})

			// The address changes, as with a new lease.
			address = "10.77.0.9"
			netns.Command(t, "ip address delete 10.77.0.1/24 dev "+near)
			netns.Command(t, "ip address add %s/24 dev %s", address, near)
			await.Until(t, "the new address is listened on", hears())
			require.Equal(t, []int{first, first + 1}, r.Ports())
			netns.Command(t, "ip link delete "+near)
		})
	}
}
