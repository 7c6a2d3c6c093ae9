package portowner

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	procRoot = "/proc"

	tcpListen = "0A" // TCP_LISTEN of the kernel's include/net/tcp_states.h, as /proc/net/tcp prints it

	// Columns of /proc/net/{tcp,udp}{,6}.
	columnLocal = 1
	columnState = 3
	columnInode = 9
)

func find(network string, port int) (name string, pid int, ok bool) {
	inodes := make(map[string]bool)
	for _, table := range []string{network, network + "6"} {
		file, err := os.Open(filepath.Join(procRoot, "net", filepath.Base(table)))
		if err != nil {
			continue
		}
		addInodes(inodes, file, port, network == "tcp")
		_ = file.Close() // it was only read
	}
	if len(inodes) == 0 {
		return "", 0, false
	}
	return ownerOf(inodes)
}

// addInodes adds the inode of each socket in a table of /proc/net that is bound to the port, and listens if asked.
func addInodes(inodes map[string]bool, table io.Reader, port int, listening bool) {
	lines := bufio.NewScanner(table)
	for lines.Scan() {
		columns := strings.Fields(lines.Text())
		if len(columns) <= columnInode || listening && columns[columnState] != tcpListen {
			continue
		}
		_, hex, _ := strings.Cut(columns[columnLocal], ":")
		if bound, err := strconv.ParseUint(hex, 16, 16); err == nil && int(bound) == port {
			inodes[columns[columnInode]] = true
		}
	}
}

// ownerOf looks through the open files of all processes for one of the sockets.
func ownerOf(inodes map[string]bool) (name string, pid int, ok bool) {
	files, err := filepath.Glob(procRoot + "/[0-9]*/fd/*")
	if err != nil {
		return "", 0, false
	}
	for _, file := range files {
		target, err := os.Readlink(file)
		if err != nil {
			continue // the process has ended, or is another user's
		}
		inode, isSocket := strings.CutPrefix(target, "socket:[")
		if !isSocket || !inodes[strings.TrimSuffix(inode, "]")] {
			continue
		}
		process := filepath.Dir(filepath.Dir(file))
		pid, err = strconv.Atoi(filepath.Base(process))
		if err != nil {
			continue
		}
		command, err := os.ReadFile(filepath.Join(process, "comm"))
		if err != nil {
			continue
		}
		return strings.TrimSpace(string(command)), pid, true
	}
	return "", 0, false
}
