package rig

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// send pushes a picture of n packets at a time and returns how many datagrams leave at once.
func sendPicture(t *testing.T, e *Engine, number, n int, at time.Time) (left int) {
	t.Helper()
	for i := range n {
		packet := rtpPacket(uint16(number*n + i))
		binary.BigEndian.PutUint32(packet[4:], uint32(number*3600))
		if i == n-1 {
			packet[1] |= 0x80
		}
		datagrams, err := e.Push(nil, packet, at)
		require.NoError(t, err)
		left += len(datagrams)
	}
	return left
}

// A packet does not wait for others of its segment when these cannot come in time: not after the last one of a picture,
// when the next picture is further away than the wait.
func TestNobodyWaitsForTheNextPicture(t *testing.T) {
	e := newEngine(t)
	at := epoch
	for number := range 10 {
		want := 4 + 3 // 3+1 and 2+1
		if number < 2 {
			want = 4 // the rate is not known
		}
		require.Equal(t, want, sendPicture(t, e, number, 5, at), number)
		_, err := e.Close(nil)
		require.NoError(t, err)
		at = at.Add(40 * time.Millisecond)
	}
}

// Where pictures come faster than that, they share segments.
func TestFastPicturesShareSegments(t *testing.T) {
	e := newEngine(t)
	at := epoch
	left := 0
	for number := range 30 {
		left += sendPicture(t, e, number, 5, at)
		at = at.Add(10 * time.Millisecond)
	}
	require.Equal(t, 50*4, left, "all of them 3+1")
}

// One pause, as of a camera that hesitates, does not have the next pictures torn.
func TestOnePauseIsNoRate(t *testing.T) {
	e := newEngine(t)
	at := epoch
	left := 0
	for number := range 30 {
		left += sendPicture(t, e, number, 5, at)
		at = at.Add(10 * time.Millisecond)
		if number == 10 {
			at = at.Add(time.Second)
		}
	}
	require.Equal(t, 50*4, left)
}
