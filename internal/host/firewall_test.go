package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var errRefused = errors.New("you must be root")

// fixture returns what a program printed on a real machine.
func fixture(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return string(text)
}

// prints returns a run that answers for programs; others are refused.
func prints(programs map[string]string) func(context.Context, string, ...string) (string, error) {
	return func(_ context.Context, program string, _ ...string) (string, error) {
		if text, ok := programs[program]; ok {
			return text, nil
		}
		return "", errRefused
	}
}

// put makes files below a folder, and returns it.
func put(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return root
}

const conditions = " in under conditions only, such as from some addresses."

func TestUFW(t *testing.T) {
	rules := fixture(t, "ufw/etc/ufw/user.rules")
	one := "-A ufw-user-input -s 192.168.1.5 -j ACCEPT\n"
	require.Contains(t, rules, one)
	files := map[string]string{
		"etc/ufw/ufw.conf":   fixture(t, "ufw/etc/ufw/ufw.conf"),
		"etc/ufw/user.rules": strings.ReplaceAll(rules, one, ""),
		"etc/default/ufw":    fixture(t, "ufw/etc/default/ufw"),
	}
	m := machine{root: put(t, files), run: prints(nil)}
	for name, test := range map[string]struct {
		ports         []int
		text, command string
	}{
		"open":          {[]int{5078, 5079, 5080, 5081}, "lets UDP 5078-5081 in.", ""},
		"open with TCP": {[]int{6000, 8000, 8003}, "lets UDP 6000,8000,8003 in.", ""},
		"some missing":  {[]int{5080, 5081, 5082, 5083}, "keeps UDP 5082,5083 closed.", "5080:5083"},
		"of TCP only":   {[]int{22}, "keeps UDP 22 closed.", "22"},
		"denied":        {[]int{5090}, "keeps UDP 5090 closed.", "5090"},
		"for a network": {[]int{7000}, "lets UDP 7000" + conditions, "7000"},
		"limited":       {[]int{9000}, "lets UDP 9000" + conditions, "9000"},
		"one interface": {[]int{9100}, "lets UDP 9100" + conditions, "9100"},
	} {
		t.Run(name, func(t *testing.T) {
			want := Firewall{Text: "The firewall ufw " + test.text}
			if test.command != "" {
				want.Command = "sudo ufw allow " + test.command + "/udp"
			}
			require.Equal(t, want, m.firewall(t.Context(), test.ports))
		})
	}
	m.root = filepath.Join("testdata", "ufw")
	require.Equal(t, "The firewall ufw lets UDP 5090"+conditions, m.firewall(t.Context(), []int{5090}).Text,
		"from one address all is allowed")

	delete(files, "etc/ufw/user.rules")
	m.root = put(t, files)
	require.Equal(t, Firewall{
		Text:    "The firewall ufw is on; its rules cannot be read by this user.",
		Command: "sudo ufw allow 5078:5081/udp",
	}, m.firewall(t.Context(), []int{5078, 5079, 5080, 5081}))

	files["etc/ufw/user.rules"] = rules
	files["etc/default/ufw"] = "DEFAULT_INPUT_POLICY=\"ACCEPT\"\n"
	m.root = put(t, files)
	require.Equal(t, "The firewall ufw lets UDP 5082 in.", m.firewall(t.Context(), []int{5082}).Text)

	files["etc/ufw/ufw.conf"] = "# ENABLED=yes\nENABLED=no\n"
	m.root = put(t, files)
	require.Empty(t, m.firewall(t.Context(), []int{5090}))
}

func TestFirewalld(t *testing.T) {
	root := put(t, map[string]string{"sys/fs/cgroup/system.slice/firewalld.service/pids.current": "1"})
	m := machine{root: root, run: prints(map[string]string{"nft": fixture(t, "firewalld.json")})}
	require.Equal(t, Firewall{
		Text: "The firewall firewalld keeps UDP 6000-6002 closed.",
		Command: "sudo firewall-cmd --permanent --add-port=5078/udp --add-port=6000-6002/udp && " +
			"sudo firewall-cmd --reload",
	}, m.firewall(t.Context(), []int{5078, 6000, 6001, 6002}))
	require.Equal(t, "The firewall firewalld lets UDP 5078"+conditions, m.firewall(t.Context(), []int{5078}).Text,
		"open in one zone, and not in another")

	m.run = prints(nil)
	require.Equal(t, Firewall{
		Text:    "The firewall firewalld is on; its rules cannot be read by this user.",
		Command: "sudo firewall-cmd --permanent --add-port=5078/udp && sudo firewall-cmd --reload",
	}, m.firewall(t.Context(), []int{5078}))
}

func TestBarePacketFilters(t *testing.T) {
	ports := []int{5078, 5079, 5080, 5082}
	nft, ipt := fixture(t, "nftables.json"), fixture(t, "iptables.txt")
	for name, test := range map[string]struct {
		programs map[string]string
		want     Firewall
	}{
		"nothing": {map[string]string{"nft": `{"nftables": [{"metainfo": {}}]}`, "iptables-save": ""}, Firewall{}},
		"nftables": {map[string]string{"nft": nft}, Firewall{
			Text:    "The firewall nftables keeps UDP 5082 closed.",
			Command: "sudo nft insert rule inet filter input udp dport { 5078-5080, 5082 } accept",
		}},
		"iptables": {map[string]string{"nft": fixture(t, "iptables-nft.json"), "iptables-save": ipt}, Firewall{
			Text:    "The firewall iptables keeps UDP 5082 closed.",
			Command: "sudo iptables -I INPUT -p udp -m multiport --dports 5078:5080,5082 -j ACCEPT",
		}},
		"garbage": {map[string]string{"nft": "{", "iptables-save": "*filter\n-A\n-A INPUT\n:\n!\n-A INPUT !\n"}, Firewall{}},
		"refused": {nil, Firewall{Text: "Whether a packet filter here drops packets can be seen by root only: " +
			"sudo nft list ruleset, or sudo iptables-save."}},
	} {
		t.Run(name, func(t *testing.T) {
			m := machine{root: put(t, map[string]string{"usr/sbin/nft": ""}), run: prints(test.programs)}
			require.Equal(t, test.want, m.firewall(t.Context(), ports))
		})
	}
	m := machine{root: t.TempDir(), run: prints(nil)}
	require.Empty(t, m.firewall(t.Context(), ports), "a machine without any")
}

// The program that is run is a real one, whether it may read the rules or not.
func TestReadFirewallChangesNothing(t *testing.T) {
	ReadFirewall(t.Context(), []int{5078})
	_, err := run(t.Context(), "no-such-program-anywhere")
	require.Error(t, err)
	text, err := run(t.Context(), "echo", "text")
	require.NoError(t, err)
	require.Equal(t, "text\n", text)
	_, err = run(t.Context(), "false")
	require.Error(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = run(ctx, "sleep", "60")
	require.Error(t, err)
}
