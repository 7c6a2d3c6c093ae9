package uplink

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWays(t *testing.T) {
	four, six := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("2001:db8::1")
	local4, local6 := netip.MustParseAddr("10.77.0.2"), netip.MustParseAddr("2001:db8:1::2")
	to4, to6 := netip.AddrPortFrom(four, 5078), netip.AddrPortFrom(six, 5078)
	for _, test := range []struct {
		has  []netip.Addr
		name string
		want []way
	}{
		{nil, "", []way{{to4, netip.Addr{}}, {to6, netip.Addr{}}}},
		{[]netip.Addr{local6, local4}, "usb0", []way{{to4, local4}, {to6, local6}}},
		{[]netip.Addr{local6}, "usb0", []way{{to6, local6}}},
		{nil, "usb0", nil},
	} {
		l := link{port: 5078}
		require.Equal(t, test.want, l.ways(device{name: test.name, addresses: test.has}, []netip.Addr{four, six}))
	}
}

// quiet returns an uplink of one link, which nothing looks after.
func quiet(t *testing.T) *Uplink {
	t.Helper()
	u, err := New(Config{
		Host: "receiver.example", Ports: []int{5078}, Log: slog.New(slog.DiscardHandler), Heard: func(int, []byte) {},
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		u.links[0].close(u.links[0].socket.Load(), nil)
		u.readers.Wait()
	})
	return u
}

// Where there is no way to the address that is wanted most, the next one is taken; and left for the first one as soon
// as there is a way.
func TestNextAddress(t *testing.T) {
	l := quiet(t).links[0]
	impossible := netip.MustParseAddr("fe80::1") // it belongs to no interface
	first, second := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")
	to := func() netip.Addr { return l.socket.Load().to.Addr() }
	l.keep(t.Context(), device{}, []netip.Addr{impossible, second})
	require.Equal(t, second, to())
	held := l.socket.Load()
	l.keep(t.Context(), device{}, []netip.Addr{impossible, second})
	require.Same(t, held, l.socket.Load())
	l.keep(t.Context(), device{}, []netip.Addr{first, second})
	require.Equal(t, first, to())
	require.True(t, l.status().Up)
}

// A socket that fails as soon as it is open is not opened again at once, which would be for each datagram.
func TestFailingSocketWaits(t *testing.T) {
	l := quiet(t).links[0]
	targets := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	l.keep(t.Context(), device{}, targets)
	l.close(l.socket.Load(), errors.New("no route"))
	l.keep(t.Context(), device{}, targets)
	require.Nil(t, l.socket.Load())
	require.Equal(t, "no route", l.status().Error)
	l.opened = l.opened.Add(-lookEvery)
	l.keep(t.Context(), device{}, targets)
	require.NotNil(t, l.socket.Load())
}

// A receiver that answers is not left because its name stands for something else.
func TestStay(t *testing.T) {
	u := quiet(t)
	receiver, portal := []netip.Addr{netip.MustParseAddr("10.0.0.1")}, []netip.Addr{netip.MustParseAddr("192.168.1.1")}
	now := time.Now()
	require.Equal(t, portal, u.stay(portal, now))
	require.Equal(t, receiver, u.stay(receiver, now), "nobody has answered")
	u.links[0].heardAt = now
	require.Equal(t, receiver, u.stay(portal, now.Add(answering-1)))
	require.Equal(t, portal, u.stay(portal, now.Add(answering)))
}

// A name that the system does not find, because the modem that it prefers has no network, is found by another one.
func TestFind(t *testing.T) {
	all, err := devices()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	last := all[len(all)-1].name
	receiver := []netip.Addr{netip.MustParseAddr("10.0.0.1")}
	broken := errors.New("no network")
	var works []string
	fake := func(_ context.Context, by device, host string) ([]netip.Addr, error) {
		require.Equal(t, "receiver.example", host)
		if slices.Contains(works, by.name) {
			return receiver, nil
		}
		return nil, broken
	}
	_, err = find(t.Context(), "receiver.example", fake)
	require.ErrorIs(t, err, broken)
	for _, works = range [][]string{{last}, {""}, {"", last}} {
		got, err := find(t.Context(), "receiver.example", fake)
		require.NoError(t, err)
		require.Equal(t, receiver, got)
	}
}

// The name servers are asked by the interface itself.
func TestResolveByInterface(t *testing.T) {
	_, err := resolve(t.Context(), device{name: "usb77"}, "receiver.invalid")
	require.ErrorContains(t, err, "usb77 has no address of the kind of")
}
