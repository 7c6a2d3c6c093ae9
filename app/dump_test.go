package app

import (
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/leak"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/internal/written"
	"github.com/isc-receiver/isc-receiver/receiver/source"
)

// TestDump saves what arrives, good and bad, and plays it again.
func TestDump(t *testing.T) {
	leak.None(t)
	cfg := testConfig(t)
	r := begin(t, cfg)
	ports := r.channel("rig1").ports
	path, err := r.StartDump("rig1", "")
	require.NoError(t, err)
	folder := filepath.Join(os.Getenv("STATE_DIRECTORY"), "captures")
	require.Equal(t, folder, filepath.Dir(path))
	require.Regexp(t, `^rig1-\d{8}-\d{6}\.pcapng$`, filepath.Base(path))
	for name, mode := range map[string]fs.FileMode{folder: 0o700, path: 0o600} {
		info, failed := os.Stat(name)
		require.NoError(t, failed)
		require.Equal(t, mode, info.Mode().Perm(), name)
	}
	_, err = r.StartDump("rig1", "")
	require.ErrorContains(t, err, "What arrives is being saved to "+path+" already.")

	stranger, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: ports[0]})
	require.NoError(t, err)
	defer func() { require.NoError(t, stranger.Close()) }()
	_, err = stranger.Write([]byte("hello"))
	require.NoError(t, err)
	stop := stream(t, ports, 1)
	await(t, r, func(s status.Snapshot) bool {
		return s.Channels[0].Datagrams.Received > 100 && s.Channels[0].Datagrams.Malformed > 0
	})
	running := r.Dump("rig1")
	require.True(t, running.Running)
	require.Positive(t, running.Bytes)
	require.EqualValues(t, 1<<30, running.Limit)
	stop()
	require.NoError(t, r.StopDump("rig1"))
	saved := r.Dump("rig1")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, Dump{Path: path, Bytes: info.Size(), Limit: 1 << 30}, saved)
	require.ErrorIs(t, r.StopDump("rig1"), ErrNoDump)

	// The same second gives another name, and the end of the run ends a file as it should.
	again, err := r.StartDump("rig1", "")
	require.NoError(t, err)
	require.NotEqual(t, path, again)
	require.NoError(t, end(t, r))
	require.False(t, r.Dump("rig1").Running)
	_, err = r.StartDump("rig1", "")
	require.ErrorIs(t, err, ErrNoDump)

	whole := r.Snapshot().Channels[0].Datagrams
	cfg.Channels[0].Ports = ports
	replayed, err := Replay{Capture: path}.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.EqualValues(t, 1, replayed.Datagrams.Malformed)
	require.LessOrEqual(t, replayed.Datagrams.Received, whole.Received)
	require.Greater(t, replayed.Datagrams.Received, uint64(100))
	require.Zero(t, replayed.Packets.Lost)
}

func TestDumpNames(t *testing.T) {
	leak.None(t)
	cfg := testConfig(t)
	cfg.Dump.Folder = filepath.Join(t.TempDir(), "a", "b")
	r := begin(t, cfg)
	path, err := r.StartDump("rig1", "")
	require.NoError(t, err)
	require.Equal(t, cfg.Dump.Folder, filepath.Dir(path))
	require.NoError(t, r.StopDump("rig1"))

	before := readText(t, path)
	_, err = r.StartDump("rig1", path)
	require.ErrorIs(t, err, fs.ErrExist)
	require.EqualError(t, err, "What arrives cannot be saved to "+path+": file exists. Name another folder in [dump].")
	require.Equal(t, before, readText(t, path), "nothing is overwritten")
	named := filepath.Join(t.TempDir(), "mine.pcapng")
	got, err := r.StartDump("rig1", named)
	require.NoError(t, err)
	require.Equal(t, named, got)

	for _, id := range []string{"", "none"} {
		_, err = r.StartDump(id, "")
		require.ErrorIs(t, err, ErrNoDump)
		require.ErrorIs(t, r.StopDump(id), ErrNoDump)
		require.Equal(t, Dump{}, r.Dump(id))
	}
	require.NoError(t, end(t, r))
}

// TestDumpEndsByItself wants a file that has become full, or could not be written, to be closed and to say so.
func TestDumpEndsByItself(t *testing.T) {
	leak.None(t)
	cfg := testConfig(t)
	cfg.Dump.Limit = minDump
	var lines written.Text
	r, err := Start(cfg, slog.New(slog.NewTextHandler(&lines, nil)))
	require.NoError(t, err)
	ch := r.channel("rig1")
	_, err = r.StartDump("rig1", "")
	require.NoError(t, err)
	flood, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: ch.ports[0]})
	require.NoError(t, err)
	defer func() { require.NoError(t, flood.Close()) }()
	await(t, r, func(status.Snapshot) bool {
		for range 20 {
			_, _ = flood.Write(make([]byte, 1400))
		}
		return !r.Dump("rig1").Running
	})
	full := r.Dump("rig1")
	require.True(t, full.Full)
	require.NoError(t, full.Err)
	require.LessOrEqual(t, full.Bytes, int64(minDump))
	require.Greater(t, full.Bytes, int64(minDump)*9/10)
	await(t, r, func(status.Snapshot) bool { return strings.Contains(lines.String(), "the file is full") })

	// /dev/full is a disk that is.
	dump, err := source.CreateDump("/dev/full", ch.ports, int64(minDump))
	if err == nil {
		ch.saving.mu.Lock()
		ch.saving.begin(ch, dump, "/dev/full", minDump)
		ch.saving.mu.Unlock()
		await(t, r, func(status.Snapshot) bool {
			_, _ = flood.Write(make([]byte, 1400))
			return !r.Dump("rig1").Running
		})
		err = r.Dump("rig1").Err
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, end(t, r))
	require.EqualError(t, explainDump("/a/b", &fs.PathError{Op: "write", Path: "/a/b", Err: syscall.ENOSPC}),
		"The disk is full, so saving has ended. Free some space: what there is is in /a/b.")
	require.EqualError(t, explainDump("/a/b", &fs.PathError{Op: "write", Path: "/a/b", Err: syscall.EIO}),
		"Saving to /a/b has failed: input/output error.")
}

func TestDataFolder(t *testing.T) {
	t.Setenv("STATE_DIRECTORY", "/var/lib/one:/var/lib/two")
	folder, err := dataFolder()
	require.NoError(t, err)
	require.Equal(t, "/var/lib/one", folder)
	t.Setenv("STATE_DIRECTORY", "")
	t.Setenv("XDG_DATA_HOME", "/home/a/data")
	folder, err = dataFolder()
	require.NoError(t, err)
	require.Equal(t, "/home/a/data/isc-receiver", folder)
	t.Setenv("XDG_DATA_HOME", "relative")
	t.Setenv("HOME", "/home/a")
	folder, err = dataFolder()
	require.NoError(t, err)
	require.Equal(t, "/home/a/.local/share/isc-receiver", folder)
	t.Setenv("HOME", "")
	_, err = dataFolder()
	require.Error(t, err)

	r := begin(t, testConfig(t))
	t.Setenv("STATE_DIRECTORY", "")
	_, err = r.StartDump("rig1", "")
	require.ErrorContains(t, err, "What arrives cannot be saved to a folder of its own: ")
	require.NoError(t, end(t, r))
	require.Less(t, time.Since(r.started), patience)
}
