package source

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

// datagram makes one that arrived so long after the first.
func datagram(link int, from netip.AddrPort, at time.Duration, payload []byte) *inbox.Datagram {
	d := &inbox.Datagram{Link: link, From: from, Arrival: captured.Add(at), Truncated: len(payload) > inbox.MaxDatagram}
	d.SetSize(copy(d.Buffer(), payload))
	return d
}

// fill returns as many bytes, all different from their neighbours.
func fill(n int) []byte {
	payload := make([]byte, n)
	for i := range payload {
		payload[i] = byte(i*7 + i>>8)
	}
	return payload
}

// dumped writes datagrams to a file and returns its path.
func dumped(t testing.TB, datagrams ...*inbox.Datagram) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dump.pcapng")
	d, err := CreateDump(path, []int{5078, 5079}, 1<<30)
	require.NoError(t, err)
	for _, dg := range datagrams {
		d.WriteDatagram(dg)
	}
	require.NoError(t, d.Close())
	require.NoError(t, d.Close())
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
	require.Equal(t, DumpState{Bytes: info.Size()}, d.State())
	return path
}

func TestDump(t *testing.T) {
	var sent []*inbox.Datagram
	for i, size := range []int{0, 1, 2, 3, 1472, inbox.MaxDatagram - 1, inbox.MaxDatagram, inbox.MaxDatagram + 1, 5} {
		from := []netip.AddrPort{sender, sender6}[i%2]
		sent = append(sent, datagram(i%2, from, time.Duration(i*1001), fill(size)))
	}
	path := dumped(t, sent...)
	f, err := OpenFile(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	for _, want := range sent {
		var r Record
		r, err = f.Next()
		require.NoError(t, err)
		require.Equal(t, want.Arrival, r.Time, "to the nanosecond")
		require.Equal(t, want.From, r.From)
		require.EqualValues(t, 5078+want.Link, r.To.Port())
		require.True(t, r.To.Addr().IsLoopback())
		require.Equal(t, want.Bytes(), r.Payload)
		require.Equal(t, want.Truncated, r.Length > inbox.MaxDatagram)
	}
	_, err = f.Next()
	require.Equal(t, io.EOF, err)

	p, err := OpenPlayer(path, []int{5078, 5079}, new(inbox.Pool))
	require.NoError(t, err)
	in := inbox.New(2)
	require.NoError(t, p.Run(t.Context(), in))
	for _, want := range sent {
		got := in.Take()
		require.Equal(t, want.Bytes(), got.Bytes())
		require.Equal(t, want.Link, got.Link)
		require.Equal(t, want.From, got.From)
		require.Equal(t, want.Truncated, got.Truncated)
	}
	require.Nil(t, in.Take())
}

// TestDumpTcpdump has another program read what is written.
func TestDumpTcpdump(t *testing.T) {
	tcpdump, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("tcpdump is not installed")
	}
	path := dumped(t, datagram(0, sender, 0, fill(100)), datagram(1, sender6, time.Microsecond, fill(inbox.MaxDatagram)),
		datagram(0, sender, time.Second, fill(inbox.MaxDatagram+1)))
	command := exec.CommandContext(t.Context(), tcpdump, "-r", path, "-nn", "-vv", "-tt", "--nano")
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	text := string(out)
	require.Contains(t, text, "10.77.0.2.40000 > 127.0.0.1.5078: [udp sum ok] UDP, length 100\n")
	require.Contains(t, text, "2001:db8::2.40000 > ::1.5079: [udp sum ok] UDP, length 4096\n")
	require.Contains(t, text, "10.77.0.2.40000 > 127.0.0.1.5078: UDP, length 4097\n")
	require.Contains(t, text, "1795326688.123456000 IP")
	require.Contains(t, text, "1795326688.123457000 IP6")
	require.NotContains(t, text, "bad")
	require.Equal(t, 3, strings.Count(text, "> "))
}

// TestDumpOfVectors plays captures, writes what comes, and compares. ISC_VECTORS may name a folder with longer ones.
func TestDumpOfVectors(t *testing.T) {
	paths := []string{"../../testdata/a-k3r1-head.pcap", "../../testdata/b-k3r1-head.pcap"} // b has fragments
	if folder := os.Getenv("ISC_VECTORS"); folder != "" {
		paths = append(paths, filepath.Join(folder, "a-k3r1.pcap"), filepath.Join(folder, "b-k3r1.pcap"))
	}
	for _, capture := range paths {
		synctest.Test(t, func(t *testing.T) {
			ports := []int{5078, 5079, 5080, 5081}
			path := filepath.Join(t.TempDir(), "dump.pcapng")
			d, err := CreateDump(path, ports, 1<<30)
			require.NoError(t, err)
			p, err := OpenPlayer(capture, ports, new(inbox.Pool))
			require.NoError(t, err)
			in := inbox.New(len(ports))
			done := make(chan error)
			go func() { done <- p.Run(t.Context(), in) }()
			for running := true; running; {
				select {
				case end := <-done:
					require.NoError(t, end)
					running = false
				case <-in.Wake():
				}
				for dg := in.Take(); dg != nil; dg = in.Take() {
					d.WriteDatagram(dg)
				}
			}
			require.NoError(t, d.Close())

			want, err := OpenFile(capture)
			require.NoError(t, err)
			defer func() { require.NoError(t, want.Close()) }()
			got, err := OpenFile(path)
			require.NoError(t, err)
			defer func() { require.NoError(t, got.Close()) }()
			var shift time.Duration
			for n := 0; ; n++ {
				w, err := want.Next()
				g, end := got.Next()
				require.Equal(t, err, end)
				if err != nil {
					require.Equal(t, io.EOF, err)
					require.Greater(t, n, 100)
					break
				}
				if n == 0 {
					shift = g.Time.Sub(w.Time)
				}
				require.Equal(t, w.Payload, g.Payload)
				require.Equal(t, w.Length, g.Length)
				require.Equal(t, w.From, g.From)
				require.Equal(t, w.To.Port(), g.To.Port())
				require.InDelta(t, shift, g.Time.Sub(w.Time), float64(time.Millisecond))
			}
		})
	}
}

func TestDumpLimit(t *testing.T) {
	const block = blockOverhead + 60 // the shortest frame on an Ethernet
	head := len(mustRead(t, dumped(t)))
	for _, limit := range []int{0, head, head + block - 1, head + block, head + 1000} {
		path := filepath.Join(t.TempDir(), "dump.pcapng")
		d, err := CreateDump(path, []int{5078, 5079}, int64(limit))
		require.NoError(t, err)
		for range 100 {
			d.WriteDatagram(datagram(0, sender, 0, []byte("some")))
		}
		<-d.ended
		d.WriteDatagram(datagram(0, sender, 0, []byte("some"))) // nothing becomes of it
		size := len(mustRead(t, path))
		require.Equal(t, DumpState{Bytes: int64(size), Full: true}, d.State())
		require.LessOrEqual(t, size, max(limit, head))
		require.Greater(t, size, limit-block, "as much as there is room for is written")
		records, err := readAll(t, mustRead(t, path))
		require.Equal(t, io.EOF, err, "the file is whole")
		require.Len(t, records, (size-head)/block)
		require.NoError(t, d.Close())
	}
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}

// disk is a file on a disk that is slow, and may fail.
type disk struct {
	bytes.Buffer

	gate   chan error // a value for each write
	closed bool
}

func (d *disk) Write(b []byte) (int, error) {
	if err := <-d.gate; err != nil {
		return 0, err
	}
	return d.Buffer.Write(b)
}

func (d *disk) Close() error {
	d.closed = true
	return nil
}

// TestDumpSlowDisk checks that a disk that hangs holds nobody up, and what is missed.
func TestDumpSlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &disk{gate: make(chan error, 1)}
		slow.gate <- nil
		d, err := newDump(slow, []int{5078}, 1<<30)
		require.NoError(t, err)
		d.WriteDatagram(datagram(0, sender, 0, fill(9)))
		time.Sleep(dumpFlush)
		synctest.Wait() // it hangs in the first write
		const more = 100
		for range dumpQueue + more {
			d.WriteDatagram(datagram(0, sender, 0, fill(9)))
		}
		require.EqualValues(t, more, d.State().Missed)
		close(slow.gate)
		require.NoError(t, d.Close())
		require.True(t, slow.closed)
		records, err := readAllBytes(t, slow.Bytes())
		require.Equal(t, io.EOF, err)
		require.Equal(t, dumpQueue+1, records)
		require.Equal(t, DumpState{Bytes: int64(slow.Len()), Missed: more}, d.State())
	})
}

// TestDumpFlushes checks that little is lost where the program is killed.
func TestDumpFlushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := &disk{gate: make(chan error)}
		close(file.gate)
		d, err := newDump(file, []int{5078}, 1<<30)
		require.NoError(t, err)
		d.WriteDatagram(datagram(0, sender, 0, fill(9)))
		time.Sleep(dumpFlush)
		synctest.Wait()
		records, err := readAllBytes(t, file.Bytes())
		require.Equal(t, io.EOF, err)
		require.Equal(t, 1, records)
		require.NoError(t, d.Close())
	})
}

func TestDumpFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("disk full")
		file := &disk{gate: make(chan error, 2)}
		file.gate <- nil
		file.gate <- broken
		d, err := newDump(file, []int{5078}, 1<<30)
		require.NoError(t, err)
		d.WriteDatagram(datagram(0, sender, 0, fill(9)))
		<-d.ended
		require.ErrorIs(t, d.State().Err, broken)
		d.WriteDatagram(datagram(0, sender, 0, fill(9)))
		require.ErrorIs(t, d.Close(), broken)
		require.True(t, file.closed)

		file.gate <- broken
		_, err = newDump(file, []int{5078}, 1<<30)
		require.ErrorIs(t, err, broken)
	})
	_, err := CreateDump(filepath.Join(t.TempDir(), "no", "dump"), nil, 0)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestDumpAllocations checks what a datagram costs the pipeline.
func TestDumpAllocations(t *testing.T) {
	d, err := CreateDump(filepath.Join(t.TempDir(), "dump"), []int{5078}, 0)
	require.NoError(t, err)
	dg := datagram(0, sender, 0, fill(1200))
	d.WriteDatagram(dg)
	<-d.ended // the writer's memory is its own
	d.end.Store(nil)
	defer func() { d.end.Store(new(DumpState)) }()
	require.Less(t, testing.AllocsPerRun(1000, func() {
		d.WriteDatagram(dg)
		d.pool.Put(<-d.queue)
	}), 0.1)
}
