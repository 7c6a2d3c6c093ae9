package source

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"
)

// TestCutOff cuts captures off at each place: what was whole before is read.
func TestCutOff(t *testing.T) {
	frames := [][]byte{frame4(t, []byte("one")), frame4(t, []byte("two")), frame4(t, []byte("three"))}
	for name, file := range map[string][]byte{"pcap": pcap(t, 1, frames...), "pcapng": pcapng(t, frames...)} {
		t.Run(name, func(t *testing.T) {
			last := 0
			for n := range len(file) {
				records, err := readAllBytes(t, file[:n])
				require.GreaterOrEqual(t, records, last)
				last = records
				if !errors.Is(err, ErrFormat) {
					require.True(t, errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF), "%d: %v", n, err)
				} else {
					require.Zero(t, records)
				}
			}
			require.Equal(t, 2, last)
		})
	}
}

func TestGarbage(t *testing.T) {
	for _, content := range []string{
		"", "\n", "GIF", "GIF89a, and so on and so on", "\x0A\x0D\x0D\x0A", "\x1F\x8Bnot gzip",
	} {
		_, err := readAll(t, []byte(content))
		require.ErrorIs(t, err, ErrFormat, "%q", content)
	}
	_, err := OpenFile(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = OpenFile(t.TempDir())
	require.NotErrorIs(t, err, ErrFormat, "a directory is the system's error")
	require.Error(t, err)

	// A frame that claims gigabytes, in both formats, after one that is all right.
	frames := [][]byte{frame4(t, []byte("one")), frame4(t, []byte("two"))}
	file := pcap(t, 1, frames...)
	second := 24 + 16 + len(frames[0])
	binary.LittleEndian.PutUint32(file[second+8:], 1<<31-1)
	binary.LittleEndian.PutUint32(file[second+12:], 1<<31-1)
	records, err := readAll(t, file)
	require.ErrorIs(t, err, ErrBroken)
	require.Len(t, records, 1)

	ng := pcapng(t, frames...)
	at := bytes.LastIndex(ng, frames[1]) - 8
	for _, claim := range []uint32{0xFFFFFFF0, maxFrame + 1} {
		binary.LittleEndian.PutUint32(ng[at:], claim)
		records, err = readAll(t, ng)
		require.ErrorIs(t, err, ErrBroken)
		require.Len(t, records, 1)
	}
	// A block that claims to be shorter than its header.
	binary.LittleEndian.PutUint32(ng[at-16:], 4)
	_, err = readAll(t, ng)
	require.ErrorIs(t, err, ErrBroken)
}

// TestPcapngResolution makes pcapgo divide by zero.
func TestPcapngResolution(t *testing.T) {
	file := pcapng(t, frame4(t, []byte("one")))
	at := bytes.Index(file, []byte{9, 0, 1, 0}) // option if_tsresol, one byte
	require.Positive(t, at)
	for _, resolution := range []byte{64, 0xC0} {
		file[at+4] = resolution
		_, err := readAll(t, file)
		require.ErrorIs(t, err, ErrFormat)
	}
}

func TestTestdata(t *testing.T) {
	for name, want := range map[string]int{"c-rtp.pcap": 900, "c-k3r1.pcap": 1200} {
		content, err := os.ReadFile("../../testdata/" + name)
		require.NoError(t, err)
		records, err := readAll(t, content)
		require.Equal(t, io.EOF, err)
		require.InDelta(t, want, len(records), 250, name)
	}
}

func TestWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.pcap")
	w, err := CreateFile(path)
	require.NoError(t, err)
	want := []Record{
		{captured, sender, target, []byte("one"), 3},
		{captured.Add(time.Millisecond), sender, target, []byte{}, 0},
		{captured.Add(time.Second), target, sender, bytes.Repeat([]byte("long"), 4000), 16000},
		{captured.Add(2 * time.Second), sender6, target6, []byte("six"), 3},
	}
	for _, r := range want {
		require.NoError(t, w.Write(r.Time, r.From, r.To, r.Payload))
	}
	require.NoError(t, w.Close())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	records, end := readAll(t, content)
	require.Equal(t, io.EOF, end)
	require.Equal(t, want, records)
	require.Contains(t, gopacket.NewPacket(content[40:40+45], layers.LayerTypeEthernet, gopacket.Default).String(), "UDP")

	_, err = CreateFile(filepath.Join(t.TempDir(), "no", "out.pcap"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func FuzzFile(f *testing.F) {
	frames := append(fragments(f, 1, make([]byte, 200), 104, 0), frame4(f, []byte("one")))
	f.Add(pcap(f, 1, frames...))
	f.Add(pcap(f, 276, make([]byte, 20), frames[0]))
	f.Add(pcap(f, 113, make([]byte, 16)))
	f.Add(pcap(f, 229, packet6(f, []byte("one"))))
	f.Add(pcapng(f, frames...))
	f.Fuzz(func(t *testing.T, content []byte) {
		if bytes.HasPrefix(content, []byte{0x1F, 0x8B}) {
			t.Skip() // gzip, of which a little can hold a lot
		}
		records, err := readAllBytes(t, content)
		require.Error(t, err)
		require.LessOrEqual(t, records, len(content)/16)
	})
}
