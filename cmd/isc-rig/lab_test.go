package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/cli"
	"github.com/isc-receiver/isc-receiver/internal/netsim"
)

// runLab runs the lab command until it has printed n lines, and returns them.
func runLab(t *testing.T, n int, c *labCommand, feed func(line string)) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- c.Run(ctx, writer)
		_ = writer.Close()
	}()
	var lines []string
	buffer := make([]byte, 16<<10)
	rest := ""
	for {
		k, err := reader.Read(buffer)
		if err != nil {
			break
		}
		rest += string(buffer[:k])
		for {
			line, after, ok := strings.Cut(rest, "\n")
			if !ok {
				break
			}
			lines, rest = append(lines, line), after
			feed(line)
		}
		if len(lines) >= n {
			cancel()
		}
	}
	require.NoError(t, <-done)
	return lines
}

func TestLabCommand(t *testing.T) {
	receiver, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { _ = receiver.Close() }()
	port := receiver.LocalAddr().(*net.UDPAddr).Port
	scenario := filepath.Join(t.TempDir(), "mine.toml")
	require.NoError(t, os.WriteFile(scenario, []byte("about = 'Mine.'\n[[link]]\nname = 'first'\n"), 0o600))
	send := func(line string) {
		from, ok := strings.CutPrefix(line, "link 0: ")
		if !ok {
			return
		}
		address, _, _ := strings.Cut(from, " ")
		conn, err := net.Dial("udp", address)
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		for range 10 {
			_, err = conn.Write(make([]byte, 1000))
			require.NoError(t, err)
		}
	}
	command := labCommand{
		Scenario: scenario, Listen: "127.0.0.1", ListenPorts: "0", To: "localhost", Ports: fmt.Sprint(port), Status: true,
	}
	lines := runLab(t, 3, &command, send)
	require.Equal(t, "mine: Mine.", lines[0])
	require.Regexp(t, fmt.Sprintf(`^link 0: 127\.0\.0\.1:\d+ to 127\.0\.0\.1:%d first$`, port), lines[1])
	require.Regexp(t, `^ +\d+ s \| 0: \d+ kb/s, lost 0 of 10, queue 0 ms, back 0$`, lines[2])

	command.JSON = true
	lines = runLab(t, 3, &command, send)
	var status netsim.LabStatus
	require.NoError(t, json.Unmarshal([]byte(lines[2]), &status))
	require.EqualValues(t, 10, status.Links[0].Up.Sent)
	require.EqualValues(t, 10_000, status.Links[0].Up.Bytes)
}

func TestLabCommandMistakes(t *testing.T) {
	taken, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	busy := fmt.Sprint(taken.LocalAddr().(*net.UDPAddr).Port)
	broken := filepath.Join(t.TempDir(), "broken.toml")
	require.NoError(t, os.WriteFile(broken, []byte("[[link]]\ndealy = '1s'\n"), 0o600))
	for name, c := range map[string]struct {
		args []string
		exit int
		want string
	}{
		"no scenario":     {nil, cli.Usage, `expected "<scenario>"`},
		"unknown":         {[]string{"moon"}, cli.Usage, "the built-in ones are city, clean, highway"},
		"broken":          {[]string{broken}, cli.Usage, "unknown: link.dealy (line 2)"},
		"ports":           {[]string{"city", "--ports", "x"}, cli.Usage, `--ports: "x" are not ports`},
		"listening ports": {[]string{"city", "--listen-ports", "1-"}, cli.Usage, `--listen-ports: "1-" are not ports`},
		"number of ports": {[]string{"city", "--ports", "5078"}, cli.Usage, "the scenario city has 4 links"},
		"busy": {
			[]string{"city", "--listen-ports", "0,0,0," + busy},
			cli.Failed,
			"UDP port " + busy + " is in use by ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			require.Equal(t, c.exit, run(append([]string{"lab"}, c.args...), &stdout, &stderr))
			require.Contains(t, stderr.String(), c.want)
			require.Empty(t, stdout.String())
		})
	}
}
