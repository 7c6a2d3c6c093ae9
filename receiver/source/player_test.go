package source

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// timed is a frame that was captured so long after the first.
type timed struct {
	at    time.Duration
	frame []byte
}

// captureFile writes a pcapng file with the frames and returns its path.
func captureFile(t testing.TB, frames ...timed) string {
	t.Helper()
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, layers.LinkTypeEthernet)
	require.NoError(t, err)
	for _, f := range frames {
		info := gopacket.CaptureInfo{
			Timestamp: captured.Add(f.at), CaptureLength: len(f.frame), Length: len(f.frame),
		}
		require.NoError(t, w.WritePacket(info, f.frame))
	}
	require.NoError(t, w.Flush())
	return writeFile(t, b.Bytes())
}

func writeFile(t testing.TB, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "capture")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// frameTo is a frame with a datagram to a port.
func frameTo(t testing.TB, port int, payload string) []byte {
	t.Helper()
	ip, udp := ipv4(), &layers.UDP{SrcPort: 40000, DstPort: layers.UDPPort(port)}
	require.NoError(t, udp.SetNetworkLayerForChecksum(ip))
	return serialize(t, ethernet(layers.EthernetTypeIPv4), ip, udp, gopacket.Payload(payload))
}

// played is a datagram that was played.
type played struct {
	at      time.Duration // after the first
	link    int
	payload string
}

// play plays a file to its end.
func play(t *testing.T, path string, ports ...int) (all []played, end error) {
	t.Helper()
	p, err := OpenPlayer(path, ports, new(inbox.Pool))
	require.NoError(t, err)
	require.Equal(t, ports, p.Ports())
	in := inbox.New(len(ports))
	done := make(chan error)
	go func() { done <- p.Run(t.Context(), in) }()
	var first time.Time
	take := func() {
		for d := in.Take(); d != nil; d = in.Take() {
			if len(all) == 0 {
				first = d.Arrival
			}
			require.Equal(t, sender, d.From)
			require.False(t, d.Arrival.After(time.Now()))
			require.Less(t, time.Since(d.Arrival), maxBehind)
			all = append(all, played{d.Arrival.Sub(first), d.Link, string(d.Bytes())})
		}
	}
	for {
		select {
		case <-in.Wake():
			take()
		case err := <-done:
			take()
			if err == nil {
				read, size := p.Progress()
				require.Equal(t, size, read)
			}
			return all, err
		}
	}
}

func times(at ...time.Duration) []time.Duration { return at }

func TestPlayer(t *testing.T) {
	const minute, ms = time.Minute, time.Millisecond
	for name, c := range map[string]struct {
		at   []time.Duration
		want []time.Duration // the same, unless the clock was set
	}{
		"spacing":                    {at: times(0, 1, 20*ms, 21*ms, 2*minute, 2*minute+ms, 11*minute)},
		"at one moment":              {times(0, ms, ms, ms), times(0, ms, ms+1, ms+2)},
		"captured out of order":      {times(0, 9*ms, 8*ms, 10*ms), times(0, 9*ms, 9*ms+1, 10*ms)},
		"clock set on":               {times(0, ms, 99*minute, 99*minute+5*ms), times(0, ms, 1001*ms, 1006*ms)},
		"clock set back":             {times(0, ms, -minute, 5*ms-minute), times(0, ms, 1001*ms, 1006*ms)},
		"clock set back and forward": {times(0, -minute, 0, ms), times(0, 1000*ms, 61_000*ms, 61_001*ms)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var frames []timed
				var want []played
				if c.want == nil {
					c.want = c.at
				}
				for i, at := range c.at {
					frames = append(frames, timed{at, frameTo(t, 5078+i%2, "x")}, timed{at + ms/2, frameTo(t, 5080, "other")})
					want = append(want, played{c.want[i], i % 2, "x"})
				}
				got, err := play(t, captureFile(t, frames...), 5078, 5079)
				require.NoError(t, err)
				require.Equal(t, want, got)
			})
		})
	}
}

// TestPlayerBehind stops the machine while a file is played: it goes on where it was.
func TestPlayerBehind(t *testing.T) {
	var p pace
	at, now := captured, time.Now()
	begun := now
	require.Equal(t, now, p.due(at, now))
	require.Equal(t, begun.Add(time.Second), p.due(at.Add(time.Second), now))
	now = begun.Add(time.Second + maxBehind)
	require.Equal(t, begun.Add(time.Second+1), p.due(at.Add(time.Second), now), "so little is made up for")
	now = begun.Add(time.Hour)
	require.Equal(t, now, p.due(at.Add(2*time.Second), now))
	require.Equal(t, now.Add(time.Second), p.due(at.Add(3*time.Second), now))
}

func TestPlayerEnds(t *testing.T) {
	whole, err := os.ReadFile(captureFile(t, timed{0, frameTo(t, 5078, "x")}, timed{0, frameTo(t, 5078, "y")}))
	require.NoError(t, err)
	got, err := play(t, writeFile(t, whole[:len(whole)-5]), 5078)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Len(t, got, 1)

	_, err = play(t, writeFile(t, append(bytes.Clone(whole), make([]byte, 32)...)), 5078)
	require.ErrorIs(t, err, ErrBroken)

	_, err = OpenPlayer(writeFile(t, []byte("GIF89a")), []int{5078}, nil)
	require.ErrorIs(t, err, ErrFormat)
}

// TestPlayerNoPackets checks that a capture of something else is not waited for.
func TestPlayerNoPackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		path := captureFile(t, timed{0, frameTo(t, 9, "x")}, timed{time.Hour, frameTo(t, 7, "x")},
			timed{time.Hour, frameTo(t, 8, "x")}, timed{2 * time.Hour, frameTo(t, 8, "x")})
		_, err := play(t, path, 5078)
		require.ErrorIs(t, err, ErrNoPackets)
		var none *NoPacketsError
		require.ErrorAs(t, err, &none)
		require.Equal(t, []int{8, 7, 9}, none.Seen)
		require.Contains(t, err.Error(), "[8 7 9]")
		require.Zero(t, time.Since(begun))

		_, err = play(t, captureFile(t), 5078)
		require.ErrorAs(t, err, &none)
		require.Empty(t, none.Seen)
	})
}

func TestPlayerStops(t *testing.T) {
	path := captureFile(t, timed{0, frameTo(t, 5078, "x")}, timed{time.Minute, frameTo(t, 5078, "y")})
	for name, end := range map[string]func(p *Player, stop func()){
		"context": func(_ *Player, stop func()) { stop() },
		"Close":   func(p *Player, _ func()) { p.Close(); p.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				begun := time.Now()
				p, err := OpenPlayer(path, []int{5078}, new(inbox.Pool))
				require.NoError(t, err)
				in := inbox.New(1)
				done := make(chan error)
				go func() { done <- p.Run(ctx, in) }()
				<-in.Wake()
				require.ErrorIs(t, p.Send(0, sender, nil), ErrListenOnly)
				synctest.Wait()
				end(p, stop)
				require.NoError(t, <-done)
				require.Zero(t, time.Since(begun))

				p, err = OpenPlayer(path, []int{5078}, new(inbox.Pool))
				require.NoError(t, err)
				p.Close()
				require.NoError(t, p.Run(t.Context(), in), "closed before")
			})
		})
	}
}
