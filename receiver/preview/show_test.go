package preview

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// requireNoPicture wants the decoder to have nothing to show.
func requireNoPicture(t *testing.T, d *Decoder) {
	t.Helper()
	picture, number, arrival := d.Frame()
	require.Nil(t, picture)
	require.Zero(t, number)
	require.True(t, arrival.IsZero())
}

func TestWhatNobodyLooksAtIsNotDecoded(t *testing.T) {
	d := newFake(t, "ok")
	d.Show(false)
	require.NoError(t, d.WriteUnit(unit(1, sps, pps, idr)))
	require.Nil(t, d.child)

	d.Show(true)
	require.NoError(t, d.WriteUnit(unit(2, slice)))
	require.Nil(t, d.child, "decoding begins at an IDR unit")
	require.NoError(t, d.WriteUnit(unit(3, idr)))
	got, at := waitFrame(t, d, 1)
	require.Equal(t, []byte{7, 8, 5, 9}, got, "the parameter sets are from when nobody looked")
	require.Equal(t, unit(3).Arrival, at)

	first := d.child
	d.Show(false)
	requireNoPicture(t, d)
	<-first.done // without another unit
	require.NoError(t, d.WriteUnit(unit(4, sps, pps, idr)))
	require.Nil(t, d.child)

	d.Show(true)
	requireNoPicture(t, d)
	require.NoError(t, d.WriteUnit(unit(5, slice)))
	requireNoPicture(t, d)
	require.NoError(t, d.WriteUnit(unit(6, idr)))
	_, at = waitFrame(t, d, 2)
	require.Equal(t, unit(6).Arrival, at)
	require.NoError(t, d.Err())
}

func TestShowFreesAWrite(t *testing.T) {
	d := newFake(t, "hangs")
	big := append([]byte{0x65}, make([]byte, 4<<20)...) // more than any pipe takes
	blocked := make(chan error)
	go func() { blocked <- d.WriteUnit(unit(1, sps, pps, big)) }()
	require.Eventually(t, func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.child != nil
	}, 20*time.Second, time.Millisecond)
	d.Show(false)
	require.NoError(t, <-blocked, "nobody looking is no failure")
	require.NoError(t, d.Err())
	require.True(t, d.retry.IsZero())
	d.Close()
	d.Show(true)
	d.Show(false)
	require.ErrorIs(t, d.WriteUnit(unit(2, idr)), ErrClosed)
}
