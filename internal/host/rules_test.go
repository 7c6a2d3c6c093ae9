package host

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNFTRules(t *testing.T) {
	bases, err := parseNFTables([]byte(fixture(t, "nftables.json")))
	require.NoError(t, err)
	require.Len(t, bases, 1)
	for port, want := range map[int]outcome{
		5078: open, 5081: open, 5082: closed, // a named set
		6000: open, 7003: open, 7004: closed, // a set in the rule
		53: open, 20000: open, 19999: closed, // by transport header; by comparison
		22: closed, 12000: open, 13000: closed, // TCP; by protocol; IPv6
		9000: partly, 10000: partly, // from a network; at a rate
		11000: open, 11001: closed, // a verdict map
		5090: closed, 14000: closed, // a chain that is reached too late; the last rule
	} {
		require.Equal(t, want, bases[0].chains.judge("input", bases[0].policy, port), "port %d", port)
	}
}

func TestIPTablesRules(t *testing.T) {
	rules, policies := parseIPTables(fixture(t, "iptables.txt"))
	require.Equal(t, drop, policies["INPUT"])
	for port, want := range map[int]outcome{
		5078: open, 5081: open, 6000: open, 7003: open, // before the rule for all but 7004
		7004: partly, 7005: closed, 5082: closed,
	} {
		require.Equal(t, want, rules.judge("INPUT", policies["INPUT"], port), "port %d", port)
	}
	rules, policies = parseIPTables("*nat\n:INPUT DROP [0:0]\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n" +
		"-A INPUT ! -i eth0 -p udp -m udp --dport 1 -j DROP\n" +
		"-A INPUT ! -p tcp -m comment --comment \"all, but \\\"TCP\\\" -j ACCEPT\" -j REJECT\nCOMMIT\n")
	require.Equal(t, closed, rules.judge("INPUT", policies["INPUT"], 1))
}

func TestChainsWithoutEnd(t *testing.T) {
	c := chains{
		"a": {{effect: call, target: "b"}, {effect: call, target: "b"}},
		"b": {{effect: call, target: "a"}, {effect: leap, target: "a"}},
	}
	require.Equal(t, partly, c.judge("a", accept, 1))
	require.Equal(t, open, c.judge("nowhere", accept, 1))
}

func FuzzRules(f *testing.F) {
	for _, seed := range []string{
		"*filter\n:INPUT DROP [0:0]\n-A INPUT -p udp -m multiport ! --dports 1:2,3 -j ACCEPT\n",
		`{"nftables": [{"chain": {"family": "ip", "table": "t", "name": "c", "type": "filter", "hook": "input"}},` +
			`{"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"match": {"op": "==", "left":` +
			`{"payload": {"protocol": "udp", "field": "dport"}}, "right": {"set": [1, {"range": [2, 3]}, "@s"]}}},` +
			`{"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": [["new", {"jump": {"target": "c"}}]]}}}]}}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		rules, policies := parseIPTables(text)
		for name := range rules {
			rules.judge(name, policies[name], 5078)
		}
		if bases, err := parseNFTables([]byte(text)); err == nil {
			for _, b := range bases {
				b.chains.judge(b.name, b.policy, 5078)
			}
		}
	})
}
