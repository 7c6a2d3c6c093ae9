package source

import (
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// passes runs the filter for the ports on a packet of that type and protocol, as the kernel would.
func passes(t testing.TB, kind, protocol uint32, packet []byte, ports ...int) bool {
	t.Helper()
	program := captureFilter(ports)
	for i, instruction := range program {
		switch instruction {
		case bpf.LoadExtension{Num: bpf.ExtType}: // which the kernel knows of a packet, and the virtual machine does not
			program[i] = bpf.LoadConstant{Dst: bpf.RegA, Val: kind}
		case bpf.LoadExtension{Num: bpf.ExtProto}:
			program[i] = bpf.LoadConstant{Dst: bpf.RegA, Val: protocol}
		}
	}
	vm, err := bpf.NewVM(program)
	require.NoError(t, err)
	n, err := vm.Run(packet)
	require.NoError(t, err)
	return n > 0
}

func TestFilter(t *testing.T) {
	payload := fill(2000)
	p4, p6 := packet4(t, payload), packet6(t, payload)
	tagged := func(next layers.EthernetType, packet []byte) []byte {
		return serialize(t, &layers.Dot1Q{VLANIdentifier: 7, Type: next}, gopacket.Payload(packet))
	}
	options := ipv4()
	options.Options = []layers.IPv4Option{{OptionType: 7, OptionLength: 7, OptionData: make([]byte, 5)}, {OptionType: 0}}
	longer := serialize(t, options, udpHeaderOf(t, options), gopacket.Payload(payload))
	parts := fragments(t, 1, payload, 1480, 0)
	first, later := parts[0][ethernetSize:], parts[1][ethernetSize:]
	tcp := ipv4()
	tcp.Protocol = layers.IPProtocolTCP
	other := serialize(t, tcp, udpHeaderOf(t, tcp), gopacket.Payload(payload))
	tcp.FragOffset = 1
	otherFragment := serialize(t, tcp, gopacket.Payload(payload))

	var many []int
	for port := 1; port < 400; port++ {
		many = append(many, port)
	}
	const in, out = unix.PACKET_OTHERHOST, unix.PACKET_OUTGOING
	for name, c := range map[string]struct {
		kind, protocol uint32
		packet         []byte
		want           bool
	}{
		"IPv4":                    {in, 0x0800, p4, true},
		"IPv4 for us":             {unix.PACKET_HOST, 0x0800, p4, true},
		"IPv4 from us":            {out, 0x0800, p4, false},
		"IPv4 with options":       {in, 0x0800, longer, true},
		"IPv6":                    {in, 0x86DD, p6, true},
		"IPv6 from us":            {out, 0x86DD, p6, false},
		"in a VLAN":               {in, 0x8100, tagged(0x0800, p4), true},
		"in a provider's VLAN":    {in, 0x88A8, tagged(0x0800, p4), true},
		"IPv6 in a VLAN":          {in, 0x8100, tagged(0x86DD, p6), true},
		"options in a VLAN":       {in, 0x8100, tagged(0x0800, longer), true},
		"later fragment in one":   {in, 0x8100, tagged(0x0800, later), true},
		"first fragment":          {in, 0x0800, first, true},
		"later fragment":          {in, 0x0800, later, true},
		"TCP":                     {in, 0x0800, other, false},
		"later fragment of TCP":   {in, 0x0800, otherFragment, false},
		"ARP":                     {in, 0x0806, p4, false},
		"ARP in a VLAN":           {in, 0x8100, tagged(0x0806, p4), false},
		"IPv4 said to be IPv6":    {in, 0x86DD, p4, false},
		"IPv6 behind a hop's":     {in, 0x86DD, append(append([]byte{}, p6[:6]...), append([]byte{0}, p6[7:]...)...), false},
		"nothing":                 {in, 0x0800, nil, false},
		"cut in the header":       {in, 0x0800, p4[:ip4Size+3], false},
		"cut in the VLAN":         {in, 0x8100, []byte{0, 7, 8}, false},
		"a later fragment, cut":   {in, 0x0800, later[:ip4Size], true},
		"cut behind the IPv6 one": {in, 0x86DD, p6[:ip6Size], false},
	} {
		require.Equal(t, c.want, passes(t, c.kind, c.protocol, c.packet, 1, 5078, 65535), name)
		fragment := name == "later fragment" || name == "later fragment in one" || name == "a later fragment, cut"
		require.Equal(t, fragment, passes(t, c.kind, c.protocol, c.packet, 1, 5079, 40000), name+", other ports")
		require.Equal(t, c.want, passes(t, c.kind, c.protocol, c.packet, append(many, 5078)...), name+", many ports")
	}
	raw, err := bpf.Assemble(captureFilter(append(many, 5078)))
	require.NoError(t, err)
	require.Less(t, len(raw), 4096, "the kernel takes no longer ones")
}

func udpHeaderOf(t testing.TB, ip gopacket.NetworkLayer) *layers.UDP {
	t.Helper()
	udp := udpHeader()
	require.NoError(t, udp.SetNetworkLayerForChecksum(ip))
	return udp
}
