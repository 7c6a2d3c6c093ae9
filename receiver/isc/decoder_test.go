package isc

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireRecovered compares what is in dst with the sources of whole, for the mask missing.
func requireRecovered(t testing.TB, whole *Segment, missing uint16, dst *[MaxSources][]byte) {
	t.Helper()
	for left := missing; left != 0; left &= left - 1 {
		i := bits.TrailingZeros16(left)
		require.Equal(t, whole.Sources[i], dst[i][:whole.Lengths[i]])
	}
}

// requireUntouched checks that nothing of a failed solve is in dst.
func requireUntouched(t testing.TB, dst *[MaxSources][]byte) {
	t.Helper()
	for _, p := range dst {
		require.Empty(t, trimZeros(p))
	}
}

// TestRecoverRandom loses packets of random segments: any k, r, lengths and losses that parity can cover.
func TestRecoverRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	var d Decoder
	all := determinants()
	early, solved := 0, 0
	for range 2000 {
		k := 1 + rnd.IntN(MaxSources)
		r := 1 + rnd.IntN(MaxParity)
		whole, _ := randomSegment(rnd, k, r)
		missing := chooseBits(rnd, k, 1+rnd.IntN(min(k, r)))
		m := bits.OnesCount16(missing)
		rows := chooseBits(rnd, r, m+rnd.IntN(r-m+1))
		seg, dst := lose(whole, missing, rows)
		used, err := d.Recover(&seg, Identity{}, &dst)
		if err != nil {
			require.Equal(t, ErrNotYet, err)
			require.Zero(t, used)
			require.Zero(t, all[[2]uint16{rows, missing}], "only a singular minor, alone, is not enough")
			early++
			continue
		}
		require.Equal(t, m, bits.OnesCount16(used))
		require.Zero(t, used&^rows)
		requireRecovered(t, whole, missing, &dst)
		solved++
	}
	t.Logf("%d solved, %d singular", solved, early)
}

// TestRecoverEveryMinor solves with each minor there is; the singular ones must wait and then go with one more row.
func TestRecoverEveryMinor(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	whole, _ := randomSegment(rnd, MaxSources, MaxParity)
	var d Decoder
	singular := 0
	for key, det := range determinants() {
		rows, missing := key[0], key[1]
		seg, dst := lose(whole, missing, rows)
		used, err := d.Recover(&seg, Identity{}, &dst)
		if det != 0 {
			require.NoError(t, err)
			require.Equal(t, rows, used)
			requireRecovered(t, whole, missing, &dst)
			continue
		}
		singular++
		require.Equal(t, ErrNotYet, err)
		done := false
		for j := range MaxParity {
			if rows>>j&1 == 1 {
				continue
			}
			seg, dst := lose(whole, missing, rows|1<<j)
			if used, err = d.Recover(&seg, Identity{}, &dst); err == nil {
				require.Equal(t, bits.OnesCount16(missing), bits.OnesCount16(used))
				requireRecovered(t, whole, missing, &dst)
				done = true
			}
		}
		require.True(t, done)
	}
	require.Equal(t, 69, singular)
}

func TestRecoverMistakes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	whole, _ := randomSegment(rnd, 4, 2)
	for _, c := range []struct {
		name   string
		change func(seg *Segment, dst *[MaxSources][]byte)
		want   error
	}{
		{"nothing", func(*Segment, *[MaxSources][]byte) {}, nil},
		{"no source", func(s *Segment, _ *[MaxSources][]byte) { s.Lengths = [MaxSources]uint16{} }, ErrSources},
		{"too long", func(s *Segment, _ *[MaxSources][]byte) { s.Lengths[0] = MaxLength + 1 }, ErrLength},
		{"length differs", func(s *Segment, _ *[MaxSources][]byte) { s.Sources[0] = s.Sources[0][1:] }, ErrPayload},
		{"no destination", func(_ *Segment, d *[MaxSources][]byte) { d[1] = nil }, ErrBuffer},
		{"destination too small", func(_ *Segment, d *[MaxSources][]byte) { d[2] = d[2][1:] }, ErrBuffer},
		{"one row", func(s *Segment, _ *[MaxSources][]byte) { s.Parity[0] = nil }, ErrNotYet},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d Decoder
			seg, dst := lose(whole, 0b0110, 0b11)
			c.change(&seg, &dst)
			used, err := d.Recover(&seg, Identity{}, &dst)
			require.Equal(t, c.want, err)
			if err != nil {
				require.Zero(t, used)
			}
		})
	}
	var d Decoder
	used, err := d.Recover(whole, Identity{}, &[MaxSources][]byte{})
	require.NoError(t, err, "nothing is missing")
	require.Zero(t, used)
}

// TestRecoverNotRTP builds segments whose solves are exact but whose packets are not those of one RTP stream.
func TestRecoverNotRTP(t *testing.T) {
	stream := Identity{SSRC: 0x12345678, PayloadType: 96, Known: true}
	other := Identity{SSRC: 0x12345679, PayloadType: 96, Known: true}
	otherType := Identity{SSRC: 0x12345678, PayloadType: 97, Known: true}
	for _, c := range []struct {
		name    string
		change  func(packets [][]byte)
		missing uint16
		id      Identity
		want    error
	}{
		{"as it should be", func([][]byte) {}, 0b010, Identity{}, nil},
		{"a gap", func(p [][]byte) { setRTP(p[2], 4, stream) }, 0b100, Identity{}, nil},
		{"version", func(p [][]byte) { p[1][0] = 0x00 }, 0b010, Identity{}, ErrInconsistent},
		{"SSRC", func(p [][]byte) { setRTP(p[1], 0, other) }, 0b010, Identity{}, ErrInconsistent},
		{"payload type", func(p [][]byte) { setRTP(p[1], 0, otherType) }, 0b010, Identity{}, ErrInconsistent},
		{"same number", func(p [][]byte) { setRTP(p[1], 65535, stream) }, 0b010, Identity{}, ErrInconsistent},
		{"number of the next", func(p [][]byte) { setRTP(p[1], 1, stream) }, 0b010, Identity{}, ErrInconsistent},
		{"number back", func(p [][]byte) { setRTP(p[2], 65534, stream) }, 0b100, Identity{}, ErrInconsistent},
		{"first is not the segment's", func(p [][]byte) { setRTP(p[0], 65534, stream) }, 0b001, Identity{}, ErrInconsistent},
		{"all missing, stream unknown", func([][]byte) {}, 0b111, Identity{}, nil},
		{"all missing, stream known", func([][]byte) {}, 0b111, stream, nil},
		{"all missing, another stream", func([][]byte) {}, 0b111, other, ErrInconsistent},
		{"all missing, another type", func([][]byte) {}, 0b111, otherType, ErrInconsistent},
		{"all missing, two streams", func(p [][]byte) { setRTP(p[1], 0, other) }, 0b111, Identity{}, ErrInconsistent},
		{"the sources decide, not the channel", func([][]byte) {}, 0b010, other, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			packets := randomSources(rand.New(rand.NewPCG(1, 1)), 3, 100, 65535)
			c.change(packets)
			seg := Segment{Number: 65535, Lengths: [MaxSources]uint16{100, 100, 100}}
			copy(seg.Sources[:], packets)
			for j := range 3 {
				seg.Parity[j] = oracleParity(packets, j)
			}
			left, dst := lose(&seg, c.missing, 0b111)
			var d Decoder
			used, err := d.Recover(&left, c.id, &dst)
			require.Equal(t, c.want, err)
			require.Equal(t, bits.OnesCount16(c.missing), bits.OnesCount16(used))
			if err == nil {
				requireRecovered(t, &seg, c.missing, &dst)
				return
			}
			requireUntouched(t, &dst)
		})
	}
}

// TestTamper changes single bits, or many, in packets that take part, and holds the verdict against the oracle's: a
// solve passes if and only if a whole solution that fits exists. What then passes is a wrong packet that nothing in the
// format can tell from a right one, so the figure is logged, not judged.
func TestTamper(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	var d Decoder
	var tried, passed [4]int
	for range 1500 {
		m := 1 + rnd.IntN(3)
		k := m + rnd.IntN(MaxSources-m+1)
		whole, _ := randomSegment(rnd, k, m)
		missing := chooseBits(rnd, k, m)
		seg, dst := lose(whole, missing, 1<<m-1)
		row := rnd.IntN(m)
		changed := append([]byte(nil), seg.Parity[row]...)
		seg.Parity[row] = changed
		if i := rnd.IntN(k); seg.Sources[i] != nil {
			changed = append([]byte(nil), seg.Sources[i]...)
			seg.Sources[i] = changed
		}
		for range 1 + rnd.IntN(2)*rnd.IntN(20) {
			changed[rnd.IntN(len(changed))] ^= 1 << rnd.IntN(8)
		}
		used, err := d.Recover(&seg, Identity{}, &dst)
		if errors.Is(err, ErrNotYet) {
			continue
		}
		tried[m]++
		want := oracleSolve(&seg, 1<<m-1)
		if err != nil {
			require.Equal(t, ErrInconsistent, err)
			require.Equal(t, uint16(1<<m-1), used)
			requireUntouched(t, &dst)
			for i, p := range want {
				seg.Sources[i] = p
			}
			require.True(t, want == nil || !d.fits(&seg, Identity{}), "an exact solve that fits is refused")
			continue
		}
		for i, p := range want {
			require.Equal(t, p, dst[i])
		}
		require.Len(t, want, m)
		passed[m]++
	}
	t.Logf("changes that give another whole solution, by packets missing: %v of %v", passed[1:], tried[1:])
}

func TestRecoverAllocs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(13, 14))
	for m := range MaxSources + 1 {
		whole, _ := randomSegment(rnd, MaxSources, MaxParity)
		seg, dst := lose(whole, 1<<m-1, 1<<m-1)
		var d Decoder
		require.Zero(t, testing.AllocsPerRun(20, func() {
			if _, err := d.Recover(&seg, Identity{}, &dst); err != nil {
				t.Fatal(err)
			}
		}))
	}
}

// FuzzRecover gives the decoder segments that no checks have seen. It must not panic, and write nothing but solutions,
// within their lengths.
func FuzzRecover(f *testing.F) {
	rnd := rand.New(rand.NewPCG(15, 16))
	seed := func(whole *Segment, k, r int) {
		missing, rows := chooseBits(rnd, k, min(k, r)), uint16(1)<<r-1
		var lengths, body []byte
		for i, p := range whole.Sources[:k] {
			lengths = binary.BigEndian.AppendUint16(lengths, whole.Lengths[i])
			if missing>>i&1 == 0 {
				body = append(body, p...)
			}
		}
		for _, p := range whole.Parity[:r] {
			padded := make([]byte, longest(&whole.Lengths)+2)
			minimal := trimZeros(p)
			copy(padded[len(padded)-len(minimal):], minimal)
			body = append(body, padded...)
		}
		f.Add(whole.Number, lengths, missing, rows, body)
	}
	for range 20 {
		k, r := 1+rnd.IntN(MaxSources), 1+rnd.IntN(MaxParity)
		whole, _ := randomSegment(rnd, k, r)
		seed(whole, k, r)
	}
	for i, name := range vectors {
		k, r := 3+3*i, 1+i
		seed(gather(f, readCapture(f, filepath.Join(vectorDir, name))[:k+r]), k, r)
	}
	f.Fuzz(func(t *testing.T, number uint16, lengths []byte, missing, rows uint16, body []byte) {
		seg := Segment{Number: number}
		longest := 0
		for i := range min(len(lengths)/2, MaxSources) {
			n := int(lengths[2*i])<<8 | int(lengths[2*i+1])
			seg.Lengths[i] = uint16(n)
			longest = max(longest, n)
			if missing>>i&1 == 0 {
				n = min(n, len(body))
				seg.Sources[i], body = body[:n:n], body[n:]
			}
		}
		for j := range seg.Parity {
			if rows>>j&1 == 1 {
				n := min(longest+2, len(body))
				seg.Parity[j], body = body[:n:n], body[n:]
			}
		}
		const guard = 16
		var dst, whole [MaxSources][]byte
		for i, n := range seg.Lengths {
			whole[i] = make([]byte, int(n)+guard)
			dst[i] = whole[i][:0:n]
		}
		var d Decoder
		used, err := d.Recover(&seg, Identity{}, &dst)
		for i, n := range seg.Lengths {
			require.Equal(t, make([]byte, guard), whole[i][n:])
			if err != nil || seg.Sources[i] != nil {
				require.Equal(t, make([]byte, n), whole[i][:n])
			}
		}
		if err != nil || used == 0 {
			return
		}
		k := sources(&seg.Lengths)
		for i := range k {
			if seg.Sources[i] == nil {
				seg.Sources[i] = whole[i][:seg.Lengths[i]]
			}
		}
		for left := used; left != 0; left &= left - 1 {
			j := bits.TrailingZeros16(left)
			require.Equal(t, oracleParity(seg.Sources[:k], j), trimZeros(seg.Parity[j]))
		}
	})
}
