package status

import (
	"fmt"
	"strconv"
	"strings"
)

// FormatPorts writes ports as people and settings do, in their order: "5078-5081", "5078,5080" or both. From three on,
// those that follow each other are a range.
func FormatPorts(ports []int) string {
	var parts []string
	for i := 0; i < len(ports); {
		last := i
		for last+1 < len(ports) && ports[last+1] == ports[last]+1 {
			last++
		}
		if last-i >= 2 {
			parts = append(parts, fmt.Sprintf("%d-%d", ports[i], ports[last]))
			i = last + 1
			continue
		}
		parts = append(parts, strconv.Itoa(ports[i]))
		i++
	}
	return strings.Join(parts, ",")
}
