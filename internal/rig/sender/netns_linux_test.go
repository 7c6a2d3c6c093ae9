package sender

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/await"
	"github.com/isc-receiver/isc-receiver/internal/netns"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

const (
	// daemonIs is the variable that tells a process in a namespace where the receiver is.
	daemonIs = "ISC_TEST_DAEMON"

	patience = 30 * time.Second

	receiverAddress = "10.50.0.1" // which each link leads to
	controlHere     = "10.99.0.2"
	controlThere    = "10.99.0.1"
)

// inNamespace has the test run in a network namespace of its own, with the receiver built. It returns true there, and
// false, at its end, in the process that has started it.
func inNamespace(t *testing.T) bool {
	t.Helper()
	return netns.Enter(t, func() {
		daemon := filepath.Join(t.TempDir(), "isc-receiverd")
		build := exec.CommandContext(t.Context(), "go", "build", "-o", daemon, "../../../cmd/isc-receiverd")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		out, err := build.CombinedOutput()
		require.NoError(t, err, "%s", out)
		t.Setenv(daemonIs, daemon)
	})
}

// network is the rig's namespace, which the test runs in, and that of the receiver.
type network struct {
	t      testing.TB
	holder int // a process that keeps the receiver's namespace
}

// startNetwork makes the receiver's namespace, with a link for control and nothing else.
func startNetwork(t *testing.T) *network {
	t.Helper()
	holder := exec.Command("sleep", "600")
	holder.SysProcAttr = netns.Own()
	require.NoError(t, holder.Start())
	t.Cleanup(func() {
		require.NoError(t, holder.Process.Kill())
		require.Error(t, holder.Wait(), "it was killed")
	})
	n := &network{t: t, holder: holder.Process.Pid}
	for _, name := range []string{"all", "default"} { // answers come by another way than the first route
		require.NoError(t, os.WriteFile("/proc/sys/net/ipv4/conf/"+name+"/rp_filter", []byte("0"), 0o600))
	}
	n.there("ip link set lo up")
	n.there("ip address add " + receiverAddress + "/32 dev lo")
	netns.Command(t, "ip link add veth-here type veth peer name veth-there netns %d", n.holder)
	netns.Command(t, "ip address add "+controlHere+"/24 dev veth-here")
	netns.Command(t, "ip link set veth-here up")
	n.there("ip address add " + controlThere + "/24 dev veth-there")
	n.there("ip link set veth-there up")
	return n
}

// startReceiver starts the receiver in its namespace.
func (n *network) startReceiver(t *testing.T, arguments ...string) {
	t.Helper()
	inside := []string{"-t", strconv.Itoa(n.holder), "-n", os.Getenv(daemonIs)}
	daemon := exec.Command("nsenter", append(inside, arguments...)...)
	daemon.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	daemon.Stderr = os.Stderr
	require.NoError(t, daemon.Start())
	t.Cleanup(func() {
		require.NoError(t, daemon.Process.Signal(os.Interrupt))
		require.NoError(t, daemon.Wait())
	})
}

// there runs a program in the receiver's namespace.
func (n *network) there(format string, values ...any) {
	n.t.Helper()
	netns.Command(n.t, "nsenter -t %d -n %s", n.holder, fmt.Sprintf(format, values...))
}

func mac(i int) string { return fmt.Sprintf("02:00:00:00:01:%02d", i) }

// plug adds an interface that leads to the receiver, as a modem does.
func (n *network) plug(i int) {
	n.t.Helper()
	netns.Command(n.t, "ip link add usb%d type veth peer name far%d address %s netns %d", i, i, mac(i), n.holder)
	netns.Command(n.t, "ip address add 10.77.%d.2/24 dev usb%d", i, i)
	n.there("ip address add 10.77.%d.1/24 dev far%d", i, i)
	n.there("ip link set far%d up", i)
	n.there("ip route replace 10.77.%d.0/24 dev far%d src %s", i, i, receiverAddress)
	netns.Command(n.t, "ip link set usb%d up", i)
	netns.Command(n.t, "ip route add %s/32 via 10.77.%d.1 dev usb%d metric %d", receiverAddress, i, i, 10+i)
	n.mend(i)
}

// cut has what is sent by an interface go nowhere, of which nothing here tells.
func (n *network) cut(i int) {
	n.t.Helper()
	netns.Command(n.t, "ip neighbour replace 10.77.%d.1 lladdr 02:00:00:00:09:09 dev usb%d nud permanent", i, i)
}

func (n *network) mend(i int) {
	n.t.Helper()
	netns.Command(n.t, "ip neighbour replace 10.77.%d.1 lladdr %s dev usb%d nud permanent", i, mac(i), i)
}

// unplug takes an interface away.
func (n *network) unplug(i int) {
	n.t.Helper()
	netns.Command(n.t, "ip link delete usb%d", i)
}

// channel returns what the receiver says of its channel.
func channel(t testing.TB) (c status.Channel) {
	t.Helper()
	var all struct {
		Channels []status.Channel `json:"channels"`
	}
	client := http.Client{Timeout: patience}
	answer, err := client.Get("http://" + controlThere + ":5076/api/v1/status") //nolint:noctx // the client has a timeout
	if err != nil {
		return c // it has not started yet
	}
	defer func() { require.NoError(t, answer.Body.Close()) }()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&all))
	return all.Channels[0]
}

// TestRealLinks has a rig send by four interfaces to the receiver in another network namespace. One link is cut so that
// nothing here tells, and comes back; another one's interface is unplugged, and plugged in again. Not one packet is
// lost, and those that the receiver releases are those that came in, byte for byte.
func TestRealLinks(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	n := startNetwork(t)
	n.startReceiver(t, "run", "--http", ":5076", "--access", "open", "--no-hls", "--rtp-to", controlHere+":4567",
		"--latency", "2s", "--log-level", "warn")
	for i := range 3 {
		n.plug(i)
	}
	back, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(controlHere), Port: 4567})
	require.NoError(t, err)
	require.NoError(t, back.SetReadBuffer(4<<20))

	config := Default()
	config.To, config.Listen = receiverAddress, "localhost:0"
	config.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	s, err := New(config)
	require.NoError(t, err)
	running := start(t, s)
	await.Until(t, "three links for four ports", func() bool {
		st := s.Status()
		return st.Links[0].Up && st.Links[3].Up && st.Plan.Paths == 3
	})
	require.Equal(t, "survives the loss of any 1 of 3 interfaces, over which 4 links go", s.Status().Text)
	n.plug(3)
	await.Until(t, "a fourth interface", func() bool { return s.Status().Plan.Paths == 4 })
	require.Equal(t, "survives the loss of any 1 of 4 links", s.Status().Text)
	await.Until(t, "the receiver runs", func() bool { return len(channel(t).Links) == 4 })

	video := startVideo(t, s.RTP()[0], back)
	await.Until(t, "all links carry", func() bool {
		c, st := channel(t), s.Status()
		return c.Links[0].State == "up" && c.Links[1].State == "up" && c.Links[2].State == "up" &&
			c.Links[3].State == "up" && !st.Plan.Blind
	})

	n.cut(1)
	silent := await.Until(t, "the receiver sees it", func() bool { return channel(t).Links[1].State == "silent" })
	gone := silent + await.Until(t, "its share is gone", func() bool {
		return s.Status().Links[1].State == "probed" && s.Status().Links[1].Share < 0.05
	})
	require.Equal(t, 1, s.Status().Plan.SurvivesPaths)
	n.mend(1)
	returned := await.Until(t, "its share is back", func() bool {
		return s.Status().Links[1].State == "in-use" && s.Status().Links[1].Share > 0.15
	})

	n.unplug(2)
	down := await.Until(t, "the interface is missed", func() bool { return s.Status().Links[2].State == "down" })
	require.Contains(t, s.Status().Links[2].Error, "usb2")
	n.plug(2)
	plugged := await.Until(t, "the interface is back", func() bool { return s.Status().Links[2].State == "in-use" })

	sent := video.stop()
	await.Until(t, "all has come", func() bool {
		p := channel(t).Packets
		return p.Delivered+p.Recovered == sent && p.Pending == 0
	})
	c := channel(t)
	require.Zero(t, c.Packets.Lost)
	require.Positive(t, c.Packets.Recovered)
	video.requireSame()
	running()
	t.Logf("%d packets, %d of them recovered, none lost; a cut link: silent after %v, without share after %v, with it %v "+
		"after its return; an unplugged one: known after %v, in use %v after its return", sent, c.Packets.Recovered,
		silent, gone, returned, down, plugged)
}

// TestFullLinkHoldsNobodyUp has one of two links carry next to nothing, so that its queue and then its socket are full.
// What is sent there fails at once and is counted; all comes by the other link.
func TestFullLinkHoldsNobodyUp(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	if _, err := exec.LookPath("tc"); err != nil {
		t.Skip("tc (package iproute2) is not installed")
	}
	n := startNetwork(t)
	n.plug(0)
	n.plug(1)
	slow := "qdisc add dev usb0 root tbf rate 8kbit burst 1600 latency 1000s"
	if out, err := exec.CommandContext(t.Context(), "tc", strings.Fields(slow)...).CombinedOutput(); err != nil {
		t.Skipf("no link can be made slow here: %s", out)
	}
	n.startReceiver(t, "run", "--http", ":5076", "--access", "open", "--no-hls", "--rtp-to", controlHere+":4567",
		"--ports", "5078,5079", "--log-level", "warn")
	back, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(controlHere), Port: 4567})
	require.NoError(t, err)
	require.NoError(t, back.SetReadBuffer(4<<20))
	config := Default()
	config.To, config.Listen, config.Ports, config.Interfaces = receiverAddress, "localhost:0", []int{5078, 5079},
		[]string{"usb0", "usb1"}
	s, err := New(config)
	require.NoError(t, err)
	stop := start(t, s)
	await.Until(t, "both links are up", func() bool { return s.Status().Plan.Paths == 2 })
	await.Until(t, "the receiver runs", func() bool { return len(channel(t).Links) == 2 })
	video := startVideo(t, s.RTP()[0], back)
	await.Until(t, "the link is full", func() bool { return s.Status().Links[0].Failed > 10 })
	require.Equal(t, "the queue of usb0 is full: it is slower than what it should carry", s.Status().Links[0].LastError)
	require.Zero(t, s.Status().Links[1].Failed)
	sent := video.stop()
	video.requireSame()
	st := s.Status()
	require.Equal(t, sent, st.Input.Packets)
	stop()
	t.Logf("%d packets; on the full link %d datagrams, and %d that it did not take", sent, st.Links[0].Sent,
		st.Links[0].Failed)
}
