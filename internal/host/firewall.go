package host

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/portlist"
)

const (
	commandTime  = 2 * time.Second // for a program that prints the rules
	maxRulesText = 8 << 20         // bytes of what it prints
)

// Firewall says what this machine's packet filter does to datagrams for some UDP ports.
type Firewall struct {
	// Text is a sentence about it; empty where no firewall is known of.
	Text string

	// Command opens the ports when a person runs it; empty where that is not needed or not known.
	Command string
}

// machine is where facts are read from, so that tests can make one up.
type machine struct {
	root string // of the file system
	run  func(ctx context.Context, program string, args ...string) (string, error)
}

// ReadFirewall finds out what becomes of UDP datagrams over IPv4 that come to ports of this machine. It reads files and
// runs programs that print rules; it changes nothing. It may take seconds, or until ctx ends. It may be called
// concurrently.
func ReadFirewall(ctx context.Context, ports []int) Firewall {
	return machine{root: "/", run: run}.firewall(ctx, ports)
}

func run(ctx context.Context, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	path, err := exec.LookPath(program)
	if err != nil { // people's PATH does not always lead there
		path, err = exec.LookPath("/usr/sbin/" + program)
	}
	if err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, path, args...)
	command.WaitDelay = commandTime
	output, err := command.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err = command.Start(); err != nil {
		return "", err
	}
	var text bytes.Buffer
	_, readErr := io.Copy(&text, io.LimitReader(output, maxRulesText))
	return text.String(), errors.Join(readErr, command.Wait())
}

// firewall asks the front ends first: where one is in use, it is the one that people have to talk to.
func (m machine) firewall(ctx context.Context, ports []int) Firewall {
	switch {
	case m.usesUFW():
		result, known := m.judgeUFW(ports)
		return describe("ufw", "sudo ufw allow "+colons(ports)+"/udp", result, known)
	case m.usesFirewalld():
		result, _, known := m.judgeNFT(ctx, ports)
		return describe("firewalld", firewalldCommand(ports), result, known)
	}
	nft, chain, nftKnown := m.judgeNFT(ctx, ports)
	ipt, iptKnown := m.judgeIPTables(ctx, ports)
	switch {
	case iptKnown && ipt.worst > nft.worst:
		return describe("iptables", iptablesCommand(ports), ipt, true)
	case nft.worst > open:
		command := "sudo nft insert rule " + chain + " udp dport { " + spaced(ports) + " } accept"
		return describe("nftables", command, nft, true)
	case !nftKnown && !iptKnown && m.hasPacketFilter():
		return Firewall{Text: "Whether a packet filter here drops packets can be seen by root only: " +
			"sudo nft list ruleset, or sudo iptables-save."}
	default:
		return Firewall{}
	}
}

// found is what became of ports: the worst, and the ports of which that is true.
type found struct {
	worst outcome
	ports []int
}

func (f *found) add(result outcome, port int) {
	if result > f.worst || f.ports == nil {
		f.worst, f.ports = result, nil
	}
	if result == f.worst {
		f.ports = append(f.ports, port)
	}
}

func describe(name, command string, result found, known bool) Firewall {
	if !known {
		return Firewall{Text: "The firewall " + name + " is on; its rules cannot be read by this user.", Command: command}
	}
	ports := portlist.Format(result.ports)
	switch result.worst {
	case closed:
		return Firewall{Text: "The firewall " + name + " keeps UDP " + ports + " closed.", Command: command}
	case partly:
		return Firewall{
			Text:    "The firewall " + name + " lets UDP " + ports + " in under conditions only, such as from some addresses.",
			Command: command,
		}
	default:
		return Firewall{Text: "The firewall " + name + " lets UDP " + ports + " in."}
	}
}

func (m machine) usesUFW() bool {
	return setting(m.read("etc/ufw/ufw.conf"), "ENABLED") == "yes"
}

func (m machine) judgeUFW(ports []int) (result found, known bool) {
	rules, policies := parseIPTables(m.read("etc/ufw/user.rules"))
	const chain = "ufw-user-input"
	if _, known = policies[chain]; !known {
		return result, false
	}
	policy := drop
	if strings.EqualFold(setting(m.read("etc/default/ufw"), "DEFAULT_INPUT_POLICY"), "ACCEPT") {
		policy = accept
	}
	for _, port := range ports {
		result.add(rules.judge(chain, policy, port), port)
	}
	return result, true
}

func (m machine) usesFirewalld() bool {
	return m.exists("run/firewalld.pid") || m.exists("sys/fs/cgroup/system.slice/firewalld.service")
}

// judgeNFT also returns the chain that decides, as nft calls it.
func (m machine) judgeNFT(ctx context.Context, ports []int) (result found, chain string, known bool) {
	text, err := m.run(ctx, "nft", "-j", "list", "ruleset")
	if err != nil { // not there, or not allowed: not known
		return result, "", false
	}
	bases, err := parseNFTables([]byte(text))
	if err != nil {
		return result, "", false
	}
	for _, port := range ports {
		worst := open
		for _, base := range bases {
			if got := base.chains.judge(base.name, base.policy, port); got > worst {
				worst = got
				chain = base.family + " " + base.table + " " + base.name
			}
		}
		result.add(worst, port)
	}
	return result, chain, true
}

func (m machine) judgeIPTables(ctx context.Context, ports []int) (result found, known bool) {
	text, err := m.run(ctx, "iptables-save")
	if err != nil { // not there, or not allowed: not known
		return result, false
	}
	rules, policies := parseIPTables(text)
	for _, port := range ports {
		result.add(rules.judge("INPUT", policies["INPUT"], port), port)
	}
	return result, true
}

func (m machine) hasPacketFilter() bool {
	return m.exists("usr/sbin/nft") || m.exists("usr/sbin/iptables-save")
}

// read returns the text of a file, or nothing where it cannot be read.
func (m machine) read(name string) string {
	text, err := os.ReadFile(filepath.Join(m.root, name))
	if err != nil {
		return ""
	}
	return string(text)
}

func (m machine) exists(name string) bool {
	_, err := os.Stat(filepath.Join(m.root, name))
	return err == nil
}

// setting returns the value of a line NAME=value or NAME="value".
func setting(text, name string) string {
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && key == name {
			return strings.Trim(value, `"'`)
		}
	}
	return ""
}

// colons writes ports as ufw and iptables take them: "5078:5081,6000".
func colons(ports []int) string { return strings.ReplaceAll(portlist.Format(ports), "-", ":") }

// spaced writes ports as sets of nftables are written: "5078-5081, 6000".
func spaced(ports []int) string { return strings.ReplaceAll(portlist.Format(ports), ",", ", ") }

func iptablesCommand(ports []int) string {
	return "sudo iptables -I INPUT -p udp -m multiport --dports " + colons(ports) + " -j ACCEPT"
}

func firewalldCommand(ports []int) string {
	options := strings.ReplaceAll(portlist.Format(ports), ",", "/udp --add-port=")
	return "sudo firewall-cmd --permanent --add-port=" + options + "/udp && sudo firewall-cmd --reload"
}
