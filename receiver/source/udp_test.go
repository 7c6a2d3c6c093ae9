package source

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/leak"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

func loopback(port int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port))
}

// dial opens a socket that sends to a port of this machine.
func dial(t testing.TB, port int) *net.UDPConn {
	t.Helper()
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(loopback(port)))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return conn
}

func send(t testing.TB, conn *net.UDPConn, payload []byte) {
	t.Helper()
	_, err := conn.Write(payload)
	require.NoError(t, err)
}

// running is a source that runs.
type running struct {
	*UDP
	in   *inbox.Inbox
	pool *inbox.Pool
	stop context.CancelFunc
	done chan error
}

// start listens on that many free ports and runs the source until the end of the test.
func start(t testing.TB, device string, links int) *running {
	t.Helper()
	pool := new(inbox.Pool)
	u, err := ListenUDP(device, make([]int, links), pool)
	require.NoError(t, err)
	return run(t, u, pool)
}

// run runs the source until the end of the test.
func run(t testing.TB, u *UDP, pool *inbox.Pool) *running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r := &running{UDP: u, in: inbox.New(len(u.links)), pool: pool, stop: stop, done: make(chan error, 1)}
	go func() { r.done <- u.Run(ctx, r.in) }()
	t.Cleanup(stop)
	return r
}

// end stops the source and waits for its end.
func (r *running) end(t testing.TB) {
	t.Helper()
	r.stop()
	select {
	case err := <-r.done:
		require.NoError(t, err)
	case <-time.After(patience):
		t.Fatal("Run does not end")
	}
}

// take waits for a datagram.
func (r *running) take(t testing.TB) *inbox.Datagram {
	t.Helper()
	timeout := time.After(patience)
	for {
		if d := r.in.Take(); d != nil {
			return d
		}
		select {
		case <-r.in.Wake():
		case <-timeout:
			t.Fatal("nothing arrives")
		}
	}
}

func TestReceive(t *testing.T) {
	for _, device := range []string{"", "lo"} {
		t.Run("interface "+device, func(t *testing.T) {
			if device != "" && runtime.GOOS != "linux" {
				t.Skip("the name of the loopback interface is Linux's")
			}
			leak.None(t)
			r := start(t, device, 3)
			defer r.end(t)
			ports := r.Ports()
			require.Len(t, ports, 3)
			require.Positive(t, r.Buffer())
			for link, port := range ports {
				require.Positive(t, port)
				conn := dial(t, port)
				before := time.Now()
				send(t, conn, []byte{'l', byte(link)})
				d := r.take(t)
				after := time.Now()
				require.Equal(t, link, d.Link)
				require.Equal(t, []byte{'l', byte(link)}, d.Bytes())
				require.False(t, d.Truncated)
				require.Equal(t, conn.LocalAddr().(*net.UDPAddr).AddrPort(), d.From, "the address is IPv4, not mapped")
				require.WithinRange(t, d.Arrival, before.Add(-time.Second), after, "the clock may be set meanwhile")
				require.NotEqual(t, d.Arrival.Round(0).String(), d.Arrival.String(), "the reading is monotonic, too")

				require.NoError(t, r.Send(link, d.From, []byte("feedback")))
				reply := make([]byte, 100)
				n, from, err := conn.ReadFromUDPAddrPort(reply)
				require.NoError(t, err)
				require.Equal(t, "feedback", string(reply[:n]))
				require.EqualValues(t, port, from.Port(), "it comes from the link's own socket")
				r.pool.Put(d)

				dropped, down := r.Link(link)
				require.Zero(t, dropped)
				require.NoError(t, down)
			}
		})
	}
}

func TestIPv6(t *testing.T) {
	r := start(t, "", 1)
	defer r.end(t)
	address := netip.AddrPortFrom(netip.IPv6Loopback(), uint16(r.Ports()[0]))
	conn, err := net.DialUDP("udp6", nil, net.UDPAddrFromAddrPort(address))
	if err != nil {
		t.Skip("no IPv6 here:", err)
	}
	defer func() { require.NoError(t, conn.Close()) }()
	if _, err = conn.Write([]byte("six")); err != nil {
		t.Skip("no IPv6 here:", err)
	}
	d := r.take(t)
	require.Equal(t, conn.LocalAddr().(*net.UDPAddr).AddrPort(), d.From)
	require.NoError(t, r.Send(0, d.From, []byte("back")))
	n, err := conn.Read(make([]byte, 10))
	require.NoError(t, err)
	require.Equal(t, 4, n)
}

func TestSizes(t *testing.T) {
	r := start(t, "", 1)
	defer r.end(t)
	conn := dial(t, r.Ports()[0])
	for _, size := range []int{0, 1, inbox.MaxDatagram - 1, inbox.MaxDatagram, inbox.MaxDatagram + 1, 60_000, 3} {
		payload := make([]byte, size)
		for i := range payload {
			payload[i] = byte(i)
		}
		send(t, conn, payload)
		d := r.take(t)
		require.Equal(t, payload[:min(size, inbox.MaxDatagram)], d.Bytes())
		if runtime.GOOS == "linux" {
			require.Equal(t, size > inbox.MaxDatagram, d.Truncated, size)
		}
		r.pool.Put(d)
	}
}

// TestDropped overfills a socket before it is read.
func TestDropped(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	pool := new(inbox.Pool)
	u, err := ListenUDP("", []int{0}, pool)
	require.NoError(t, err)
	conn := dial(t, u.Ports()[0])
	payload := make([]byte, 1200)
	sent := 4 * u.Buffer() / len(payload)
	for range sent {
		send(t, conn, payload)
	}
	ctx, stop := context.WithCancel(t.Context())
	r := &running{UDP: u, in: inbox.New(1), pool: pool, stop: stop, done: make(chan error, 1)}
	go func() { r.done <- u.Run(ctx, r.in) }()
	defer r.end(t)
	received := 0
	for dropped := uint64(0); dropped == 0; received++ {
		pool.Put(r.take(t))
		if r.in.Take() == nil { // it has room now: one more, which tells how many were dropped before it
			send(t, conn, payload)
			sent++
		} else {
			received++
		}
		dropped, err = u.Link(0)
		require.NoError(t, err)
	}
	dropped, _ := u.Link(0)
	require.LessOrEqual(t, int(dropped), sent-received)
}

// TestDroppedAfterReopening overfills a socket and the one that takes its place: both are counted.
func TestDroppedAfterReopening(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	r := start(t, "", 1)
	defer r.end(t)
	conn := dial(t, r.Ports()[0])
	received, sent := uint64(0), uint64(0)
	fillUntilDropped := func(more uint64) (dropped uint64) {
		for range 4 * r.Buffer() / 1200 { // nobody takes them, so the queue is full, and then the socket
			send(t, conn, fill(1200))
			sent++
		}
		for dropped < more {
			if d := r.in.Take(); d != nil {
				r.pool.Put(d)
				received++
			} else {
				send(t, conn, fill(1200)) // tells how many were dropped before it
				sent++
			}
			dropped, _ = r.Link(0)
		}
		return dropped
	}
	first := fillUntilDropped(1)
	socket, err := r.links[0].get()
	require.NoError(t, err)
	require.NoError(t, socket.Close())
	for again, err := r.links[0].get(); err != nil || again == socket; again, err = r.links[0].get() {
		if d := r.in.Take(); d != nil {
			r.pool.Put(d)
			received++
		}
		runtime.Gosched()
	}
	second := fillUntilDropped(first + 1)
	require.Greater(t, second, first)
	require.LessOrEqual(t, received+second, sent)
}

func TestPortInUse(t *testing.T) {
	pool := new(inbox.Pool)
	taken, err := ListenUDP("", []int{0}, pool)
	require.NoError(t, err)
	defer taken.Close()
	free, err := ListenUDP("", []int{0}, pool)
	require.NoError(t, err)
	free.Close()

	ports := []int{free.Ports()[0], taken.Ports()[0]}
	_, err = ListenUDP("", ports, pool)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	var in *PortError
	require.ErrorAs(t, err, &in)
	require.Equal(t, ports[1], in.Port)
	require.Contains(t, err.Error(), "UDP port")

	again, err := ListenUDP("", ports[:1], pool)
	require.NoError(t, err, "what was opened before the error was closed")
	again.Close()
}

func TestNoSuchInterface(t *testing.T) {
	leak.None(t)
	r := start(t, "no-such-if0", 2)
	defer r.end(t)
	require.Equal(t, []int{0, 0}, r.Ports())
	require.Equal(t, WantedBuffer, r.Buffer())
	for link := range 2 {
		_, down := r.Link(link)
		require.ErrorIs(t, down, ErrInterface)
		require.Contains(t, down.Error(), "no-such-if0")
		require.ErrorIs(t, r.Send(link, loopback(9), nil), ErrInterface)
	}
}

func TestClose(t *testing.T) {
	leak.None(t)
	r := start(t, "", 2)
	port := r.Ports()[0]
	send(t, dial(t, port), []byte("x"))
	r.take(t)
	r.Close()
	r.Close()
	require.NoError(t, <-r.done, "Close ends Run")
	require.ErrorIs(t, r.Send(0, loopback(port), nil), net.ErrClosed)
	again, err := ListenUDP("", []int{port}, r.pool)
	require.NoError(t, err)
	again.Close()

	// Before it runs, and when ctx has ended before.
	u, err := ListenUDP("", []int{0, 0}, r.pool)
	require.NoError(t, err)
	u.Close()
	require.NoError(t, u.Run(t.Context(), inbox.New(2)))
	u, err = ListenUDP("", []int{0, 0}, r.pool)
	require.NoError(t, err)
	ended, end := context.WithCancel(t.Context())
	end()
	require.NoError(t, u.Run(ended, inbox.New(2)))
	again, err = ListenUDP("", u.Ports(), r.pool)
	require.NoError(t, err, "Run has closed the sockets when it returns")
	again.Close()
}

// TestEndWhileFull ends a source whose reader waits for room.
func TestEndWhileFull(t *testing.T) {
	leak.None(t)
	r := start(t, "", 1)
	conn := dial(t, r.Ports()[0])
	for range 3000 {
		send(t, conn, []byte("x"))
	}
	r.end(t)
	again, err := ListenUDP("", r.Ports(), r.pool)
	require.NoError(t, err)
	again.Close()
}

// TestFailingLink breaks one link's socket: the other goes on, and the link comes back on the same port.
func TestFailingLink(t *testing.T) {
	leak.None(t)
	r := start(t, "", 2)
	defer r.end(t)
	ports := r.Ports()
	first, second := dial(t, ports[0]), dial(t, ports[1])

	broken, err := r.links[0].get()
	require.NoError(t, err)
	require.NoError(t, broken.Close())
	for _, down := r.Link(0); down == nil; _, down = r.Link(0) {
		runtime.Gosched()
	}
	require.Error(t, r.Send(0, loopback(ports[0]), nil))
	send(t, second, []byte("x"))
	require.Equal(t, 1, r.take(t).Link)

	timeout := time.After(patience)
	for again := time.NewTicker(10 * time.Millisecond); ; {
		_, _ = first.Write([]byte("y")) // until it is back, the kernel refuses it
		if d := r.in.Take(); d != nil {
			require.Equal(t, 0, d.Link)
			break
		}
		select {
		case <-again.C:
		case <-timeout:
			t.Fatal("the link does not come back")
		}
	}
	_, down := r.Link(0)
	require.NoError(t, down)
	require.Equal(t, ports, r.Ports())
}
