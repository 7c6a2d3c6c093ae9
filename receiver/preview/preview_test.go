package preview

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

const (
	fakeEnv    = "PREVIEW_TEST_FFMPEG" // how this program behaves as the ffmpeg child, by TestMain
	fakeWidth  = 4
	fakeHeight = 2
)

func TestMain(m *testing.M) {
	if mode := os.Getenv(fakeEnv); mode != "" {
		os.Exit(fakeFFmpeg(mode))
	}
	os.Exit(m.Run())
}

// fakeFFmpeg gives one picture for each access unit delimiter that ends a unit. Its first pixels hold the unit's
// NAL unit types.
func fakeFFmpeg(mode string) int {
	switch mode {
	case "dies":
		fmt.Fprintln(os.Stderr, "some noise\nno such codec")
		return 1
	case "hangs":
		select {}
	}
	in := bufio.NewReader(os.Stdin)
	var unit []byte
	for count := 1; ; {
		b, err := in.ReadByte()
		if err != nil {
			return 0
		}
		unit = append(unit, b)
		if !bytes.HasSuffix(unit, delimiter) {
			continue
		}
		pix := make([]byte, fakeWidth*fakeHeight*4)
		for i, nal := range bytes.Split(unit, []byte{0, 0, 0, 1})[1:] {
			pix[i] = nal[0] & 0x1f
		}
		if _, err := os.Stdout.Write(pix); err != nil {
			return 0
		}
		unit = unit[:0]
		if count++; mode == "dies after 2" && count > 2 {
			fmt.Fprintln(os.Stderr, "out of luck")
			return 3
		}
	}
}

func newFake(t *testing.T, mode string) *Decoder {
	t.Helper()
	t.Setenv(fakeEnv, mode)
	d := New(Config{
		Width: fakeWidth, Height: fakeHeight, Command: os.Args[0],
		Log: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(d.Close)
	return d
}

var (
	sps   = []byte{0x67, 1, 2}
	pps   = []byte{0x68, 3}
	idr   = []byte{0x65, 9, 9}
	slice = []byte{0x41, 8, 8}
)

func unit(second int, nalus ...[]byte) media.AccessUnit {
	au := media.AccessUnit{NALUs: nalus, Arrival: time.Unix(int64(second), 0)}
	for _, n := range nalus {
		au.IDR = au.IDR || n[0]&0x1f == 5
	}
	return au
}

// waitFrame waits until picture number n is there and returns its first bytes, which name its NAL units.
func waitFrame(t *testing.T, d *Decoder, n uint64) (nalus []byte, arrival time.Time) {
	t.Helper()
	var pix []byte
	require.Eventually(t, func() bool {
		picture, number, at := d.Frame()
		if number < n {
			return false
		}
		pix, arrival = picture.Pix[:fakeWidth], at
		return true
	}, 20*time.Second, time.Millisecond)
	return bytes.TrimRight(pix, "\x00"), arrival
}

func TestStartsOnlyWhereDecodingCanBegin(t *testing.T) {
	d := newFake(t, "ok")
	require.NoError(t, d.WriteUnit(unit(1, slice)))
	require.NoError(t, d.WriteUnit(unit(2, idr)))
	require.NoError(t, d.WriteUnit(unit(3, sps, pps)))
	require.NoError(t, d.WriteUnit(unit(4, slice)))
	require.Nil(t, d.child)
	picture, number, at := d.Frame()
	require.Nil(t, picture)
	require.Zero(t, number)
	require.True(t, at.IsZero())

	require.NoError(t, d.WriteUnit(unit(5, idr)))
	got, at := waitFrame(t, d, 1)
	require.Equal(t, []byte{7, 8, 5, 9}, got, "the remembered parameter sets go first, a delimiter last")
	require.Equal(t, unit(5).Arrival, at)

	require.NoError(t, d.WriteUnit(unit(6, slice)))
	got, at = waitFrame(t, d, 2)
	require.Equal(t, []byte{1, 9}, got)
	require.Equal(t, unit(6).Arrival, at)
	require.NoError(t, d.Err())
}

func TestPictureIsLeftAloneWhileFourCome(t *testing.T) {
	d := newFake(t, "ok")
	require.NoError(t, d.WriteUnit(unit(1, sps, pps, idr)))
	waitFrame(t, d, 1)
	held, _, _ := d.Frame()
	before := bytes.Clone(held.Pix)
	for i := range 4 {
		require.NoError(t, d.WriteUnit(unit(2+i, slice)))
		waitFrame(t, d, uint64(2+i))
	}
	require.Equal(t, before, held.Pix)
}

func TestRestartsAfterDeath(t *testing.T) {
	d := newFake(t, "dies after 2")
	d.backOff = time.Millisecond
	require.NoError(t, d.WriteUnit(unit(1, sps, pps, idr)))
	waitFrame(t, d, 1)
	require.NoError(t, d.WriteUnit(unit(2, slice)))
	waitFrame(t, d, 2)

	// The child has ended, or is about to; a write notices sooner or later.
	var err error
	require.Eventually(t, func() bool {
		err = d.WriteUnit(unit(3, slice))
		return err != nil
	}, 20*time.Second, time.Millisecond)
	require.ErrorIs(t, err, ErrDecoder)
	require.ErrorContains(t, err, "out of luck")
	require.ErrorIs(t, d.Err(), ErrDecoder)

	require.Eventually(t, func() bool {
		require.NoError(t, d.WriteUnit(unit(4, idr)))
		return d.child != nil
	}, 20*time.Second, time.Millisecond)
	got, at := waitFrame(t, d, 3)
	require.Equal(t, []byte{7, 8, 5, 9}, got)
	require.Equal(t, unit(4).Arrival, at)
	require.NoError(t, d.Err())
}

func TestBacksOff(t *testing.T) {
	d := newFake(t, "dies")
	d.backOff = time.Hour
	var err error
	require.Eventually(t, func() bool {
		err = d.WriteUnit(unit(1, sps, pps, idr))
		return err != nil
	}, 20*time.Second, time.Millisecond)
	require.ErrorContains(t, err, "no such codec")
	require.NoError(t, d.WriteUnit(unit(2, sps, pps, idr)), "waits, which is no error of its own")
	require.Nil(t, d.child)
	require.ErrorIs(t, d.Err(), ErrDecoder, "until a picture comes")
}

func TestNoDecoder(t *testing.T) {
	d := New(Config{Command: "no-such-program-anywhere", Log: slog.New(slog.DiscardHandler)})
	defer d.Close()
	require.NoError(t, d.Err())
	err := d.WriteUnit(unit(1, sps, pps, idr))
	require.ErrorIs(t, err, ErrNoDecoder)
	require.ErrorIs(t, d.Err(), ErrNoDecoder)
	require.ErrorIs(t, d.Err(), exec.ErrNotFound)
}

func TestCloseFreesAHungChild(t *testing.T) {
	d := newFake(t, "hangs")
	big := append([]byte{0x65}, make([]byte, 4<<20)...) // more than any pipe takes
	blocked := make(chan error)
	go func() { blocked <- d.WriteUnit(unit(1, sps, pps, big)) }()
	require.Eventually(t, func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.child != nil
	}, 20*time.Second, time.Millisecond)
	d.Close()
	require.ErrorIs(t, <-blocked, ErrClosed)
	require.ErrorIs(t, d.WriteUnit(unit(2, idr)), ErrClosed)
	d.Close()
}

func TestParams(t *testing.T) {
	var p params
	require.False(t, p.complete())
	require.False(t, p.remember([][]byte{pps}))
	require.False(t, p.remember([][]byte{sps}))
	require.True(t, p.complete())
	require.Equal(t, "\x00\x00\x00\x01\x67\x01\x02\x00\x00\x00\x01\x68\x03", string(p.append(nil)))

	other := []byte{0x68, 4}
	require.False(t, p.remember([][]byte{other, {}, pps}))
	require.Equal(t, [][]byte{other, pps}, p.pps, "the latest last, none twice")
	require.True(t, p.remember([][]byte{sps, other}))
	require.Equal(t, [][]byte{other}, p.pps)
	for i := range 3 * maxParams {
		p.remember([][]byte{{0x68, byte(i), 1}})
	}
	require.Len(t, p.pps, maxParams)
}

func TestArrivals(t *testing.T) {
	var a arrivals
	now := time.Unix(100, 0)
	at := func(i int) time.Time { return time.Unix(int64(i), 0) }
	a.push(at(1), now)
	a.push(at(2), now)
	require.Equal(t, at(1), a.pop(now))
	a.push(at(3), now.Add(pause))
	require.Equal(t, at(2), a.pop(now.Add(pause)))

	a.push(at(4), now.Add(3*pause))
	require.Equal(t, at(4), a.pop(now), "3 was left over before the pause")
	require.True(t, a.pop(now).IsZero())

	for i := range maxArrivals + 1 {
		a.push(at(i), now)
	}
	require.Equal(t, at(maxArrivals), a.pop(now))
}

func TestTail(t *testing.T) {
	var s tail
	_, err := io.WriteString(&s, "one\ntwo\n")
	require.NoError(t, err)
	_, err = io.WriteString(&s, "\n")
	require.NoError(t, err)
	require.Equal(t, "two", s.String())
}
