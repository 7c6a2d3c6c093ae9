package app

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAllowed(t *testing.T) {
	c := Channel{Allow: []string{"192.0.2.7", "10.0.0.0/8", "2001:db8::/32", "::1", "0.0.0.0/0"}}
	require.Equal(t, []netip.Prefix{
		netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("10.0.0.0/8"),
		netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("0.0.0.0/0"),
	}, c.allowed())
	require.Empty(t, Channel{}.allowed())
	for text, want := range map[string]string{
		"":                    `"" is neither an address nor a network; write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32`,
		"rig.example":         "is neither an address nor a network",
		"10.0.0.0/33":         "is neither an address nor a network",
		"10.0.0.0/8/8":        "is neither an address nor a network",
		"10.1.2.3/8":          "names one address of a network; write 10.0.0.0/8 for all of it, or 10.1.2.3 for the one",
		"::ffff:192.0.2.7":    `"::ffff:192.0.2.7" is an IPv4 address in another form; write 192.0.2.7`,
		"::ffff:192.0.2.0/96": "is an IPv4 network in another form; write it as 192.0.2.0/24",
		"fe80::1%eth0":        `"fe80::1%eth0" has an interface in it; write fe80::1`,
	} {
		_, err := parseAllowed(text)
		require.ErrorContains(t, err, want)
		cfg := Default()
		cfg.Channels[0].Allow = []string{text}
		require.ErrorContains(t, cfg.Validate(), "wrong setting: channel.allow: "+"")
	}
}
