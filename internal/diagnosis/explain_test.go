package diagnosis

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/host"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

func TestExplain(t *testing.T) {
	ports := []int{5078, 5079, 5080, 5081}
	eth0 := host.Interface{Name: "eth0", Up: true, Linked: true, Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.2")}}
	wlan0 := host.Interface{Name: "wlan0"}
	const (
		listens = "The receiver listens on UDP 5078-5081 of all network interfaces: eth0 (10.0.0.2) and 1 more."
		general = "See that the rig is switched on and sends to the receiver, its first link to UDP 5078, " +
			"and that no router or firewall on the way holds that up."
		other = "or choose another network interface."
	)
	for name, c := range map[string]struct {
		code     string
		advice   string // before
		channel  Channel
		facts    facts
		evidence []string
		want     string // advice
	}{
		"all is well here": {
			facts: facts{known: true, interfaces: []host.Interface{eth0, wlan0}}, evidence: []string{listens}, want: general,
		},
		"many interfaces": {
			facts: facts{known: true, interfaces: []host.Interface{eth0}, more: 3},
			evidence: []string{
				"The receiver listens on UDP 5078-5081 of all network interfaces: eth0 (10.0.0.2) and 3 more.",
			},
			want: general,
		},
		"no network": {
			facts: facts{known: true, interfaces: []host.Interface{wlan0}},
			evidence: []string{
				"The receiver listens on UDP 5078-5081, but its computer has no network that is switched on.",
			},
			want: general,
		},
		"nothing known":     {evidence: nil, want: general},
		"advice there is":   {advice: "Wait.", want: "Wait."},
		"silent":            {code: status.VerdictSilent, advice: "Wait.", want: "Wait."},
		"silent, no advice": {code: status.VerdictSilent},
		"firewall": {
			facts: facts{
				known: true, interfaces: []host.Interface{eth0, wlan0},
				firewall: host.Firewall{
					Text: "The firewall ufw keeps UDP 5078-5081 closed.", Command: "sudo ufw allow 5078:5081/udp",
				},
				unheard: 3,
			},
			evidence: []string{
				listens, "The firewall ufw keeps UDP 5078-5081 closed.",
				"In the last 10 s, 3 datagrams came to UDP ports where no program listens.",
			},
			advice: "Wait.", want: "Open the ports in the firewall: sudo ufw allow 5078:5081/udp",
		},
		"other ports": {
			code: status.VerdictSilent, facts: facts{unheard: 1},
			evidence: []string{"In the last 10 s, 1 datagram came to UDP ports where no program listens."},
			want:     "See whether the rig sends to other ports than UDP 5078-5081.",
		},
		"one interface": {
			channel: Channel{Interface: "eth0"}, facts: facts{known: true, interfaces: []host.Interface{eth0}},
			evidence: []string{"The receiver listens on UDP 5078-5081 of eth0 (10.0.0.2)."}, want: general,
		},
		"capture": {
			channel:  Channel{Interface: "eth0", Watches: true},
			facts:    facts{known: true, interfaces: []host.Interface{{Name: "eth0", Up: true, Linked: true}}},
			evidence: []string{"The receiver watches eth0 (no address) for packets to UDP 5078-5081."}, want: general,
		},
		"interface gone": {
			channel: Channel{Interface: "eth1"}, facts: facts{known: true},
			evidence: []string{"The network interface eth1 is not there."}, want: "Connect it, " + other,
		},
		"interface off": {
			code: status.VerdictSilent, channel: Channel{Interface: "wlan0"},
			facts:    facts{known: true, interfaces: []host.Interface{wlan0}},
			evidence: []string{"The network interface wlan0 is switched off."},
			want:     `Switch it on, as with "sudo ip link set wlan0 up", ` + other,
		},
		"interface not connected": {
			channel:  Channel{Interface: "eth1"},
			facts:    facts{known: true, interfaces: []host.Interface{{Name: "eth1", Up: true}}},
			evidence: []string{"The network interface eth1 is not connected to anything."},
			want:     "Connect it to its network, " + other,
		},
		"interface without address": {
			channel:  Channel{Interface: "eth1"},
			facts:    facts{known: true, interfaces: []host.Interface{{Name: "eth1", Up: true, Linked: true}}},
			evidence: []string{"The network interface eth1 has no address to which a rig could send."},
			want:     "Give it one, " + other,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.code == "" {
				c.code = status.VerdictNoPackets
			}
			c.channel.Ports = ports
			first := make([]string, 1, 10) // shared with others
			first[0] = "First."
			got := explain(status.Verdict{Code: c.code, Text: "Nothing.", Evidence: first, Advice: c.advice}, c.channel, c.facts)
			require.Equal(t, status.Verdict{
				Code: c.code, Text: "Nothing.", Evidence: append([]string{"First."}, c.evidence...), Advice: c.want,
			}, got)
			require.Empty(t, first[:2][1], "what is shared is not written to")
		})
	}
}
