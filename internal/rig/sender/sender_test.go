package sender

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/await"
	"github.com/isc-receiver/isc-receiver/internal/rig/feed"
	"github.com/isc-receiver/isc-receiver/internal/rig/plan"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

const enough = 20 * time.Second // for anything to happen

// listenLinks opens the receiver's sockets.
func listenLinks(t *testing.T, n int) (sockets []*net.UDPConn, ports []int) {
	t.Helper()
	for range n {
		socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		require.NoError(t, err)
		t.Cleanup(func() { _ = socket.Close() })
		sockets = append(sockets, socket)
		ports = append(ports, socket.LocalAddr().(*net.UDPAddr).Port)
	}
	return sockets, ports
}

func testSender(t *testing.T, change func(*Config)) (*Sender, []*net.UDPConn) {
	t.Helper()
	sockets, ports := listenLinks(t, 4)
	config := Default()
	config.To, config.Ports, config.Listen, config.StatusAddr = "127.0.0.1", ports, "localhost:0", "127.0.0.1:0"
	if change != nil {
		change(&config)
	}
	s, err := New(config)
	require.NoError(t, err)
	stop := start(t, s)
	t.Cleanup(stop)
	await.Until(t, "all links can send", func() bool { return s.Status().Links[3].From != "" })
	return s, sockets
}

func fetch(t *testing.T, s *Sender) (st Status) {
	t.Helper()
	answer, err := http.Get("http://" + s.StatusAddr().String() + "/status") //nolint:noctx // it is our own
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	require.Equal(t, "application/json", answer.Header.Get("Content-Type"))
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&st))
	return st
}

// receive returns the next datagram of a link.
func receive(t *testing.T, socket *net.UDPConn) (h isc.Header, payload []byte, from *net.UDPAddr) {
	t.Helper()
	require.NoError(t, socket.SetReadDeadline(time.Now().Add(enough)))
	buffer := make([]byte, 4096)
	n, from, err := socket.ReadFromUDP(buffer)
	require.NoError(t, err)
	payload, err = isc.Parse(buffer[:n], &h)
	require.NoError(t, err)
	return h, payload, from
}

// RTP comes in at either address of localhost, leaves coded on all links, and feedback changes the split. The status
// tells all of it.
func TestSender(t *testing.T) {
	for i, kind := range []string{"IPv4", "IPv6"} {
		t.Run(kind, func(t *testing.T) { sendFrom(t, i) })
	}
}

func sendFrom(t *testing.T, kind int) {
	t.Helper()
	s, sockets := testSender(t, func(c *Config) { c.Wait = maxWait }) // segments are full before
	if kind == len(s.RTP()) {
		t.Skip("no IPv6 here")
	}
	out, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(s.RTP()[kind]))
	require.NoError(t, err)
	defer func() { require.NoError(t, out.Close()) }()
	for segment := range 2 {
		for i := range 3 {
			_, err = out.Write(rtpPacket(uint16(3*segment+i), 100))
			require.NoError(t, err)
		}
		for i, socket := range sockets {
			h, payload, from := receive(t, socket)
			require.Equal(t, i, int(h.Interface))
			require.Equal(t, 3, h.Sources())
			require.Equal(t, h.IsParity(), len(payload) != 100)
			_, err = socket.WriteToUDP([]byte("0@100@200@300@400"), from)
			require.NoError(t, err)
			_, err = socket.WriteToUDP([]byte("nonsense"), from)
			require.NoError(t, err)
		}
	}
	var st Status
	for deadline := time.Now().Add(enough); st.Feedback.Strange < 8; {
		require.True(t, time.Now().Before(deadline))
		st = fetch(t, s)
	}
	st = fetch(t, s) // with what the links have counted since
	require.Equal(t, "survives the loss of any 1 of 4 links", st.Text)
	require.Equal(t, 1, st.Plan.SurvivesPaths)
	require.False(t, st.Plan.Blind)
	require.Equal(t, uint64(8), st.Feedback.Scores)
	require.Equal(t, uint64(6), st.Input.Packets)
	require.Equal(t, uint64(6), st.Output.Sources)
	require.Equal(t, uint64(2), st.Output.Parity)
	require.NotEmpty(t, st.Decisions)
	for i, l := range st.Links {
		require.Equal(t, "in-use", l.State)
		require.Equal(t, uint64(2), l.Sent)
		require.Equal(t, uint32(100*(i+1)), *l.Score)
	}
	answer, err := http.Get("http://" + s.StatusAddr().String() + "/other") //nolint:noctx // it is our own
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
	require.NoError(t, answer.Body.Close())
}

// The test picture comes without any other program, in packets that fit a frame.
func TestSenderWithFeed(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	s, sockets := testSender(t, func(c *Config) {
		f := feed.Default()
		f.TestPicture, c.Feed = true, &f
	})
	for range 100 {
		h, _, _ := receive(t, sockets[0])
		require.LessOrEqual(t, h.Longest(), 1424)
	}
	st := fetch(t, s)
	require.True(t, st.Feed.Running)
	require.Equal(t, 1_000_000, st.Plan.Bitrate)
	require.Zero(t, st.Input.Oversize)
}

// A status that others than this machine's users can read is told of.
func TestOpenStatus(t *testing.T) {
	for address, open := range map[string]bool{"127.0.0.1:0": false, "localhost:0": false, "[::1]:0": false, ":0": true} {
		var log bytes.Buffer
		config := Default()
		config.To, config.Listen, config.StatusAddr = "127.0.0.1", "localhost:0", address
		config.Log = slog.New(slog.NewTextHandler(&log, nil))
		s, err := New(config)
		if err != nil && strings.HasPrefix(address, "[::1]") {
			continue // there is no IPv6 here
		}
		require.NoError(t, err)
		s.close()
		require.Equal(t, open, strings.Contains(log.String(), "Everyone who reaches the status"), address)
	}
}

func TestPortInUse(t *testing.T) {
	taken, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	config := Default()
	config.To = "127.0.0.1"
	config.Listen = "localhost:" + strconv.Itoa(taken.LocalAddr().(*net.UDPAddr).Port)
	_, err = New(config)
	require.ErrorContains(t, err, "another program has UDP port")

	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	config.Listen, config.StatusAddr = "localhost:0", listener.Addr().String()
	_, err = New(config)
	require.ErrorContains(t, err, "choose another address with --status-addr")
}

func TestConfigErrors(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no receiver":         func(c *Config) { c.To = "" },
		"a port with it":      func(c *Config) { c.To = "receiver.example:5078" },
		"a URL":               func(c *Config) { c.To = "http://receiver.example" },
		"brackets":            func(c *Config) { c.To = "[::1]" },
		"a local address":     func(c *Config) { c.To = "fe80::1%usb0" },
		"no ports":            func(c *Config) { c.Ports = nil },
		"a port twice":        func(c *Config) { c.Ports = []int{5078, 5079, 5078} },
		"an interface twice":  func(c *Config) { c.Interfaces = []string{"usb0", "usb0"} },
		"a nameless one":      func(c *Config) { c.Interfaces = []string{"usb0", ""} },
		"too many ports":      func(c *Config) { c.Ports = make([]int, 17) },
		"port 0":              func(c *Config) { c.Ports = []int{0} },
		"too many interfaces": func(c *Config) { c.Interfaces = make([]string, 5) },
		"parity of 10":        func(c *Config) { c.Parity = 10 },
		"no overhead":         func(c *Config) { c.Overhead = 0 },
		"a long wait":         func(c *Config) { c.Wait = time.Minute },
		"small frames":        func(c *Config) { c.MTU = 100 },
		"no video":            func(c *Config) { c.Feed = new(feed.Config) },
		"no address":          func(c *Config) { c.Listen = "1234" },
		"no such port":        func(c *Config) { c.Listen = "localhost:99999" },
		"no status address":   func(c *Config) { c.StatusAddr = "5075" },
		"no port for status":  func(c *Config) { c.StatusAddr = "127.0.0.1:99999" },
	} {
		config := Default()
		config.To, config.Listen = "127.0.0.1", "localhost:0"
		change(&config)
		s, err := New(config)
		require.ErrorIs(t, err, ErrConfig, name)
		require.Nil(t, s)
	}
}

func TestText(t *testing.T) {
	links := func(weights ...float64) (all []plan.Link) {
		for i, w := range weights {
			all = append(all, plan.Link{Path: i % 3, Weight: w})
		}
		return all
	}
	for want, p := range map[string]plan.Plan{
		"survives the loss of any 1 of 3 links": {Parity: 1, Sources: 2, Paths: 3, Links: links(1, 1, 1)},
		"survives the loss of any 1 of 3 interfaces, over which 4 links go": {
			Parity: 1, Sources: 2, Paths: 3, Links: links(1, 1, 1, 1),
		},
		"survives the loss of no link": {Parity: 1, Sources: 3, Paths: 1, Links: links(1, 0, 0)},
		"no link can send":             {Parity: 1, Sources: 3, Links: links(0, 0)},
	} {
		require.Equal(t, want, text(&p))
	}
}
