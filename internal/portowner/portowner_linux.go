package portowner

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const (
	tcpListen = "0A" // TCP_LISTEN of the kernel's include/net/tcp_states.h, as /proc/net/tcp prints it

	// Columns of /proc/net/{tcp,udp}{,6}.
	columnLocal = 1
	columnState = 3
	columnUser  = 7
	columnInode = 9

	// unknownUser is what the kernel says to a process in a user namespace of its own, as the service is in, in place of
	// users that this does not know (user_namespaces(7)).
	unknownUser = "65534"
)

// proc is where the kernel tells of its processes and sockets: "/proc".
type proc string

// socket is a line of a table of sockets.
type socket struct {
	local netip.AddrPort
	uid   string
	inode string
}

func find(ports []Port) []Owner { return proc("/proc").find(ports) }

func (p proc) find(ports []Port) []Owner {
	owners := make([]Owner, len(ports))
	users := make([]string, len(ports))
	holding := make(map[string][]int) // by inode, the indices of the ports
	tables := make(map[string][]socket)
	for i, port := range ports {
		table, ok := tables[port.Network]
		if !ok {
			table = p.table(port.Network)
			tables[port.Network] = table
		}
		for _, s := range table {
			if overlap(s.local, port.Local) {
				owners[i].Held, users[i] = true, s.uid
				holding[s.inode] = append(holding[s.inode], i)
			}
		}
	}
	if len(holding) == 0 {
		return owners
	}
	p.name(owners, holding)
	services := p.services()
	for i := range owners {
		if owners[i].Held && owners[i].PID == 0 {
			owners[i] = ofUser(users[i], services)
		}
	}
	return owners
}

// table returns the sockets of a network that hold a port.
func (p proc) table(network string) []socket {
	var sockets []socket
	for _, name := range []string{network, network + "6"} {
		file, err := os.Open(filepath.Join(string(p), "net", filepath.Base(name)))
		if err != nil {
			continue // there is no such protocol here
		}
		sockets = appendSockets(sockets, file, network == "tcp")
		_ = file.Close() // it was only read
	}
	return sockets
}

// appendSockets appends the sockets of a table of /proc/net; only those that listen, if asked.
func appendSockets(to []socket, table io.Reader, listening bool) []socket {
	lines := bufio.NewScanner(table)
	for lines.Scan() {
		columns := strings.Fields(lines.Text())
		if len(columns) <= columnInode || listening && columns[columnState] != tcpListen {
			continue
		}
		if local, ok := parseLocal(columns[columnLocal]); ok {
			to = append(to, socket{local, columns[columnUser], columns[columnInode]})
		}
	}
	return to
}

// parseLocal reads an address as the kernel prints it: its words of 32 bits in the machine's order, and the port.
func parseLocal(text string) (netip.AddrPort, bool) {
	address, port, _ := strings.Cut(text, ":")
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, false
	}
	words, err := hex.DecodeString(address)
	if err != nil || len(words)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(words); i += 4 {
		binary.NativeEndian.PutUint32(words[i:], binary.BigEndian.Uint32(words[i:]))
	}
	found, ok := netip.AddrFromSlice(words)
	return netip.AddrPortFrom(found.Unmap(), uint16(number)), ok
}

// overlap tells whether two sockets could not both have the port.
func overlap(a, b netip.AddrPort) bool {
	anywhere := func(a netip.AddrPort) bool { return !a.IsValid() || a.Addr().IsUnspecified() }
	return a.Port() == b.Port() && (anywhere(a) || anywhere(b) || a.Addr().Unmap() == b.Addr().Unmap())
}

// ofUser returns what is known of the owner of a user's socket whose process may not be looked into.
func ofUser(uid string, services map[string]bool) Owner {
	owner := Owner{Held: true, Service: services[uid]}
	if owner.Service || uid == strconv.Itoa(os.Getuid()) || uid == unknownUser {
		return owner
	}
	owner.User = uid
	if known, err := user.LookupId(uid); err == nil {
		owner.User = known.Username
	}
	return owner
}

// services returns the users that the service of ISC Receiver runs as: one, or none.
func (p proc) services() map[string]bool {
	users := make(map[string]bool)
	commands, err := filepath.Glob(filepath.Join(string(p), "[0-9]*", "comm"))
	if err != nil {
		return users
	}
	for _, command := range commands {
		if process := filepath.Dir(command); p.isService(process) {
			users[userOf(process)] = true
		}
	}
	return users
}

// isService tells whether a process is the service of ISC Receiver.
func (p proc) isService(process string) bool {
	command, err := os.ReadFile(filepath.Join(process, "comm"))
	if err != nil || strings.TrimSpace(string(command)) != service {
		return false
	}
	groups, err := os.ReadFile(filepath.Join(process, "cgroup"))
	return err == nil && strings.Contains(string(groups), "/"+service+".service")
}

// userOf returns the user of a process, or an empty string.
func userOf(process string) string {
	info, err := os.Stat(process)
	if err != nil {
		return "" // it has ended
	}
	system, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return strconv.Itoa(int(system.Uid))
}

// name names the owners whose processes' open files may be seen.
func (p proc) name(owners []Owner, holding map[string][]int) {
	files, err := filepath.Glob(filepath.Join(string(p), "[0-9]*", "fd", "*"))
	if err != nil {
		return
	}
	for _, file := range files {
		target, err := os.Readlink(file)
		if err != nil {
			continue // the process has ended
		}
		inode, isSocket := strings.CutPrefix(target, "socket:[")
		if !isSocket {
			continue
		}
		for _, i := range holding[strings.TrimSuffix(inode, "]")] {
			if owner, ok := p.process(filepath.Dir(filepath.Dir(file))); ok {
				owners[i] = owner
			}
		}
	}
}

// process returns a process as an owner.
func (p proc) process(folder string) (Owner, bool) {
	pid, err := strconv.Atoi(filepath.Base(folder))
	if err != nil {
		return Owner{}, false
	}
	command, err := os.ReadFile(filepath.Join(folder, "comm"))
	if err != nil {
		return Owner{}, false // it has ended
	}
	return Owner{
		Held: true, Program: strings.TrimSpace(string(command)), PID: pid, Service: p.isService(folder),
	}, true
}
