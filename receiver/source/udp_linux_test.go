package source

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// controlMessage is a control message of a socket, as the kernel lays it out.
func controlMessage(kind int32, data []byte) []byte {
	b := make([]byte, unix.CmsgSpace(len(data)))
	binary.NativeEndian.PutUint64(b, uint64(unix.CmsgLen(len(data))))
	binary.NativeEndian.PutUint32(b[8:], unix.SOL_SOCKET)
	binary.NativeEndian.PutUint32(b[12:], uint32(kind))
	copy(b[unix.CmsgLen(0):], data)
	return b
}

func stamped(kernel time.Time) []byte {
	data := binary.NativeEndian.AppendUint64(nil, uint64(kernel.Unix()))
	return controlMessage(unix.SCM_TIMESTAMPNS, binary.NativeEndian.AppendUint64(data, uint64(kernel.Nanosecond())))
}

// What has waited is as old as it is, after a stop, a sleep of the machine and a step of the clock alike: both readings
// of the arrival, the wall clock's and the monotonic one, are that far back.
func TestArrival(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		kernel time.Time
		waited time.Duration
	}{
		"at once":                {now, 0},
		"soon":                   {now.Add(-3 * time.Millisecond), 3 * time.Millisecond},
		"stopped":                {now.Add(-10 * time.Second), 10 * time.Second},
		"slept for an hour":      {now.Add(-time.Hour), maxWait},
		"clock set from 1970":    {time.Unix(0, 0), maxWait},
		"clock set back":         {now.Add(5 * time.Second), 0},
		"clock set back for far": {now.Add(1000 * time.Hour), 0},
	} {
		t.Run(name, func(t *testing.T) {
			control := append(controlMessage(unix.SO_RXQ_OVFL, []byte{7, 0, 0, 0}), stamped(c.kernel)...)
			arrival, dropped, counted := parseControl(control, now)
			require.Equal(t, c.waited, now.Sub(arrival), "by the monotonic clock")
			require.Equal(t, c.waited, now.Round(0).Sub(arrival.Round(0)), "by the wall clock")
			require.True(t, counted)
			require.Equal(t, binary.NativeEndian.Uint32([]byte{7, 0, 0, 0}), dropped)
		})
	}
	arrival, _, counted := parseControl(nil, now)
	require.Equal(t, now, arrival)
	require.False(t, counted)
}
