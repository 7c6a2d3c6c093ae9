package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Of the video of BenchmarkSend: 8 Mb/s, 25 pictures a second, each at once.
const (
	costPicture = 40 * time.Millisecond
	costPacket  = 1424
	costBits    = 8_000_000
	costPackets = costBits / 25 / 8 / costPacket // of a picture
	clockTicks  = 100                            // a second, in which Linux tells processor times (proc(5))
)

// BenchmarkSend has the program send video of 8 Mb/s over four links for ISC_RIG_SPAN, 30s if that is not set, and
// prints what part of a core it takes, with what the kernel does for it, and its memory. The receiver gives scores.
func BenchmarkSend(b *testing.B) {
	span := 30 * time.Second
	if text := os.Getenv("ISC_RIG_SPAN"); text != "" {
		var err error
		span, err = time.ParseDuration(text)
		require.NoError(b, err)
	}
	program := filepath.Join(b.TempDir(), "isc-rig")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(b, err, "%s", out)
	for b.Loop() {
		cost(b, program, span)
	}
}

func cost(b *testing.B, program string, span time.Duration) {
	b.Helper()
	var ports []string
	received := make(chan int, 4)
	for range 4 {
		socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		require.NoError(b, err)
		require.NoError(b, socket.SetReadBuffer(4<<20))
		defer func() { _ = socket.Close() }()
		ports = append(ports, strconv.Itoa(socket.LocalAddr().(*net.UDPAddr).Port))
		go func() { received <- score(socket) }()
		defer func() { b.Logf("datagrams: %d", <-received) }()
		defer func() { _ = socket.Close() }()
	}
	cmd := exec.Command(program, "send", "--to", "127.0.0.1", "--ports", strings.Join(ports, ","),
		"--listen", "127.0.0.1:0", "--log-level", "warn")
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	defer func() {
		require.NoError(b, cmd.Process.Signal(os.Interrupt))
		require.NoError(b, cmd.Wait())
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(b, err)
	address := strings.Trim(line[strings.Index(line, "[")+1:], "]\n")
	rig, err := net.Dial("udp", address) //nolint:noctx // UDP does not wait
	require.NoError(b, err)
	defer func() { _ = rig.Close() }()

	play(b, rig, time.Second)
	before := processor(b, cmd.Process.Pid)
	began := time.Now()
	play(b, rig, span/2)
	half := memory(b, cmd.Process.Pid, "VmRSS")
	play(b, rig, span/2)
	took := time.Since(began)
	used := processor(b, cmd.Process.Pid) - before
	b.ReportMetric(100*used.Seconds()/took.Seconds(), "%core")
	b.ReportMetric(memory(b, cmd.Process.Pid, "VmRSS"), "MB")
	b.ReportMetric(half, "MB-halfway")
	b.ReportMetric(memory(b, cmd.Process.Pid, "VmHWM"), "MB-most")
	b.ReportMetric(took.Seconds(), "s")
	b.ReportMetric(0, "ns/op")
}

// play sends video for a while.
func play(b *testing.B, to net.Conn, span time.Duration) {
	b.Helper()
	packet := make([]byte, costPacket)
	for i := range packet {
		packet[i] = byte(i * 7)
	}
	packet[0], packet[1] = 0x80, 96
	ticker := time.NewTicker(costPicture)
	defer ticker.Stop()
	for number := uint16(0); span > 0; span -= costPicture {
		<-ticker.C
		for range costPackets {
			number++
			binary.BigEndian.PutUint16(packet[2:], number)
			_, err := to.Write(packet)
			require.NoError(b, err)
		}
	}
}

// score reads what a link carries, answers as a receiver does, until the socket is closed, and counts it.
func score(socket *net.UDPConn) (n int) {
	buffer := make([]byte, 2048)
	for {
		_, from, err := socket.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return n
		}
		if n++; n%100 == 0 {
			_, _ = socket.WriteToUDPAddrPort(fmt.Appendf(nil, "0@%d@100000@100000@100000", 50_000+n), from)
		}
	}
}

// processor returns the processor time that a process has used (proc(5), stat).
func processor(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(b, err)
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	ticks := 0
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		require.NoError(b, err)
		ticks += n
	}
	return time.Duration(ticks) * time.Second / clockTicks
}

// memory returns a figure of a process's memory in megabytes (proc(5), status).
func memory(b *testing.B, pid int, what string) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(b, err)
	_, rest, _ := strings.Cut(string(text), what+":")
	kilobytes, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	require.NoError(b, err)
	return kilobytes * 1024 / 1e6
}
