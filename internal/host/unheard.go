package host

import (
	"os"
	"strconv"
	"strings"
)

// Unheard returns how many UDP datagrams have come to ports of this machine (or container) on which nobody listens,
// since it was started; known is false where the system does not tell. Two readings differ by what came meanwhile.
func Unheard() (datagrams uint64, known bool) {
	four, err4 := os.ReadFile("/proc/net/snmp")
	six, err6 := os.ReadFile("/proc/net/snmp6")
	if err4 != nil && err6 != nil {
		return 0, false
	}
	n4, known4 := noPorts4(string(four))
	n6, known6 := noPorts6(string(six))
	return n4 + n6, known4 || known6
}

// noPorts4 finds the counter in /proc/net/snmp, where a line of names stands before each line of values.
func noPorts4(text string) (n uint64, found bool) {
	var names []string
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "Udp:" {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		for i, name := range names {
			if name == "NoPorts" && i < len(fields) {
				return number(fields[i])
			}
		}
	}
	return 0, false
}

// noPorts6 finds the counter in /proc/net/snmp6, where each line is a name and a value.
func noPorts6(text string) (n uint64, found bool) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 2 && fields[0] == "Udp6NoPorts" {
			return number(fields[1])
		}
	}
	return 0, false
}

func number(text string) (n uint64, ok bool) {
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil
}
