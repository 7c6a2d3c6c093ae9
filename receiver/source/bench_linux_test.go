package source

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

const (
	benchLinks = 4
	benchSize  = 1200                   // bytes of an RTP packet
	benchStart = 500 * time.Millisecond // before each span, for a stream to begin
	benchSpan  = 500 * time.Millisecond
)

// sendTo names the environment variable that turns TestSend into a sender: its ports, and how many datagrams it is to
// send a second.
const sendTo = "ISC_SEND_TO"

// BenchmarkSockets compares a channel on its own sockets, which gets 3 sources and 1 parity packet a segment on 4
// links, with bare loops that read the same sockets in the same way and throw away what they read. It reports how many
// datagrams a second each could take in on one core, by the time of the processor that a datagram costs, in the kernel
// and outside, and the ratio of the two. Another process sends, so its work does not count.
func BenchmarkSockets(b *testing.B) {
	for _, rate := range []int{1000, 4000, 20_000, 50_000} { // 10 Mb/s, 40, 200 and 500
		b.Run(fmt.Sprintf("%d a second", rate), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			var bare, ours usage
			for b.Loop() {
				var pool inbox.Pool
				u, err := ListenUDP("", make([]int, benchLinks), &pool)
				require.NoError(b, err)
				stop := startSender(b, u.Ports(), rate)
				bare.add(readBare(b, u))
				ours.add(readOurs(b, u, &pool))
				stop()
			}
			b.ReportMetric(bare.perSecond(), "bare/s")
			b.ReportMetric(ours.perSecond(), "ours/s")
			b.ReportMetric(ours.perSecond()/bare.perSecond(), "ratio")
			b.ReportMetric(float64(ours.lost), "lost")
		})
	}
}

// usage is what some datagrams cost.
type usage struct {
	datagrams uint64
	processor time.Duration
	lost      uint64 // RTP packets
}

func (u *usage) add(other usage) {
	u.datagrams += other.datagrams
	u.processor += other.processor
	u.lost += other.lost
}

func (u usage) perSecond() float64 { return float64(u.datagrams) / u.processor.Seconds() }

// measure returns what the datagrams counted within a span cost.
func measure(b *testing.B, count func() uint64) usage {
	b.Helper()
	was, before := count(), processor(b)
	<-time.After(benchSpan)
	return usage{datagrams: count() - was, processor: processor(b) - before}
}

// processor returns the processor time that this process has taken.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// readBare reads the sockets in a loop for each, and leaves them open.
func readBare(b *testing.B, u *UDP) usage {
	b.Helper()
	var count atomic.Uint64
	var readers sync.WaitGroup
	for _, l := range u.links {
		socket, err := l.get()
		require.NoError(b, err)
		readers.Go(func() {
			buffer, control := make([]byte, inbox.MaxDatagram), make([]byte, controlSize)
			for {
				_, _, _, _, err := socket.ReadMsgUDPAddrPort(buffer, control)
				if errors.Is(err, os.ErrDeadlineExceeded) {
					return
				}
				if err != nil {
					b.Error(err)
					return
				}
				count.Add(1)
			}
		})
	}
	<-time.After(benchStart)
	used := measure(b, count.Load)
	until := func(deadline time.Time) {
		for _, l := range u.links {
			socket, err := l.get()
			require.NoError(b, err)
			require.NoError(b, socket.SetReadDeadline(deadline))
		}
	}
	until(time.Now())
	readers.Wait()
	until(time.Time{})
	return used
}

// readOurs runs a channel on the sockets, which closes them.
func readOurs(b *testing.B, u *UDP, pool *inbox.Pool) usage {
	b.Helper()
	cfg := receiver.Config{ID: "bench", Ports: u.Ports(), Latency: 200 * time.Millisecond}
	c := receiver.New(cfg, u, pool, slog.New(slog.DiscardHandler))
	var taken taps
	c.SetTap(&taken)
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	<-time.After(benchStart)
	before := c.Snapshot().Packets.Lost // of a segment that the bare loops have read the beginning of
	used := measure(b, taken.n.Load)
	cancel()
	require.NoError(b, <-done)
	require.NotZero(b, c.Snapshot().Packets.Delivered)
	used.lost = c.Snapshot().Packets.Lost - before
	return used
}

// taps counts the datagrams that the pipeline gets.
type taps struct{ n atomic.Uint64 }

func (t *taps) WriteDatagram(*inbox.Datagram) { t.n.Add(1) }

// startSender starts another process that sends to those ports, until stop is called.
func startSender(b *testing.B, ports []int, rate int) (stop func()) {
	b.Helper()
	args := strings.Trim(fmt.Sprint(append(ports, rate)), "[]")
	cmd := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestSend$")
	cmd.Env = append(os.Environ(), sendTo+"="+args)
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	cmd.Stderr = os.Stderr
	require.NoError(b, cmd.Start())
	return func() {
		require.NoError(b, in.Close())
		require.NoError(b, cmd.Wait())
	}
}

// TestSend is the process that startSender starts.
func TestSend(t *testing.T) {
	if os.Getenv(sendTo) == "" {
		t.Skip("it is for BenchmarkSockets")
	}
	var links []net.Conn
	fields := strings.Fields(os.Getenv(sendTo))
	rate, err := strconv.Atoi(fields[benchLinks])
	require.NoError(t, err)
	for _, port := range fields[:benchLinks] {
		link, err := net.Dial("udp4", "127.0.0.1:"+port)
		require.NoError(t, err)
		links = append(links, link)
	}
	var stopped atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // it ends with the other process, at the latest
		stopped.Store(true)
	}()
	var enc isc.Encoder
	sources := make([][]byte, 3)
	for i := range sources {
		sources[i] = make([]byte, benchSize)
		sources[i][0], sources[i][1] = 0x80, 96
	}
	began := time.Now()
	for seq := 0; !stopped.Load(); seq += len(sources) {
		for i, p := range sources {
			binary.BigEndian.PutUint16(p[2:], uint16(seq+i))
			binary.BigEndian.PutUint32(p[4:], uint32(seq/9*3000))
			p[1] = 96 | byte((seq+i)%9/8)<<7 // nine packets are a unit
			p[12], p[13] = 0x41, byte(seq+i)
		}
		datagrams, err := enc.Encode(sources, 1)
		require.NoError(t, err)
		for i, d := range datagrams {
			isc.Stamp(d, isc.Timestamp(time.Now()), uint16(i))
			if _, err := links[i].Write(d); err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
				require.NoError(t, err)
			}
		}
		<-time.After(time.Until(began.Add(time.Duration(seq) * 4 / 3 * time.Second / time.Duration(rate))))
	}
}
