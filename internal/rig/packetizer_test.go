package rig

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
)

func newPacketizer(t *testing.T, multiple int) *Packetizer {
	t.Helper()
	p, err := NewPacketizer(PacketizerConfig{
		SSRC: 0x1234, PayloadType: 96, Sequence: 65_530, MaxSize: MaxPacketSize, Multiple: multiple,
	})
	require.NoError(t, err)
	return p
}

func nalu(kind byte, size int) []byte {
	n := bytes.Repeat([]byte{0xAA}, size)
	n[0] = 0x60 | kind
	return n
}

func TestPacketCounts(t *testing.T) {
	tests := []struct {
		name       string
		unit       [][]byte
		few, fives int // packets as few as possible, and in multiples of five
	}{
		{"one byte", [][]byte{nalu(naluSlice, 1)}, 1, 1},
		{"small", [][]byte{nalu(naluSlice, 100)}, 1, 5},
		{"just one packet", [][]byte{nalu(naluSlice, 1187)}, 1, 5},
		{"two packets", [][]byte{nalu(naluSlice, 1188)}, 2, 5},
		{"five full packets", [][]byte{nalu(naluSlice, 1+5*1186)}, 5, 5},
		{"one byte more", [][]byte{nalu(naluSlice, 2+5*1186)}, 6, 10},
		{"keyframe", [][]byte{nalu(naluSPS, 30), nalu(naluPPS, 6), nalu(naluIDR, 14_000)}, 13, 15},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for multiple, want := range map[int]int{1: test.few, 5: test.fives} {
				packets, err := newPacketizer(t, multiple).Packetize(test.unit, 1)
				require.NoError(t, err)
				require.Len(t, packets, want)
			}
		})
	}
}

// Whatever the unit, the packets are small enough, in sequence, and give the unit back.
func TestPacketizeAnyUnit(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	p := newPacketizer(t, 5)
	sequence := uint16(65_530)
	for range 2000 {
		unit := make([][]byte, 1+random.IntN(4))
		for i := range unit {
			unit[i] = nalu(naluSlice, 1+random.IntN(1<<(1+random.IntN(14))))
		}
		packets, err := p.Packetize(unit, 0xFFFFFFF0)
		require.NoError(t, err)
		decoder := rtph264.Decoder{PacketizationMode: 1}
		require.NoError(t, decoder.Init())
		for i, raw := range packets {
			require.LessOrEqual(t, len(raw), MaxPacketSize)
			var packet rtp.Packet
			require.NoError(t, packet.Unmarshal(raw))
			require.Equal(t, sequence, packet.SequenceNumber)
			sequence++
			require.Equal(t, uint32(0xFFFFFFF0), packet.Timestamp)
			require.Equal(t, uint32(0x1234), packet.SSRC)
			require.Equal(t, uint8(96), packet.PayloadType)
			require.Equal(t, i == len(packets)-1, packet.Marker)
			got, err := decoder.Decode(&packet)
			if i < len(packets)-1 {
				require.ErrorIs(t, err, rtph264.ErrMorePacketsNeeded)
				continue
			}
			require.NoError(t, err)
			require.Equal(t, unit, got)
		}
	}
}

func TestPacketizerRefuses(t *testing.T) {
	for _, config := range []PacketizerConfig{{MaxSize: 1200}, {Multiple: 1}, {MaxSize: 99, Multiple: 1}} {
		_, err := NewPacketizer(config)
		require.Error(t, err)
	}
}
