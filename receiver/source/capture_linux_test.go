package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/await"
	"github.com/isc-receiver/isc-receiver/internal/leak"
	"github.com/isc-receiver/isc-receiver/internal/netns"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// capturing is a Capture that runs.
type capturing struct {
	*Capture

	in   *inbox.Inbox
	done chan error
	stop context.CancelFunc
}

func capture(t testing.TB, device string, ports ...int) *capturing {
	t.Helper()
	c, err := ListenCapture(device, ports, new(inbox.Pool))
	if errors.Is(err, ErrPermission) {
		t.Skip("capturing takes CAP_NET_RAW: ", err)
	}
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	r := &capturing{Capture: c, in: inbox.New(len(ports)), done: make(chan error, 1), stop: stop}
	go func() { r.done <- c.Run(ctx, r.in) }()
	t.Cleanup(stop)
	return r
}

// take waits for the next datagram.
func (c *capturing) take(t testing.TB) *inbox.Datagram {
	t.Helper()
	timeout := time.After(patience)
	for {
		if d := c.in.Take(); d != nil {
			return d
		}
		select {
		case <-c.in.Wake():
		case <-timeout:
			t.Fatal("nothing arrives")
		}
	}
}

// end stops the capture and waits for its end.
func (c *capturing) end(t testing.TB) {
	t.Helper()
	c.stop()
	select {
	case err := <-c.done:
		require.NoError(t, err)
	case <-time.After(patience):
		t.Fatal("Run does not end")
	}
}

// TestCapture hears what another program gets on its ports.
func TestCapture(t *testing.T) {
	for _, device := range []string{"", "lo"} {
		t.Run("interface "+device, func(t *testing.T) {
			leak.None(t)
			owner, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(loopback(0)))
			require.NoError(t, err)
			defer func() { require.NoError(t, owner.Close()) }()
			port := owner.LocalAddr().(*net.UDPAddr).Port
			other, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(loopback(0)))
			require.NoError(t, err)
			defer func() { require.NoError(t, other.Close()) }()
			last := other.LocalAddr().(*net.UDPAddr).Port
			c := capture(t, device, port, last)
			defer c.end(t)
			require.Equal(t, []int{port, last}, c.Ports())
			require.Positive(t, c.Buffer())

			conn := dial(t, port)
			for _, size := range []int{0, 1, 1200, inbox.MaxDatagram, inbox.MaxDatagram + 1, 60_000, 3} {
				before := time.Now()
				send(t, conn, fill(size))
				d := c.take(t)
				require.Equal(t, fill(min(size, inbox.MaxDatagram)), d.Bytes())
				require.Equal(t, size > inbox.MaxDatagram, d.Truncated)
				require.Equal(t, conn.LocalAddr().(*net.UDPAddr).AddrPort(), d.From)
				require.WithinRange(t, d.Arrival, before.Add(-time.Second), time.Now())
				c.pool.Put(d)
			}
			elsewhere := dial(t, conn.LocalAddr().(*net.UDPAddr).Port) // which nobody captures
			_, err = elsewhere.Write([]byte("x"))
			require.NoError(t, err)
			send(t, dial(t, last), []byte("last"))
			d := c.take(t)
			require.Equal(t, "last", string(d.Bytes()), "nothing came twice, and nothing that was not to the ports")
			require.Equal(t, 1, d.Link)

			require.ErrorIs(t, c.Send(0, d.From, nil), ErrListenOnly)
			dropped, down := c.Link(0)
			require.Zero(t, dropped)
			require.NoError(t, down)
		})
	}
}

func TestCaptureIPv6(t *testing.T) {
	owner, err := net.ListenUDP("udp6", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.IPv6Loopback(), 0)))
	if err != nil {
		t.Skip("no IPv6 here: ", err)
	}
	defer func() { require.NoError(t, owner.Close()) }()
	c := capture(t, "lo", owner.LocalAddr().(*net.UDPAddr).Port)
	defer c.end(t)
	conn, err := net.DialUDP("udp6", nil, owner.LocalAddr().(*net.UDPAddr))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	send(t, conn, []byte("six"))
	d := c.take(t)
	require.Equal(t, "six", string(d.Bytes()))
	require.Equal(t, conn.LocalAddr().(*net.UDPAddr).AddrPort(), d.From)
}

// captureFrames are frames as they come from a wire, each kind with a datagram of its own.
func captureFrames(t testing.TB) (frames map[string][][]byte) {
	t.Helper()
	plain := func(payload string) gopacket.Payload { return packet4(t, []byte(payload)) }
	six := func(payload string) gopacket.Payload { return packet6(t, []byte(payload)) }
	tag := func(vlan uint16, next layers.EthernetType) *layers.Dot1Q {
		return &layers.Dot1Q{VLANIdentifier: vlan, Priority: 3, Type: next}
	}
	options := ipv4()
	options.Options = []layers.IPv4Option{{OptionType: 7, OptionLength: 7, OptionData: make([]byte, 5)}, {OptionType: 0}}
	udp := udpHeader()
	require.NoError(t, udp.SetNetworkLayerForChecksum(options))
	parts := fragments(t, 1, fill(3000), 1480, 0)
	late := fragments(t, 2, fill(3000), 1480, 0)
	slices.Reverse(late)
	tagged := fragments(t, 3, fill(3000), 1000, 0)
	for i, f := range tagged {
		tagged[i] = serialize(t, ethernet(0x8100), tag(9, 0x0800), gopacket.Payload(f[ethernetSize:]))
	}
	return map[string][][]byte{
		"plain":            {serialize(t, ethernet(0x0800), plain("plain"))},
		"IPv6":             {serialize(t, ethernet(0x86DD), six("IPv6"))},
		"VLAN":             {serialize(t, ethernet(0x8100), tag(5, 0x0800), plain("VLAN"))},
		"VLAN, IPv6":       {serialize(t, ethernet(0x8100), tag(5, 0x86DD), six("VLAN, IPv6"))},
		"VLAN in VLAN":     {serialize(t, ethernet(0x88A8), tag(5, 0x8100), tag(0x501, 0x0800), plain("VLAN in VLAN"))},
		"in VLAN, IPv6":    {serialize(t, ethernet(0x8100), tag(5, 0x8100), tag(6, 0x86DD), six("in VLAN, IPv6"))},
		"options":          {serialize(t, ethernet(0x0800), options, udp, gopacket.Payload("options"))},
		string(fill(3000)): slices.Concat(parts, late, tagged),
	}
}

// unwanted are frames that must not be heard.
func unwanted(t testing.TB) [][]byte {
	t.Helper()
	tcp := &layers.TCP{SrcPort: 1, DstPort: 5078}
	ip := ipv4()
	ip.Protocol = layers.IPProtocolTCP
	require.NoError(t, tcp.SetNetworkLayerForChecksum(ip))
	broken := frameTo(t, 5078, "broken")
	broken[ethernetSize+10] ^= 1 // the checksum of the IPv4 header
	lying := frameTo(t, 5078, "lying")
	lying[ethernetSize+ip4Size+4] = 1 // the upper byte of what the UDP header states
	changed := frameTo(t, 5078, "changed on its way")
	changed[len(changed)-20] ^= 1
	return [][]byte{
		frameTo(t, 5079, "other port"),
		frameTo(t, 5078, "cut short")[:ethernetSize+30],
		lying, changed,
		serialize(t, ethernet(0x0800), ip, tcp),
		serialize(t, ethernet(0x0806), gopacket.Payload(fill(46))),
		broken,
	}
}

// TestCaptureFrames sends frames to an interface, none of which is for this machine, as a mirror port would.
func TestCaptureFrames(t *testing.T) {
	if !netns.Enter(t) {
		return
	}
	addPair(t, "10.77.0.7")
	vlan := strings.Fields("link add link " + near + " name vlan5 up type vlan id 5")
	if out, err := exec.CommandContext(t.Context(), "ip", vlan...).CombinedOutput(); err != nil { // not every kernel can
		t.Logf("without a VLAN: %s", out)
	}
	netns.Command(t, "ip link add bridge0 type bridge")
	netns.Command(t, "ip link set bridge0 up")
	for _, bridged := range []bool{false, true} {
		if bridged {
			netns.Command(t, "ip link set "+near+" master bridge0")
		}
		for _, device := range []string{near, ""} {
			c := capture(t, device, 5077, 5078)
			inject(t, unwanted(t)...)
			for payload, frames := range captureFrames(t) {
				for _, f := range frames {
					copy(f, "\xFF\xFF\xFF\xFF\xFF\xFF\x02\x00\x00\x00\x00\x02") // so that the bridge itself gets it, too
				}
				inject(t, frames...)
				n := 1
				if len(payload) == 3000 {
					n = 3
				}
				for range n {
					d := c.take(t)
					require.Equal(t, payload, string(d.Bytes()))
					require.Equal(t, 1, d.Link)
					require.EqualValues(t, 40000, d.From.Port())
				}
			}
			// Our own do not count, and nothing came twice.
			conn, err := net.Dial("udp4", "10.77.0.2:5078")
			require.NoError(t, err)
			_, err = conn.Write([]byte("outgoing"))
			require.NoError(t, err)
			require.NoError(t, conn.Close())
			inject(t, frameTo(t, 5078, "last"))
			require.Equal(t, "last", string(c.take(t).Bytes()))
			c.end(t)
			require.Nil(t, c.in.Take())
			require.Zero(t, c.decoder.fragments.lost.Load())
		}
	}
}

// TestCapturedInterfaceComesAndGoes takes the interface away under a capture.
func TestCapturedInterfaceComesAndGoes(t *testing.T) {
	if !netns.Enter(t) {
		return
	}
	leak.None(t)
	c := capture(t, near, 5078)
	all := capture(t, "", 5078)
	isDown := func() bool {
		_, down := c.Link(0)
		return down != nil
	}
	// hears tells whether a frame that was not there before is heard.
	hears := func(c *capturing, payload string) func() bool {
		return func() bool {
			inject(t, frameTo(t, 5078, payload))
			for d := c.in.Take(); d != nil; d = c.in.Take() {
				if string(d.Bytes()) == payload {
					return true
				}
			}
			return false
		}
	}
	require.True(t, isDown())
	for i := range 3 {
		addPair(t, "10.77.0.1")
		await.Until(t, "it is heard", hears(c, fmt.Sprint("first ", i)))
		require.False(t, isDown())
		await.Until(t, "all interfaces are those to come, too", hears(all, fmt.Sprint("of all ", i)))
		netns.Command(t, "ip link set "+near+" down")
		await.Until(t, "the link is down", isDown)
		netns.Command(t, "ip link set "+near+" up")
		await.Until(t, "it is heard again", hears(c, fmt.Sprint("again ", i)))
		netns.Command(t, "ip link delete "+near)
		await.Until(t, "the link is down", isDown)
		_, down := all.Link(0)
		require.NoError(t, down)
	}
	c.end(t)
	all.end(t)
}
