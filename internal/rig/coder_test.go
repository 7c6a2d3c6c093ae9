package rig

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func rtpPacket(sequence uint16) []byte {
	packet := make([]byte, 100)
	packet[0] = 0x80
	binary.BigEndian.PutUint16(packet[2:], sequence)
	return packet
}

func newCoder(t *testing.T, k, r, links int) *Coder {
	t.Helper()
	coder, err := NewCoder(CoderConfig{Sources: k, Parity: r, Links: links, Wait: 25 * time.Millisecond})
	require.NoError(t, err)
	return coder
}

// Of every segment, full or not, no link carries more than its share rounded up, and over time all carry the same.
func TestSplit(t *testing.T) {
	for k := 1; k <= isc.MaxSources; k++ {
		for r := 0; r <= isc.MaxParity; r++ {
			for links := 1; links <= 8; links++ {
				coder := newCoder(t, k, r, links)
				total := make([]int, links)
				for range links {
					var datagrams []Datagram
					var err error
					for i := range k {
						require.Empty(t, datagrams)
						datagrams, err = coder.Push(datagrams, rtpPacket(uint16(i)), epoch)
						require.NoError(t, err)
					}
					require.Len(t, datagrams, k+r)
					carried := make([]int, links)
					for _, d := range datagrams {
						carried[d.Link]++
						total[d.Link]++
					}
					for _, n := range carried {
						require.LessOrEqual(t, n, (k+r+links-1)/links, "%d+%d over %d links", k, r, links)
					}
				}
				for _, n := range total {
					require.Equal(t, k+r, n, "%d+%d over %d links", k, r, links)
				}
			}
		}
	}
}

func TestSurvives(t *testing.T) {
	tests := []struct {
		k, r, links int
		want        bool
	}{
		{5, 3, 4, true},
		{5, 3, 3, true},
		{5, 3, 2, false},
		{3, 1, 4, true},
		{4, 1, 4, false},
		{1, 1, 2, true},
		{1, 9, 1, false},
		{8, 0, 8, false},
	}
	for _, test := range tests {
		config := CoderConfig{Sources: test.k, Parity: test.r, Links: test.links}
		require.Equal(t, test.want, config.Survives(), fmt.Sprint(test))
	}
}

func TestSegmentIsClosedInTime(t *testing.T) {
	coder := newCoder(t, 3, 2, 4)
	_, open := coder.Due()
	require.False(t, open)
	datagrams, err := coder.Close(nil)
	require.NoError(t, err)
	require.Empty(t, datagrams, "there was nothing to close")

	for i, at := range []time.Duration{0, 10 * time.Millisecond} {
		datagrams, err = coder.Push(nil, rtpPacket(uint16(65_535+i)), epoch.Add(at))
		require.NoError(t, err)
		require.Empty(t, datagrams)
	}
	due, open := coder.Due()
	require.True(t, open)
	require.Equal(t, epoch.Add(25*time.Millisecond), due, "counted from the first packet")

	datagrams, err = coder.Close(nil)
	require.NoError(t, err)
	require.Len(t, datagrams, 2+2)
	for i, d := range datagrams {
		var h isc.Header
		_, err := isc.Parse(d.Data, &h)
		require.NoError(t, err)
		require.Equal(t, uint16(65_535), h.Segment)
		require.Equal(t, 2, h.Sources())
		require.Equal(t, i >= 2, h.IsParity(), "sources leave first")
	}
	_, open = coder.Due()
	require.False(t, open)
}

func TestCoderErrors(t *testing.T) {
	for _, config := range []CoderConfig{
		{Sources: 0, Links: 1},
		{Sources: 9, Links: 1},
		{Sources: 1, Parity: -1, Links: 1},
		{Sources: 1, Parity: 10, Links: 1},
		{Sources: 1},
	} {
		_, err := NewCoder(config)
		require.ErrorIs(t, err, ErrCoding, fmt.Sprint(config))
	}

	coder := newCoder(t, 1, 1, 1)
	_, err := coder.Push(nil, []byte{0x80}, epoch)
	require.ErrorIs(t, err, isc.ErrLength)
	datagrams, err := coder.Push(nil, rtpPacket(1), epoch)
	require.NoError(t, err, "the bad packet is gone")
	require.Len(t, datagrams, 2)
}
