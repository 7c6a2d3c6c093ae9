package depacket

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

// NAL units with a slice header that says whether the slice is the first of its picture.
var (
	aud    = []byte{9, 0xF0}
	sps    = []byte{0x67, 1, 2}
	pps    = []byte{0x68, 3}
	sei    = []byte{6, 5, 1}
	idr    = []byte{0x65, 0x88, 10, 11, 12, 13, 14, 15}
	idr2   = []byte{0x65, 0x20, 20, 21}
	slice  = []byte{0x41, 0x9A, 30, 31, 32, 33}
	slice2 = []byte{0x41, 0x20, 40, 41}
	slice3 = []byte{0x41, 0x10, 50, 51, 52}
)

// stapA aggregates NAL units.
func stapA(nalus ...[]byte) []byte {
	b := []byte{typeSTAPA}
	for _, n := range nalus {
		b = append(append(b, byte(len(n)>>8), byte(len(n))), n...)
	}
	return b
}

// fuA cuts a NAL unit into that many fragments.
func fuA(nalu []byte, parts int) [][]byte {
	var fragments [][]byte
	rest := nalu[1:]
	for i := range parts {
		header := nalu[0] & typeMask
		if i == 0 {
			header |= fuStart
		}
		if i == parts-1 {
			header |= fuEnd
		}
		n := (len(rest) + parts - i - 1) / (parts - i)
		fragments = append(fragments, append([]byte{nalu[0]&headerBits | typeFUA, header}, rest[:n]...))
		rest = rest[n:]
	}
	return fragments
}

// packets makes the packets of one unit, the last one with the marker.
func packets(at int64, payloads ...[]byte) []Packet {
	made := make([]Packet, len(payloads))
	for i, b := range payloads {
		made[i] = Packet{Payload: b, Time: at, Run: 1, Marker: i == len(payloads)-1, Arrival: time.Unix(at, int64(i))}
	}
	return made
}

// push sends packets through d, with a hole wherever one of them is missing (nil payload, not an empty one).
func push(d *Depacketizer, all []Packet) (units []media.AccessUnit) {
	hole := false
	for _, p := range all {
		if p.Payload == nil {
			hole = true
			continue
		}
		p.Hole = p.Hole || hole
		hole = false
		units = d.Push(units, p)
	}
	return units
}

// lose returns packets with some of them missing.
func lose(all []Packet, lost ...int) []Packet {
	left := slices.Clone(all)
	for _, i := range lost {
		left[i].Payload = nil
	}
	return left
}

func nalusOf(units []media.AccessUnit) [][][]byte {
	var all [][][]byte
	for _, u := range units {
		all = append(all, u.NALUs)
	}
	return all
}

func TestForms(t *testing.T) {
	big := append([]byte{0x65, 0x80}, make([]byte, 500)...)
	for name, c := range map[string]struct {
		payloads [][]byte
		want     [][]byte // nil: no unit
	}{
		"single":                    {[][]byte{slice}, [][]byte{slice}},
		"several":                   {[][]byte{slice, slice2, slice3}, [][]byte{slice, slice2, slice3}},
		"STAP-A":                    {[][]byte{stapA(sps, pps), idr}, [][]byte{sps, pps, idr}},
		"STAP-A of one":             {[][]byte{stapA(slice)}, [][]byte{slice}},
		"STAP-A with an empty unit": {[][]byte{stapA(sps, nil, pps), idr}, [][]byte{sps, pps, idr}},
		"STAP-A padded":             {[][]byte{append(stapA(sps, pps), 0, 0, 0), idr}, [][]byte{sps, pps, idr}},
		"FU-A":                      {append([][]byte{sps}, fuA(big, 7)...), [][]byte{sps, big}},
		"FU-A of two":               {fuA(idr, 2), [][]byte{idr}},
		"FU-A of one":               {fuA(idr, 1), [][]byte{idr}},
		"FU-A without a byte":       {[][]byte{{0x7C, 0x85}, {0x7C, 0x45}}, [][]byte{{0x65}}},
		"two FU-A":                  {append(fuA(idr, 2), fuA(idr2, 3)...), [][]byte{idr, idr2}},
		"empty in the middle":       {[][]byte{slice, {}, slice2}, [][]byte{slice, slice2}},
		"empty within a fragment":   {slices.Insert(fuA(idr, 2), 1, []byte{}), [][]byte{idr}},
		"empty with the marker":     {[][]byte{slice, {}}, [][]byte{slice}},

		"type 0":                          {[][]byte{{0, 1, 2}}, nil},
		"STAP-B":                          {[][]byte{{25, 0, 0, 0, 1, 1}}, nil},
		"MTAP":                            {[][]byte{{26, 0, 0, 0, 1, 1}}, nil},
		"FU-B":                            {[][]byte{{29, 0x81, 0, 0, 1}}, nil},
		"type 31":                         {[][]byte{slice, {31, 1}}, nil},
		"STAP-A of nothing":               {[][]byte{{typeSTAPA}}, nil},
		"STAP-A of empty units":           {[][]byte{{typeSTAPA, 0, 0, 0, 0}}, nil},
		"STAP-A cut off in a size":        {[][]byte{append(stapA(sps), 1)}, nil},
		"STAP-A longer than the packet":   {[][]byte{{typeSTAPA, 0, 9, 1, 2}}, nil},
		"STAP-A in a STAP-A":              {[][]byte{stapA(stapA(sps))}, nil},
		"STAP-A within a fragment":        {[][]byte{fuA(idr, 2)[0], stapA(sps), fuA(idr, 2)[1]}, nil},
		"FU-A without a header":           {[][]byte{{typeFUA}}, nil},
		"FU-A of a FU-A":                  {[][]byte{{0x7C, 0x80 | typeFUA, 1}, {0x7C, 0x40 | typeFUA, 1}}, nil},
		"FU-A without start":              {fuA(idr, 3)[1:], nil},
		"FU-A without end":                {fuA(idr, 3)[:2], nil},
		"FU-A that starts twice":          {[][]byte{fuA(idr, 2)[0], fuA(idr, 2)[0], fuA(idr, 2)[1]}, nil},
		"single NAL unit within fragment": {[][]byte{fuA(idr, 2)[0], slice, fuA(idr, 2)[1]}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var d Depacketizer
			all := packets(100, c.payloads...)
			units := push(&d, all)
			if c.want == nil {
				require.Empty(t, units)
				require.EqualValues(t, len(all), d.Dropped)
				require.True(t, d.Damaged())
			} else {
				require.Equal(t, [][][]byte{c.want}, nalusOf(units))
				require.Zero(t, d.Dropped)
				require.EqualValues(t, 100, units[0].Time)
				require.Equal(t, all[0].Arrival, units[0].Arrival)
				require.False(t, units[0].Hole)
			}
			// Whatever that was, the next unit is whole.
			units = push(&d, packets(200, slice))
			require.Equal(t, [][][]byte{{slice}}, nalusOf(units))
			require.Equal(t, c.want == nil, units[0].Hole)
		})
	}
}

// unitsForHoles is a stream of four units, two of them of several slices and fragments.
func unitsForHoles() (all []Packet, of []int, whole [][][]byte) {
	for n, payloads := range [][][]byte{
		append([][]byte{stapA(sps, pps)}, append(fuA(idr, 3), idr2)...),
		{slice},
		slices.Concat(fuA(slice, 3), [][]byte{slice2}, fuA(slice3, 2)),
		{slice},
		{stapA(slice, slice2)},
		{slice},
	} {
		p := packets(int64(1000+n), payloads...)
		all = append(all, p...)
		for range p {
			of = append(of, n)
		}
	}
	var d Depacketizer
	return all, of, nalusOf(push(&d, all))
}

// TestHole loses each packet in turn, and each run of two to four.
func TestHole(t *testing.T) {
	all, of, whole := unitsForHoles()
	require.Len(t, whole, 6)
	for first := range all {
		for last := first; last < min(first+4, len(all)); last++ {
			var lost []int
			for i := first; i <= last; i++ {
				lost = append(lost, i)
			}
			want := slices.Clone(whole)
			for n := of[last]; n >= of[first]; n-- {
				want = slices.Delete(want, n, n+1)
			}
			var d Depacketizer
			push(&d, slices.Concat(packets(1, sps, idr), packets(2, slice))) // what units begin with is known
			got := push(&d, lose(all, lost...))
			require.Equal(t, want, nalusOf(got), "lost %v", lost)
			holes := 0
			for _, u := range got {
				if u.Hole {
					holes++
					require.EqualValues(t, 1000+of[last]+1, u.Time, "lost %v", lost)
				}
				require.Equal(t, u.Damaged, u.Time > int64(1000+of[last]), "lost %v", lost)
			}
			if of[last] < of[len(of)-1] {
				require.Equal(t, 1, holes, "lost %v", lost)
			}
		}
	}
}

func TestBeginning(t *testing.T) {
	for name, c := range map[string]struct {
		before []Packet // without loss
		after  [][]byte // directly after a hole
		out    bool
	}{
		"delimiter":                      {nil, [][]byte{aud, slice}, true},
		"SPS":                            {nil, [][]byte{sps, pps, idr}, true},
		"SPS in a STAP-A":                {nil, [][]byte{stapA(sps, pps), idr}, true},
		"delimiter in a STAP-A":          {nil, [][]byte{stapA(aud, slice)}, true},
		"slice, nothing known":           {nil, [][]byte{slice}, false},
		"slice, units begin with slices": {packets(1, slice), [][]byte{slice}, true},
		"fragment of such a slice":       {packets(1, slice), fuA(slice, 2), true},
		"slice, units begin with AUD":    {packets(1, aud, slice), [][]byte{slice}, false},
		"second slice of a picture":      {packets(1, slice), [][]byte{slice2}, false},
		"fragment in the middle":         {packets(1, slice), fuA(slice, 3)[1:], false},
		"IDR without parameter sets":     {packets(1, slice), [][]byte{idr}, false},
		"IDR, units begin with IDR":      {packets(1, idr), [][]byte{idr}, true},
		"PPS":                            {packets(1, slice), [][]byte{pps, slice}, false},
		"SEI":                            {packets(1, sei, slice), [][]byte{sei, slice}, false},
		"one byte":                       {packets(1, slice), [][]byte{{0x41}}, false},
		"FU-A cut short":                 {packets(1, slice), [][]byte{{0x5C, 0x81}}, false},
		"STAP-A cut short":               {packets(1, slice), [][]byte{{typeSTAPA, 0, 1}}, false},
		"empty":                          {packets(1, slice), [][]byte{{}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var d Depacketizer
			require.Len(t, push(&d, c.before), min(len(c.before), 1))
			after := packets(2, c.after...)
			after[0].Hole = true
			units := push(&d, after)
			if c.out {
				require.Len(t, units, 1)
				require.True(t, units[0].Hole)
				require.Equal(t, !units[0].IDR, units[0].Damaged)
			} else {
				require.Empty(t, units)
			}
			next := push(&d, packets(3, aud, slice))
			require.Len(t, next, 1)
			require.Equal(t, !c.out, next[0].Hole)
		})
	}
}

func TestLostMarker(t *testing.T) {
	all := slices.Concat(packets(1, sps, idr), packets(2, slice, slice2), packets(3, slice))
	for i := range all {
		all[i].Marker = false // some cameras never set it
	}
	var d Depacketizer
	require.Equal(t, [][][]byte{{sps, idr}, {slice, slice2}}, nalusOf(push(&d, all)))

	// A unit that ends by its time and one that ends by its marker, both with one packet.
	all[len(all)-1].Marker = true
	d = Depacketizer{}
	units := push(&d, all[:4])
	require.Len(t, units, 1)
	require.Len(t, d.Push(nil, all[4]), 2)
	require.Zero(t, d.Dropped)
}

func TestRunChange(t *testing.T) {
	second := packets(1, sps, idr) // the same RTP time by chance
	for i := range second {
		second[i].Run = 2
	}
	second[0].Hole = true
	var d Depacketizer
	units := push(&d, slices.Concat(packets(1, sps, idr, idr2)[:2], second))
	require.Equal(t, [][][]byte{{sps, idr}}, nalusOf(units))
	require.Equal(t, 2, units[0].Run)
	require.EqualValues(t, 2, d.Dropped)

	// What units of the other run began with says nothing about this one.
	d = Depacketizer{}
	require.Len(t, push(&d, packets(1, idr)), 1)
	bare := packets(2, idr)
	bare[0].Run, bare[0].Hole = 2, true
	require.Empty(t, push(&d, bare))
}

func TestEmptyPackets(t *testing.T) {
	empty := func(at int64, marker bool) Packet {
		return Packet{Payload: []byte{}, Time: at, Run: 1, Marker: marker}
	}
	all := slices.Concat(
		[]Packet{empty(0, true)}, packets(1, sps, idr),
		[]Packet{empty(1, false), empty(1, true)}, packets(2, slice),
		[]Packet{empty(3, false)}, packets(4, slice), []Packet{empty(4, true)}, packets(5, slice),
	)
	d := Depacketizer{Freeze: true}
	require.Equal(t, [][][]byte{{sps, idr}, {slice}, {slice}, {slice}}, nalusOf(push(&d, all)))
	require.False(t, d.Damaged())
	require.Zero(t, d.Dropped)
}

func TestAfterLoss(t *testing.T) {
	all := slices.Concat(
		packets(1, sps, idr), packets(2, slice), packets(3, slice, slice2), packets(4, slice),
		packets(5, slice), packets(6, sps, idr), packets(7, slice),
	)
	lossy := lose(all, 4) // the second slice of unit 3
	var times []int64
	d := Depacketizer{}
	for _, u := range push(&d, lossy) {
		times = append(times, u.Time)
		require.Equal(t, u.Time == 4 || u.Time == 5, u.Damaged, u.Time)
		require.Equal(t, u.Time == 4, u.Hole, u.Time)
		require.Equal(t, u.Time == 1 || u.Time == 6, u.IDR, u.Time)
	}
	require.Equal(t, []int64{1, 2, 4, 5, 6, 7}, times)

	times = nil
	d = Depacketizer{Freeze: true}
	for _, u := range push(&d, lossy) {
		times = append(times, u.Time)
		require.False(t, u.Damaged, u.Time)
		require.Equal(t, u.Time == 6, u.Hole, u.Time)
	}
	require.Equal(t, []int64{1, 2, 6, 7}, times)
	require.EqualValues(t, 1, d.Dropped)
}

func TestCeilings(t *testing.T) {
	payload := append([]byte{0x41, 0x80}, make([]byte, 1<<16)...)
	var d Depacketizer
	for range maxUnitBytes / len(payload) {
		require.Empty(t, d.Push(nil, Packet{Payload: payload, Time: 1}))
	}
	require.Zero(t, d.Dropped)
	require.Empty(t, d.Push(nil, Packet{Payload: payload, Time: 1}))
	require.EqualValues(t, maxUnitBytes/len(payload)+1, d.Dropped)
	require.Empty(t, d.Push(nil, Packet{Payload: payload, Time: 1, Marker: true}))
	require.Len(t, push(&d, packets(2, slice)), 1)

	many := make([][]byte, maxUnitNALUs)
	for i := range many {
		many[i] = []byte{1}
	}
	d = Depacketizer{}
	require.Len(t, push(&d, packets(1, many...)), 1)
	require.Len(t, push(&d, packets(2, stapA(many...))), 1)
	require.Empty(t, push(&d, packets(3, append(many, slice)...)))
	require.Empty(t, push(&d, packets(4, stapA(append(many, slice)...))))
	require.Empty(t, push(&d, packets(5, append(many, fuA(slice, 2)...)...)))
	require.Len(t, push(&d, packets(6, slice)), 1)
}

// TestOwnBytes checks that units keep no memory of packets or of each other.
func TestOwnBytes(t *testing.T) {
	buffer := slices.Clone(slice)
	var d Depacketizer
	first := d.Push(nil, Packet{Payload: buffer, Time: 1, Marker: true})
	clear(buffer)
	second := d.Push(nil, Packet{Payload: slice2, Time: 2, Marker: true})
	require.Equal(t, slice, first[0].NALUs[0])
	require.Equal(t, slice2, second[0].NALUs[0])
	_ = append(first[0].NALUs[0], 1) // its capacity ends with it
	require.Equal(t, [][]byte{slice}, first[0].NALUs)
}

func TestAllocations(t *testing.T) {
	var d Depacketizer
	payload := append([]byte{0x41, 0x9A}, make([]byte, 1000)...)
	var at int64
	var units []media.AccessUnit
	unit := func() {
		at++
		units = units[:0]
		for i := range 20 {
			units = d.Push(units, Packet{Payload: payload, Time: at, Marker: i == 19})
		}
		require.Len(t, units, 1)
	}
	unit()
	d.size = 20 * len(payload)
	// A unit's bytes and the list of its NAL units: two allocations for twenty packets.
	require.LessOrEqual(t, testing.AllocsPerRun(100, unit), 3.0)
	at++
	d.Push(nil, Packet{Payload: payload, Time: at})
	require.Zero(t, testing.AllocsPerRun(10, func() { units = d.Push(units[:0], Packet{Payload: payload, Time: at}) }))
}
