package source

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/leak"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

func TestCaptureEnds(t *testing.T) {
	leak.None(t)
	c := capture(t, "lo", 1)
	c.Close()
	c.Close()
	require.NoError(t, <-c.done)
	require.NoError(t, c.Run(t.Context(), c.in), "it does not begin again")
	capture(t, "lo", 1).end(t)

	c = capture(t, "no-such-if0", 1, 2)
	for link := range 2 {
		_, down := c.Link(link)
		require.ErrorIs(t, down, ErrInterface)
	}
	c.Close()
	require.NoError(t, <-c.done)
}

// TestCaptureEndsWhileFull ends a capture that waits for room.
func TestCaptureEndsWhileFull(t *testing.T) {
	leak.None(t)
	owner, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(loopback(0)))
	require.NoError(t, err)
	defer func() { require.NoError(t, owner.Close()) }()
	c := capture(t, "lo", owner.LocalAddr().(*net.UDPAddr).Port)
	conn := dial(t, c.ports[0])
	for range 3000 {
		send(t, conn, []byte("x"))
	}
	c.Close()
	require.NoError(t, <-c.done)
}

// TestCaptureDropped overfills the socket before it is read.
func TestCaptureDropped(t *testing.T) {
	owner, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(loopback(0)))
	require.NoError(t, err)
	defer func() { require.NoError(t, owner.Close()) }()
	port := owner.LocalAddr().(*net.UDPAddr).Port
	c, err := ListenCapture("lo", []int{1, port}, new(inbox.Pool))
	if errors.Is(err, ErrPermission) {
		t.Skip("capturing takes CAP_NET_RAW: ", err)
	}
	require.NoError(t, err)
	conn := dial(t, port)
	sent := 4 * WantedBuffer / 1200
	for range sent {
		send(t, conn, fill(1200))
	}
	in, done := inbox.New(2), make(chan error)
	go func() { done <- c.Run(t.Context(), in) }()
	received := uint64(0)
	for dropped := uint64(0); dropped == 0; dropped, _ = c.Link(1) {
		if d := in.Take(); d != nil {
			require.Equal(t, 1, d.Link)
			received++
			c.pool.Put(d)
		} else {
			send(t, conn, fill(1200)) // tells how many were dropped before it
			sent++
		}
	}
	c.Close()
	require.NoError(t, <-done)
	for d := in.Take(); d != nil; d = in.Take() {
		received++
	}
	others, _ := c.Link(0)
	dropped, _ := c.Link(1)
	require.Zero(t, others, "nothing came for that link")
	require.LessOrEqual(t, received+dropped, uint64(sent))
	require.Greater(t, dropped, uint64(sent)/4)
}

func TestCaptureShares(t *testing.T) {
	c, err := ListenCapture("no-such-if0", []int{1, 2, 3}, nil)
	if errors.Is(err, ErrPermission) {
		t.Skip("capturing takes CAP_NET_RAW: ", err)
	}
	require.NoError(t, err)
	for _, step := range []struct {
		shares  []uint64
		dropped uint64
		want    []uint64
	}{
		{[]uint64{10, 30, 0}, 4, []uint64{1, 3, 0}},
		{[]uint64{1, 1, 2}, 2, []uint64{1, 3, 2}},
		{[]uint64{1, 0, 0}, 5, []uint64{6, 3, 2}},
		{[]uint64{0, 0, 0}, 1, []uint64{7, 3, 2}},
	} {
		copy(c.shares, step.shares)
		c.share(step.dropped)
		for i, want := range step.want {
			dropped, _ := c.Link(i)
			require.Equal(t, want, dropped, "%v", step)
		}
		require.Equal(t, []uint64{0, 0, 0}, c.shares)
	}
}

// TestCaptureNotPermitted tries as nobody.
func TestCaptureNotPermitted(t *testing.T) {
	const variable = "ISC_TEST_NOBODY"
	if os.Getenv(variable) != "" {
		require.NoError(t, syscall.Setgid(65534))
		require.NoError(t, syscall.Setuid(65534)) // which takes the capabilities away
		for _, device := range []string{"", "lo", "no-such-if0"} {
			_, err := ListenCapture(device, []int{5078}, nil)
			require.ErrorIs(t, err, ErrPermission)
			require.ErrorIs(t, err, syscall.EPERM)
		}
		return
	}
	if os.Getuid() != 0 {
		_, err := ListenCapture("lo", []int{5078}, nil)
		if err == nil {
			t.Skip("this user may capture")
		}
		require.ErrorIs(t, err, ErrPermission)
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), variable+"=1")
	out, err := child.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: "+t.Name())
}
