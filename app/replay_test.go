package app

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/receiver/source"
)

const testdata = "../testdata/"

// payloads reads the UDP payloads of a capture.
func payloads(t testing.TB, path string) (all [][]byte, records []source.Record) {
	t.Helper()
	f, err := source.OpenFile(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	for {
		r, err := f.Next()
		if errors.Is(err, io.EOF) {
			require.NotEmpty(t, all)
			return all, records
		}
		require.NoError(t, err)
		r.Payload = bytes.Clone(r.Payload)
		all, records = append(all, r.Payload), append(records, r)
	}
}

// replayFile replays a capture with all its outputs.
func replayFile(t testing.TB, capture string) (channel status.Channel, rtp, feedback string) {
	t.Helper()
	dir := t.TempDir()
	rtp, feedback = filepath.Join(dir, "rtp.pcap"), filepath.Join(dir, "feedback")
	channel, err := Replay{Capture: capture, RTPOut: rtp, FeedbackOut: feedback}.Run(t.Context(), Default())
	require.NoError(t, err)
	return channel, rtp, feedback
}

// checkVector replays a coded capture and compares with the RTP packets that were coded.
func checkVector(t *testing.T, coded, rtp string, k int) {
	t.Helper()
	want, _ := payloads(t, rtp)
	want = want[:len(want)/k*k]
	channel, out, _ := replayFile(t, coded)
	got, records := payloads(t, out)
	require.Equal(t, want, got)
	for i, r := range records {
		require.Equal(t, netip.MustParseAddrPort("127.0.0.1:4567"), r.To)
		require.False(t, i > 0 && r.Time.Before(records[i-1].Time), "in order of release")
	}
	require.Equal(t, status.Packets{Delivered: uint64(len(want))}, channel.Packets)
	require.Equal(t, status.ChannelLive, channel.State)
	require.Equal(t, status.VerdictOK, channel.Verdict.Code)
}

func TestReplayVectors(t *testing.T) {
	checkVector(t, testdata+"c-k3r1.pcap", testdata+"c-rtp.pcap", 3)
	checkVector(t, testdata+"c-k6r2.pcap", testdata+"c-rtp.pcap", 6)
	checkVector(t, testdata+"b-k3r1-head.pcap", testdata+"b-rtp-head.pcap", 3) // in IP fragments
}

// TestReplayAllVectors needs the large vectors, in the folder that ISC_VECTORS names.
func TestReplayAllVectors(t *testing.T) {
	dir := os.Getenv("ISC_VECTORS")
	if dir == "" {
		t.Skip("ISC_VECTORS names no folder")
	}
	for name, k := range map[string]int{"a-k3r1": 3, "a-k2r2": 2, "a-k8r3": 8, "b-k3r1": 3, "c-k3r1": 3, "c-k6r2": 6} {
		t.Run(name, func(t *testing.T) {
			checkVector(t, filepath.Join(dir, name+".pcap"), filepath.Join(dir, name[:1]+"-rtp.pcap"), k)
		})
	}
	_, _, feedback := replayFile(t, filepath.Join(dir, "a-k3r1.pcap"))
	require.Equal(t, readText(t, testdata+"a-k3r1.feedback"), readText(t, feedback))
}

func readText(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// TestReplayFeedback replays the first seconds of a capture, which the first lines of its feedback are about.
func TestReplayFeedback(t *testing.T) {
	_, _, feedback := replayFile(t, testdata+"a-k3r1-head.pcap")
	got := readText(t, feedback)
	require.Equal(t, 3, strings.Count(got, "\n"))
	require.Equal(t, 1, strings.Count(got, "\t1@"))
	require.True(t, strings.HasPrefix(readText(t, testdata+"a-k3r1.feedback"), got), got)
}

func TestReplayTwice(t *testing.T) {
	one, rtp1, feedback1 := replayFile(t, testdata+"c-k6r2.pcap")
	two, rtp2, feedback2 := replayFile(t, testdata+"c-k6r2.pcap")
	require.Equal(t, one, two)
	require.Equal(t, readText(t, rtp1), readText(t, rtp2))
	require.Equal(t, readText(t, feedback1), readText(t, feedback2))
}

// writeCapture writes records as a capture.
func writeCapture(t testing.TB, records []source.Record) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "capture.pcap")
	w, err := source.CreateFile(path)
	require.NoError(t, err)
	for _, r := range records {
		require.NoError(t, w.Write(r.Time, r.From, r.To, r.Payload))
	}
	require.NoError(t, w.Close())
	return path
}

// TestReplayCountsFragments leaves a fragment out of a capture.
func TestReplayCountsFragments(t *testing.T) {
	whole, err := os.ReadFile(testdata + "b-k3r1-head.pcap")
	require.NoError(t, err)
	capture := filepath.Join(t.TempDir(), "cut.pcap")
	cut, left := slices.Clone(whole[:24]), uint64(0)
	for at := 24; at < len(whole); {
		size := 16 + int(binary.LittleEndian.Uint32(whole[at+8:]))
		if frame := whole[at+16 : at+size]; binary.BigEndian.Uint16(frame[20:])&0x1FFF != 0 && left == 0 {
			left++
		} else {
			cut = append(cut, whole[at:at+size]...)
		}
		at += size
	}
	require.EqualValues(t, 1, left)
	require.NoError(t, os.WriteFile(capture, cut, 0o600))
	channel, err := Replay{Capture: capture}.Run(t.Context(), Default())
	require.NoError(t, err)
	require.Equal(t, status.Ceiling{Limit: 256, Now: 1}, channel.Ceilings[status.CeilingFragments])
}

func TestReplaySnapshot(t *testing.T) {
	_, records := payloads(t, testdata+"c-k3r1.pcap")
	records = records[:400]
	records = slices.Delete(records, 201, 202)         // rebuilt by the coding
	records = append(records, records[len(records)-1]) // a duplicate
	records = append(records, source.Record{
		Time: records[300].Time, From: rtpFrom, To: rtpTo, Payload: []byte("other port"),
	}, source.Record{
		Time: records[398].Time, From: rtpFrom, To: netip.MustParseAddrPort("10.77.0.1:5079"), Payload: []byte("garbage"),
	})
	channel, out, _ := replayFile(t, writeCapture(t, records))
	want, _ := payloads(t, testdata+"c-rtp.pcap")
	got, _ := payloads(t, out)
	require.Equal(t, want[:300], got)

	b, err := json.Marshal(channel)
	require.NoError(t, err)
	var c struct {
		ID, Name, State string
		Since           *string
		Verdict         struct{ Code, Text string }
		Stream          struct {
			SSRC          uint32
			Codec         string
			Width, Height int
		}
		LatencyMS float64            `json:"latency_ms"`
		Wait      map[string]float64 `json:"wait_ms"`
		Packets   status.Packets
		Recent    map[string]status.Recent
		HLS       map[string]any
		Links     []struct {
			Index, Port int
			From        string
			Datagrams   status.Datagrams
		}
	}
	require.NoError(t, json.Unmarshal(b, &c))
	require.Equal(t, "rig1", c.ID)
	require.Equal(t, "Rig 1", c.Name)
	require.Equal(t, "live", c.State)
	require.NotNil(t, c.Since)
	require.NotEmpty(t, c.Verdict.Text)
	require.Equal(t, "h264", c.Stream.Codec)
	require.Equal(t, []int{320, 240}, []int{c.Stream.Width, c.Stream.Height})
	require.NotZero(t, c.Stream.SSRC)
	require.InDelta(t, 200, c.LatencyMS, 0)
	require.Contains(t, c.Wait, "p99")
	require.Equal(t, status.Packets{Delivered: 299, Recovered: 1, Saved: 1}, c.Packets)
	require.Len(t, c.Recent, 3)
	require.Equal(t, "/hls/rig1/index.m3u8", c.HLS["path"])
	require.Len(t, c.Links, 4)
	var received, duplicate, malformed uint64
	for i, link := range c.Links {
		require.Equal(t, i, link.Index)
		require.Equal(t, 5078+i, link.Port)
		require.NotEmpty(t, link.From)
		d := link.Datagrams
		require.Equal(t, d.Received, d.Source+d.Parity+d.Duplicate+d.Late+d.Malformed+d.Refused)
		received, duplicate, malformed = received+d.Received, duplicate+d.Duplicate, malformed+d.Malformed
	}
	require.EqualValues(t, 401, received)
	require.EqualValues(t, 1, duplicate)
	require.EqualValues(t, 1, malformed)
}

// TestReplayCutOff replays a capture that ends in the middle of a packet, as when a disk was full.
func TestReplayCutOff(t *testing.T) {
	content, err := os.ReadFile(testdata + "c-k3r1.pcap")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "cut.pcap")
	require.NoError(t, os.WriteFile(path, content[:100_000], 0o600))
	channel, err := Replay{Capture: path}.Run(t.Context(), Default())
	require.ErrorIs(t, err, ErrCutOff)
	require.Greater(t, channel.Packets.Delivered, uint64(100))
}

func TestReplayEmpty(t *testing.T) {
	rtp, feedback := filepath.Join(t.TempDir(), "rtp.pcap"), filepath.Join(t.TempDir(), "feedback")
	replay := Replay{Capture: writeCapture(t, nil), RTPOut: rtp, FeedbackOut: feedback}
	channel, err := replay.Run(t.Context(), Default())
	require.ErrorIs(t, err, ErrNoPackets)
	require.EqualError(t, err, "There are no UDP packets in the capture. Choose another one.")
	require.Equal(t, status.ChannelWaiting, channel.State)
	require.Zero(t, channel.Packets)
	require.Empty(t, readText(t, feedback))
	require.Len(t, readText(t, rtp), 24, "a capture without packets")
}

func TestReplayErrors(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	require.NoError(t, os.WriteFile(text, []byte("not a capture file"), 0o600))
	broken := filepath.Join(dir, "broken.pcap")
	content, err := os.ReadFile(testdata + "c-k3r1.pcap")
	require.NoError(t, err)
	content = content[:50_000]
	for i := range 200 {
		content[30_000+i*16] = 0xFF
	}
	for i := range content[30_000:] {
		content[30_000+i] |= 0x80
	}
	require.NoError(t, os.WriteFile(broken, content, 0o600))
	null := filepath.Join(dir, "null.pcap")
	content = bytes.Clone(content[:24])
	content[20] = 0
	require.NoError(t, os.WriteFile(null, content, 0o600))

	for name, c := range map[string]struct {
		replay Replay
		want   string
		is     error
	}{
		"not a capture": {
			Replay{Capture: text},
			text + " is no capture file. Give a file that tcpdump or Wireshark wrote (pcap or pcapng).", source.ErrFormat,
		},
		"not there": {
			Replay{Capture: filepath.Join(dir, "none")},
			"The capture file cannot be read: open " + dir + "/none: no such file or directory.", os.ErrNotExist,
		},
		"broken": {
			Replay{Capture: broken},
			broken + " begins well, but is broken further on. Capture it again, or copy it again.", source.ErrBroken,
		},
		"other network": {
			Replay{Capture: null}, null + " was captured on a kind of network that is not known here. " +
				"Capture on an Ethernet interface, or on all with \"tcpdump -i any\".", source.ErrLinkType,
		},
		"RTP": {
			Replay{Capture: testdata + "c-k3r1.pcap", RTPOut: dir + "/no/rtp.pcap"},
			"the RTP packets cannot be written: open " + dir + "/no/rtp.pcap: no such file or directory", os.ErrNotExist,
		},
		"feedback": {
			Replay{Capture: testdata + "c-k3r1.pcap", FeedbackOut: dir},
			"the feedback cannot be written: open " + dir + ": is a directory", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.replay.Run(t.Context(), Default())
			require.EqualError(t, err, c.want)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
		})
	}
}

func TestReplayProgressAndEnd(t *testing.T) {
	var last, size int64
	r := Replay{Capture: testdata + "c-k3r1.pcap", Progress: func(read, all int64) {
		require.GreaterOrEqual(t, read, last)
		last, size = read, all
	}}
	_, err := r.Run(t.Context(), Default())
	require.NoError(t, err)
	require.Equal(t, size, last)
	require.Positive(t, size)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	last = 0
	_, err = r.Run(ctx, Default())
	require.ErrorIs(t, err, context.Canceled)
	r.RealTime = true
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	r.Progress = func(read, _ int64) {
		if read > 0 {
			cancel() // it then waits for the time of a packet
		}
	}
	_, err = r.Run(ctx, Default())
	require.ErrorIs(t, err, context.Canceled)
}

// TestReplayRealTime replays a quarter of a second, whose packets are a little out of order, in its own time.
func TestReplayRealTime(t *testing.T) {
	_, records := payloads(t, testdata+"c-k3r1.pcap")
	n := slices.IndexFunc(records, func(r source.Record) bool {
		return r.Time.Sub(records[0].Time) > 250*time.Millisecond
	})
	records = records[:n]
	for i := 3; i+1 < n; i += 4 {
		records[i], records[i+1] = records[i+1], records[i]
	}
	span := records[n-1].Time.Sub(records[0].Time)
	began := time.Now()
	_, err := Replay{Capture: writeCapture(t, records), RealTime: true}.Run(t.Context(), Default())
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(began), span, "no faster than it was captured")
}

// TestReplayAllows wants a channel to listen to the same addresses in a replay as live.
func TestReplayAllows(t *testing.T) {
	cfg := Default()
	for allow, want := range map[string]status.ChannelState{
		"10.77.0.0/16": status.ChannelLive, "192.0.2.0/24": status.ChannelWaiting,
	} {
		cfg.Channels[0].Allow = []string{allow}
		channel, err := Replay{Capture: testdata + "c-k3r1.pcap"}.Run(t.Context(), cfg)
		require.NoError(t, err)
		require.Equal(t, want, channel.State)
		require.Equal(t, "file", channel.Source)
		require.True(t, channel.ListenOnly)
	}
}

// TestReplayClockBack replays a capture whose clock was set back by an hour while it was taken.
func TestReplayClockBack(t *testing.T) {
	_, records := payloads(t, testdata+"c-k3r1.pcap")
	for i := len(records) / 2; i < len(records); i++ {
		records[i].Time = records[i].Time.Add(-time.Hour)
	}
	checkVector(t, writeCapture(t, records), testdata+"c-rtp.pcap", 3)
}
