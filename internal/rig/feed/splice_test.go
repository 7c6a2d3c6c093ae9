package feed

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func packet(ssrc uint32, sequence uint16, stamp uint32) []byte {
	p := make([]byte, 12)
	binary.BigEndian.PutUint16(p[2:], sequence)
	binary.BigEndian.PutUint32(p[4:], stamp)
	binary.BigEndian.PutUint32(p[8:], ssrc)
	return p
}

func TestSplice(t *testing.T) {
	var s Splice
	pass := func(ssrc uint32, sequence uint16, stamp uint32, at time.Duration) []byte {
		p := packet(ssrc, sequence, stamp)
		if !s.Pass(p, epoch.Add(at)) {
			return nil
		}
		return p
	}
	require.Equal(t, packet(1, 65_534, 4_294_967_000), pass(1, 65_534, 4_294_967_000, 0))
	require.Equal(t, packet(1, 65_535, 4_294_967_000), pass(1, 65_535, 4_294_967_000, 0))
	require.Equal(t, packet(1, 0, 44_704), pass(2, 777, 1000, 500*time.Millisecond), "everything wraps")
	require.Nil(t, pass(1, 0, 0, 510*time.Millisecond), "a straggler of the first")
	require.Equal(t, packet(1, 2, 44_704+3600), pass(2, 779, 4600, 540*time.Millisecond), "a hole stays one")
	require.Equal(t, packet(1, 3, 44_704+3600+90_000), pass(3, 5, 5, 1540*time.Millisecond))
	require.Nil(t, pass(2, 780, 9000, 1550*time.Millisecond))
	require.Equal(t, packet(1, 4, 44_704+3600+90_000), pass(3, 6, 5, 1540*time.Millisecond))
}
