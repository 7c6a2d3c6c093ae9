package netsim

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/leak"
)

const patience = 20 * time.Second

var loopback = netip.MustParseAddrPort("127.0.0.1:0")

// socket opens a socket on the loopback interface, which waits for what comes only so long.
func socket(t *testing.T) (*net.UDPConn, netip.AddrPort) {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(loopback))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return conn, conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// runLab runs a laboratory until the test ends, and requires that it then ends without an error.
func runLab(t *testing.T, scenario Scenario, to ...netip.AddrPort) *Lab {
	t.Helper()
	listen := make([]netip.AddrPort, len(to))
	for i := range listen {
		listen[i] = loopback
	}
	lab, err := OpenLab(LabConfig{Scenario: scenario, Seed: 1, Listen: listen, To: to})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- lab.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return lab
}

func read(t *testing.T, conn *net.UDPConn) (string, netip.AddrPort) {
	t.Helper()
	buffer := make([]byte, 2048)
	n, from, err := conn.ReadFromUDPAddrPort(buffer)
	require.NoError(t, err)
	return string(buffer[:n]), from
}

func write(t *testing.T, conn *net.UDPConn, text string, to netip.AddrPort) {
	t.Helper()
	_, err := conn.WriteToUDPAddrPort([]byte(text), to)
	require.NoError(t, err)
}

func TestLabRelaysBothWays(t *testing.T) {
	receivers, to := make([]*net.UDPConn, 2), make([]netip.AddrPort, 2)
	for i := range receivers {
		receivers[i], to[i] = socket(t)
	}
	const delay = 30 * ms
	links := []PathConfig{{Up: LinkConfig{Delay: delay}, Down: LinkConfig{Delay: delay}}, {Name: "second"}}
	lab := runLab(t, Scenario{Links: links}, to...)
	rig, rigAddress := socket(t)
	for i, receiver := range receivers {
		began := time.Now()
		write(t, rig, "up "+strconv.Itoa(i), lab.Addresses()[i])
		text, from := read(t, receiver)
		require.Equal(t, "up "+strconv.Itoa(i), text)
		write(t, receiver, "down "+strconv.Itoa(i), from)
		text, from = read(t, rig)
		require.Equal(t, "down "+strconv.Itoa(i), text)
		require.Equal(t, lab.Addresses()[i], from, "it comes from where the sender sent to")
		if i == 0 {
			require.GreaterOrEqual(t, time.Since(began), 2*delay)
		}
	}
	status := lab.Status()
	require.Positive(t, status.Seconds)
	for i, link := range status.Links {
		require.Equal(t, links[i].Name, link.Name)
		require.Equal(t, rigAddress.String(), link.From)
		require.Equal(t, Counts{Sent: 1, Carried: 1, Bytes: 4}, link.Up.Counts)
		require.Equal(t, Counts{Sent: 1, Carried: 1, Bytes: 6}, link.Down.Counts)
	}
}

// After a rebinding the receiver sees another port, and what it sends to the one before reaches nobody.
func TestLabRebinds(t *testing.T) {
	receiver, to := socket(t)
	rebinds := PathConfig{Rebinds: []Rebind{{After: time.Hour}}}
	lab := runLab(t, Scenario{Links: []PathConfig{rebinds}}, to)
	rig, _ := socket(t)
	write(t, rig, "first", lab.Addresses()[0])
	_, old := read(t, receiver)
	write(t, receiver, "heard", old)
	text, _ := read(t, rig)
	require.Equal(t, "heard", text)

	began(lab.links[0], rebinds, time.Now().Add(-time.Hour))
	write(t, rig, "again", lab.Addresses()[0])
	_, fresh := read(t, receiver)
	require.NotEqual(t, old, fresh)
	write(t, receiver, "to the old port", old)
	require.Eventually(t, func() bool { return lab.Status().Links[0].Unasked == 1 }, patience, ms)
	write(t, receiver, "to the new port", fresh)
	text, _ = read(t, rig)
	require.Equal(t, "to the new port", text)
	require.Equal(t, 1, lab.Status().Links[0].Rebound)
	require.EqualValues(t, fresh.Port(), lab.Status().Links[0].Port)
}

// began changes when a link that is running began.
func began(l *labLink, path PathConfig, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.path = NewPath(path, at, 1, 0)
}

// One link that cannot go on ends the laboratory.
func TestLabFails(t *testing.T) {
	_, to := socket(t)
	rebinds := PathConfig{Rebinds: []Rebind{{After: time.Hour}}}
	lab, err := OpenLab(LabConfig{
		Scenario: Scenario{Links: []PathConfig{{}, rebinds}},
		Listen:   []netip.AddrPort{loopback, loopback}, To: []netip.AddrPort{to, to},
	})
	require.NoError(t, err)
	lab.links[1].to = netip.MustParseAddrPort("[fe80::1]:9") // on which interface, nobody says
	began(lab.links[1], rebinds, time.Now().Add(-time.Hour))
	rig, _ := socket(t)
	write(t, rig, "up", lab.Addresses()[1])
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.ErrorContains(t, lab.Run(ctx), "netsim: link 1: socket to [fe80::1]:9: ")
}

// A sender that was started again from another port gets the answers from then on.
func TestLabFollowsTheSender(t *testing.T) {
	receiver, to := socket(t)
	lab := runLab(t, Scenario{Links: []PathConfig{{}}}, to)
	for range 2 {
		rig, _ := socket(t)
		write(t, rig, "up", lab.Addresses()[0])
		_, from := read(t, receiver)
		write(t, receiver, "down", from)
		text, _ := read(t, rig)
		require.Equal(t, "down", text)
	}
}

// A receiver that is not there, or is not there yet, ends nothing.
func TestLabWithoutReceiver(t *testing.T) {
	gone, to := socket(t)
	require.NoError(t, gone.Close())
	lab := runLab(t, Scenario{Links: []PathConfig{{}}}, to)
	rig, _ := socket(t)
	for range 20 {
		write(t, rig, "anybody", lab.Addresses()[0])
	}
	receiver, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(to))
	require.NoError(t, err)
	defer func() { _ = receiver.Close() }()
	require.Eventually(t, func() bool {
		write(t, rig, "now", lab.Addresses()[0])
		require.NoError(t, receiver.SetReadDeadline(time.Now().Add(10*ms)))
		_, err := receiver.Read(make([]byte, 100))
		return err == nil
	}, patience, ms)
}

func TestLabErrors(t *testing.T) {
	taken, busy := socket(t)
	_, to := socket(t)
	two := Scenario{Name: "two", Links: make([]PathConfig, 2)}
	_, err := OpenLab(LabConfig{Scenario: two, Listen: []netip.AddrPort{loopback}, To: []netip.AddrPort{to}})
	require.ErrorIs(t, err, ErrLab)
	require.ErrorContains(t, err, "the scenario two has 2 links")

	first, free := socket(t)
	require.NoError(t, first.Close())
	config := LabConfig{Scenario: two, Listen: []netip.AddrPort{free, busy}, To: []netip.AddrPort{to, to}}
	_, err = OpenLab(config)
	var port *PortError
	require.ErrorAs(t, err, &port)
	require.Equal(t, busy, port.Address)
	require.ErrorIs(t, err, syscall.EADDRINUSE)

	require.NoError(t, taken.Close())
	lab, err := OpenLab(config)
	require.NoError(t, err, "the first port was given back")
	lab.Close()
	lab, err = OpenLab(config)
	require.NoError(t, err, "Close gives all back")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, lab.Run(ctx))
	_, err = lab.links[0].front.Read(nil)
	require.ErrorIs(t, err, net.ErrClosed)
}

// Whatever the laboratory starts, also for each new port, ends with it.
func TestLabEndsWhatItStarted(t *testing.T) {
	leak.None(t)
	receiver, to := socket(t)
	rig, _ := socket(t)
	before := runtime.NumGoroutine()
	lab, err := OpenLab(LabConfig{
		Scenario: Scenario{Links: []PathConfig{{Rebinds: []Rebind{{Every: 5 * ms}}}}},
		Listen:   []netip.AddrPort{loopback}, To: []netip.AddrPort{to},
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- lab.Run(ctx) }()
	ports := map[netip.AddrPort]bool{}
	for len(ports) < 20 {
		write(t, rig, "up", lab.Addresses()[0])
		_, from := read(t, receiver)
		ports[from] = true
		require.LessOrEqual(t, runtime.NumGoroutine(), before+10, "two sockets at a time are read")
	}
	cancel()
	require.NoError(t, <-done)
}
