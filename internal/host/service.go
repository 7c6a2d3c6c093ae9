package host

import "strings"

// Service returns the name of the systemd unit that this program runs as, such as isc-receiverd.service; ok is false
// where it runs for a user, or where the system does not tell.
func Service() (unit string, ok bool) {
	return machine{root: "/"}.service()
}

// service reads the control groups of the process: of its lines, with the hierarchy, a name and a path, that of systemd
// has the unit.
func (m machine) service() (unit string, ok bool) {
	for line := range strings.Lines(m.read("proc/self/cgroup")) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) < 3 || parts[1] != "" && parts[1] != "name=systemd" {
			continue
		}
		path := strings.Split(parts[2], "/")
		if len(path) < 3 || path[1] != "system.slice" {
			continue
		}
		for _, name := range path[2:] { // below the unit there may be groups of its own
			if strings.HasSuffix(name, ".service") {
				return name, true
			}
		}
	}
	return "", false
}
