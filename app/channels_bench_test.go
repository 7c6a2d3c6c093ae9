//go:build unix

package app

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/internal/status"
)

// What BenchmarkChannels sends to whom, for how long.
const (
	benchChannels = 50
	benchLinks    = 4
	benchTime     = 20 * time.Second
	benchFrame    = 40 * time.Millisecond // 25 pictures a second
	benchFilling  = 1500                  // bytes more in each picture of the clip of 0.7 Mb/s, for 1 Mb/s

	senderEnv = "ISC_TEST_SEND_TO" // makes the test binary the sender, to the ports of channels: "1,2 3,4"
)

func TestMain(m *testing.M) {
	if to := os.Getenv(senderEnv); to != "" {
		if err := sendToChannels(strings.Fields(to)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// sendToChannels sends a stream to each channel until standard input ends.
func sendToChannels(channels []string) error {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // its end is what is waited for
		cancel()
	}()
	file, err := os.ReadFile("../internal/rig/demo.h264")
	if err != nil {
		return err
	}
	clip, err := rig.ParseClip(file)
	if err != nil {
		return err
	}
	streams := make([]*benchStream, len(channels))
	for i, ports := range channels {
		if streams[i], err = newBenchStream(uint32(i+1), ports); err != nil {
			return err
		}
	}
	began := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		for i, s := range streams { // evenly over the time of a picture
			at := began.Add(time.Duration(n*len(streams)+i) * benchFrame / time.Duration(len(streams)))
			if sleepUntil(ctx, at) != nil {
				break
			}
			if err := s.send(clip.Unit(n+10*i), n); err != nil {
				return err
			}
		}
	}
	return nil
}

// benchStream is a rig that sends 3+1 over its links.
type benchStream struct {
	packetizer *rig.Packetizer
	coder      *rig.Coder
	links      []net.Conn
	datagrams  []rig.Datagram
}

func newBenchStream(ssrc uint32, ports string) (*benchStream, error) {
	var to Ports
	if err := to.UnmarshalText([]byte(ports)); err != nil {
		return nil, err
	}
	s := new(benchStream)
	for _, port := range to {
		conn, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return nil, err
		}
		s.links = append(s.links, conn)
	}
	var err error
	s.packetizer, err = rig.NewPacketizer(rig.PacketizerConfig{
		SSRC: ssrc, PayloadType: 96, MaxSize: rig.MaxPacketSize, Multiple: 3,
	})
	if err != nil {
		return nil, err
	}
	s.coder, err = rig.NewCoder(rig.CoderConfig{Sources: 3, Parity: 1, Links: len(to), Wait: benchFrame})
	return s, err
}

// send sends picture n of the stream. Its last slice is made longer, which nobody who does not decode it notices.
func (s *benchStream) send(nalus [][]byte, n int) error {
	unit := append([][]byte(nil), nalus...)
	last := unit[len(unit)-1]
	unit[len(unit)-1] = append(append(make([]byte, 0, len(last)+benchFilling), last...), filling...)
	packets, err := s.packetizer.Packetize(unit, uint32(n)*3600)
	if err != nil {
		return err
	}
	for _, packet := range packets {
		if s.datagrams, err = s.coder.Push(s.datagrams[:0], packet, time.Now()); err != nil {
			return err
		}
		for _, d := range s.datagrams {
			if _, err := s.links[d.Link].Write(d.Data); err != nil {
				return err
			}
		}
	}
	return nil
}

var filling = []byte(strings.Repeat("\xAA", benchFilling))

// cpuTime returns how much processor time this process has used.
func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// totals sums what all channels count.
func totals(s status.Snapshot) (packets status.Packets, datagrams status.Datagrams, bps float64, dropped uint64) {
	for _, c := range s.Channels {
		packets.Delivered += c.Packets.Delivered + c.Packets.Recovered
		packets.Lost += c.Packets.Lost
		packets.Unusable += c.Packets.Unusable
		datagrams.Received += c.Datagrams.Received
		datagrams.KernelDropped += c.Datagrams.KernelDropped
		bps += c.Stream.BitrateBPS
		dropped += c.OutputDropped
	}
	return packets, datagrams, bps, dropped
}

// BenchmarkChannels receives 50 rigs of 1 Mb/s at once, with HLS for each, from another process over loopback, and
// reports what this process used and what was lost.
func BenchmarkChannels(b *testing.B) {
	cfg := testConfig(b)
	cfg.Channels = nil
	for i := range benchChannels {
		cfg.Channels = append(cfg.Channels, other(fmt.Sprintf("rig%d", i+1), make([]int, benchLinks)...))
	}
	r := begin(b, cfg)
	var to strings.Builder
	for _, ch := range r.list() {
		to.WriteString(ch.ports.String() + " ")
	}
	sender := exec.CommandContext(b.Context(), os.Args[0])
	sender.Env = append(os.Environ(), senderEnv+"="+to.String())
	sender.Stderr = os.Stderr
	input, err := sender.StdinPipe()
	require.NoError(b, err)
	require.NoError(b, sender.Start())
	await(b, r, func(s status.Snapshot) bool {
		for _, c := range s.Channels {
			if !c.HLS.Ready {
				return false
			}
		}
		return true
	})
	for b.Loop() {
		before, arrived, _, _ := totals(r.Snapshot())
		began, used := time.Now(), cpuTime(b)
		require.NoError(b, sleepUntil(b.Context(), began.Add(benchTime)))
		took := time.Since(began).Seconds()
		b.ReportMetric(100*(cpuTime(b)-used).Seconds()/took, "%cpu")
		packets, datagrams, bps, dropped := totals(r.Snapshot())
		b.ReportMetric(float64(datagrams.Received-arrived.Received)/took, "datagrams/s")
		b.ReportMetric(float64(packets.Delivered-before.Delivered)/took, "packets/s")
		b.ReportMetric(bps/1e6/benchChannels, "Mb/s/channel")
		b.ReportMetric(float64(packets.Lost-before.Lost), "lost")
		b.ReportMetric(float64(packets.Unusable-before.Unusable), "unusable")
		b.ReportMetric(float64(datagrams.KernelDropped), "kernel-dropped")
		b.ReportMetric(float64(dropped), "output-dropped")
	}
	require.NoError(b, input.Close())
	require.NoError(b, sender.Wait())
	require.NoError(b, end(b, r))
}
