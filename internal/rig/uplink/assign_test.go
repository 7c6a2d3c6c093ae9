package uplink

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAssign(t *testing.T) {
	for _, test := range []struct{ name, before, usable, want string }{
		{"as many as links", ",,,", "a,b,c,d", "a,b,c,d"},
		{"fewer", ",,,", "a,b", "a,b,a,b"},
		{"three for four", ",,,", "a,b,c", "a,b,c,a"},
		{"one", ",,,", "a", "a,a,a,a"},
		{"none", ",,,", "", ",,,"},
		{"more", ",", "a,b,c", "a,b"},
		{"all as before", "a,b,c,d", "d,c,b,a", "a,b,c,d"},
		{"one is away", "a,b,c,d", "a,b,d", "a,b,c,d"},
		{"all are away", "a,b,a,b", "", "a,b,a,b"},
		{"it comes back by another name", "a,b,c,d", "a,b,d,e", "a,b,e,d"},
		{"a second one comes", "a,a,a,a", "a,b", "a,a,a,b"},
		{"a third one comes", "a,a,a,b", "a,b,c", "a,a,c,b"},
		{"a fourth one comes", "a,a,c,b", "a,b,c,d", "a,d,c,b"},
		{"there is no link for the fifth", "a,d,c,b", "a,b,c,d,e", "a,d,c,b"},
	} {
		links := func(text string) []string { return strings.Split(text, ",") }
		var now []string
		if test.usable != "" {
			now = links(test.usable)
		}
		before := links(test.before)
		require.Equal(t, links(test.want), assign(before, now), test.name)
		require.Equal(t, links(test.before), before, "the argument stays as it is")
	}
}

func TestInTurn(t *testing.T) {
	require.Equal(t, []string{"a", "b", "c", "a"}, inTurn(4, []string{"a", "b", "c"}))
}

func TestPaths(t *testing.T) {
	require.Equal(t, []int{0, 1, 2, 0}, paths([]string{"a", "b", "c", "a"}))
	require.Equal(t, []int{0, 1, 2, 3}, paths([]string{"a", "a", "a", "a"}))
	require.Equal(t, []int{0, 1, 0, 1}, paths([]string{"a", "b", "a", "b"}))
}

func TestUsable(t *testing.T) {
	var all []device
	for _, name := range []string{
		"docker0", "usb0", "veth12ab", "wlan0", "ppp0", "wwan0", "enx0c5b8f279a64", "br-3f", "wg0",
	} {
		all = append(all, device{name: name, addresses: []netip.Addr{netip.MustParseAddr("10.0.0.1")}})
	}
	all = append(all, device{name: "lo", addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}})
	require.Equal(t, []string{"usb0", "wlan0", "ppp0", "wwan0", "enx0c5b8f279a64"}, usable(all))
	system, err := devices()
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(system, func(d device) bool {
		return slices.Contains(d.addresses, netip.MustParseAddr("127.0.0.1"))
	}), "the loopback is there, though not used")
}
