package uplink

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/await"
)

type heard struct {
	link int
	text string
}

// run runs an uplink to ports of a host and returns what comes back on it.
func run(t *testing.T, host string, ports ...int) (*Uplink, chan heard) {
	t.Helper()
	back := make(chan heard, 100)
	u, err := New(Config{
		Host: host, Ports: ports, Log: slog.New(slog.DiscardHandler),
		Heard: func(link int, datagram []byte) { back <- heard{link, string(datagram)} },
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		u.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		require.ErrorIs(t, u.Send(0, []byte("x")), ErrDown)
	})
	return u, back
}

func listen(t *testing.T, address string) (*net.UDPConn, int) {
	t.Helper()
	local, err := net.ResolveUDPAddr("udp", address)
	require.NoError(t, err)
	socket, err := net.ListenUDP("udp", local)
	if err != nil && local.IP.To4() == nil {
		t.Skip("no IPv6 here: ", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = socket.Close() })
	return socket, socket.LocalAddr().(*net.UDPAddr).Port
}

// Each link has a socket of its own, and hears what comes back to that alone. One that nobody listens to is up, and its
// status says so; the others are not held up.
func TestLinks(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1", "localhost"} {
		t.Run(host, func(t *testing.T) {
			address := net.JoinHostPort(host, "0")
			if host == "localhost" {
				address = "127.0.0.1:0"
			}
			socket, port := listen(t, address)
			nobody, deaf := listen(t, address)
			require.NoError(t, nobody.Close())
			u, back := run(t, host, port, deaf)
			await.Until(t, "the links are up", func() bool { return u.States()[0].Up && u.States()[1].Up })
			require.Equal(t, []State{{0, true}, {1, true}}, u.States(), "each is a path of its own")

			buffer := make([]byte, 100)
			for i := range 3 {
				require.NoError(t, u.Send(0, []byte("hello")))
				await.Until(t, "it is known that nobody listens", func() bool {
					_ = u.Send(1, []byte("hello"))
					return u.Status()[1].LastError == fmt.Sprintf("nobody listens at %s: is the receiver running?",
						u.Status()[1].To)
				})
				n, from, err := socket.ReadFromUDP(buffer)
				require.NoError(t, err)
				require.Equal(t, "hello", string(buffer[:n]))
				_, err = socket.WriteToUDP([]byte("0@1@2"), from)
				require.NoError(t, err)
				require.Equal(t, heard{0, "0@1@2"}, <-back)
				require.Equal(t, uint64(i+1), u.Status()[0].Sent)
			}
			st := u.Status()[0]
			require.Equal(t, uint64(15), st.Bytes)
			require.Equal(t, uint64(3), st.Heard)
			require.True(t, st.Up)
			require.Zero(t, st.Failed)
		})
	}
}

// What others send to a link's socket is not heard.
func TestStrangersAreNotHeard(t *testing.T) {
	socket, port := listen(t, "127.0.0.1:0")
	u, back := run(t, "127.0.0.1", port)
	await.Until(t, "the link is up", func() bool { return u.States()[0].Up })
	require.NoError(t, u.Send(0, []byte("hello")))
	_, from, err := socket.ReadFromUDP(make([]byte, 100))
	require.NoError(t, err)
	stranger, _ := listen(t, "127.0.0.1:0")
	_, err = stranger.WriteToUDP([]byte("0@0@0"), from)
	require.NoError(t, err)
	_, err = socket.WriteToUDP([]byte("1@1"), from)
	require.NoError(t, err)
	require.Equal(t, heard{0, "1@1"}, <-back)
	require.Empty(t, back)
}

func TestDownLinksSayWhy(t *testing.T) {
	u, err := New(Config{
		Host: "127.0.0.1", Ports: []int{5078}, Interfaces: []string{"usb77"}, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	u.names.set([]netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil)
	u.look(t.Context())
	require.ErrorIs(t, u.Send(0, nil), ErrDown)
	require.Contains(t, u.Status()[0].Error, "usb77 is not there")
	require.Equal(t, "usb77", u.Status()[0].Interface)
	require.False(t, u.States()[0].Up)
}

// A link that comes and goes each second does not fill the log.
func TestFlappingLinksAreToldOnce(t *testing.T) {
	_, port := listen(t, "127.0.0.1:0")
	var log bytes.Buffer
	u, err := New(Config{
		Host: "127.0.0.1", Ports: []int{port}, Log: slog.New(slog.NewTextHandler(&log, nil)), Heard: func(int, []byte) {},
	})
	require.NoError(t, err)
	u.names.set([]netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil)
	for range 10 {
		u.look(t.Context())
		require.True(t, u.States()[0].Up)
		l := u.links[0]
		l.close(l.socket.Load(), syscall.ENODEV)
		l.opened = l.opened.Add(-lookEvery)
		require.False(t, u.States()[0].Up)
	}
	u.readers.Wait()
	require.Equal(t, 1, strings.Count(log.String(), "cannot send"))
	require.Equal(t, 2, strings.Count(log.String(), "can send"), "at first, and after the end that was told of")
}

func TestConfigErrors(t *testing.T) {
	for _, config := range []Config{
		{Ports: []int{1}}, {Host: "a"}, {Host: "a", Ports: []int{1}, Interfaces: []string{"a", "b"}},
	} {
		_, err := New(config)
		require.ErrorIs(t, err, ErrConfig)
	}
	for _, useless := range []string{
		"fe80::1", "fe80::1%usb0", "169.254.1.1", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "::ffff:169.254.1.1",
	} {
		_, err := New(Config{Host: useless, Ports: []int{1}})
		require.ErrorContains(t, err, useless+" is an address that no router leads to")
	}
	for _, useful := range []string{
		"10.0.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "2001:db8::1", "127.0.0.1", "::1", "a",
	} {
		_, err := New(Config{Host: useful, Ports: []int{1}})
		require.NoError(t, err)
	}
}

// A name that stands for what no router leads to is not found, and the reason says so.
func TestUselessName(t *testing.T) {
	u := quiet(t)
	ctx, cancel := context.WithCancel(t.Context())
	u.names.resolve = func(context.Context, device, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("fe80::1%lo"), netip.MustParseAddr("::ffff:169.254.1.1")}, nil
	}
	u.names.run(ctx, "receiver.example", cancel)
	_, err := u.names.get()
	require.ErrorIs(t, err, errUseless)
	require.ErrorContains(t, err, "the receiver's name receiver.example stands for an address that no router leads to")
}

func TestNames(t *testing.T) {
	a, b, c := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("::ffff:10.0.0.3")
	var n names
	_, err := n.get()
	require.ErrorContains(t, err, "is being looked up")
	require.True(t, n.set(nil, net.ErrClosed))
	_, err = n.get()
	require.ErrorIs(t, err, net.ErrClosed)
	require.True(t, n.set([]netip.Addr{a, b}, nil))
	require.False(t, n.set([]netip.Addr{b, a}, nil), "the order is the resolver's whim")
	require.False(t, n.set(nil, net.ErrClosed), "what was found stays")
	six := netip.MustParseAddr("2001:db8::1")
	require.True(t, n.set([]netip.Addr{six, c, b}, nil))
	got, err := n.get()
	require.NoError(t, err)
	require.Equal(t, []netip.Addr{b, c.Unmap(), six}, got)
}

func TestErrorsAreSentences(t *testing.T) {
	s := &socket{device: device{name: "usb0"}, to: netip.MustParseAddrPort("10.0.0.1:5078")}
	for err, want := range map[error]string{
		syscall.ENOBUFS:     "the queue of usb0 is full: it is slower than what it should carry",
		syscall.EPERM:       "sending by usb0 to 10.0.0.1:5078 is forbidden: look at the firewall of this machine",
		syscall.ENETUNREACH: "there is no route from usb0 to 10.0.0.1: is the modem connected to its network?",
		syscall.ENODEV:      "usb0 is switched off, or was taken away",
		syscall.EMSGSIZE:    "a datagram is too large for usb0: make the RTP packets smaller",
		syscall.EINVAL:      "sending by usb0 to 10.0.0.1:5078 fails: invalid argument",
	} {
		require.EqualError(t, explain(err, s), want)
	}
	require.True(t, passes(syscall.EAGAIN))
	require.False(t, passes(syscall.ENODEV))
}

func TestSendAllocatesNothing(t *testing.T) {
	_, port := listen(t, "127.0.0.1:0")
	u, _ := run(t, "127.0.0.1", port)
	await.Until(t, "the link is up", func() bool { return u.States()[0].Up })
	datagram := make([]byte, 1200)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if err := u.Send(0, datagram); err != nil {
			t.Fatal(err)
		}
	}))
}
